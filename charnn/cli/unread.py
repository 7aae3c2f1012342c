"""What waits in the standard input of a command that does something else without a FILE, and reads it as - alone.

Such a command never waits for it: where cron or another program started it, its input may be open and never end.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress

from charnn.cli import console


def warn_of_unread_input(command: str) -> None:
    """Warns where something waits in standard input, which `command` would have read."""
    if _waits():
        console.warn(f"what is given on standard input is not read; `{command}` reads it")


def _waits() -> bool:
    """Whether there is something to read: bytes in a pipe, or a file of which nobody has read the beginning."""
    if sys.stdin is None:
        return False
    with suppress(OSError, ValueError, ImportError):
        descriptor = sys.stdin.fileno()
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode):
            return status.st_size > 0 and os.lseek(descriptor, 0, os.SEEK_CUR) == 0
        if stat.S_ISFIFO(status.st_mode):
            return _bytes_in_pipe(descriptor) > 0
    return False


def _bytes_in_pipe(descriptor: int) -> int:
    """How many bytes can be read without waiting. Raises ImportError where the system cannot say it."""
    import fcntl
    import termios

    found = fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4))
    return int.from_bytes(found, sys.byteorder)
