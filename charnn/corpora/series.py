"""Reads series of numbers: a table with a column of times, if there is one, and columns of numbers, maybe with gaps.

date,load,price        CSV, with tabs, semicolons (decimal commas, too) or bars, with or without a header
2024-01-01,41.2,       a cell that is empty, ? or NaN is a gap, and so is a row that is missing
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from charnn.arrays import Float64s
from charnn.corpora.columns import WantedColumns, found_columns
from charnn.corpora.placed_rows import MOST_GAPS, at_their_times
from charnn.corpora.placed_rows import NAMES as TIME_NAMES
from charnn.corpora.series_below import set_side_by_side
from charnn.corpora.series_cells import MISSING, NUMBER, SeriesCells
from charnn.corpora.series_layout import AS_TOLD, SeriesLayout
from charnn.corpora.tables import Row, Table
from charnn.corpora.times import TimeAxis
from charnn.errors import CorpusError
from charnn.readable import first_few

MOST_CELLS = 10_000_000
"""The most cells of a table that is read as series. All are held at once, in some 300 bytes each."""
SHOWN = 5
"""The most names that a remark has."""


@dataclass(frozen=True)
class Series:
    """N rows of C columns at regular steps of time."""

    columns: tuple[str, ...]
    values_NC: Float64s
    """NaN in a gap."""
    axis: TimeAxis
    remarks: tuple[str, ...] = ()
    """What a person should know of how it was read, a line each."""

    def __len__(self) -> int:
        return len(self.values_NC)

    @property
    def gaps(self) -> int:
        return int(np.isnan(self.values_NC).sum())

    def rows(self, start: int, end: int | None = None) -> Series:
        """Some of the rows, with their times."""
        return Series(self.columns, self.values_NC[start:end], self.axis.moved(start))

    def joined(self, later: Series) -> Series | None:
        """This series with the rows of `later`, which count where both have one; None where the times of both are not
        those of one series, or where none of them is known."""
        if not self.axis.has_times or not self.axis.counts_like(later.axis):
            return None
        start = self.axis.row_of(later.axis.first)
        if abs(start - round(start)) > 0.3 or not 0 <= round(start) <= MOST_GAPS * len(self):
            return None
        values_NC = np.full((max(len(self), round(start) + len(later)), len(self.columns)), np.nan)
        values_NC[: len(self)] = self.values_NC
        values_NC[round(start) : round(start) + len(later)] = later.values_NC
        return Series(self.columns, values_NC, self.axis)


def series_in(table: Table, layout: SeriesLayout = AS_TOLD, *, needs_header: bool = True) -> Series:
    """The series in a table. Unless it `needs_header`, one without a header has the columns of the layout in their
    order, and no others of numbers.

    Raises CorpusError for what is no number in a column of numbers, for times that come twice or not at regular steps,
    for too many cells, and where no column has numbers; UsageError for a column that is not there.
    """
    separator = _separator(table)
    rows = _held_rows(table, separator)
    reader, remarks = SeriesCells(table.name, separator), list[str]()
    header, body = reader.header_of(rows)
    first = header
    every = list(table.even(iter(body), len(header), "the first row"))
    if not every:
        raise CorpusError(f"{table.name}: there is a header, and no row of numbers below it")
    columns = [[cells[place] for _, cells in every] for place in range(len(header))]
    lines, asked = [line for line, _ in every], layout.columns
    if (below := set_side_by_side(header, columns, layout, reader.has_numbers)) is not None:
        header, columns = below.header, below.columns
        lines, asked = [lines[row] for row in below.rows], () if set(asked) <= set(first) else asked
        remarks.append(below.remark)
    wanted = [WantedColumns("--series", one, ()) for one in asked]
    if not needs_header and len(body) == len(rows) and None in found_columns(header, wanted):
        wanted = []
    chosen = [place for place in table.columns(header, wanted) if place is not None]
    time, placed = reader.times(table, header, columns, lines, layout, chosen)
    places = chosen or [place for place in range(len(header)) if place != time]
    numbers = [place for place in places if chosen or reader.has_numbers(columns[place])]
    read = [reader.numbers(columns[place], header[place], lines) for place in numbers]
    names = _names(table.name, header, places, numbers)
    values_NC = np.stack([values_N for values_N, _ in read], 1)
    if time is None and layout.time is None and not chosen:
        remarks += _of_uneven_times(names, values_NC)
    if passed := [header[place] for place in places if place not in numbers]:
        remarks.append(f"passed over, since there are no numbers: {first_few(passed, SHOWN)}")
    if signs := list(dict.fromkeys(chain.from_iterable(of_column for _, of_column in read))):
        remarks.append(f"read as numbers without their signs: {first_few(signs, SHOWN)}")
    if placed is None:
        return Series(names, values_NC, TimeAxis("1"), tuple(remarks))
    if len(placed.order_N) > 1 and (np.diff(placed.order_N) < 0).any():
        remarks.append("the rows did not stand in the order of their times, and are read in that order")
    remarks += placed.remarks
    return Series(names, at_their_times(values_NC, placed, lines, table.name), placed.axis, tuple(remarks))


def _held_rows(table: Table, separator: str) -> list[tuple[int, list[str]]]:
    """The rows below remarks (#), without blanks around their cells. Raises CorpusError where there are too many cells
    or none."""
    rows, count = list[tuple[int, list[str]]](), 0
    for line, cells in _rows(table, separator):
        rows.append((line, [cell.strip() for cell in cells]))
        count += len(cells)
        if count > MOST_CELLS:
            raise CorpusError(
                f"{table.name}:{line}: a series of more than {MOST_CELLS:,} cells is too long to be held",
                hint="forecast from its last rows, such as `tail -n 1000000` gives, or from means of several rows",
            )
    while rows and rows[0][1][0].startswith("#"):
        rows.pop(0)
    if not rows:
        raise CorpusError(f"{table.name}: there is no row of numbers")
    return rows


def _of_uneven_times(names: Sequence[str], values_NC: Float64s) -> list[str]:
    """What to say of the first column that is called as times are and is none of even steps."""
    place = next((place for place, one in enumerate(names) if one.lower() in TIME_NAMES), None)
    if place is None or len(names) == 1:
        return []
    if len(np.unique(values_NC[:, place])) < len(values_NC):
        return [f"{names[place]} is read as a series, since its numbers come again"]
    return [
        f"{names[place]} is read as a series, since its numbers do not rise by even steps; "
        f"--time-column {names[place]} takes it for the times"
    ]


def _names(name: str, header: Sequence[str], places: Sequence[int], numbers: Sequence[int]) -> tuple[str, ...]:
    """The names of the columns of numbers, which are some of those at `places`. Raises CorpusError where there are
    none, or two of one name."""
    if not numbers:
        listed = ", ".join(header[place] for place in places[:SHOWN]) or "but a column of times"
        raise CorpusError(f"{name}: no column has numbers: {listed}", hint="a forecaster learns columns of numbers")
    names = tuple(header[place] for place in numbers)
    if len(set(names)) < len(names):
        twice = next(one for one in names if names.count(one) > 1)
        raise CorpusError(f"{name}: two columns are called {twice!r}", hint="give each column a name of its own")
    return names


def _separator(table: Table) -> str:
    """A space stands for any number of blanks, where nothing else is between numbers."""
    cells = table.start().split()
    are_numbers = all(NUMBER.fullmatch(cell) or cell.lower() in MISSING for cell in cells)
    return " " if len(cells) > 1 and are_numbers else table.separator()


def _rows(table: Table, separator: str) -> Iterable[Row]:
    if separator == " ":
        return ((line, text.split()) for line, text in table.lines())
    return table.rows(separator)
