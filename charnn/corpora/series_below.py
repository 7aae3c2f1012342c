"""Series that stand below each other in a table, a row for each of them at each time, set side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from charnn.corpora.date_forms import are_dates
from charnn.corpora.placed_rows import NAMES
from charnn.corpora.series_layout import SeriesLayout

FULL, FULL_OF_NUMBERS = 0.3, 0.9
"""So many of the places of all series at all times have a row, at least: where words say which series it is, and where
whole numbers do, which may as well be values."""
FEWEST_TIMES = 3
MOST_SERIES = 1000
MOST_KEYS = 3
"""The most columns that say together which series a row is of."""


class WideTable(NamedTuple):
    """A table in the wide format: a column of times and one for each series."""

    header: list[str]
    columns: list[list[str]]
    rows: list[int]
    """The number of the first row with each time, as they stood."""
    remark: str


def set_side_by_side(
    header: Sequence[str],
    columns: Sequence[Sequence[str]],
    layout: SeriesLayout,
    has_numbers: Callable[[Sequence[str]], bool],
) -> WideTable | None:
    """The table with a column for each series, where every time comes several times, and other columns say which series
    a row is of: those of words come before those of whole numbers. None for another table, and where rows are counted.
    """
    every = range(len(header))
    dated = [place for place in every if are_dates(columns[place])]
    numbered = [place for place in every if header[place].lower() in NAMES and has_numbers(columns[place])]
    time = next((p for p in (*dated, *numbered) if layout.time in (None, header[p], str(p + 1))), None)
    if time is None:
        return None
    numbers = [place for place in every if place != time and has_numbers(columns[place])]
    words = [place for place in every if place != time and place not in numbers]
    whole = [place for place in numbers if all(map(str.isdecimal, columns[place]))]
    asked = [header.index(one) for one in layout.columns if one in header]
    return side_by_side(header, columns, time, words, whole, asked or numbers)


def side_by_side(
    header: Sequence[str],
    columns: Sequence[Sequence[str]],
    time: int,
    words: Sequence[int],
    whole: Sequence[int],
    values: Sequence[int],
) -> WideTable | None:
    """The table with a column for each series, where every time comes several times, and some of the columns of words
    and of whole numbers say which series a row is of; None for another table."""
    rows = {text: row for row, text in reversed(list(enumerate(columns[time])))}
    if len(rows) == len(columns[time]):
        return None
    for chosen in _choices([*words, *whole]):
        of_rows = [" ".join(cells) for cells in zip(*(columns[place] for place in chosen), strict=True)]
        names = list(dict.fromkeys(of_rows))
        share = FULL_OF_NUMBERS if set(chosen) & set(whole) else FULL
        are_full = len(of_rows) >= share * len(names) * len(rows)
        if not (1 < len(names) <= MOST_SERIES and are_full and len(rows) >= FEWEST_TIMES):
            continue
        if len(set(zip(of_rows, columns[time], strict=True))) < len(of_rows):
            continue
        if kept := [place for place in values if place not in chosen]:
            return _set(header, columns, time, chosen, kept, of_rows)
    return None


def _choices(keys: Sequence[int]) -> Iterator[tuple[int, ...]]:
    for size in range(1, MOST_KEYS + 1):
        yield from combinations(keys, size)


def _set(
    header: Sequence[str],
    columns: Sequence[Sequence[str]],
    time: int,
    keys: Sequence[int],
    values: Sequence[int],
    of_rows: Sequence[str],
) -> WideTable:
    names = list(dict.fromkeys(of_rows))
    places = {text: place for place, text in enumerate(dict.fromkeys(columns[time]))}
    first = {text: row for row, text in reversed(list(enumerate(columns[time])))}
    cells = {(name, value): [""] * len(places) for name in names for value in values}
    for row, name in enumerate(of_rows):
        for value in values:
            cells[name, value][places[columns[time][row]]] = columns[value][row]
    titles = [name if len(values) == 1 else f"{name} {header[value]}" for name, value in cells]
    key = " and ".join(header[place] for place in keys)
    return WideTable(
        [header[time], *titles],
        [list(places), *cells.values()],
        [first[text] for text in places],
        f"the series of {len(names):,} values of {key} stand below each other, and are read as a column each",
    )
