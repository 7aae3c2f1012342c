"""Reads a file or standard input as text that is exactly what its bytes say.

Nothing is guessed: the encoding is the one that was asked for, and line ends stay as they are. A byte order mark is no
part of a text, and is left out.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import os
import stat
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import BinaryIO

from charnn.config.model import SourceFile
from charnn.corpora.decoding import (
    MARK_BAD_BYTES,
    BadBytes,
    Decoding,
    refuse_other_encoding,
    without_byte_order_marks,
)
from charnn.corpora.foreign import foreign_format
from charnn.corpora.lines import lines_of
from charnn.errors import CorpusError, UsageError

PEEKED_BYTES = 1 << 16
MEMORY_PART = 8
"""A text is read whole, and may have this part of the memory at most: learning takes several times as much."""
LEAST_LARGEST = 1 << 28
"""So many bytes may be read whatever the memory."""
LARGEST_RATIO = 100
"""A file may unpack to at most so many times its packed size. Texts shrink to a tenth or so."""
SMALL = 1 << 26
"""So many bytes are unpacked whatever the ratio, and read from a device, which may have no end."""
MOST_BYTES_A_CHARACTER = 8
"""The most bytes that an encoding has for a character, shifts from one character set to another counted."""
READ_AGAIN = "name the text explicitly"
PART = 1 << 24
"""A file is unpacked in parts of so many bytes."""
GZIP_MAGIC = b"\x1f\x8b"
_files_read: ContextVar[list[SourceFile] | None] = ContextVar("files_read", default=None)


def read(
    path: str, *, encoding: str = "utf-8", any_bytes: bool = False, on_error: Decoding = "fail"
) -> tuple[str, SourceFile]:
    """The text at `path`, and a record of the file that finds it again. `-` is standard input.

    Gzip is unpacked, known by the name's `.gz` or by its first two bytes. With `any_bytes` nothing fails to decode:
    the text is UTF-8 where it can be, every other byte b becomes the lone surrogate U+DC00 + b (`surrogateescape`), and
    byte order marks stay. With skip and replace, lines with bytes that do not decode are left out, or such bytes are
    read as U+FFFD, and a warning says so; with mark they are left to the caller (`decoding.bad_byte`).

    Raises CorpusError for a file that cannot be read, unpacked or decoded (bytes are counted from 0, after unpacking),
    UsageError for an encoding that does not exist or that `any_bytes` contradicts.
    """
    check_encoding(encoding, any_bytes)
    name = "standard input" if path == "-" else path
    return text_in(_unpacked_bytes(path, name), path, encoding=encoding, any_bytes=any_bytes, on_error=on_error)


def text_in(
    data: bytes, path: str, *, encoding: str = "utf-8", any_bytes: bool = False, on_error: Decoding = "fail"
) -> tuple[str, SourceFile]:
    """What `read` gives for a file at `path` with these bytes, which are unpacked."""
    name = "standard input" if path == "-" else path
    if not any_bytes:
        check_is_text(data, name)
    text = _decoded(data, name, encoding, any_bytes, on_error)
    place = path if path == "-" else os.path.abspath(path)
    source = SourceFile(path=place, sha256=hashlib.sha256(data).hexdigest(), characters=len(text))
    note(source)
    return text, source


def note(source: SourceFile) -> None:
    """Adds a record to those that `files_read` collects."""
    if (files := _files_read.get()) is not None:
        files.append(source)


@contextmanager
def files_read() -> Iterator[list[SourceFile]]:
    """Collects the records of all files that `read` and others read before the end of the `with`, whoever calls it."""
    files: list[SourceFile] = []
    token = _files_read.set(files)
    try:
        yield files
    finally:
        _files_read.reset(token)


def peek(path: str, *, encoding: str = "utf-8") -> str:
    """The first characters of the text at `path`, at most PEEKED_BYTES bytes of them, to recognize what it is.

    Everything can still be read afterwards, which is why nothing is read from a named pipe. What cannot be read or
    decoded is left out, and `read` will report it.
    """
    check_encoding(encoding)
    try:
        if path == "-":
            data = sys.stdin.buffer.peek(1) if isinstance(sys.stdin.buffer, io.BufferedReader) else b""
        elif not os.path.isfile(path):  # a pipe can be read only once
            return ""
        else:
            data = first_bytes(path)
    except AttributeError:
        return ""
    if path == "-":
        data = _unpacked_start(data)
    return data.decode(encoding, "ignore")


def first_bytes(path: str) -> bytes:
    """The first bytes of a regular file, unpacked, at most PEEKED_BYTES; nothing where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return _unpacked_start(file.read(PEEKED_BYTES))
    except OSError:
        return b""


