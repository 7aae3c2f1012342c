"""The times of the rows of a series, which are carried on beyond the last one."""

from __future__ import annotations

import calendar
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Literal

import numpy as np

from charnn.arrays import Float64s, Int64s
from charnn.config import Json
from charnn.config.as_json import require
from charnn.corpora.date_forms import bare, time_of, written
from charnn.errors import UsageError

Unit = Literal["row", "number", "second", "weekday", "month", "month end"]
"""What a step is a number of; `row` where there are no times, `weekday` where there is no row for a weekend."""
DAY = 86400.0
CYCLES = {"day": DAY, "week": 7 * DAY, "year": 365.2425 * DAY}
"""The cycles of the calendar, in seconds."""
ROUNDED = 6
"""A step with more decimals and digits than this is a mean of steps between rounded numbers, such as decimal years."""


@dataclass(frozen=True)
class TimeAxis(Json):
    """The times of rows at regular steps. Rows are counted from 0, and the rows beyond the last one have times too."""

    first: str
    """The time of row 0, as it is written."""
    step: float = 1.0
    """The step from row to row, a number of the unit."""
    unit: Unit = "row"
    form: str = ""
    """The form of dates, as `date_forms` has it."""
    name: str = "row"
    """The name of the column."""

    def __post_init__(self) -> None:
        require(0 < self.step < math.inf, "a step of time is above 0")

    @property
    def has_times(self) -> bool:
        return self.unit != "row"

    def text(self, row: int) -> str:
        """The time of a row, as it would stand in the file."""
        if self.unit in ("row", "number"):
            first, step = Decimal(self.first), Decimal(repr(self.step)).normalize()
            of_first, of_step = (max(-int(one.as_tuple().exponent), 0) for one in (first, step))
            if min(of_step, len(step.as_tuple().digits)) > ROUNDED:
                is_seen = step > Decimal(1).scaleb(-of_first)
                of_step = 0 if is_seen else 1 - step.adjusted()  # two digits: 1949 is followed by 1949.083
            return f"{first + row * step:.{max(of_first, of_step)}f}"
        try:
            time = self._time(row)
        except (OverflowError, ValueError):
            return "beyond the calendar"
        zone = re.search(r"(?:Z|[+-]\d\d:?\d\d)$", self.first) if self.form.endswith("%z") else None
        return written(time, self.form) + (zone[0] if zone else "")

    def seconds_at(self, rows_N: Int64s) -> Float64s:
        """The seconds from 1970 on at these rows, by the clock of the series. Raises UsageError beyond the calendar."""
        start = datetime(1970, 1, 1)
        try:
            times = [self._time(row).replace(tzinfo=None) for row in rows_N.tolist()]
        except (OverflowError, ValueError):
            raise UsageError(f"{self.first} and {len(rows_N):,} rows more: beyond the calendar") from None
        return np.array([(time - start).total_seconds() for time in times])

    @cached_property
    def _first(self) -> datetime:
        return time_of(self.first, self.form)

    def _time(self, row: int) -> datetime:
        first = self._first
        steps = row * round(self.step)
        if self.unit == "weekday":
            day = np.busday_offset(np.datetime64(first.date(), "D"), steps, roll="forward").astype(datetime)
            return datetime.combine(day, first.timetz())
        if self.unit in ("month", "month end"):
            year, month = divmod(first.year * 12 + first.month - 1 + steps, 12)
            last = calendar.monthrange(year, month + 1)[1]
            day = last if self.unit == "month end" else min(first.day, last)
            return first.replace(year=year, month=month + 1, day=day)
        return first + timedelta(seconds=row * self.step)

    def row_of(self, text: str) -> float:
        """The number of the row that has a time; it is not whole for one between two rows. Raises ValueError for a text
        that is no such time."""
        if self.unit in ("row", "number"):
            return float((Decimal(text.strip()) - Decimal(self.first.strip())) / Decimal(repr(self.step)))
        time = time_of(text, self.form)
        return (position(time, self.unit) - position(self._first, self.unit)) / self.step

    def counts_like(self, other: TimeAxis) -> bool:
        """Whether the times of both are written in one form and counted in one unit."""
        return (self.unit, bare(self.form)) == (other.unit, bare(other.form))

    def moved(self, rows: int) -> TimeAxis:
        """The axis that begins so many rows later."""
        return TimeAxis(self.text(rows), self.step, self.unit, self.form, self.name)

    @property
    def seconds(self) -> float | None:
        """The length of a step of dates; None for numbers and rows."""
        lengths = {"second": 1.0, "weekday": 1.4 * DAY, "month": CYCLES["year"] / 12, "month end": CYCLES["year"] / 12}
        return self.step * lengths[self.unit] if self.unit in lengths else None

    def __str__(self) -> str:
        """The step in words."""
        if self.unit in ("row", "number"):
            return "a row" if self.unit == "row" else f"{self.step:,.0f}" if self.step % 1 == 0 else f"{self.step:g}"
        units = {"second": (("week", 7 * DAY), ("day", DAY), ("hour", 3600.0), ("minute", 60.0), ("second", 1.0))}
        names = units.get(self.unit, (("year", 12.0), ("month", 1.0)) if "month" in self.unit else (("weekday", 1.0),))
        name, size = next(((n, s) for n, s in names if self.step % s == 0), names[-1])
        count = self.step / size
        return f"a {name}".replace("a hour", "an hour") if count == 1 else f"{count:g} {name}s"


def position(time: datetime, unit: Unit) -> float:
    """Where a time is, counted in this unit: two times are so many steps of it apart as their positions are."""
    if unit in ("month", "month end"):
        return time.year * 12.0 + time.month
    if unit == "weekday":
        return float(np.busday_count(np.datetime64("1970-01-01"), np.datetime64(time.date(), "D")))
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
