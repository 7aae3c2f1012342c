"""The user's cache folder: files that can be made again, kept by what they were made of.

There are graphs of models, the ids of long texts, and what a text's characters are like. Nothing of a model directory
is ever kept here, so a file that is found may be used: this user's charnn has written it. All kinds share one limit.
Where there is more, the files that were not used for longest go first. A file is written under a temporary name and
then renamed, so programs that run side by side see whole files only.
"""

from __future__ import annotations

import os
import re
import stat
import sys
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple, cast

from charnn.errors import UsageError

Kind = Literal["graphs", "ids", "texts"]
SUFFIXES: dict[Kind, str] = {"graphs": ".onnx", "ids": ".ids", "texts": ".json"}
VARIABLE = "CHARNN_CACHE"
"""The variable that names another folder; where it is empty, nothing is kept."""
LIMIT_VARIABLE = "CHARNN_CACHE_SIZE"
"""The variable that says how many bytes are kept, such as 500M or 20G."""
USUAL_LIMIT = 10_000_000_000
STALE = 600
"""A temporary file that was not written to for so many seconds is what a process left that was killed."""
_UNITS = {"": 1, "K": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)B?", re.IGNORECASE)
_TEMPORARY = ".part-"


class CacheEntry(NamedTuple):
    """A file in the cache."""

    kind: Kind
    path: Path
    size: int
    used: float
    """When it was last used, in seconds since 1970."""


def folder() -> Path | None:
    """The folder of the cache; None where nothing is to be kept, or where the user has no home."""
    named = os.environ.get(VARIABLE)
    if named is not None:
        return Path(named) if named else None
    try:
        if sys.platform == "win32":
            root = Path(os.environ.get("LOCALAPPDATA") or _home() / "AppData" / "Local")
        elif sys.platform == "darwin":
            root = _home() / "Library" / "Caches"
        else:
            root = Path(os.environ.get("XDG_CACHE_HOME", ""))
            if not root.is_absolute():  # the standard says to pass over such a one
                root = _home() / ".cache"
    except RuntimeError:
        return None
    return root / "charnn" if root.is_absolute() else None


def _home() -> Path:
    """The home of the user. Raises RuntimeError where there is none; an empty $HOME is none, and not the root."""
    if os.environ.get("HOME") == "":
        raise RuntimeError("HOME is empty")
    return Path.home()


def limit() -> int:
    """The most bytes that are kept. Raises UsageError where the variable says no size."""
    said = os.environ.get(LIMIT_VARIABLE, "")
    if not said:
        return USUAL_LIMIT
    if (found := _SIZE.fullmatch(said.strip())) is None:
        raise UsageError(f"{LIMIT_VARIABLE}={said!r:.40}: no size", hint="write it like 500M or 20G")
    return int(float(found[1]) * _UNITS[found[2].upper()])


def found(kind: Kind, key: str) -> Path | None:
    """The file that was kept under the key, if there is one. It counts as used now."""
    place = _place(kind)
    if place is None or not _is_own(place):
        return None
    path = place / f"{key}{SUFFIXES[kind]}"
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return None
        os.utime(path)
    except OSError:
        return None
    return path


def keep(kind: Kind, key: str, data: bytes) -> None:
    """Keeps a file under the key. Where that cannot be, it is not kept."""
    with suppress(OSError), adding(kind, key) as file:
        if file is not None:
            file.write(data)


@contextmanager
def adding(kind: Kind, key: str) -> Iterator[BinaryIO | None]:
    """Gives a file to write, which is kept under the key at the end of the context, unless that ends in an error.

    None says that nothing can be kept. Raises OSError where the file cannot be written.
    """
    place = _place(kind)
    file = None
    if place is not None:
        with suppress(OSError):
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            if _is_own(place):
                file = tempfile.NamedTemporaryFile(dir=place, prefix=_TEMPORARY, delete=False)  # noqa: SIM115
    if file is None or place is None:
        yield None
        return
    temporary = Path(file.name)
    try:
        with file:
            yield cast("BinaryIO", file)
        with suppress(OSError):  # Windows renames no file that is mapped
            if temporary.stat().st_size <= limit():
                os.replace(temporary, place / f"{key}{SUFFIXES[kind]}")
    finally:
        temporary.unlink(missing_ok=True)
    _remove_oldest(place / f"{key}{SUFFIXES[kind]}")


def forget(path: Path) -> None:
    """Removes a file that was found and is damaged."""
    with suppress(OSError):
        path.unlink()


def entries() -> list[CacheEntry]:
    """What is kept, by kind, the files used last first."""
    return sorted(_entries(), key=lambda one: (one.kind, -one.used, one.path))


def clear(kinds: Collection[Kind] = ()) -> list[CacheEntry]:
    """Removes what is kept, or what is of these kinds, and gives what was removed."""
    removed = []
    for entry in entries():
        if not kinds or entry.kind in kinds:
            with suppress(OSError):
                entry.path.unlink()
                removed.append(entry)
    _remove_stale()
    return removed


def _place(kind: Kind) -> Path | None:
    root = folder()
    return None if root is None else root / kind


def _is_own(path: Path) -> bool:
    """Whether only the user can have put something there."""
    try:
        status = path.lstat()
    except OSError:
        return False
    if not hasattr(os, "getuid"):
        return stat.S_ISDIR(status.st_mode)
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o022


def _files(*, temporary: bool) -> Iterator[tuple[Kind, os.DirEntry[str], os.stat_result]]:
    """The regular files that are temporary, or those that are not. There may be thousands, so nothing slow is done."""
    for kind in SUFFIXES:
        if (place := _place(kind)) is not None and _is_own(place):
            with os.scandir(place) as found:
                for file in found:
                    if file.name.startswith(_TEMPORARY) == temporary:
                        with suppress(OSError):
                            status = file.stat(follow_symlinks=False)
                            if stat.S_ISREG(status.st_mode):
                                yield kind, file, status


def _entries() -> list[CacheEntry]:
    return [
        CacheEntry(kind, Path(file.path), status.st_size, status.st_mtime)
        for kind, file, status in _files(temporary=False)
    ]


def _remove_oldest(newest: Path) -> None:
    """Removes the files that were not used for longest, as many as are too many, and never the newest."""
    _remove_stale()
    total, most = sum(status.st_size for _, _, status in _files(temporary=False)), limit()
    if total <= most:
        return
    for entry in sorted(_entries(), key=lambda entry: entry.used):
        if total <= most:
            return
        if entry.path != newest:
            with suppress(OSError):
                entry.path.unlink()
            total -= entry.size


def _remove_stale() -> None:
    for _, file, status in _files(temporary=True):
        if time.time() - status.st_mtime >= STALE:
            with suppress(OSError):
                os.unlink(file.path)
