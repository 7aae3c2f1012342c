"""Reads a file or standard input as text that is exactly what its bytes say.

Nothing is guessed: the encoding is the one that was asked for, and line ends stay as they are. A byte order mark is no
part of a text, and is left out.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from charnn.config.model import SourceFile
from charnn.corpora.decoding import (
    LEAVE_OUT,
    MARK_BAD_BYTES,
    NAME_ENCODING,
    BadBytes,
    Decoding,
    how_to_read,
    refuse_other_encoding,
    warn_of_nul,
    without_byte_order_marks,
)
from charnn.corpora.foreign import foreign_format
from charnn.corpora.lines import lines_of
from charnn.corpora.normal_forms import warn_of_two_ways
from charnn.corpora.unpacking import (
    PEEKED_BYTES,
    TooLargeError,
    first_bytes,
    is_pipe,
    largest_text,
    unpacked_bytes,
    unpacked_start,
)
from charnn.errors import CorpusError, UsageError
from charnn.readable import file_name

MOST_BYTES_A_CHARACTER = 8
"""The most bytes that an encoding has for a character, shifts from one character set to another counted."""
READ_AGAIN = "name a FILE to read instead"
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
    name = file_name(path)
    return text_in(unpacked_bytes(path, name), path, encoding=encoding, any_bytes=any_bytes, on_error=on_error)


def text_in(
    data: bytes, path: str, *, encoding: str = "utf-8", any_bytes: bool = False, on_error: Decoding = "fail"
) -> tuple[str, SourceFile]:
    """What `read` gives for a file at `path` with these bytes, which are unpacked."""
    name = file_name(path)
    if not any_bytes:
        check_is_text(data, name)
    text = _decoded(data, name, encoding, any_bytes, on_error)
    if not any_bytes:
        warn_of_nul(text, name)
        warn_of_two_ways(text, name)
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
        data = unpacked_start(data)
    return data.decode(encoding, "ignore")


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
        data = unpacked_bytes(source.path, source.path, min(most_bytes(source, on_error), largest_text()))
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


def _decoded(data: bytes, name: str, encoding: str, any_bytes: bool, on_error: Decoding) -> str:
    if any_bytes:
        return data.decode(encoding, "surrogateescape")
    refuse_other_encoding(data, name, encoding)
    try:
        text = data.decode(encoding, "strict" if on_error == "fail" else MARK_BAD_BYTES)
    except UnicodeDecodeError as error:
        line = len(lines_of(data[: error.start].decode(encoding, "ignore") + "."))
        place = f"byte {error.start} is not {encoding} (0x{error.object[error.start]:02x}), in line {line:,}"
        raise CorpusError(f"{name}: {place}", hint=how_to_read(data, error.start)) from error
    except UnicodeError as error:  # some codecs (punycode, idna) do not say where
        raise CorpusError(f"{name}: is not {encoding}", hint=f"{NAME_ENCODING}, or {LEAVE_OUT}") from error
    if on_error in ("skip", "replace"):
        bad = BadBytes(name, encoding, on_error)
        text = bad.cleaned(text)
        bad.report()
    return without_byte_order_marks(text)
