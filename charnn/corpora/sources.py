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
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

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
_GZIP_MAGIC = b"\x1f\x8b"
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
    data = _unpacked_bytes(path, name)
    if not any_bytes:
        check_is_text(data, name)
    text = _decoded(data, name, encoding, any_bytes, on_error)
    place = path if path == "-" else os.path.abspath(path)
    source = SourceFile(path=place, sha256=hashlib.sha256(data).hexdigest(), characters=len(text))
    if (files := _files_read.get()) is not None:
        files.append(source)
    return text, source


@contextmanager
def files_read() -> Iterator[list[SourceFile]]:
    """Collects the records of all files that `read` reads before the end of the `with`, whoever calls it."""
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
    if not data.startswith(_GZIP_MAGIC):
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
    hint = "name the text explicitly"
    if source.path == "-":
        raise CorpusError("the model was trained on standard input, which cannot be read again", hint=hint)
    if is_pipe(source.path) or source.path.startswith(("/dev/fd/", "/proc/")):
        raise CorpusError(f"{source.path}: the model was trained on a pipe, which cannot be read again", hint=hint)
    if not os.path.exists(source.path):
        raise CorpusError(f"{source.path}: missing; the model was trained on it", hint=hint)
    check_encoding(encoding, any_bytes)
    data = _unpacked_bytes(source.path, source.path)
    if hashlib.sha256(data).hexdigest() != source.sha256:
        raise CorpusError(f"{source.path}: has changed since the model was trained", hint=hint)
    return _decoded(data, source.path, encoding, any_bytes, on_error)


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


def _unpacked_bytes(path: str, name: str) -> bytes:
    try:
        data = _packed_bytes(path)
    except OSError as error:
        raise CorpusError(f"{name}: {(error.strerror or str(error)).lower()}") from error
    if not path.endswith(".gz") and not data.startswith(_GZIP_MAGIC):
        return data
    if not data:  # gzip.decompress takes nothing for an empty archive; gzip itself calls it cut short
        raise CorpusError(f"{name}: damaged gzip: the file is empty")
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise CorpusError(
            f"{name}: damaged gzip: {error}", hint="unpack it with gzip -d to see how much is left"
        ) from error


def _packed_bytes(path: str) -> bytes:
    if path != "-":
        with open(path, "rb") as file:
            return file.read()
    if sys.stdin is None:  # the process was started with its standard input closed
        raise OSError("closed")
    return sys.stdin.buffer.read()


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
