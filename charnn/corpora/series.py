"""Reads series of numbers: a table with a column of times, if there is one, and columns of numbers, maybe with gaps.

date,load,price        CSV, with tabs, semicolons (decimal commas, too) or bars, with or without a header
2024-01-01,41.2,       a cell that is empty, ? or NaN is a gap, and so is a row that is missing
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import numpy as np

from charnn.arrays import Float64s
from charnn.corpora.columns import WantedColumns, found_columns
from charnn.corpora.date_forms import are_dates, counted_periods, forms_of, forms_of_all
from charnn.corpora.series_below import set_side_by_side
from charnn.corpora.series_layout import AS_TOLD, SeriesLayout
from charnn.corpora.tables import Row, Table
from charnn.corpora.times import (
    MOST_GAPS,
    NAMES,
    Irregular,
    PlacedRows,
    TimeAxis,
    at_their_times,
    counts_up,
    dated,
    numbered,
)
from charnn.corpora.written_numbers import WrittenNumber, has_decimal_commas, written_number
from charnn.errors import CorpusError, UsageError
from charnn.readable import first_few

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-", ".", "nil", "missing"})
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
MOST_CELLS = 10_000_000
"""The most cells of a table that is read as series. All are held at once, in some 300 bytes each."""
UNNAMED = "column "
"""The names of columns without a header begin so; their numbers follow."""
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
    name, separator = table.name, _separator(table)
    rows, count = [], 0
    for line, cells in _rows(table, separator):
        rows.append((line, [cell.strip() for cell in cells]))
        count += len(cells)
        if count > MOST_CELLS:
            raise CorpusError(
                f"{name}:{line}: a series of more than {MOST_CELLS:,} cells is too long to be held",
                hint="forecast from its last rows, such as `tail -n 1000000` gives, or from means of several rows",
            )
    while rows and rows[0][1][0].startswith("#"):
        rows.pop(0)
    if not rows:
        raise CorpusError(f"{name}: there is no row of numbers")
    reader = _Reader(name, separator)
    header, body = reader.header_of(rows)
    first = header
    every = list(table.even(iter(body), len(header), "the first row"))
    if not every:
        raise CorpusError(f"{name}: there is a header, and no row of numbers below it")
    columns = [[cells[place] for _, cells in every] for place in range(len(header))]
    lines, remarks, asked = [line for line, _ in every], list[str](), layout.columns
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
    if not numbers:
        listed = ", ".join(header[place] for place in places[:SHOWN]) or "but a column of times"
        raise CorpusError(f"{name}: no column has numbers: {listed}", hint="a forecaster learns columns of numbers")
    read = [reader.numbers(columns[place], header[place], lines) for place in numbers]
    values_NC = np.stack([values_N for values_N, _ in read], 1)
    names = tuple(header[place] for place in numbers)
    if len(set(names)) < len(names):
        twice = next(one for one in names if names.count(one) > 1)
        raise CorpusError(f"{name}: two columns are called {twice!r}", hint="give each column a name of its own")
    if passed := [header[place] for place in places if place not in numbers]:
        remarks.append(f"passed over, since there are no numbers: {first_few(passed, SHOWN)}")
    if signs := list(dict.fromkeys(chain.from_iterable(of_column for _, of_column in read))):
        remarks.append(f"read as numbers without their signs: {first_few(signs, SHOWN)}")
    if placed is None:
        return Series(names, values_NC, TimeAxis("1"), tuple(remarks))
    if len(placed.order_N) > 1 and (np.diff(placed.order_N) < 0).any():
        remarks.append("the rows did not stand in the order of their times, and are read in that order")
    remarks += placed.remarks
    return Series(names, at_their_times(values_NC, placed, lines, name), placed.axis, tuple(remarks))


def _separator(table: Table) -> str:
    """A space stands for any number of blanks, where nothing else is between numbers."""
    cells = table.start().split()
    are_numbers = all(NUMBER.fullmatch(cell) or cell.lower() in MISSING for cell in cells)
    return " " if len(cells) > 1 and are_numbers else table.separator()


def _rows(table: Table, separator: str) -> Iterable[Row]:
    if separator == " ":
        return ((line, text.split()) for line, text in table.lines())
    return table.rows(separator)


def _is_gap(cell: str) -> bool:
    return cell.strip('"').strip().lower() in MISSING


class _Place(NamedTuple):
    time: int | None
    placed: PlacedRows | None


@dataclass(frozen=True)
class _Reader:
    """Reads the cells of one file."""

    name: str
    separator: str

    def _plain(self, cell: str) -> str:
        """The cell with a point for a decimal comma, where commas part no cells."""
        cell = cell.strip('"').strip()
        return cell.replace(",", ".") if self.separator != "," and _COMMA.fullmatch(cell) else cell

    def _is_number(self, cell: str) -> bool:
        if NUMBER.fullmatch(self._plain(cell)) or _INFINITE.fullmatch(cell):
            return True
        return written_number(cell.strip('"').strip()) is not None

    def has_numbers(self, cells: Sequence[str]) -> bool:
        """Whether at least half of what stands in a column is numbers."""
        there = [cell for cell in cells if not _is_gap(cell)]
        return bool(there) and 2 * sum(map(self._is_number, there)) >= len(there)

    def header_of(self, rows: Sequence[Row]) -> tuple[list[str], Sequence[Row]]:
        """The names of the columns, and the rows below them. A first row without a number or a date has names."""
        first = [cell.strip('"').strip() for cell in rows[0][1]]
        if any(self._is_number(cell) or forms_of(cell) for cell in first) or all(map(_is_gap, first)):
            return [f"{UNNAMED}{number}" for number in range(1, len(first) + 1)], rows
        return [cell or f"{UNNAMED}{number}" for number, cell in enumerate(first, 1)], rows[1:]

    def numbers(self, cells: Sequence[str], column: str, lines: Sequence[int]) -> tuple[Float64s, list[str]]:
        """The numbers of a column, NaN in a gap, and the signs that are left out of them, such as %. Raises CorpusError
        for another cell."""
        bare = [cell.strip('"').strip() for cell in cells]
        found, signs = np.full(len(cells), np.nan), list[str]()
        if all(NUMBER.fullmatch(cell) or cell.lower() in MISSING for cell in bare):
            for row, cell in enumerate(bare):
                found[row] = math.nan if cell.lower() in MISSING else float(cell)
        else:
            numbers = {
                row: self._number(cell, column, lines[row]) for row, cell in enumerate(bare) if not _is_gap(cell)
            }
            by_default = self.separator != "," and any("," in cell for cell in bare)  # where commas part no cells
            decimal_commas = has_decimal_commas(list(numbers.values()), by_default=by_default)
            for row, number in numbers.items():
                alone = not number.has_point or (by_default and "," in number.digits)
                found[row] = number.value(comma=alone if decimal_commas is None else decimal_commas)
            signs = list(dict.fromkeys(sign for number in numbers.values() for sign in number.signs))
        if len(too_large := np.flatnonzero(np.isinf(found))):
            row = int(too_large[0])
            raise CorpusError(f"{self.name}:{lines[row]}: column {column!r}: {cells[row]:.40} is too large a number")
        return found, signs

    def _number(self, cell: str, column: str, line: int) -> WrittenNumber:
        """The number in a cell. Raises CorpusError where there is none."""
        if (number := written_number(cell)) is not None:
            return number
        what = f"{self.name}:{line}: column {column!r}: "
        if _INFINITE.fullmatch(cell):
            raise CorpusError(f"{what}{cell} is not finite", hint="leave the cell of a gap empty")
        raise CorpusError(
            f"{what}{cell!r:.40} is no number",
            hint="leave the cell of a gap empty, or name the columns that count with --series",
        )

    def times(
        self,
        table: Table,
        header: Sequence[str],
        columns: Sequence[Sequence[str]],
        lines: Sequence[int],
        layout: SeriesLayout,
        chosen: Sequence[int],
    ) -> _Place:
        """The column of times with the places of the rows, or twice None where there is none."""
        if layout.time == "none":
            return _Place(None, None)
        if layout.time is not None:
            (asked,) = table.columns(header, [WantedColumns("--time-column", layout.time, ())])
            assert asked is not None
            return self._placed(asked, columns[asked], header[asked], lines)
        left = [place for place in range(len(header)) if place not in chosen]
        likely = [place for place in left if len(header) > 1 and (place == 0 or header[place].lower() in NAMES)]
        for place in left:
            if are_dates(columns[place]) or (place in likely and counted_periods(columns[place]) is not None):
                return self._placed(place, columns[place], header[place], lines)
        for place in likely:
            cells = [self._plain(cell) for cell in columns[place]]
            if all(map(NUMBER.fullmatch, cells)) and counts_up(cells):
                return self._placed(place, cells, header[place], lines)
        return _Place(None, None)

    def _placed(self, place: int, cells: Sequence[str], column: str, lines: Sequence[int]) -> _Place:
        name = "time" if column.startswith(UNNAMED) else column
        plain = [self._plain(cell) for cell in cells]
        try:
            if (counted := counted_periods(cells)) is not None:
                return _Place(place, dated(counted.texts, counted.form, name))
            if all(NUMBER.fullmatch(cell) for cell in plain) and not forms_of(cells[0]):
                return _Place(place, numbered(plain, name))
            return _Place(place, dated(cells, self._form(cells, column, lines), name))
        except Irregular as error:
            hint = (
                "times stand at regular steps, each once, with missing rows for gaps; series that stand below each "
                "other want a column each, or a file each; --time-column none counts the rows instead"
            )
            raise CorpusError(f"{self.name}:{lines[error.row]}: {error}", hint=hint) from None

    def _form(self, cells: Sequence[str], column: str, lines: Sequence[int]) -> str:
        """The form that all dates of a column have."""
        forms, alike = forms_of_all(cells)
        if alike < len(cells):
            raise CorpusError(
                f"{self.name}:{lines[alike]}: column {column!r}: {cells[alike]!r:.40} is no time like those above",
                hint="write all times in one form, such as 2024-01-31 or 2024-01-31T06:00",
            )
        if len(forms) > 1:
            raise UsageError(
                f"{self.name}: column {column!r}: {cells[0]} may have the day or the month first",
                hint="write dates as 2024-01-31, or count the rows with --time-column none",
            )
        return forms[0]
