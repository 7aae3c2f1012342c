r"""CoNLL-U, https://universaldependencies.org/format.html, read and written without losing a byte.

A sentence is checked as far as it must be to be tagged: ten columns between tabs, ids in order, no empty form, comments
before the first word. \r\n is a line end too, and blank lines may come anywhere between sentences.

What a tagger says of a word beyond its tag goes to MISC, the last column. The probability of a tag is
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

from charnn.corpora.lines import Block, Blocks
from charnn.errors import CorpusError, UsageError
from charnn.tasks.tagger.formats.sentence import (
    NOT_GIVEN,
    Annotation,
    Sentence,
    written_alternatives,
    written_probability,
)

_WIDTH = 10
_FORM, _MISC = 1, 9
_COLUMNS = {"upos": 3, "tag": 3, "xpos": 4, "feats": 5, "lemma": 2, "deprel": 7}
"""`tag` is the one column of a model that was trained on tags without a name."""
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
    """The cells of all rows, ten each. Each MISC but the last has the end of its line."""
    tail: str = ""
    """The text from the line end of the last row on."""
    word_rows: list[int] | None = None
    """The row of each word, from 0; None where every row is a word."""

    def line_of(self, word: int) -> int:
        return self.line + self.head.count("\n") + (word if self.word_rows is None else self.word_rows[word])

    def values(self, column: str) -> list[str] | None:
        index = _COLUMNS.get(column)
        if index is None:
            return None
        values = self.cells[index::_WIDTH]
        return values if self.word_rows is None else [values[row] for row in self.word_rows]

    @property
    def tag_columns(self) -> tuple[str, ...]:
        return tuple(name for name in _COLUMNS if name != "tag")

    def is_analysed(self, column: str) -> list[bool]:
        tags = [self.values(name) or [] for name in _TAGS]
        return [not NOT_GIVEN.issuperset(values) for values in zip(*tags, strict=True)]

    def rewritten(self, annotations: Sequence[Annotation]) -> str:
        """The source with other tags. UsageError for a column that CoNLL-U does not have."""
        if not self.words:
            return self.source
        cells = self.cells.copy()
        for annotation in annotations:
            index = _index(annotation.column)
            if self.word_rows is None:
                cells[index::_WIDTH] = annotation.tags
            else:
                for row, tag in zip(self.word_rows, annotation.tags, strict=True):
                    cells[row * _WIDTH + index] = tag
        if any(annotation.is_more_than_tags for annotation in annotations):
            for word, row in enumerate(self.word_rows or range(len(self.words))):
                cell = cells[row * _WIDTH + _MISC]
                misc = cell.rstrip("\r\n")
                cells[row * _WIDTH + _MISC] = _with_misc(misc, word, annotations) + cell[len(misc) :]
        rows = "\t".join(cells).replace("\n\t", "\n")
        return f"{self.head}{rows}{self.tail}"


class ConlluReader:
    def __init__(self, name: str) -> None:
        self._name = name
        self._blocks = Blocks()

    def feed(self, text: str) -> list[Sentence]:
        return [self._sentence(block) for block in self._blocks.push(text)]

    def finish(self) -> list[Sentence]:
        return [self._sentence(block) for block in self._blocks.flush()]

    def _sentence(self, block: Block) -> Sentence:
        source, start, end, line = block
        row_line = line
        while source.startswith("#", start):
            start = source.find("\n", start, end) + 1 or end
            row_line += 1
        sentence = ConlluSentence("conllu", self._name, line, source, [], head=source[:start], tail=source[end:])
        if start < end:
            try:
                self._read_rows(sentence, source[start:end], row_line)
            except CorpusError as error:
                sentence.error = error.with_traceback(None)
        return sentence

    def _read_rows(self, sentence: ConlluSentence, text: str, row_line: int) -> None:
        cells = text.replace("\n", "\n\t").split("\t")
        rows = text.count("\n") + 1
        # As many cells as there should be, and all line ends in the last column: then every row has ten.
        if len(cells) != rows * _WIDTH or "".join(cells[_MISC::_WIDTH]).count("\n") != rows - 1:
            self._raise_for_columns(text, row_line)
        ids = cells[::_WIDTH]
        words = cells[_FORM::_WIDTH]
        if "" in words:
            raise CorpusError(f"{self._name}:{row_line + words.index('')}: the form is empty")
        if ids != _expected_ids(rows):
            sentence.word_rows = self._word_rows(ids, row_line)
            words = [words[row] for row in sentence.word_rows]
        sentence.cells = cells
        sentence.words = words

    def _raise_for_columns(self, text: str, row_line: int) -> NoReturn:
        for line, row in enumerate(text.split("\n"), row_line):
            found = row.count("\t") + 1
            if found != _WIDTH:
                if row.startswith("#"):
                    raise CorpusError(f"{self._name}:{line}: a comment after the first word of a sentence")
                hint = "columns are separated by tabs" if found == 1 else None
                raise CorpusError(f"{self._name}:{line}: expected {_WIDTH} columns, found {found}", hint=hint)
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
                raise CorpusError(f"{self._name}:{row_line + row}: expected the id {last + 1}, found {found!r}")
        if range_end > len(rows):
            line = row_line + len(ids) - 1
            raise CorpusError(f"{self._name}:{line}: the last word is {len(rows)}, but a range ends at {range_end}")
        return rows


def _expected_ids(rows: int) -> list[str]:
    return _IDS[:rows] if rows <= len(_IDS) else [str(number) for number in range(1, rows + 1)]


def written(sentence: Sentence, annotations: Sequence[Annotation]) -> str:
    """The sentence in CoNLL-U, whatever it was read from; "" for one without words, which CoNLL-U does not have.

    `# text` has the words with a single space wherever there was white space.
    """
    words = sentence.words
    if not words:
        return ""
    columns: list[Sequence[str]] = [["_"] * len(words)] * _WIDTH
    columns[0] = _expected_ids(len(words))
    columns[_FORM] = words
    for annotation in annotations:
        columns[_index(annotation.column)] = annotation.tags
    gaps = [" "] * len(words)
    if sentence.spaces is not None:
        gaps = [" " if space else "" for space in sentence.spaces]
        columns[_MISC] = ["_" if space else "SpaceAfter=No" for space in sentence.spaces]
    if any(annotation.is_more_than_tags for annotation in annotations):
        columns[_MISC] = [_with_misc(misc, word, annotations) for word, misc in enumerate(columns[_MISC])]
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


def _index(column: str) -> int:
    try:
        return _COLUMNS[column]
    except KeyError:
        raise UsageError(f"CoNLL-U has no column {column!r}", hint="write columns with --to columns") from None
