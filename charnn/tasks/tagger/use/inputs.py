"""Files to tag, one after the other: their formats, and their sentences as they come."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import chain

from charnn.corpora.streams import stream
from charnn.errors import CorpusError
from charnn.tasks.tagger.config import Level, TextFormat
from charnn.tasks.tagger.formats import open_reader
from charnn.tasks.tagger.formats.recognition import recognize
from charnn.tasks.tagger.formats.sentence import Sentence

OPENING = 1 << 12
"""Characters that the format of a file is told from."""
_TELLING_LINE = re.compile(r"^\ufeff?(?!#)[^\n]*\S[^\n]*\n", re.MULTILINE)
"""Neither blank nor perhaps a comment, and whole: only such a line tells the format."""


class Inputs:
    """Sentences of the files, as `tag_stream` takes them: none at a pause. Raises what `stream` raises."""

    def __init__(
        self,
        paths: Sequence[str],
        *,
        columns: Sequence[str],
        known: Collection[str] = frozenset(),
        level: Level = "word",
        format: TextFormat | None = None,
        encoding: str = "utf-8",
    ) -> None:
        """`columns` and `known` are those of `open_reader`. Where no `format` is given the first lines of each file
        tell its own; what a tagger of characters is given is `characters`, unless it is in columns."""
        self.format = format
        """Of the first file that is not empty; None until that has been read from."""
        self._paths = paths
        self._columns = columns
        self._known = known
        self._level = level
        self._given = format
        self._encoding = encoding

    def __iter__(self) -> Iterator[list[Sentence]]:
        for path in self._paths:
            yield from self._sentences(path)

    def _sentences(self, path: str) -> Iterator[list[Sentence]]:
        pieces = stream(path, encoding=self._encoding)
        opening, pause, failure = "", False, None
        try:
            for piece in pieces:
                opening += piece
                pause = not piece
                if self._given or len(opening) >= OPENING or (pause and _TELLING_LINE.search(opening)):
                    break
                if pause:
                    yield []
        except CorpusError as error:
            failure = error
        format = self._given or self._recognized(opening)
        if opening:
            self.format = self.format or format
        name = "standard input" if path == "-" else path
        reader = open_reader(format, name, columns=self._columns, known=self._known)
        for piece in chain([opening] if opening else [], [""] if pause else [], pieces):
            sentences = reader.feed(piece)
            if sentences or not piece:
                yield sentences
        if failure:
            raise failure
        yield from filter(None, [reader.finish()])

    def _recognized(self, opening: str) -> TextFormat:
        format = recognize(opening[:OPENING])
        return "characters" if self._level == "character" and format != "columns" else format
