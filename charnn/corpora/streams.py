"""Reads a file or standard input as it comes, in pieces of text, and says where reading on would wait."""

from __future__ import annotations

import codecs
import os
import select
import stat
import sys
import zlib
from collections.abc import Iterator
from itertools import chain

from charnn.corpora.decoding import (
    LEAVE_OUT,
    LONGEST_MARK,
    MARK_BAD_BYTES,
    NAME_ENCODING,
    BadBytes,
    Decoding,
    OnError,
    how_to_read,
    may_begin_mark,
    refuse_other_encoding,
    warn_of_nul,
)
from charnn.corpora.lines import LONGEST_LINE, Lines, WholeLines, check_length, line_ends
from charnn.corpora.progress import tell
from charnn.corpora.sources import check_encoding, check_is_text
from charnn.corpora.unpacking import unreadable
from charnn.errors import CorpusError
from charnn.readable import file_name

PIECE = 1 << 16
"""The number of bytes that are read or unpacked at once. It is as many as a pipe holds."""
PAUSE = 0.005
"""So many seconds with nothing to read are a pause. A program that writes fast fills a pipe again in less."""
_GZIP = 31
"""zlib's number for a window of full size with gzip's header."""
_GZIP_MAGIC = b"\x1f\x8b"


def stream(
    path: str, *, encoding: str = "utf-8", any_bytes: bool = False, on_error: Decoding = "fail"
) -> Iterator[str]:
    """The text at `path` in pieces, `-` for standard input; line ends stay as they are, and so do byte order marks.

    An empty piece says that the input pauses, so that reading on waits until there is more. Gzip is recognized by its
    first two bytes and unpacked. Raises CorpusError for a file that cannot be read, unpacked or decoded (bytes are
    counted from 0, after unpacking), once everything before that place has been given, and UsageError for an encoding
    that does not exist. With `any_bytes` nothing fails to decode, as in `sources.read`. With skip and replace the
    pieces are whole lines, and bytes that do not decode are treated as `sources.read` does; with mark they are left to
    the caller (`decoding.BadBytes`, `decoding.bad_byte`).
    """
    check_encoding(encoding, any_bytes)
    name = file_name(path)
    pieces = decoded(unpacked(_told(_read(path, name), path), name), name, encoding, any_bytes, on_error)
    return pieces if any_bytes else nuls_told(pieces, name)


def decoded(data: Iterator[bytes], name: str, encoding: str, any_bytes: bool, on_error: Decoding) -> Iterator[str]:
    """The text of bytes that come in pieces, as `stream` gives it. Messages call it `name`."""
    if any_bytes:
        return _decoded(data, name, encoding, "surrogateescape")
    data = looked_at(data, name, encoding)
    if on_error == "fail":
        return _decoded(data, name, encoding, "strict")
    marked = _decoded(data, name, encoding, MARK_BAD_BYTES)
    return marked if on_error == "mark" else _cleaned(marked, BadBytes(name, encoding, on_error))


def stream_lines(
    path: str,
    *,
    encoding: str = "utf-8",
    any_bytes: bool = False,
    on_error: OnError = "fail",
    longest: int = LONGEST_LINE,
) -> Iterator[list[tuple[int, str]]]:
    """The lines of the text at `path` with their ends, each with its number, counted from 1: lists of those that are
    complete by now, and an empty list at a pause. Lines that are left out for bad bytes are counted, too. The arguments
    and errors are those of `stream`; it raises CorpusError for a line of more than `longest` characters, too.
    """
    name = file_name(path)
    lines, bad, number = Lines(), None, 0
    if on_error != "fail" and not any_bytes:
        bad = BadBytes(name, encoding, on_error)
    try:
        pieces = stream(path, encoding=encoding, any_bytes=any_bytes, on_error="fail" if bad is None else "mark")
        for piece in chain(pieces, [None]):
            whole = lines.flush() if piece is None else lines.push(piece)
            numbered = list(enumerate(whole, number + 1)) if bad is None else bad.lines(whole)
            number += len(whole)
            if numbered or piece == "":
                yield numbered
            check_length(lines.held, f"{name}:{number + 1}", longest=longest)
    finally:
        if bad is not None:
            bad.report()


def looked_at(pieces: Iterator[bytes], name: str, encoding: str) -> Iterator[bytes]:
    """The same pieces, the first ones joined. It raises CorpusError where these are no text, or in another encoding."""
    start = b""
    for data in pieces:
        start += data
        if data and (len(start) >= LONGEST_MARK or not may_begin_mark(start)):
            break
        if not data:
            yield b""
    check_is_text(start, name)
    refuse_other_encoding(start, name, encoding)
    yield from chain([start] if start else [], pieces)


