"""A file of a corpus whose bytes can be read more than once, whatever it is: a pipe is copied to a temporary file."""

from __future__ import annotations

import io
import os
import stat
import sys
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from charnn import cache
from charnn.config.model import SourceFile
from charnn.corpora.progress import tell
from charnn.corpora.sources import check_can_be_read_again
from charnn.corpora.streams import unpacked
from charnn.corpora.unpacking import (
    GZIP_MAGIC,
    LARGEST_RATIO,
    SMALL,
    TooLargeError,
    TooLongError,
    unpacked_data,
    unreadable,
)
from charnn.errors import CorpusError
from charnn.readable import file_name

PIECE = 1 << 18
"""So many bytes are read at once."""
LONG = 1 << 24
"""Texts of more bytes than this together are not held in memory."""


class RereadableFile:
    """The bytes of a file, or of standard input, which is `-`."""

    def __init__(self, path: str) -> None:
        """Raises CorpusError for a file that cannot be read, and for a device that gives bytes without end."""
        self.path = path
        self.name = file_name(path)
        self._copy: BinaryIO | None = None
        try:
            if path != "-" and stat.S_ISREG(os.stat(path).st_mode):
                self.size = os.path.getsize(path)
            else:
                self._copy = self._copied()
                self.size = self._copy.seek(0, os.SEEK_END)
            with self.open() as file:
                begins_packed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
                self.is_packed = path.endswith(".gz") or begins_packed
        except OSError as error:
            raise unreadable(self.name, error) from error

    def open(self) -> BinaryIO:
        """The file from its beginning. A copy is the same file each time."""
        if self._copy is None:
            return open(self.path, "rb")
        if isinstance(self._copy, io.BytesIO):
            return io.BytesIO(self._copy.getbuffer())
        self._copy.seek(0)
        return os.fdopen(os.dup(self._copy.fileno()), "rb")

    def whole(self, most: int) -> bytes | None:
        """All bytes, unpacked, or None where there are more than so many."""
        if self.size > most:
            return None
        try:
            with self.open() as file:
                return unpacked_data(file.read(), self.name, most, is_packed=self.is_packed)
        except TooLongError:
            return None

    def pieces(self, doing: str, most: int | None = None) -> Iterator[bytes]:
        """The bytes in pieces, unpacked. A watcher is told what is being done, and how far it is.

        Raises CorpusError for a damaged archive, and TooLargeError for one that grows beyond measure or to more than
        `most` bytes.
        """
        packed, total, largest = 0, 0, max(LARGEST_RATIO * self.size, SMALL)

        def read() -> Iterator[bytes]:
            nonlocal packed
            while data := file.read(PIECE):
                packed += len(data)
                tell(f"{doing} {self.name}", packed, self.size)
                yield data

        try:
            with self.open() as file:
                if self.is_packed and file.read(len(GZIP_MAGIC)) != GZIP_MAGIC:
                    raise CorpusError(f"{self.name}: damaged gzip: not a gzipped file")
                file.seek(0)
                for data in unpacked(read(), self.name) if self.is_packed else read():
                    total += len(data)
                    if most is not None and total > most:
                        raise TooLongError(f"{self.name}: more than {most:,} bytes")
                    if self.is_packed and total > largest:
                        raise TooLargeError(
                            f"{self.name}: unpacks to more than {LARGEST_RATIO} times its size, as no text does",
                            hint="if it is one, unpack it with gzip -d first",
                        )
                    yield data
        except OSError as error:
            raise unreadable(self.name, error) from error

    def record(self, sha256: str, characters: int) -> SourceFile:
        """The record that finds the file again."""
        return SourceFile(self.path if self.path == "-" else os.path.abspath(self.path), sha256, characters)

    def _copied(self) -> BinaryIO:
        """All that a pipe gives: in memory, or in a temporary file where it is long."""
        if self.path != "-":
            with open(self.path, "rb") as file:
                return self._copy_of(file)
        if sys.stdin is None:  # the process was started with its standard input closed
            raise OSError("closed")
        return self._copy_of(sys.stdin.buffer)

    def _copy_of(self, file: BinaryIO) -> BinaryIO:
        is_device = False
        with suppress(OSError, ValueError):  # standard input may be a stand-in that is no file
            is_device = stat.S_ISCHR(os.fstat(file.fileno()).st_mode) and not file.isatty()
        copy: BinaryIO = io.BytesIO()
        total = 0
        while data := file.read(PIECE):
            total += len(data)
            if is_device and total > SMALL:
                raise TooLargeError(f"{self.name}: a device that gives bytes without end, and no text")
            try:
                if total > LONG and isinstance(copy, io.BytesIO):
                    held, copy = copy.getvalue(), temporary_file()
                    weakref.finalize(self, copy.close)
                    copy.write(held)
                copy.write(data)
            except OSError as error:
                raise no_room(error, self.name) from error
        copy.flush()
        return copy


def opened_again(source: SourceFile) -> RereadableFile:
    """The file that a record is of. Raises CorpusError where there is none that can be read again."""
    check_can_be_read_again(source)
    return RereadableFile(source.path)


def all_at_once(files: Sequence[RereadableFile]) -> list[bytes] | None:
    """The bytes of all files, or None where they are more than LONG together."""
    every, left = [], LONG
    if sum(file.size for file in files) > left:
        return None
    for file in files:
        if (data := file.whole(left)) is None:
            return None
        every.append(data)
        left -= len(data)
    return every


def temporary_file() -> BinaryIO:
    """A file without a name, which goes with the process, however that ends. It is in the cache folder, or where
    temporary files are. Raises CorpusError where neither can be written to."""
    place = cache.folder()
    if place is not None:
        try:
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            return tempfile.TemporaryFile(dir=place)
        except OSError:
            pass
    try:
        return tempfile.TemporaryFile()
    except OSError as error:
        raise no_room(error, "what is too long to be held") from error


def no_room(error: OSError, what: str) -> CorpusError:
    """Says that there was no room for what is written beside a text."""
    place = cache.folder() or Path(tempfile.gettempdir())
    return CorpusError(
        f"{place}: no room for a copy of {what}: {error.strerror or error}",
        hint=f"name a folder with room in {cache.VARIABLE}",
    )
