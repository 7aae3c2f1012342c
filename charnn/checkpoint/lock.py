"""Keeps a second training out of a folder in which one is going on.

The lock is the system's (`flock`) on a file in the folder, so it ends with the process that holds it, however that
ends: a lock file that a killed process has left locks nothing, even if another process has its number by now. What the
file says is only read to tell who holds it. On Windows, and on file systems that know no locks, nobody is kept out.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import stat
import weakref
from contextlib import suppress
from datetime import datetime
from io import FileIO
from itertools import count
from pathlib import Path

from charnn.errors import ModelBusyError, ModelError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

TRAINING = "training"
LOCK = f"{TRAINING}/lock"
ATTEMPTS = 1000
"""How often a folder is made that others may remove at that moment, as they do where they have found it locked."""
UNKNOWN_TO_THE_SYSTEM = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)


class FolderLock:
    """A lock that is held until `release`, until nobody has it any more, or until the process ends.

    It keeps a file, not a descriptor: a signal may come between any two lines here, and a file is closed only once.
    """

    def __init__(self, folder: Path, file: FileIO) -> None:
        self._file = file
        weakref.finalize(self, file.close)  # a session that never runs releases nothing
        self.folder = folder
        """Where the locked folder is by now: it may be renamed."""

    @classmethod
    def acquire(cls, folder: Path, name: Path) -> FolderLock:
        """Locks `folder`, which is made where it is missing; messages call it `name`.

        Raises ModelBusyError where another training holds it, and OSError where the lock file cannot be made.
        """
        for attempt in count(1):
            try:
                (folder / TRAINING).mkdir(parents=True, exist_ok=True)
                file = FileIO(folder / LOCK, "r+", opener=_open)
            except FileNotFoundError:  # another process has removed the folder in the meantime, or it cannot be made
                if attempt >= ATTEMPTS:
                    raise
                continue
            try:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise ModelError(f"{folder / LOCK}: not a regular file")
                _lock(file.fileno(), name)
                if _is_same_file(file.fileno(), folder / LOCK):
                    _say_who(file.fileno())
                    return cls(folder, file)
            except BaseException:
                file.close()
                raise
            file.close()
        raise AssertionError("counting has no end")

    def release(self) -> None:
        """Lets others in, and removes the lock file. A second call does nothing."""
        if self._file.closed:
            return
        with suppress(OSError):
            if _is_same_file(self._file.fileno(), self.folder / LOCK):
                (self.folder / LOCK).unlink()
        with suppress(OSError):
            (self.folder / TRAINING).rmdir()  # where nothing has been saved in it
        self._file.close()


def refuse_if_held(folder: Path, name: Path) -> None:
    """Raises ModelBusyError where a training holds the lock of `folder`, and leaves the folder as it is."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDWR | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return
    try:
        _lock(descriptor, name)
    finally:
        os.close(descriptor)


def _open(path: str, flags: int) -> int:
    """Opens a lock file, which is made where it is missing, without waiting for the other end of a pipe."""
    return os.open(path, flags | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _lock(descriptor: int, name: Path) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ModelBusyError(
            f"{name}: {_holder(descriptor)} is training here",
            hint="wait until it has ended, or end it, or give another --out",
        ) from None
    except OSError as error:
        if error.errno not in UNKNOWN_TO_THE_SYSTEM:
            raise


def _is_same_file(descriptor: int, path: Path) -> bool:
    """Whether the file that was opened is the one that is at `path` now."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _say_who(descriptor: int) -> None:
    """Writes what `_holder` tells. A full disk is no reason not to train."""
    who = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": datetime.now().astimezone().isoformat(timespec="seconds"),
    }
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(who).encode(), 0)


def _holder(descriptor: int) -> str:
    """The process that has written the file, in words."""
    try:
        who = json.loads(os.pread(descriptor, 1000, 0))
        return f"process {int(who['pid'])} on {who['host']!s:.60}, since {who['since']!s:.30},"
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return "another process"
