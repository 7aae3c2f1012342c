r"""Columns between tabs or spaces: the word, its tags, and whatever else; a blank line ends a sentence.

Every row of a file has as many columns as most of its first sentence; comments, a header and the lines that part
documents are no rows (`formats.rows`) and stay as they are. The spaces of columns between spaces, which tools align
with, stay as well. Probabilities and the best tags (`NOUN:0.9312 VERB:0.0511`) are written as further columns
at the end.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat

from charnn.corpora.lines import LineBlock, LineBlocks
from charnn.errors import CharnnWarning, CorpusError
from charnn.readable import counted
from charnn.tasks.tagger.config import PASSED_OVER
from charnn.tasks.tagger.formats.rows import (
    DOCUMENT_START,
    cell_separator,
    cells_of,
    check_returns,
    is_comment,
    is_header,
    late_comment,
)
from charnn.tasks.tagger.formats.sentence import (
    MAY_BE_NONE,
    NOT_GIVEN,
    Annotation,
    Sentence,
    written_alternatives,
    written_probability,
)

_SPACES = re.compile(r"[ \t]+")


@dataclass(slots=True)
class ColumnsSentence(Sentence):
    columns: tuple[str, ...] = ()
    """The names of the columns after the word, as far as they are known."""
    cells: list[Sequence[str]] = field(default_factory=list)
    """The cells of all rows, column by column."""
    word_place: int = 0
    """Which of these columns is the words, counted from 0. `columns` are the names of those after it."""
    line_ends: list[str] | None = None
    r"""The line end of every row but the last; None where they are all \n."""
    gaps: list[list[str]] | None = None
    """Where spaces are between the cells, those of each row: before the first cell, between cells, and after the last.
    """
    skipped: int = 0
    """The number of lines before the rows that are none."""
    start: int = 0
    end: int = 0
    """`source[start:end]` is the rows."""

    def line_of(self, word: int) -> int:
        return self.line + self.skipped + word

    def values(self, column: str) -> list[str] | None:
        if column not in self.columns:
            return None
        if not self.words:
            return []
        index = self._place(column)
        return list(self.cells[index]) if index < len(self.cells) else None

    @property
    def tag_columns(self) -> tuple[str, ...]:
        return tuple(name for name in self.columns[: len(self.after_words)] if name != PASSED_OVER)

    @property
    def unnamed_columns(self) -> int:
        return max(len(self.after_words) - len(self.columns), 0)

    def is_analysed(self, column: str) -> list[bool]:
        others = [
            cells
            for name, cells in zip(self.columns, self.after_words, strict=False)  # more or fewer cells than names
            if name != column and name not in MAY_BE_NONE
        ]
        if not others:
            return [True] * len(self.words)
        return [not NOT_GIVEN.issuperset(values) for values in zip(*others, strict=True)]

    def rewritten(self, annotations: Sequence[Annotation]) -> str:
        """The source with other tags, in the columns of their names. What has no column there is appended."""
        if not self.words:
            return self.source
        cells = self.cells.copy()
        for annotation in annotations:
            index = self._place(annotation.column) if annotation.column in self.columns else len(cells)
            while len(cells) <= index:
                cells.append(["_"] * len(self.words))
            cells[index] = annotation.tags
        rows = _rows([*cells, *_further(annotations)], self.gaps)
        if self.line_ends is None:
            text = "\n".join(rows)
        else:
            text = "".join(chain.from_iterable(zip(rows, [*self.line_ends, ""], strict=True)))
        return f"{self.source[: self.start]}{text}{self.source[self.end :]}"

    @property
    def after_words(self) -> list[Sequence[str]]:
        """The cells of the columns after the words."""
        return self.cells[self.word_place + 1 :]

    def _place(self, column: str) -> int:
        """The place of the cells of a column that has a name, whether there are so many or not."""
        return self.word_place + 1 + self.columns.index(column)


class ColumnsReader:
    def __init__(self, name: str, columns: Sequence[str]) -> None:
        self._name = name
        self._columns = tuple(columns)
        self._blocks = LineBlocks()
        self._width: int | None = None
        self._word_place = 0
        self._separator = "\t"
        self._first_line = 0
        self._has_header = False

    def feed(self, text: str) -> list[Sentence]:
        return [self._sentence(block) for block in self._blocks.push(text)]

    def finish(self) -> list[Sentence]:
        return [self._sentence(block) for block in self._blocks.flush()]

    def _sentence(self, block: LineBlock) -> Sentence:
        source, start, end, line = block
        sentence = ColumnsSentence("columns", self._name, line, source, [], columns=self._columns, start=start, end=end)
        if start < end:
            try:
                self._read_rows(sentence, source[start:end])
            except CorpusError as error:
                sentence.error = error.with_traceback(None)
        return sentence

    def _read_rows(self, sentence: ColumnsSentence, text: str) -> None:
        check_returns(text, self._name, sentence.line)
        text = self._without_comments(sentence, text)
        if not text:
            return
        if "\r\n" in text:
            lines = text.split("\n")
            sentence.line_ends = ["\r\n" if line.endswith("\r") else "\n" for line in lines[:-1]]
            text = "\n".join([*(line.removesuffix("\r") for line in lines[:-1]), lines[-1]])
        rows = text.split("\n")
        if self._width is None:
            self._width = _usual_width(rows, self._separator)
            widths = (len(cells_of(row, self._separator)) for row in rows)
            self._first_line = sentence.line_of(0) + next(i for i, width in enumerate(widths) if width == self._width)
            self._find_words([cells_of(row, self._separator) for row in rows])
            if self._has_header:
                self._columns = sentence.columns = self._columns[self._word_place :]
            self._fit_names(sentence)
        if self._separator == " ":
            sentence.gaps = list(map(_gaps, rows))
            rows = ["\t".join(cells_of(row, " ")) for row in rows]
            text = "\n".join(rows)
        tabs = list(map(str.count, rows, repeat("\t")))
        if tabs.count(self._width - 1) != len(rows):
            row, found = next((row, found) for row, found in enumerate(tabs) if found != self._width - 1)
            place = f"{self._name}:{sentence.line_of(row)}"
            if row and rows[row].startswith("#"):
                raise late_comment(place)
            hint = f"line {self._first_line} has {self._width}"
            raise CorpusError(f"{place}: expected {self._width} columns, found {found + 1}", hint=hint)
        flat = text.replace("\n", "\t").split("\t")
        sentence.cells = [flat[index :: self._width] for index in range(self._width)]
        words = flat[self._word_place :: self._width]
        if "" in words:
            raise CorpusError(f"{self._name}:{sentence.line_of(words.index(''))}: the word is empty")
        sentence.words, sentence.word_place = words, self._word_place

    def _find_words(self, rows: Sequence[Sequence[str]]) -> None:
        """Takes the column of the words from the first sentence: it is the first one, or stands after one that counts
        the words, before which may be what is the same in all rows, such as the name of a document."""
        columns = list(zip(*rows, strict=False))
        for place, cells in enumerate(columns[:-2]):
            if len(rows) > 1 and any(list(cells) == list(map(str, range(n, n + len(rows)))) for n in (0, 1)):
                self._word_place = place + 1
                warnings.warn(
                    f"{self._name}:{self._first_line}: column {place + 1} counts the words, and column {place + 2} is "
                    "taken for them",
                    CharnnWarning,
                    stacklevel=2,
                )
                return
            if len(set(cells)) > 1:
                return

    def _fit_names(self, sentence: ColumnsSentence) -> None:
        """Takes as many columns as there are names for columns that are not passed over for these, where there are
        fewer than names: a file with one tag for each word has that of a model whose data had others before it."""
        kept = tuple(name for name in self._columns if name != PASSED_OVER)
        found = (self._width or 0) - self._word_place - 1
        if found < len(self._columns) and found == len(kept):
            warnings.warn(
                f"{self._name}: {counted(found, 'column')} after the words, taken for {','.join(kept)}",
                CharnnWarning,
                stacklevel=2,
            )
            self._columns = sentence.columns = kept

    def _without_comments(self, sentence: ColumnsSentence, text: str) -> str:
        """The rows of a sentence, without the lines before them that are none. It tells the separator of the file."""
        if self._width is None:
            self._separator = cell_separator([line.removesuffix("\r") for line in text.split("\n")])
        skipped = 0
        if text.startswith(("#", DOCUMENT_START)) or self._width is None:
            lines = text.split("\n")
            width = self._width or _usual_width([line.removesuffix("\r") for line in lines], self._separator)
            while skipped < len(lines) and is_comment(lines[skipped].removesuffix("\r"), self._separator, width):
                skipped += 1
            if (
                self._width is None
                and len(lines) > skipped + 1
                and is_header(cells_of(lines[skipped].removesuffix("\r"), self._separator))
            ):
                self._read_header(cells_of(lines[skipped].removesuffix("\r"), self._separator), sentence, skipped)
                skipped += 1
            if skipped:
                rows = "\n".join(lines[skipped:])
                sentence.start = sentence.end - len(rows)
                sentence.skipped = skipped
                return rows
        return text

    def _read_header(self, names: Sequence[str], sentence: ColumnsSentence, skipped: int) -> None:
        """Takes the columns that are asked for from where the header has them, if it has them all; where none are asked
        for, all that it has."""
        warnings.warn(
            f"{self._name}:{sentence.line + skipped}: taken for the names of the columns: {' '.join(names)}",
            CharnnWarning,
            stacklevel=2,
        )
        found = [name.strip().lower() for name in names[1:]]
        if set(self._columns) <= set(found):
            wanted = self._columns or found
            self._columns = tuple(name if name in wanted else PASSED_OVER for name in found)
            sentence.columns, self._has_header = self._columns, True


def _usual_width(lines: Sequence[str], separator: str) -> int:
    """How many cells most lines have that cannot be comments; the more where that is not clear."""
    rows = [line for line in lines if not line.startswith("#")] or lines
    widths = Counter(len(cells_of(line, separator)) for line in rows)
    return max(widths, key=lambda width: (widths[width], width))


def written(sentence: Sentence, annotations: Sequence[Annotation]) -> str:
    """The words and their tags in columns, and a blank line; "" for a sentence without words.

    A tab, which only a tagger of characters takes for a word, is written as a space.
    """
    if not sentence.words:
        return ""
    words = [" " if word == "\t" else word for word in sentence.words]
    tags = [annotation.tags for annotation in annotations]
    return "\n".join(_rows([words, *tags, *_further(annotations)])) + "\n\n"


def _rows(columns: Sequence[Sequence[str]], gaps: Sequence[Sequence[str]] | None = None) -> list[str]:
    """The rows of these columns, with tabs between the cells, or with the `gaps` that each row had."""
    rows = zip(*columns, strict=True)
    if gaps is None:
        return list(map("\t".join, rows))
    return [_spaced(row, of_row) for row, of_row in zip(rows, gaps, strict=True)]


def _gaps(row: str) -> list[str]:
    """The spaces before, between and after the cells of a row."""
    cells = row.strip(" \t")
    before = row.find(cells)
    return [row[:before], *_SPACES.findall(cells), row[before + len(cells) :]]


def _spaced(cells: Sequence[str], gaps: Sequence[str]) -> str:
    """The cells of a row between its gaps. Cells that it did not have are written before the last gap."""
    before, *between, after = gaps
    between += [" "] * (len(cells) - 1 - len(between))
    return before + "".join(map("".join, zip(cells, [*between, after], strict=True)))


def _further(annotations: Sequence[Annotation]) -> list[Sequence[str]]:
    """The columns that follow the tags: the probabilities, then the best tags."""
    probabilities = [a.probabilities for a in annotations if a.probabilities is not None]
    alternatives = [a.alternatives for a in annotations if a.alternatives is not None]
    return [
        *([written_probability(p) for p in column] for column in probabilities),
        *([written_alternatives(word, " ") for word in column] for column in alternatives),
    ]
