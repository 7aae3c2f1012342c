"""Reads texts that have labels, in the forms in which people keep them.

label<TAB>text, or text<TAB>label     a text on each line; the side with fewer different values is the label
label,text                            CSV with a header, and tables between tabs with a header
{"text": ..., "label": ...}           JSON: an object on each line, or a list of objects
__label__x __label__y text            fastText's lines, with any number of labels
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from charnn.config import Json
from charnn.config.as_json import later
from charnn.corpora.columns import WantedColumns, found_columns, header_of
from charnn.corpora.decoding import BadBytes
from charnn.corpora.tables import Object, Row, Table, keys_of
from charnn.errors import CharnnWarning, CorpusError, UsageError

FASTTEXT = "__label__"
TEXT_NAMES: tuple[str, ...] = (
    *("text", "sentence", "content", "message", "body", "document"),
    *("review", "comment", "tweet", "utterance", "headline"),
)
LABEL_NAMES: tuple[str, ...] = (
    *("label", "labels", "class", "category", "target", "tag", "sentiment"),
    *("rating", "stars", "intent", "topic", "emotion", "polarity", "language", "genre"),
)
"""The usual names of the two columns of a table. They are looked for in this order, in any case."""
NO_TEXT = frozenset({"id", "index", "date", "time", "file", "filename", "path", "image", "url"})
"""Where one of two columns has labels, the other one has the texts unless it is called so."""
TOGETHER = 1 << 20
"""So many new texts are counted at once."""
TELLING_LINES = 100
"""So many lines tell whether all have as many cells."""


class LabelledText(NamedTuple):
    labels: tuple[str, ...]
    """The labels of the text. There is one, but for fastText's lines, lists in JSON and cells with a separator, which
    may have any number."""
    text: str
    """The text without the end of its line."""
    line: int
    """The number of the line where it begins, counted from 1."""


@dataclass(frozen=True)
class LabelledLayout(Json):
    """Where the labels and the texts of a file are. What is None is told from the file."""

    text: str | None = None
    """The name of the column or key of the texts."""
    label: str | None = None
    """The name of the column or key of the labels."""
    label_column: int | None = None
    """Which of two columns without a header has the labels, 1 or 2."""
    separator: str | None = later(None)
    """What stands between the labels of a text that has several in one cell. Without it a cell is one label."""


AS_TOLD = LabelledLayout()


def labelled_texts(
    text: str, name: str, layout: LabelledLayout = AS_TOLD, bad: BadBytes | None = None
) -> list[LabelledText]:
    """The texts of a file with their labels; `name` is its path, for messages and because `.csv` says what it is. Rows
    with marked bytes are left out by `bad`.

    Raises CorpusError for a row that is not as the others are, with path and line, and UsageError where it cannot be
    told which column has the labels, or where there is no column of that name.
    """
    return list(labelled_rows(Table(text, name, bad), layout))


def labelled_rows(table: Table, layout: LabelledLayout = AS_TOLD) -> Iterator[LabelledText]:
    """The same, one by one, of a file whose text need not be held."""
    found = _rows_in_their_form(table, layout)
    if layout.separator is not None:
        found = (one._replace(labels=_parted(one.labels, layout.separator)) for one in found)
    return found


def _rows_in_their_form(table: Table, layout: LabelledLayout) -> Iterator[LabelledText]:
    start = table.start()
    if table.has_objects:
        return _objects(table, layout)
    if start.startswith(FASTTEXT):
        return _fasttext(table)
    is_named = layout.text is not None or layout.label is not None or _is_wide(table)
    if is_named or None not in usual_places(header_of(start)) or (table.is_csv and layout.label_column is None):
        return _table(table, layout)
    if table.is_csv and layout.label_column is not None:
        return _csv_pairs(table, layout.label_column)
    return _pairs(table, layout.label_column)


def _is_wide(table: Table) -> bool:
    """Whether it is a table between tabs of three columns and more with a usual name of texts or labels in its first
    line: its other columns are no part of a text."""
    header = header_of(table.start())
    if len(header) < 3 or table.separator() != "\t" or set(usual_places(header)) == {None}:
        return False
    return all(line.count("\t") == len(header) - 1 for _, line in islice(table.bare_lines(), TELLING_LINES))


def _wanted(layout: LabelledLayout) -> tuple[WantedColumns, WantedColumns]:
    return WantedColumns("--text", layout.text, TEXT_NAMES), WantedColumns("--label", layout.label, LABEL_NAMES)


def usual_places(header: Sequence[str]) -> list[int | None]:
    """The places of the columns that have usual names of texts and of labels."""
    return found_columns(header, _wanted(AS_TOLD))


def named_or_left(header: Sequence[str]) -> list[int | None]:
    """The same; where there are two columns and only the one of labels has a usual name, the other has the texts."""
    text, label = usual_places(header)
    if len(header) == 2 and text is None and label is not None and header[1 - label].lower() not in NO_TEXT:
        text = 1 - label
    return [text, label]


def _places(table: Table, header: Sequence[str], layout: LabelledLayout) -> tuple[int, int]:
    """The places of the texts and of the labels. Raises UsageError where they cannot be told."""
    found = named_or_left(header) if layout.text is layout.label is None else [None]
    text, label = table.columns(header, _wanted(layout)) if None in found else found
    assert text is not None
    assert label is not None
    return text, label


def _csv_pairs(table: Table, label_column: int) -> Iterator[LabelledText]:
    """Rows of a label and a text in CSV without a header."""
    rows = table.even(table.rows(table.separator()), 2, "a row of a label and a text")
    return table.made_of(rows, lambda row: _of_cells(table.name, row, label_column - 1, 2 - label_column))


def _pairs(table: Table, label_column: int | None) -> Iterator[LabelledText]:
    """Lines of a label, a tab and a text, or the other way round. Further tabs belong to the text.

    The first line is a header, which is said, where it has a usual name of labels in their place, and no other has.
    """
    name, firsts, lasts = table.name, DistinctCounter(), DistinctCounter()
    names, again = header_of(table.start()), [0, 0]
    for number, line in table.bare_lines():
        if "\t" not in line:
            if not table.leaves_out:
                table.leave_out(_without_tab(name, number))
            continue
        first, last = line.partition("\t")[0], line.rpartition("\t")[2]
        firsts.add(first)
        lasts.add(last)
        again = [again[0] + (first.strip() == names[0]), again[1] + (last.strip() == names[-1])]
    is_told = label_column is None
    if label_column is None:
        label_column = _label_side(firsts, lasts, name)
    place = label_column - 1
    has_header = is_told and len(names) == 2 and again[place] == 1 and names[place].lower() in LABEL_NAMES
    if has_header:
        warnings.warn(f"{name}: the first line is taken for names of columns: {' '.join(names)}", CharnnWarning, 2)

    def of_line(row: tuple[int, str]) -> Iterator[LabelledText]:
        number, line = row
        if "\t" not in line:
            raise _without_tab(name, number)
        label, _, rest = line.partition("\t")
        if label_column == 2:
            rest, _, label = line.rpartition("\t")
        yield LabelledText((_label(label, name, number),), rest, number)

    yield from table.made_of(islice(table.lines(), has_header, None), of_line)


def _without_tab(name: str, line: int) -> CorpusError:
    return CorpusError(
        f"{name}:{line}: there is no tab between a label and its text",
        hint="write label<TAB>text on each line; --text and --label name the columns of a table with a header",
    )


class DistinctCounter:
    """Counts how many different texts there are among many, and keeps a hash of each: few are ever alike."""

    def __init__(self) -> None:
        import numpy as np  # options name this file, and their help does without numpy

        self._known = np.zeros(0, np.int64)
        self._new = set[int]()
        self.are_empty = True
        """Whether no text has a character."""

    def add(self, text: str) -> None:
        self.are_empty &= not text
        self._new.add(hash(text))
        if len(self._new) >= TOGETHER:
            self._gather()

    def count(self) -> int:
        self._gather()
        return len(self._known)

    def _gather(self) -> None:
        import numpy as np

        self._known = np.union1d(self._known, np.fromiter(self._new, np.int64, len(self._new)))
        self._new.clear()


def _label_side(firsts: DistinctCounter, lasts: DistinctCounter, name: str) -> int:
    """1 where the labels are before the first tab, and 2 where they are after the last one."""
    first, last = firsts.count(), lasts.count()
    if first and (firsts.are_empty or lasts.are_empty):  # a tab that opens or ends all lines has no label beside it
        return 2 if firsts.are_empty else 1
    if first == last and first:
        raise UsageError(
            f"{name}: as many different values stand before the tabs as after them, {first:,}, and nothing tells which "
            "are the labels",
            hint="say it with --label-column 1 or --label-column 2",
        )
    return 1 if first < last else 2


def _fasttext(table: Table) -> Iterator[LabelledText]:
    def of_line(row: tuple[int, str]) -> Iterator[LabelledText]:
        number, line = row
        labels, rest = list[str](), line.lstrip()
        while rest.startswith(FASTTEXT):
            word, _, rest = rest.partition(" ")
            labels.append(_label(word.removeprefix(FASTTEXT), table.name, number))
            rest = rest.lstrip()
        yield LabelledText(tuple(dict.fromkeys(labels)), rest, number)

    return table.made_of(table.lines(), of_line)


def _objects(table: Table, layout: LabelledLayout) -> Iterator[LabelledText]:
    keys = list[str]()

    def of_object(row: Object) -> Iterator[LabelledText]:
        number, record = row
        if not keys:
            names = keys_of(record)
            keys.extend(names[place] for place in _places(table, names, layout))
        text, label = (table.value(number, record, key) for key in keys)
        if not isinstance(text, str):
            raise table.no_text(number, keys[0], text)
        labels = label if isinstance(label, list) else [label]
        yield LabelledText(
            tuple(_label(_plain(one, table.name, number), table.name, number) for one in labels), text, number
        )

    return table.made_of(table.objects(), of_object)


def _plain(value: Any, name: str, line: int) -> str:
    if not isinstance(value, str | int | float):
        raise CorpusError(
            f"{name}:{line}: the label is neither a text nor a number", hint="a list of these is several labels"
        )
    return value if isinstance(value, str) else json.dumps(value)


def _table(table: Table, layout: LabelledLayout) -> Iterator[LabelledText]:
    rows = table.rows(table.separator())
    header = [cell.strip() for cell in next(rows, (0, ()))[1]]
    if not header:
        return
    try:
        text, label = _places(table, header, layout)
    except UsageError as error:
        if table.is_csv and layout.text is layout.label is None:
            error.hint = f"{error.hint}; --label-column is for files without a header"
        raise
    even = table.even(rows, len(header), "the header")
    yield from table.made_of(even, lambda row: _of_cells(table.name, row, label, text))


def _of_cells(name: str, row: Row, label: int, text: int) -> Iterator[LabelledText]:
    line, cells = row
    yield LabelledText((_label(cells[label], name, line),), cells[text], line)


def _parted(labels: Sequence[str], separator: str) -> tuple[str, ...]:
    """The single labels, each once."""
    parts = (part.strip() for label in labels for part in label.split(separator))
    return tuple(dict.fromkeys(part for part in parts if part))


def _label(label: str, name: str, line: int) -> str:
    if not (stripped := label.strip()):
        raise CorpusError(f"{name}:{line}: the label is empty", hint="give it one, or leave the text out")
    return stripped
