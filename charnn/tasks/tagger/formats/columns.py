r"""Columns between tabs: the word, its tags, and whatever else; a blank line ends a sentence.

Every line of a file has as many columns as the first. Probabilities and the best tags (`NOUN:0.9312 VERB:0.0511`) are
written as further columns at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat

from charnn.corpora.lines import Block, Blocks
from charnn.errors import CorpusError
from charnn.tasks.tagger.formats.sentence import Annotation, Sentence, written_alternatives, written_probability


@dataclass(slots=True)
class ColumnsSentence(Sentence):
    columns: tuple[str, ...] = ()
    """The names of the columns after the word, as far as they are known."""
    cells: list[Sequence[str]] = field(default_factory=list)
    """The cells of all rows, column by column, that of the words first."""
    line_ends: list[str] | None = None
    r"""The line end of every row but the last; None where they are all \n."""
    start: int = 0
    end: int = 0
    """`source[start:end]` is the rows."""

    def line_of(self, word: int) -> int:
        return self.line + word

    def values(self, column: str) -> list[str] | None:
        if column not in self.columns:
            return None
        if not self.words:
            return []
        index = self.columns.index(column) + 1
        return list(self.cells[index]) if index < len(self.cells) else None

    def reference_tags(self, column: str) -> list[str]:
        values = Sentence.reference_tags(self, column)  # super() does not work in a dataclass with slots
        if "" in values:
            word = values.index("")
            raise CorpusError(f"{self.name}:{self.line_of(word)}: {self.words[word]!r} has no {column}")
        return values

    def rewritten(self, annotations: Sequence[Annotation]) -> str:
        """The source with other tags, in the columns of their names. What has no column there is appended."""
        if not self.words:
            return self.source
        cells = self.cells.copy()
        for annotation in annotations:
            index = self.columns.index(annotation.column) + 1 if annotation.column in self.columns else len(cells)
            while len(cells) <= index:
                cells.append(["_"] * len(self.words))
            cells[index] = annotation.tags
        rows = _rows([*cells, *_further(annotations)])
        if self.line_ends is None:
            text = "\n".join(rows)
        else:
            text = "".join(chain.from_iterable(zip(rows, [*self.line_ends, ""], strict=True)))
        return f"{self.source[: self.start]}{text}{self.source[self.end :]}"


class ColumnsReader:
    def __init__(self, name: str, columns: Sequence[str]) -> None:
        self._name = name
        self._columns = tuple(columns)
        self._blocks = Blocks()
        self._width: int | None = None
        self._first_line = 0

    def feed(self, text: str) -> list[Sentence]:
        return [self._sentence(block) for block in self._blocks.push(text)]

    def finish(self) -> list[Sentence]:
        return [self._sentence(block) for block in self._blocks.flush()]

    def _sentence(self, block: Block) -> Sentence:
        source, start, end, line = block
        sentence = ColumnsSentence("columns", self._name, line, source, [], columns=self._columns, start=start, end=end)
        if start < end:
            try:
                self._read_rows(sentence, source[start:end])
            except CorpusError as error:
                sentence.error = error.with_traceback(None)
        return sentence

    def _read_rows(self, sentence: ColumnsSentence, text: str) -> None:
        if "\r\n" in text:
            lines = text.split("\n")
            sentence.line_ends = ["\r\n" if line.endswith("\r") else "\n" for line in lines[:-1]]
            text = "\n".join([*(line.removesuffix("\r") for line in lines[:-1]), lines[-1]])
        rows = text.split("\n")
        if self._width is None:
            self._width = rows[0].count("\t") + 1
            self._first_line = sentence.line
        tabs = list(map(str.count, rows, repeat("\t")))
        if tabs.count(self._width - 1) != len(rows):
            row, found = next((row, found) for row, found in enumerate(tabs, 1) if found != self._width - 1)
            raise CorpusError(
                f"{self._name}:{sentence.line + row - 1}: expected {self._width} columns, found {found + 1}",
                hint=f"line {self._first_line} has {self._width}",
            )
        flat = text.replace("\n", "\t").split("\t")
        words = flat[:: self._width]
        if "" in words:
            raise CorpusError(f"{self._name}:{sentence.line + words.index('')}: the word is empty")
        sentence.cells = [words, *(flat[index :: self._width] for index in range(1, self._width))]
        sentence.words = words


def written(sentence: Sentence, annotations: Sequence[Annotation]) -> str:
    """The words and their tags in columns, and a blank line; "" for a sentence without words.

    A tab, which only a tagger of characters takes for a word, is written as a space.
    """
    if not sentence.words:
        return ""
    words = [" " if word == "\t" else word for word in sentence.words]
    tags = [annotation.tags for annotation in annotations]
    return "\n".join(_rows([words, *tags, *_further(annotations)])) + "\n\n"


def _rows(columns: Sequence[Sequence[str]]) -> list[str]:
    return list(map("\t".join, zip(*columns, strict=True)))


def _further(annotations: Sequence[Annotation]) -> list[Sequence[str]]:
    """The columns that follow the tags: the probabilities, then the best tags."""
    probabilities = [a.probabilities for a in annotations if a.probabilities is not None]
    alternatives = [a.alternatives for a in annotations if a.alternatives is not None]
    return [
        *([written_probability(p) for p in column] for column in probabilities),
        *([written_alternatives(word, " ") for word in column] for column in alternatives),
    ]