def _unpacked_start(data: bytes) -> bytes:
    if not data.startswith(GZIP_MAGIC):
        return data
    try:
        return zlib.decompressobj(31).decompress(data, PEEKED_BYTES)
    except zlib.error:
        return b""


def is_pipe(path: str) -> bool:
    """Whether what is at `path` can be read only once, such as a named pipe or what `<(...)` stands for."""
    return path != "-" and os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


def read_again(
    source: SourceFile, *, encoding: str = "utf-8", any_bytes: bool = False, on_error: Decoding = "fail"
) -> str:
    """The text that `read` gave when it returned `source`.

    Raises CorpusError where the file is missing or has changed since. The other arguments and errors are those of
    `read`.
    """
    check_can_be_read_again(source)
    check_encoding(encoding, any_bytes)
    try:
        data = _unpacked_bytes(source.path, source.path, min(most_bytes(source, on_error), largest_text()))
    except TooLargeError:
        raise has_changed(source) from None
    return text_in_again(data, source, encoding=encoding, any_bytes=any_bytes, on_error=on_error)


def text_in_again(
    data: bytes, source: SourceFile, *, encoding: str = "utf-8", any_bytes: bool = False, on_error: Decoding = "fail"
) -> str:
    """What `read_again` gives for a file with these bytes, which are unpacked."""
    if hashlib.sha256(data).hexdigest() != source.sha256:
        raise has_changed(source)
    return _decoded(data, source.path, encoding, any_bytes, on_error)


def check_can_be_read_again(source: SourceFile) -> None:
    """Raises CorpusError where what a record names cannot be read a second time, or is missing."""
    hint = READ_AGAIN
    if source.path == "-":
        raise CorpusError("the model was trained on standard input, which cannot be read again", hint=hint)
    if is_pipe(source.path) or source.path.startswith(("/dev/fd/", "/proc/")):
        raise CorpusError(f"{source.path}: the model was trained on a pipe, which cannot be read again", hint=hint)
    if not os.path.exists(source.path):
        raise CorpusError(f"{source.path}: missing; the model was trained on it", hint=hint)


def has_changed(source: SourceFile) -> CorpusError:
    return CorpusError(f"{source.path}: has changed since the model was trained", hint=READ_AGAIN)


def most_bytes(source: SourceFile, on_error: Decoding) -> int:
    """The most bytes that the file of a record can have. What a model says of a file is not to be believed: no more is
    read than the text that it says can have had."""
    return source.characters * MOST_BYTES_A_CHARACTER + PEEKED_BYTES if on_error == "fail" else largest_text()


def check_is_text(data: bytes, name: str) -> None:
    """Raises CorpusError for a file that begins as one of a kind does that is no text."""
    if (found := foreign_format(data)) is not None and not found.is_text:
        raise CorpusError(f"{name} is {found.what}, and no text", hint=found.hint)


def check_encoding(encoding: str, any_bytes: bool = False) -> None:
    """Raises UsageError for an encoding that does not exist or that `any_bytes` contradicts."""
    try:
        codec = codecs.lookup(encoding)
        "".encode(encoding)  # refuses a codec that is not for text, such as hex
    except (LookupError, ValueError):
        raise UsageError(
            f"unknown encoding {encoding!r}", hint="name it as Python does: utf-8, latin-1, cp1252"
        ) from None
    if any_bytes and codec.name != "utf-8":
        raise UsageError(f"a text read as bytes has no encoding, but {encoding} was asked for", hint="drop --encoding")


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


def _unpacked_bytes(path: str, name: str, largest: int | None = None) -> bytes:
    largest = largest_text() if largest is None else largest
    try:
        data = _packed_bytes(path, name, largest)
    except OSError as error:
        raise CorpusError(f"{name}: {(error.strerror or str(error)).lower()}") from error
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


def _decoded(data: bytes, name: str, encoding: str, any_bytes: bool, on_error: Decoding) -> str:
    if any_bytes:
        return data.decode(encoding, "surrogateescape")
    refuse_other_encoding(data, name, encoding)
    hint = "name the encoding with --encoding, or leave such lines out with --on-error skip"
    try:
        text = data.decode(encoding, "strict" if on_error == "fail" else MARK_BAD_BYTES)
    except UnicodeDecodeError as error:
        line = len(lines_of(data[: error.start].decode(encoding, "ignore") + "."))
        place = f"byte {error.start} is not {encoding} (0x{error.object[error.start]:02x}), in line {line:,}"
        raise CorpusError(f"{name}: {place}", hint=hint) from error
    except UnicodeError as error:  # some codecs (punycode, idna) do not say where
        raise CorpusError(f"{name}: is not {encoding}", hint=hint) from error
    if on_error in ("skip", "replace"):
        bad = BadBytes(name, encoding, on_error)
        text = bad.cleaned(text)
        bad.report()
    return without_byte_order_marks(text)
