"""Reads texts that have labels, in the forms in which people keep them.

label<TAB>text, or text<TAB>label     a text on each line; the side with fewer different values is the label
label,text                            CSV with a header, and tables between tabs with a header
{"text": ..., "label": ...}           JSON: an object on each line, or a list of objects
__label__x __label__y text            fastText's lines, with any number of labels
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from charnn.config import Json
from charnn.config.as_json import later
from charnn.corpora.columns import WantedColumns, found_columns, header_of
from charnn.corpora.decoding import BadBytes
from charnn.corpora.lines import bare_lines
from charnn.corpora.tables import Object, Row, Table, keys_of_first
from charnn.errors import CorpusError, UsageError

FASTTEXT = "__label__"
TEXT_NAMES = ("text", "sentence", "content", "message", "body", "document")
LABEL_NAMES = ("label", "labels", "class", "category", "target", "tag", "sentiment")
"""The usual names of the two columns of a table. They are looked for in this order, in any case."""
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
"""Characters that no text has. Bytes of another kind have them."""
TOGETHER = 1 << 20
"""So many new texts are counted at once."""
FEWEST_LINES = 4
"""So many lines can tell that one of two columns has labels."""


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
    is_named = layout.text is not None or layout.label is not None
    if is_named or None not in _named(header_of(start)) or (table.is_csv and layout.label_column is None):
        return _table(table, layout)
    if table.is_csv and layout.label_column is not None:
        return _csv_pairs(table, layout.label_column)
    return _pairs(table, layout.label_column)


class LabelledForm(NamedTuple):
    """Why a text seems to be one of texts with labels."""

    reason: str
    """What it has."""
    is_sure: bool
    """Whether other data hardly look like this."""
    has_names: bool = False
    """Whether its columns or keys have names."""


def recognize_labelled(sample: str) -> LabelledForm | None:
    """What a text that begins like this has, if it seems to be one of texts with labels. The last line may be cut."""
    if _CONTROL.search(sample):
        return None
    lines = [line for _, line in Table(sample, "").lines()]
    whole = lines if sample.endswith(("\n", "\r")) or len(lines) < 2 else lines[:-1]
    if not whole:
        return None
    if whole[0].startswith(FASTTEXT):
        return LabelledForm(f"lines that begin with {FASTTEXT}", is_sure=True)
    names = header_of(whole[0])
    is_json = Table(sample, "").has_objects
    if is_json:
        names = keys_of_first(sample) or []
    if None not in _named(names) and (is_json or len(whole) > 1):
        return LabelledForm(f"{'objects' if is_json else 'columns'} for texts and labels", is_sure=True, has_names=True)
    has_blank_lines = any(not line.strip() for line in bare_lines(sample.rstrip()))
    if len(whole) < FEWEST_LINES or not all("\t" in line for line in whole) or has_blank_lines:
        return None
    firsts, lasts = {line.partition("\t")[0] for line in whole}, {line.rpartition("\t")[2] for line in whole}
    if 2 * min(len(firsts), len(lasts)) > max(len(firsts), len(lasts)):
        return None
    return LabelledForm("lines of a label and a text with a tab between them", is_sure=False)


def _wanted(layout: LabelledLayout) -> tuple[WantedColumns, WantedColumns]:
    return WantedColumns("--text", layout.text, TEXT_NAMES), WantedColumns("--label", layout.label, LABEL_NAMES)


def _named(header: Sequence[str]) -> list[int | None]:
    """The places of the columns that have usual names of texts and of labels."""
    return found_columns(header, _wanted(AS_TOLD))


def _csv_pairs(table: Table, label_column: int) -> Iterator[LabelledText]:
    """Rows of a label and a text in CSV without a header."""
    rows = table.even(table.rows(table.separator()), 2, "a row of a label and a text")
    return table.made_of(rows, lambda row: _of_cells(table.name, row, label_column - 1, 2 - label_column))


def _pairs(table: Table, label_column: int | None) -> Iterator[LabelledText]:
    """Lines of a label, a tab and a text, or the other way round. Further tabs belong to the text."""
    name, firsts, lasts = table.name, DistinctCounter(), DistinctCounter()
    for number, line in table.bare_lines():
        if "\t" not in line:
            if not table.leaves_out:
                table.leave_out(_without_tab(name, number))
            continue
        firsts.add(line.partition("\t")[0])
        lasts.add(line.rpartition("\t")[2])
    if label_column is None:
        label_column = _label_side(firsts, lasts, name)

    def of_line(row: tuple[int, str]) -> Iterator[LabelledText]:
        number, line = row
        if "\t" not in line:
            raise _without_tab(name, number)
        label, _, rest = line.partition("\t")
        if label_column == 2:
            rest, _, label = line.rpartition("\t")
        yield LabelledText((_label(label, name, number),), rest, number)

    yield from table.made_of(table.lines(), of_line)


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
            names = list(record)
            keys.extend(names[place] for place in table.columns(names, _wanted(layout)) if place is not None)
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
        text, label = table.columns(header, _wanted(layout))
    except UsageError as error:
        if table.is_csv and layout.text is layout.label is None:
            error.hint = f"{error.hint}; --label-column is for files without a header"
        raise
    assert text is not None
    assert label is not None
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
