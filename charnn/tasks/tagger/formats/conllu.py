r"""CoNLL-U, https://universaldependencies.org/format.html, read and written without losing a byte.

A sentence is checked as far as it must be to be tagged: ten columns between tabs, ids in order, no empty form, comments
before the first word. \r\n is a line end too, and blank lines may come anywhere between sentences. In CoNLL-U Plus the
file names its columns (`formats.conllu_layout`). A file that has no column for a kind of tag is given one at the end of
its rows, and a comment that names the columns.

What a tagger says of a word beyond its tag goes to MISC. The probability of a tag is
`UposProb=0.9312`, and the best tags are `UposBest=NOUN:0.9312,VERB:0.0511`, best first. What these keys held before is
replaced; everything else stays. What MISC cannot hold is escaped as UDPipe does: `\p` is a |, `\s` a space, `\\` a \.
A tag may be `,` or `:`, and is still told apart: a colon and a number follow each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import NoReturn

from charnn.corpora.lines import LineBlock, LineBlocks
from charnn.errors import CorpusError, UsageError
from charnn.tasks.tagger.formats.conllu_layout import STANDARD, Layout, layout_of, renamed
from charnn.tasks.tagger.formats.rows import check_returns, late_comment
from charnn.tasks.tagger.formats.sentence import (
    NOT_GIVEN,
    Annotation,
    Sentence,
    written_alternatives,
    written_probability,
)

_TAGS = ("upos", "xpos")
"""A word that has one of these has been analysed, and `_` among its features says that it has none."""
_ID = re.compile(r"(0|[1-9][0-9]{0,8})(?:([-.])([1-9][0-9]{0,8}))?")
_MISC_ESCAPES = str.maketrans({"|": r"\p", " ": r"\s", "\\": "\\\\"})
_IDS = [str(number) for number in range(1, 1001)]


@dataclass(slots=True)
class ConlluSentence(Sentence):
    head: str = ""
    """The comments before the first row."""
    cells: list[str] = field(default_factory=list)
    """The cells of all rows, as many as the layout has. The last cell of each row but the last has the end of its line.
    """
    tail: str = ""
    """The text from the line end of the last row on."""
    word_rows: list[int] | None = None
    """The row of each word, from 0; None where every row is a word."""
    layout: Layout = STANDARD

    def line_of(self, word: int) -> int:
        return self.line + self.head.count("\n") + (word if self.word_rows is None else self.word_rows[word])

    def values(self, column: str) -> list[str] | None:
        index = self.layout.tags.get(column)
        if index is None:
            return None
        values = self.cells[index :: self.layout.width]
        if index == self.layout.width - 1:
            values = [value.rstrip("\r\n") for value in values]
        return values if self.word_rows is None else [values[row] for row in self.word_rows]

    @property
    def tag_columns(self) -> tuple[str, ...]:
        return tuple(name for name in self.layout.tags if name != "tag")

    def is_analysed(self, column: str) -> list[bool]:
        tags = [values for name in _TAGS if (values := self.values(name)) is not None]
        if not tags:
            return [True] * len(self.words)
        return [not NOT_GIVEN.issuperset(values) for values in zip(*tags, strict=True)]

    def rewritten(self, annotations: Sequence[Annotation]) -> str:
        """The source with other tags. Columns that it does not have are appended.

        Raises UsageError where something beyond tags has no place, as there is no column MISC.
        """
        before, layout = self.layout, self.layout.with_columns([annotation.column for annotation in annotations])
        head = self.head if layout is before else renamed(self.head, layout)
        if not self.words:
            return self.source if layout is before else renamed(self.source, layout)
        cells, width = self.cells.copy(), layout.width
        if layout is not before:
            cells = _widened(cells, before.width, width)
        for annotation in annotations:
            index = layout.tags[annotation.column]
            tags = annotation.tags
            if index == width - 1:
                tags = self._with_line_ends(tags, cells[index::width])
            if self.word_rows is None:
                cells[index::width] = tags
            else:
                for row, tag in zip(self.word_rows, tags, strict=True):
                    cells[row * width + index] = tag
        if any(annotation.is_more_than_tags for annotation in annotations):
            place = _place_of_misc(layout)
            for word, row in enumerate(self.word_rows or range(len(self.words))):
                cell = cells[row * width + place]
                misc = cell.rstrip("\r\n")
                cells[row * width + place] = _with_misc(misc, word, annotations) + cell[len(misc) :]
        rows = "\t".join(cells).replace("\n\t", "\n")
        return f"{head}{rows}{self.tail}"

    def _with_line_ends(self, tags: Sequence[str], last_cells: Sequence[str]) -> list[str]:
        """The tags of the words, each with the line end that the last cell of its row has."""
        rows = last_cells if self.word_rows is None else [last_cells[row] for row in self.word_rows]
        return [tag + cell[len(cell.rstrip("\r\n")) :] for tag, cell in zip(tags, rows, strict=True)]


class ConlluReader:
    def __init__(self, name: str) -> None:
        self._name = name
        self._blocks = LineBlocks()
        self._layout = STANDARD

    def feed(self, text: str) -> list[Sentence]:
        return [self._sentence(block) for block in self._blocks.push(text)]

    def finish(self) -> list[Sentence]:
        return [self._sentence(block) for block in self._blocks.flush()]

    def _sentence(self, block: LineBlock) -> Sentence:
        source, start, end, line = block
        row_line = line
        while source.startswith("#", start):
            start = source.find("\n", start, end) + 1 or end
            row_line += 1
        sentence = ConlluSentence("conllu", self._name, line, source, [], head=source[:start], tail=source[end:])
        try:
            self._layout = sentence.layout = layout_of(sentence.head, f"{self._name}:{line}") or self._layout
            check_returns(source[start:end] or source[:end], self._name, row_line if start < end else line)
            if start < end:
                self._read_rows(sentence, source[start:end], row_line)
        except CorpusError as error:
            sentence.error = error.with_traceback(None)
        return sentence

    def _read_rows(self, sentence: ConlluSentence, text: str, row_line: int) -> None:
        cells = text.replace("\n", "\n\t").split("\t")
        rows = text.count("\n") + 1
        layout, width = self._layout, self._layout.width
        # As many cells as there should be, and all line ends in the last column: then every row has its columns.
        if len(cells) != rows * width or "".join(cells[width - 1 :: width]).count("\n") != rows - 1:
            self._raise_for_columns(text, row_line)
        words = cells[layout.form :: width]
        if layout.form == width - 1:
            words = [word.rstrip("\r\n") for word in words]
        if "" in words:
            raise CorpusError(f"{self._name}:{row_line + words.index('')}: the form is empty")
        if layout.id is not None:
            ids = cells[layout.id :: width]
            if layout.id == width - 1:
                ids = [id.rstrip("\r\n") for id in ids]
            if ids != _expected_ids(rows):
                sentence.word_rows = self._word_rows(ids, row_line)
                words = [words[row] for row in sentence.word_rows]
        sentence.cells = cells
        sentence.words = words

    def _raise_for_columns(self, text: str, row_line: int) -> NoReturn:
        rows = text.split("\n")
        widths = {row.count("\t") + 1 for row in rows}
        for line, row in enumerate(rows, row_line):
            found = row.count("\t") + 1
            if found != self._layout.width:
                if row.startswith("#"):
                    raise late_comment(f"{self._name}:{line}")
                hint = "columns are separated by tabs" if found == 1 else None
                if len(rows) > 1 and len(widths) == 1 and found > 1:
                    hint = f"if all rows have {found}, it is read with --format columns"
                raise CorpusError(
                    f"{self._name}:{line}: expected {self._layout.width} columns, found {found}", hint=hint
                )
        raise AssertionError("every row has its columns")

    def _word_rows(self, ids: list[str], row_line: int) -> list[int]:
        """The rows of the words, among multiword ranges and empty nodes. CorpusError where the ids are not in order."""
        rows: list[int] = []
        range_end = empty_nodes = 0
        for row, found in enumerate(ids):
            last = len(rows)
            match = _ID.fullmatch(found)
            number, kind, second = match.groups() if match else ("", "", "")
            if kind is None and number == str(last + 1):
                rows.append(row)
                empty_nodes = 0
            elif kind == "-" and number == str(last + 1) and last >= range_end and int(second) > last:
                range_end = int(second)
            elif kind == "." and number == str(last) and second == str(empty_nodes + 1):
                empty_nodes += 1
            else:
                begins = row > 0 and found.partition("-")[0] == "1"
                hint = "if a sentence begins here, a blank line must end the one before it" if begins else None
                raise CorpusError(
                    f"{self._name}:{row_line + row}: expected the id {last + 1}, found {found!r}", hint=hint
                )
        if range_end > len(rows):
            line = row_line + len(ids) - 1
            raise CorpusError(f"{self._name}:{line}: the last word is {len(rows)}, but a range ends at {range_end}")
        return rows


def _expected_ids(rows: int) -> list[str]:
    return _IDS[:rows] if rows <= len(_IDS) else [str(number) for number in range(1, rows + 1)]


def written(sentence: Sentence, annotations: Sequence[Annotation]) -> str:
    """The sentence in CoNLL-U, whatever it was read from; "" for one without words, which CoNLL-U does not have.

    `# text` has the words with a single space wherever there was white space. Tags that the ten columns have no
    place for are in further ones.
    """
    words = sentence.words
    if not words:
        return ""
    layout = STANDARD.with_columns([annotation.column for annotation in annotations])
    columns: list[Sequence[str]] = [["_"] * len(words)] * layout.width
    columns[0] = _expected_ids(len(words))
    columns[layout.form] = words
    misc = _place_of_misc(layout)
    for annotation in annotations:
        columns[layout.tags[annotation.column]] = annotation.tags
    gaps = [" "] * len(words)
    if sentence.spaces is not None:
        gaps = [" " if space else "" for space in sentence.spaces]
        columns[misc] = ["_" if space else "SpaceAfter=No" for space in sentence.spaces]
    if any(annotation.is_more_than_tags for annotation in annotations):
        columns[misc] = [_with_misc(cell, word, annotations) for word, cell in enumerate(columns[misc])]
    text = "".join(chain.from_iterable(zip(words, gaps, strict=True))).strip()
    newpar = "# newpar\n" if sentence.opens_paragraph else ""
    rows = "\n".join(map("\t".join, zip(*columns, strict=True)))
    return f"{newpar}# text = {text}\n{rows}\n\n"


def _with_misc(misc: str, word: int, annotations: Sequence[Annotation]) -> str:
    """The column MISC of a word: what it held, and what the annotations say of the word beyond its tags."""
    added: dict[str, str] = {}
    for annotation in annotations:
        key = annotation.column.capitalize()
        if annotation.probabilities is not None:
            added[f"{key}Prob"] = written_probability(annotation.probabilities[word])
        if annotation.alternatives is not None:
            best = [(tag.translate(_MISC_ESCAPES), probability) for tag, probability in annotation.alternatives[word]]
            added[f"{key}Best"] = written_alternatives(best, ",")
    kept = [] if misc in ("_", "") else [item for item in misc.split("|") if item.partition("=")[0] not in added]
    return "|".join([*kept, *(f"{key}={value}" for key, value in added.items())]) or "_"


def _place_of_misc(layout: Layout) -> int:
    if layout.misc is None:
        raise UsageError(
            "there is no column MISC, the place of probabilities and of the best tags", hint="choose --to columns"
        )
    return layout.misc


def _widened(cells: Sequence[str], before: int, width: int) -> list[str]:
    """The cells of rows of `before` cells with `_` in further ones, up to `width`. Line ends stay at the end."""
    further = ["_"] * (width - before)
    widened: list[str] = []
    for start in range(0, len(cells), before):
        *row, last = cells[start : start + before]
        bare = last.rstrip("\r\n")
        widened += [*row, bare, *further]
        widened[-1] += last[len(bare) :]
    return widened


def written_layout(sentence: Sentence, columns: Sequence[str]) -> Layout:
    """The layout of the sentence once it is written in CoNLL-U with these columns of tags."""
    layout = sentence.layout if isinstance(sentence, ConlluSentence) else STANDARD
    return layout.with_columns(columns)


def names_its_columns(sentence: Sentence) -> bool:
    """Whether a comment of the sentence names the columns."""
    return isinstance(sentence, ConlluSentence) and layout_of(sentence.head, "") is not None
