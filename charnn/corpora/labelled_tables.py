"""Reads the texts and labels of a table: CSV, or between tabs, with one column of labels or several."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain, islice

from charnn.corpora.headless import TELLING_ROWS, TwoColumns, first_has_names, first_is_like_others
from charnn.corpora.labelled_layout import LABEL_NAMES, LabelledLayout, LabelledText, named_or_left, wanted
from charnn.corpora.several_labels import LabelColumns, names_in
from charnn.corpora.tables import Row, Table
from charnn.errors import CharnnWarning, CorpusError, UsageError

PLAINLY_LABELS = frozenset(("label", "labels", "class", "category", "target"))
"""Where a column is called so, others with usual names for labels are not worth a word."""


def rows_of_table(table: Table, layout: LabelledLayout) -> Iterator[LabelledText]:
    """The texts of a table whose first row has the names of its columns; it has none where the columns are numbered and
    its label comes below it, too."""
    separator = table.separator()
    rows = table.rows(separator)
    top = next(rows, None)
    if top is None:
        return
    header = [cell.strip() for cell in top[1]]
    first = _first_rows(table, separator)
    text, label = (int(one) - 1 if one is not None and one.isdecimal() else -1 for one in (layout.text, layout.label))
    has_header = not (0 <= text < len(header) and 0 <= label < len(header) and first_is_like_others(first, label))
    if not has_header:
        rows = chain([top], rows)
        said = f"{table.name}: no header: the first row is a text, too, since its label {header[label]!r} comes again"
        warnings.warn(said, CharnnWarning, 2)
    try:
        text, labels = places_of(table, header, layout) if has_header else (text, [label])
    except UsageError as error:
        if table.is_csv and layout.text is layout.label is None:
            error.hint = f"{error.hint}; --label-column is for files without a header"
        raise
    even = table.even(rows, len(header), "the header")
    if len(labels) > 1:
        whole = [[cells[place] for place in labels] for cells in first[1:] if len(cells) == len(header)]
        columns = LabelColumns([header[place] for place in labels], whole)
        yield from table.made_of(even, partial(_of_several, columns, table.name, labels=labels, text=text))
    else:
        yield from table.made_of(even, partial(_of_cells, table.name, label=labels[0], text=text))


def _first_rows(table: Table, separator: str) -> list[Sequence[str]]:
    found = list[Sequence[str]]()
    with suppress(CorpusError):
        for _, cells in islice(Table(table.text, table.name).rows(separator), TELLING_ROWS):
            found.append(cells)
    return found


def places_of(table: Table, header: Sequence[str], layout: LabelledLayout) -> tuple[int, list[int]]:
    """The place of the texts, and that of the labels or of several columns of them. Raises UsageError where they cannot
    be told."""
    if several := names_in(layout.label, header):
        text, _ = table.columns(header, wanted(LabelledLayout(layout.text, several[0])))
        assert text is not None
        return text, [header.index(name) for name in several]
    found = named_or_left(header) if layout.text is layout.label is None else [None]
    text, label = table.columns(header, wanted(layout)) if None in found else found
    assert text is not None
    assert label is not None
    if layout.label is None and header[label].lower() not in PLAINLY_LABELS:
        others = [one for place, one in enumerate(header) if place != label and one.lower() in LABEL_NAMES]
        if others:
            together = ",".join([header[label], *others])
            warnings.warn(
                f"{table.name}: the labels are those of {header[label]!r}; --label {others[0]} learns those of "
                f"{others[0]!r}, and for a classifier --label {together} all of them",
                CharnnWarning,
                3,
            )
    return text, [label]


def rows_of_two(table: Table, found: TwoColumns, *, is_told: bool) -> Iterator[LabelledText]:
    """Rows of a label and a text, with something else than a tab between them, and without usual names. The first row
    may have names, which is said, where the place of the labels was told by what stands there."""
    rows = table.even(table.rows(found.separator), 2, "a row of a label and a text")
    if is_told and first_has_names(_first_rows(table, found.separator), found.place):
        taken_for_names(table.name, next(rows)[1])
    of_row = partial(_of_cells, table.name, label=found.place, text=1 - found.place)
    yield from table.made_of(rows, of_row)


def taken_for_names(name: str, names: Sequence[str]) -> None:
    """Says that the first line of a file has names."""
    warnings.warn(f"{name}: the first line is taken for names of columns: {' '.join(names)}", CharnnWarning, 3)


def _of_cells(name: str, row: Row, *, label: int, text: int) -> Iterator[LabelledText]:
    line, cells = row
    yield LabelledText((as_label(cells[label], name, line),), cells[text], line)


def _of_several(
    columns: LabelColumns, name: str, row: Row, *, labels: Sequence[int], text: int
) -> Iterator[LabelledText]:
    line, cells = row
    yield LabelledText(columns.labels([cells[place] for place in labels], f"{name}:{line}"), cells[text], line)


def as_label(label: str, name: str, line: int) -> str:
    """The label without the blanks around it. Raises CorpusError where nothing is left."""
    if not (stripped := label.strip()):
        raise CorpusError(f"{name}:{line}: the label is empty", hint="give it one, or leave the text out")
    return stripped
