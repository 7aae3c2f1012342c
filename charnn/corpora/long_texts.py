"""A text that is too long to be held, and is read from its file where it is wanted.

A file is read once to learn what is in it: its hash and its facts, such as how often each character is there. After
that any part of the text can be had, since it is known where in the file each stretch of characters begins. What is no
plain UTF-8, such as an archive, a pipe or another encoding, is first written to a temporary file that is.
"""

from __future__ import annotations

import codecs
import hashlib
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from charnn import cache
from charnn.config.model import SourceFile
from charnn.corpora.decoding import BYTE_ORDER_MARK, Decoding, without_byte_order_marks
from charnn.corpora.documents import DocumentUnit
from charnn.corpora.facts import TextFacts
from charnn.corpora.rereading import RereadableFile, no_room, temporary_file
from charnn.corpora.sources import has_changed, most_bytes
from charnn.corpora.streams import decoded, looked_at
from charnn.corpora.unpacking import TooLargeError
from charnn.errors import CorpusError

FORMAT = 1
"""A number that rises whenever the facts of a text become others."""


class LongText:
    """A text in a file, of which parts are read as slices are taken of a string: `text[start:end]`, and `len(text)`.

    The file is opened once, so the text stays what it is where another file takes its name.
    """

    def __init__(
        self, path: str, source: SourceFile, file: BinaryIO, errors: str, facts: TextFacts, how: Sequence[object]
    ) -> None:
        """`file` has the text in UTF-8 with such `errors`, and `facts` says where its stretches begin. `how` is all
        that the text depends on, beside the bytes of its file."""
        self.path, self.source, self.facts = path, source, facts
        self.content = repr([source.sha256, *how])
        """Two texts with equal contents are the same."""
        self._file, self._errors = file, errors
        weakref.finalize(self, file.close)
        self._characters = np.array(facts.characters_at, np.int64)
        self._bytes = np.array([*facts.bytes_at, facts.size], np.int64)
        self._decoded: tuple[int, str] = -1, ""

    def __len__(self) -> int:
        return self.facts.characters

    def __getitem__(self, part: slice) -> str:
        start, end, _ = part.indices(len(self))
        return "".join(self.pieces(start, end))

    def pieces(self, start: int = 0, end: int | None = None) -> Iterator[str]:
        """The text from `start` to `end` in pieces."""
        end = len(self) if end is None else end
        while start < end:
            number = int(np.searchsorted(self._characters, start, "right")) - 1
            stretch, first = self._stretch(number), int(self._characters[number])
            yield stretch[start - first : end - first]
            start = first + len(stretch)

    def _stretch(self, number: int) -> str:
        if self._decoded[0] != number:
            start, end = self._bytes[number : number + 2].tolist()
            self._file.seek(start)
            text = self._file.read(end - start).decode("utf-8", self._errors)
            last = len(self._characters) - 1
            expected = (len(self) if number == last else self._characters[number + 1]) - self._characters[number]
            if len(text) != expected:
                raise CorpusError(f"{self.path}: has changed while it was read")
            self._decoded = number, text
        return self._decoded[1]


@dataclass(frozen=True)
class PartOfText:
    """A part of a long text, of which slices are read in the same way."""

    text: LongText
    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start

    def __getitem__(self, part: slice) -> str:
        start, end, _ = part.indices(len(self))
        return self.text[self.start + start : self.start + max(end, start)]


def long_text(
    file: RereadableFile,
    *,
    encoding: str = "utf-8",
    any_bytes: bool = False,
    on_error: Decoding = "fail",
    unit: DocumentUnit = "file",
    again: SourceFile | None = None,
) -> LongText:
    """The text in a file. Facts that were found before are taken from the user's cache.

    `again` is a record that the file must be the one of. Raises CorpusError where it is not, and otherwise as
    `sources.read` does.
    """
    sha256 = sha256_of(file, on_error, again)
    errors = "surrogateescape" if any_bytes else "surrogatepass"
    how = (codecs.lookup(encoding).name, any_bytes, on_error)
    if not file.is_packed and codecs.lookup(encoding).name == "utf-8" and on_error == "fail":
        key = hashlib.blake2b(repr([FORMAT, sha256, any_bytes, unit]).encode(), digest_size=20).hexdigest()
        if (facts := TextFacts.kept(key)) is None:
            try:
                facts = TextFacts.of(_plain_pieces(file, any_bytes), unit, errors)
                cache.keep("texts", key, facts.to_bytes())
            except _MarkInside:
                facts = None
        if facts is not None:
            return LongText(file.path, file.record(sha256, facts.characters), file.open(), errors, facts, how)
    pieces = decoded(file.pieces("converting"), file.name, encoding, any_bytes, on_error)
    if not any_bytes:
        pieces = map(without_byte_order_marks, pieces)
    copy = temporary_file()
    facts = TextFacts.of(_written(pieces, copy, errors, file.name), unit, errors)
    return LongText(file.path, file.record(sha256, facts.characters), copy, errors, facts, how)


def sha256_of(file: RereadableFile, on_error: Decoding, again: SourceFile | None = None) -> str:
    """The hash of a file's bytes, unpacked. Raises CorpusError where they are not those of the record `again`."""
    digest = hashlib.sha256()
    try:
        for data in file.pieces("reading", None if again is None else most_bytes(again, on_error)):
            digest.update(data)
    except TooLargeError:
        if again is None:
            raise
        raise has_changed(again) from None
    if again is not None and again.sha256 != digest.hexdigest():
        raise has_changed(again)
    return digest.hexdigest()


class _MarkInside(Exception):
    """A byte order mark stands inside the text, from which it is left out."""


def _plain_pieces(file: RereadableFile, any_bytes: bool) -> Iterator[tuple[str, int]]:
    """The pieces of a text in UTF-8, each with the place of its first byte in the file."""
    data, name = file.pieces("indexing"), file.name
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape" if any_bytes else "strict")
    read, is_first = 0, True
    try:
        for piece in data if any_bytes else looked_at(data, name, "utf-8"):
            at = read - len(decoder.getstate()[0])
            read += len(piece)
            text = decoder.decode(piece)
            if not any_bytes and BYTE_ORDER_MARK in text:
                if not is_first or BYTE_ORDER_MARK in text[1:]:
                    raise _MarkInside
                text, at = text[1:], at + len(BYTE_ORDER_MARK.encode())
            is_first = is_first and not text
            if text:
                yield text, at
        at = read - len(decoder.getstate()[0])
        if text := decoder.decode(b"", final=True):
            yield text, at
    except UnicodeDecodeError:
        for _ in decoded(file.pieces("checking"), name, "utf-8", any_bytes, "fail"):
            pass  # it says where the bad byte is
        raise


def _written(pieces: Iterator[str], copy: BinaryIO, errors: str, name: str) -> Iterator[tuple[str, int]]:
    """The pieces, each written to the copy, with the place of its first byte there."""
    at = 0
    for text in pieces:
        if text:
            yield text, at
            try:
                at += copy.write(text.encode("utf-8", errors))
                copy.flush()
            except OSError as error:
                raise no_room(error, name) from error