def nuls_told(pieces: Iterator[str], name: str) -> Iterator[str]:
    """The same pieces, with a warning of the first NUL, once more than its piece is read: an error that comes next says
    enough of what is no text."""
    line, ends_in_return = 1, False
    for piece in pieces:
        if "\0" in piece:
            yield piece
            following = next(pieces, None)
            warn_of_nul(piece, name, line)
            yield from chain(() if following is None else [following], pieces)
            return
        yield piece
        line += line_ends(piece, after_return=ends_in_return)
        ends_in_return = piece.endswith("\r") if piece else ends_in_return


def _cleaned(pieces: Iterator[str], bad: BadBytes) -> Iterator[str]:
    lines = WholeLines()
    try:
        for piece in pieces:
            if whole := bad.cleaned(lines.push(piece)):
                yield whole
            if not piece:
                yield ""
            check_length(lines.held, bad.place)
    finally:
        bad.report()
    if rest := bad.cleaned(lines.flush()):
        yield rest


def _decoded(pieces: Iterator[bytes], name: str, encoding: str, errors: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    before, line, ends_in_return = 0, 1, False
    for data in chain(pieces, [None]):
        state = decoder.getstate()
        try:
            text = decoder.decode(data or b"", final=data is None)
        except UnicodeDecodeError as error:
            held = len(state[0])
            decoder.setstate(state)
            text = decoder.decode(error.object[held : error.start])
            if text:
                yield text
            byte = before - held + error.start
            line += line_ends(text, after_return=ends_in_return)
            raise CorpusError(
                f"{name}: byte {byte} is not {encoding} (0x{error.object[error.start]:02x}), in line {line:,}",
                hint=how_to_read(error.object, error.start),
            ) from error
        except UnicodeError as error:  # some codecs (utf-16, idna) do not say where
            raise CorpusError(f"{name}: is not {encoding}", hint=f"{NAME_ENCODING}, or {LEAVE_OUT}") from error
        before += len(data or b"")
        line += line_ends(text, after_return=ends_in_return)
        ends_in_return = text.endswith("\r") if text else ends_in_return
        if text or data == b"":
            yield text


def unpacked(pieces: Iterator[bytes], name: str) -> Iterator[bytes]:
    """The same bytes, unpacked where they begin as gzip does. Raises CorpusError for a damaged archive."""
    start = b""
    for data in pieces:
        start += data
        if start and (len(start) > 1 or start != _GZIP_MAGIC[:1]):
            break
        if not data:
            yield b""
    if start.startswith(_GZIP_MAGIC):
        yield from _inflated(chain([start], pieces), name)
    elif start:
        yield from chain([start], pieces)


def _inflated(pieces: Iterator[bytes], name: str) -> Iterator[bytes]:
    archive = zlib.decompressobj(_GZIP)
    try:
        for data in pieces:
            if not data:
                yield b""
            while data:
                if archive.eof:  # one archive after another is one text, and zeros may pad them
                    data = data.lstrip(b"\0")
                    archive = zlib.decompressobj(_GZIP) if data else archive
                    continue
                if part := archive.decompress(data, PIECE):
                    yield part
                data = archive.unused_data if archive.eof else archive.unconsumed_tail
    except zlib.error as error:
        raise CorpusError(f"{name}: damaged gzip: {error}") from None
    if not archive.eof:
        raise CorpusError(f"{name}: damaged gzip: it ends too early")


def _told(pieces: Iterator[bytes], path: str) -> Iterator[bytes]:
    """The same pieces. A watcher is told how far the file is read, where it is one that has an end."""
    try:
        found = os.stat(path) if path != "-" else None
    except OSError:
        found = None
    if found is None or not stat.S_ISREG(found.st_mode):
        yield from pieces
        return
    read = 0
    for data in pieces:
        read += len(data)
        yield data
        tell(path, read, found.st_size)  # what was given has been dealt with


def _read(path: str, name: str) -> Iterator[bytes]:
    """The bytes of the file as they come, up to PIECE at a time, and b"" at a pause."""
    try:
        if path == "-" and sys.stdin is None:  # the process was started with its standard input closed
            raise OSError("closed")
        descriptor = sys.stdin.fileno() if path == "-" else os.open(path, os.O_RDONLY)
        try:
            while True:
                if not select.select([descriptor], [], [], PAUSE)[0]:
                    yield b""
                data = os.read(descriptor, PIECE)
                if not data:
                    break
                yield data
        finally:
            if path != "-":
                os.close(descriptor)
    except OSError as error:
        raise unreadable(name, error) from error
