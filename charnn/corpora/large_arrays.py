"""Arrays that are too large to be held: in memory while they are small, and else in a temporary file that is mapped.

The system takes the memory of what is mapped back when it needs it, and `let_go` gives it back before that.
"""

from __future__ import annotations

import mmap
import os
import weakref
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from charnn.corpora.rereading import no_room, temporary_file

Array = npt.NDArray[Any]
HELD = 1 << 26
"""An array of so many bytes is held in memory."""


def large_array(count: int, dtype: npt.DTypeLike, what: str) -> Array:
    """An array of so many numbers to be filled; `what` is what they say, for the message where there is no room.

    Raises CorpusError there.
    """
    size = count * np.dtype(dtype).itemsize
    if size <= HELD:
        return np.empty(count, dtype)
    with temporary_file() as file:
        try:
            _make_room(file, size)
        except OSError as error:
            raise no_room(error, what) from error
        return np.frombuffer(mmap.mmap(file.fileno(), size), dtype)


def _make_room(file: BinaryIO, size: int) -> None:
    """Makes a file so long. Its blocks are there afterwards, since a disk that is full later would end the process."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
        return
    zeros = bytes(1 << 20)
    for start in range(0, size, len(zeros)):
        file.write(zeros[: size - start])
    file.flush()


class Gathered:
    """An array of numbers that come in parts, of which it is not known how many there will be."""

    def __init__(self, dtype: npt.DTypeLike, what: str) -> None:
        """`what` is what the numbers say, for the message where there is no room for them."""
        self._dtype, self._what = np.dtype(dtype), what
        self._parts: list[Array] = []
        self._bytes = 0
        self._file: BinaryIO | None = None

    def add(self, part: Array) -> None:
        """Adds further numbers. Raises CorpusError where there is no room for them."""
        part = np.ascontiguousarray(part, self._dtype)
        self._bytes += part.nbytes
        self._parts.append(part)
        if self._bytes > HELD:
            self._write()

    def array(self) -> Array:
        """All of them, in order. Nothing may be added after that."""
        if self._file is None:
            return self._parts[0] if len(self._parts) == 1 else np.concatenate([np.zeros(0, self._dtype), *self._parts])
        # PyTorch takes no array that cannot be written to; what is written to a private copy stays in memory.
        return np.frombuffer(mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_COPY), self._dtype)

    def _write(self) -> None:
        try:
            if self._file is None:
                self._file = temporary_file()
                weakref.finalize(self, self._file.close)
            for part in self._parts:
                self._file.write(part.data.cast("B"))
            self._file.flush()
        except OSError as error:
            raise no_room(error, self._what) from error
        self._parts.clear()


def let_go(*arrays: Array) -> None:
    """Gives the memory of arrays that are mapped back to the system. What they hold stays, and so do other arrays."""
    for array in arrays:
        base = array.base
        while isinstance(base, np.ndarray):
            base = base.base
        owner = base.obj if isinstance(base, memoryview) else None
        if isinstance(owner, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            owner.madvise(mmap.MADV_DONTNEED)
