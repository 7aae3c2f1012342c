"""What stopped a command for want of memory, room, files or threads, which a person can do something about."""

from __future__ import annotations

import errno

OUT_OF_MEMORY = ("bad_alloc", "allocate memory", "Unable to allocate", "failed to map segment", "out of memory")
"""What libraries say, among much else, where they get no memory."""
MEMORY_HINT = (
    "end other programs, or raise the limit where `ulimit -v` shows one; training takes less with a smaller --hidden "
    "or --batch"
)
NO_ROOM = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))
NO_THREAD = ("can't start new thread", "Resource temporarily unavailable", "pthread_create")


def limit_met(error: Exception) -> tuple[str, str] | None:
    """What to say, and what to do about it, where an error that nothing else has explained comes of a limit of the
    machine or of the user; None for another error."""
    number, said = getattr(error, "errno", None), str(error)
    if isinstance(error, MemoryError) or number == errno.ENOMEM or any(part in said for part in OUT_OF_MEMORY):
        return "there is not enough memory", MEMORY_HINT
    if isinstance(error, OSError) and number in NO_ROOM:
        what = f"{error.filename or 'what was to be written'}: {(error.strerror or said).lower()}"
        return what, "raise the limit that `ulimit -f` shows" if number == errno.EFBIG else "make room for it"
    if number in (errno.EMFILE, errno.ENFILE):
        return "too many files are open", "raise the limit, for example with `ulimit -n 1024`"
    if number == errno.EAGAIN or (isinstance(error, RuntimeError) and any(part in said for part in NO_THREAD)):
        return "no further thread can be started", "raise the limit that `ulimit -u` shows, or set OMP_NUM_THREADS=1"
    return None
