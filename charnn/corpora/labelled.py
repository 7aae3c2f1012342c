"""Reads texts that have labels, in the forms in which people keep them.

label<TAB>text, or text<TAB>label     a text on each line; the side with fewer different values is the label
label,text                            CSV with a header, and tables between tabs with a header
{"text": ..., "label": ...}           JSON: an object on each line, or a list of objects
__label__x __label__y text            fastText's lines, with any number of labels
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

from charnn.corpora.columns import header_of, tab_hint
from charnn.corpora.headless import TELLING_ROWS, TwoColumns, first_has_names, two_columns
from charnn.corpora.keys import keys_of
from charnn.corpora.labelled_layout import (
    AS_TOLD,
    LABEL_NAMES,
    LabelledLayout,
    LabelledText,
    named_or_left,
    usual_places,
)
from charnn.corpora.labelled_tables import as_label, places_of, rows_of_table, rows_of_two, taken_for_names
from charnn.corpora.several_labels import LabelColumns
from charnn.corpora.tables import Object, Table
from charnn.errors import CorpusError, UsageError

FASTTEXT = "__label__"
_BETWEEN = (" ||| ", "|||", "|", ";", "@", ": ", "  ", " ")
"""What people write between a label and its text in the place of a tab."""
TOGETHER = 1 << 20
"""So many new texts are counted at once."""


def labelled_rows(table: Table, layout: LabelledLayout = AS_TOLD) -> Iterator[LabelledText]:
    """The texts of a table with their labels, one by one; the table need not be held.

    Raises CorpusError for a row that is not as the others are, with path and line, and UsageError where it cannot be
    told which column has the labels, or where there is no column of that name.
    """
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
    if is_named or None not in usual_places(header_of(start)):
        return rows_of_table(table, layout)
    if table.is_csv or "\t" not in start:
        if layout.label_column is None and None not in named_or_left(header_of(start)):
            return rows_of_table(table, layout)
        if found := two_columns((line for _, line in table.bare_lines()), layout.label_column):
            return rows_of_two(table, found, is_told=layout.label_column is None)
    if table.is_csv and layout.label_column is None:
        return rows_of_table(table, layout)
    if table.is_csv and layout.label_column is not None:
        return rows_of_two(table, TwoColumns(table.separator(), layout.label_column - 1), is_told=False)
    return _pairs(table, layout.label_column)


def _pairs(table: Table, label_column: int | None) -> Iterator[LabelledText]:
    """Lines of a label, a tab and a text, or the other way round. Further tabs belong to the text.

    The first line is a header, which is said, where it has a usual name of labels in their place, and no other has.
    """
    name, firsts, lasts = table.name, DistinctCounter(), DistinctCounter()
    names, again = header_of(table.start()), [0, 0]
    for number, line in table.bare_lines():
        if "\t" not in line:
            if not table.leaves_out:
                table.leave_out(_without_tab(table, number))
            continue
        first, last = line.partition("\t")[0], line.rpartition("\t")[2]
        firsts.add(first)
        lasts.add(last)
        again = [again[0] + (first.strip() == names[0]), again[1] + (last.strip() == names[-1])]
    is_told = label_column is None
    if label_column is None:
        label_column = _label_side(firsts, lasts, name)
    place = label_column - 1
    head = [line.split("\t") for _, line in islice(table.bare_lines(), TELLING_ROWS)] if is_told else []
    has_header = is_told and len(names) == 2 and again[place] == 1
    if has_header := has_header and (names[place].lower() in LABEL_NAMES or first_has_names(head, place)):
        taken_for_names(name, names)

    def of_line(row: tuple[int, str]) -> Iterator[LabelledText]:
        number, line = row
        if "\t" not in line:
            raise _without_tab(table, number)
        label, _, rest = line.partition("\t")
        if label_column == 2:
            rest, _, label = line.rpartition("\t")
        yield LabelledText((as_label(label, name, number),), rest, number)

    yield from table.made_of(islice(table.lines(), has_header, None), of_line)


def _without_tab(table: Table, line: int) -> CorpusError:
    tabs = tab_hint((text for _, text in table.bare_lines()), _BETWEEN)
    return CorpusError(
        f"{table.name}:{line}: there is no tab between a label and its text",
        hint=f"write label<TAB>text on each line{tabs}; --text and --label name the columns of a table with a header",
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
            labels.append(as_label(word.removeprefix(FASTTEXT), table.name, number))
            rest = rest.lstrip()
        yield LabelledText(tuple(dict.fromkeys(labels)), rest, number)

    return table.made_of(table.lines(), of_line)


def _objects(table: Table, layout: LabelledLayout) -> Iterator[LabelledText]:
    keys, several = list[str](), list[LabelColumns]()

    def of_object(row: Object) -> Iterator[LabelledText]:
        number, record = row
        if not keys:
            keys.extend(_keys(table, record, layout))
            several.extend([LabelColumns(keys[1:], _first_cells(table, keys[1:]))] if len(keys) > 2 else [])
        text, *values = (table.value(number, record, key) for key in keys)
        if not isinstance(text, str):
            raise table.no_text(number, keys[0], text)
        if several:
            yield LabelledText(several[0].labels(list(map(_cell, values)), f"{table.name}:{number}"), text, number)
            return
        labels = values[0] if isinstance(values[0], list) else values
        yield LabelledText(
            tuple(as_label(_plain(one, table.name, number), table.name, number) for one in labels), text, number
        )

    yield from table.made_of(table.objects(), of_object)


def _keys(table: Table, record: dict[str, Any], layout: LabelledLayout) -> list[str]:
    """The key of the texts, and the one or ones of the labels."""
    names = keys_of(record)
    text, labels = places_of(table, names, layout)
    return [names[text], *(names[place] for place in labels)]


def _first_cells(table: Table, keys: Sequence[str]) -> Iterator[list[str]]:
    """What the first objects have under these keys."""
    with suppress(CorpusError):
        for _, record in islice(Table(table.text, table.name).objects(), TELLING_ROWS):
            yield [_cell(record.get(key)) for key in keys]


def _cell(value: object) -> str:
    """What one of several keys of labels has, as the cell of a table would have it."""
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def _plain(value: Any, name: str, line: int) -> str:
    if not isinstance(value, str | int | float):
        raise CorpusError(
            f"{name}:{line}: the label is neither a text nor a number", hint="a list of these is several labels"
        )
    return value if isinstance(value, str) else json.dumps(value)


def _is_wide(table: Table) -> bool:
    """Whether it is a table between tabs of three columns and more with a usual name of texts or labels in its first
    line: its other columns are no part of a text."""
    header = header_of(table.start())
    if len(header) < 3 or table.separator() != "\t" or set(usual_places(header)) == {None}:
        return False
    return all(line.count("\t") == len(header) - 1 for _, line in islice(table.bare_lines(), TELLING_ROWS))


def _parted(labels: Sequence[str], separator: str) -> tuple[str, ...]:
    """The single labels, each once."""
    parts = (part.strip() for label in labels for part in label.split(separator))
    return tuple(dict.fromkeys(part for part in parts if part))
