"""The text of a file of rows that is too long to be held, in pieces of whole lines."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from charnn.config.model import SourceFile
from charnn.corpora.decoding import BadBytes, OnError, marking, replaced, without_byte_order_marks
from charnn.corpora.lines import WholeLines, check_length
from charnn.corpora.long_texts import sha256_of
from charnn.corpora.rereading import LONG, RereadableFile
from charnn.corpora.streams import decoded, nuls_told


class LongRows:
    """What `sources.read` gives for a file whose rows are left out as a whole (`marking`), as often as it is wanted."""

    def __init__(
        self,
        file: RereadableFile,
        *,
        encoding: str = "utf-8",
        any_bytes: bool = False,
        on_error: OnError = "fail",
        again: SourceFile | None = None,
    ) -> None:
        """Reads it once. Raises CorpusError where it cannot be read, is not the one that the record `again` is of, or
        has a line that is too long to be held. It warns as `sources.read` or `read_again` does, and no reading after it
        does."""
        self._file, self._encoding, self._any_bytes, self._on_error = file, encoding, any_bytes, on_error
        sha256 = sha256_of(file, marking(on_error), again)
        bad = BadBytes(file.name, encoding, on_error) if on_error == "replace" and not any_bytes else None
        characters = 0
        for piece in self._pieces(says=again is None):
            characters += len(piece if bad is None else bad.cleaned(piece))
        if bad is not None:
            bad.report()
        self.source = file.record(sha256, characters)

    def __iter__(self) -> Iterator[str]:
        pieces = self._pieces(says=False)
        return map(replaced, pieces) if self._on_error == "replace" and not self._any_bytes else pieces

    def _pieces(self, *, says: bool) -> Iterator[str]:
        """The text, where bytes are marked unless they are to fail."""
        name, lines = self._file.name, WholeLines()
        found = decoded(
            self._file.pieces("reading"),
            name,
            self._encoding,
            self._any_bytes,
            "fail" if self._on_error == "fail" else "mark",
        )
        if says and not self._any_bytes:
            found = nuls_told(found, name)
        for piece in chain(found, [None]):
            whole = lines.flush() if piece is None else lines.push(piece)
            if whole:
                yield whole if self._any_bytes else without_byte_order_marks(whole)
            check_length(lines.held, name, longest=LONG)
