"""Memory that a training step frees is kept for the next one."""

from __future__ import annotations

import ctypes
import sys

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
"""From glibc's malloc.h."""


def keep_freed_memory() -> None:
    """For the rest of the process, glibc gives no memory back to the system.

    By default it maps every large tensor anew and unmaps it when it is freed, so that each step of training pays for
    having its pages zeroed: a third of the time at 2 x 512. Other C libraries are left alone.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is not None:
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, -1)
        mallopt(M_TOP_PAD, 64 * 1024 * 1024)
