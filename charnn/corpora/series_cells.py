"""Reads what stands in the cells of a table of series: numbers, as people write them, gaps and times."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from charnn.arrays import Float64s
from charnn.corpora.columns import WantedColumns
from charnn.corpora.date_forms import are_dates, counted_periods, forms_of, forms_of_all
from charnn.corpora.placed_rows import NAMES, Irregular, PlacedRows, counts_up, dated, numbered
from charnn.corpora.series_layout import SeriesLayout
from charnn.corpora.tables import Row, Table
from charnn.corpora.written_numbers import WrittenNumber, has_decimal_commas, written_number
from charnn.errors import CorpusError, UsageError

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-", ".", "nil", "missing"})
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
LARGEST = 1e100
"""A larger number is a mistake, and its square would not be finite."""
UNNAMED = "column "
"""The names of columns without a header begin so; their numbers follow."""


def is_gap(cell: str) -> bool:
    return cell.strip('"').strip().lower() in MISSING


class TimePlace(NamedTuple):
    """Where the column of times stands, and the rows by their times; twice None where there is no such column."""

    time: int | None
    placed: PlacedRows | None


@dataclass(frozen=True)
class SeriesCells:
    """Reads the cells of a file of series: which columns have numbers, and which one has times."""

    name: str
    """The path of the file, for messages."""
    separator: str
    """What stands between cells; a space is any number of blanks."""

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
        there = [cell for cell in cells if not is_gap(cell)]
        return bool(there) and 2 * sum(map(self._is_number, there)) >= len(there)

    def header_of(self, rows: Sequence[Row]) -> tuple[list[str], Sequence[Row]]:
        """The names of the columns, and the rows below them. A first row without a number or a date has names."""
        first = [cell.strip('"').strip() for cell in rows[0][1]]
        if any(self._is_number(cell) or forms_of(cell) for cell in first) or all(map(is_gap, first)):
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
            numbers = {row: self._number(cell, column, lines[row]) for row, cell in enumerate(bare) if not is_gap(cell)}
            by_default = self.separator != "," and any("," in cell for cell in bare)  # where commas part no cells
            decimal_commas = has_decimal_commas(list(numbers.values()), by_default=by_default)
            for row, number in numbers.items():
                alone = not number.has_point or (by_default and "," in number.digits)
                found[row] = number.value(comma=alone if decimal_commas is None else decimal_commas)
            signs = list(dict.fromkeys(sign for number in numbers.values() for sign in number.signs))
        if len(too_large := np.flatnonzero(np.abs(found) > LARGEST)):
            row = int(too_large[0])
            raise CorpusError(
                f"{self.name}:{lines[row]}: column {column!r}: {cells[row]:.40} is too large a number",
                hint="count in a larger unit, or leave the cell of a gap empty",
            )
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
    ) -> TimePlace:
        """The column of times with the places of the rows, or twice None where there is none."""
        if layout.time == "none":
            return TimePlace(None, None)
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
        return TimePlace(None, None)

    def _placed(self, place: int, cells: Sequence[str], column: str, lines: Sequence[int]) -> TimePlace:
        name = "time" if column.startswith(UNNAMED) else column
        plain = [self._plain(cell) for cell in cells]
        try:
            if (counted := counted_periods(cells)) is not None:
                return TimePlace(place, dated(counted.texts, counted.form, name))
            if all(NUMBER.fullmatch(cell) for cell in plain) and not forms_of(cells[0]):
                return TimePlace(place, numbered(plain, name))
            return TimePlace(place, dated(cells, self._form(cells, column, lines), name))
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
