"""Tables of texts and labels whose columns have no names: what parts their cells, and which of two has the labels."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from charnn.corpora.columns import NAME
from charnn.corpora.date_forms import forms_of

TELLING_ROWS = 100
"""So many rows tell."""
FEWEST_ROWS = 4
"""So many rows can tell that one of two columns has labels."""
FEWEST_BELOW_NAMES = 10
"""So many rows can tell that the first one has names, though no usual ones."""


class TwoColumns(NamedTuple):
    """Where the labels are in a table of two columns without usual names."""

    separator: str
    place: int
    """The place of the labels, 0 or 1."""


def two_columns(lines: Iterable[str], label_column: int | None = None) -> TwoColumns | None:
    """What parts each of the first lines into a text and a label, if a bar, a semicolon or a comma does, and which of
    the two has fewer different values, unless `label_column` says it; None where nothing tells."""
    first = list(islice(lines, TELLING_ROWS))
    for separator in "|;,":
        rows = rows_of(first, separator)
        if not rows or any(len(row) != 2 or not all(cell.strip() for cell in row) for row in rows):
            continue
        if label_column is not None:
            return TwoColumns(separator, label_column - 1)
        place = _labels_place(rows)
        if place is None or (separator == "," and any(row[1].startswith(" ") for row in rows)):
            continue
        texts = [row[1 - place].strip() for row in rows]
        have_words = sum(any(map(str.isalpha, text)) and not forms_of(text) for text in texts)
        if 2 * have_words > len(texts):
            return TwoColumns(separator, place)
    return None


def rows_of(lines: Iterable[str], separator: str) -> list[list[str]]:
    """The cells of these lines, what is quoted being one, but between tabs; none where they are not CSV."""
    if separator == "\t":
        return [line.split("\t") for line in lines]
    try:
        return [row for row in csv.reader(lines, delimiter=separator, strict=True) if row]
    except csv.Error:
        return []


def _labels_place(rows: Sequence[Sequence[str]]) -> int | None:
    firsts, lasts = len({row[0] for row in rows}), len({row[1] for row in rows})
    if len(rows) < FEWEST_ROWS or 2 * min(firsts, lasts) > max(firsts, lasts):
        return None
    return 0 if firsts < lasts else 1


def first_has_names(rows: Sequence[Sequence[str]], place: int) -> bool:
    """Whether the first of these rows is a header, of no usual names: what it has in the place of a label comes there
    once, and all others come again."""
    if (
        len(rows) <= FEWEST_BELOW_NAMES
        or any(len(row) <= place for row in rows)
        or not all(NAME.fullmatch(cell.strip()) for cell in rows[0])
    ):
        return False
    counts = Counter(row[place] for row in rows)
    return counts.pop(rows[0][place]) == 1 and min(counts.values(), default=0) > 1


def first_is_like_others(rows: Sequence[Sequence[str]], place: int) -> bool:
    """Whether the first of these rows has in this place what another one has, too, as a row without names does."""
    return any(len(row) > place and row[place] == rows[0][place] for row in rows[1:])
