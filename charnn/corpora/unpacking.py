"""The bytes of a file or of standard input, unpacked where they are gzip, and never more than can be held."""

from __future__ import annotations

import gzip
import io
import os
import stat
import sys
import zlib
from typing import BinaryIO

from charnn.errors import CorpusError

PEEKED_BYTES = 1 << 16
MEMORY_PART = 8
"""A text is read whole, and may have this part of the memory at most: learning takes several times as much."""
LEAST_LARGEST = 1 << 28
"""So many bytes may be read whatever the memory."""
LARGEST_RATIO = 100
"""A file may unpack to at most so many times its packed size. Texts shrink to a tenth or so."""
SMALL = 1 << 26
"""So many bytes are unpacked whatever the ratio, and read from a device, which may have no end."""
PART = 1 << 24
"""A file is unpacked in parts of so many bytes."""
MODEL_FILES = ("config.json", "weights.safetensors")
"""The files that every model has."""
GZIP_MAGIC = b"\x1f\x8b"


class TooLargeError(CorpusError):
    pass


class TooLongError(TooLargeError):
    """A text has more bytes than may be read at once."""


def largest_text() -> int:
    """The most bytes of a text on this machine."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows
        memory = 1 << 34
    return max(memory // MEMORY_PART, LEAST_LARGEST)


def unreadable(name: str, error: OSError) -> CorpusError:
    """What is raised where a file cannot be opened or read."""
    if has_model(name):
        return a_model(name)
    hint = f"name the files in it, such as {name.rstrip('/')}/*" if isinstance(error, IsADirectoryError) else None
    return CorpusError(f"{name}: {(error.strerror or str(error)).lower()}", hint=hint)


def has_model(folder: str) -> bool:
    return all(os.path.exists(os.path.join(folder, name)) for name in MODEL_FILES)


def a_model(folder: str) -> CorpusError:
    """What is raised where a model is named in the place of a text."""
    return CorpusError(
        f"{folder}: this is a model and no text",
        hint=f"--model {folder} uses it, and train --from {folder} starts from it",
    )


def unpacked_bytes(path: str, name: str, largest: int | None = None) -> bytes:
    """What is at `path`, `-` for standard input, unpacked if need be. Messages call it `name`.

    Raises CorpusError for a file that cannot be read, and as `unpacked_data`.
    """
    largest = largest_text() if largest is None else largest
    try:
        data = _packed_bytes(path, name, largest)
    except OSError as error:
        raise unreadable(name, error) from error
    is_packed = path.endswith(".gz") or data.startswith(GZIP_MAGIC)
    return unpacked_data(data, name, largest, is_packed=is_packed)


def unpacked_data(data: bytes, name: str, largest: int, *, is_packed: bool) -> bytes:
    """The data, unpacked if need be.

    Raises CorpusError for a damaged archive, TooLargeError for one that grows beyond measure, and TooLongError for more
    than `largest` bytes.
    """
    if not is_packed:
        return data
    if not data:  # gzip.decompress takes nothing for an empty archive; gzip itself calls it cut short
        raise CorpusError(f"{name}: damaged gzip: the file is empty")
    parts, total = [], 0
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
            while part := packed.read(PART):
                parts.append(part)
                total += len(part)
                if total > max(LARGEST_RATIO * len(data), SMALL):
                    raise TooLargeError(
                        f"{name}: unpacks to more than {LARGEST_RATIO} times its size, as no text does",
                        hint="if it is one, unpack it with gzip -d first",
                    )
                check_length(total, name, largest)
        return b"".join(parts)
    except (OSError, EOFError, zlib.error) as error:
        raise CorpusError(
            f"{name}: damaged gzip: {error}", hint="unpack it with gzip -d to see how much is left"
        ) from error


def _packed_bytes(path: str, name: str, largest: int) -> bytes:
    if path == "-":
        if sys.stdin is None:  # the process was started with its standard input closed
            raise OSError("closed")
        data = _up_to(sys.stdin.buffer, largest + 1)
    else:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            if stat.S_ISCHR(status.st_mode) and not file.isatty():
                data = _up_to(file, SMALL + 1)
                if len(data) > SMALL:
                    raise TooLargeError(f"{name}: a device that gives bytes without end, and no text")
                return data
            if stat.S_ISREG(status.st_mode):
                check_length(status.st_size, name, largest)
            data = _up_to(file, largest + 1)
    check_length(len(data), name, largest)
    return data


def _up_to(file: BinaryIO, most: int) -> bytes:
    """What is in the file, so many bytes at most. (Asked for all of them at once, Python makes room for all.)"""
    parts = []
    while most > 0 and (part := file.read(min(PART, most))):
        parts.append(part)
        most -= len(part)
    return b"".join(parts)


def check_length(count: int, name: str, largest: int) -> None:
    """Raises TooLongError where a text of so many bytes is not to be read whole."""
    if count > largest:
        raise TooLongError(
            f"{name}: more than {largest / 1e9:.1f} GB, an eighth of this machine's memory, and a text is read whole",
            hint="give a part of it, for instance with head -c 500M",
        )


def first_bytes(path: str) -> bytes:
    """The first bytes of a regular file, unpacked, at most PEEKED_BYTES; nothing where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return unpacked_start(file.read(PEEKED_BYTES))
    except OSError:
        return b""


def unpacked_start(data: bytes) -> bytes:
    """The first bytes, unpacked; of a damaged archive none."""
    if not data.startswith(GZIP_MAGIC):
        return data
    try:
        return zlib.decompressobj(31).decompress(data, PEEKED_BYTES)
    except zlib.error:
        return b""


def is_pipe(path: str) -> bool:
    """Whether what is at `path` can be read only once, such as a named pipe or what `<(...)` stands for."""
    return path != "-" and os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)
