"""Places rows on an axis of times: from what stands in a column of times, their step is found, and which rows are
missing."""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from charnn.arrays import Float64s, Int64s
from charnn.corpora.date_forms import as_written, time_of
from charnn.corpora.times import TimeAxis, Unit, position
from charnn.errors import CorpusError

NAMES = frozenset(
    ("time", "date", "datetime", "timestamp", "ts", "ds", "t", "epoch", "unix", "unixtime", "index", "period", "step")
).union(("row", "year", "quarter", "month", "week", "day", "hour", "minute"))
"""A column of rising numbers with one of these names has times, wherever it stands."""
MOST_GAPS, SOME_GAPS = 20, 1000
"""Missing rows may make a series so many times as long, and some rows longer."""
TOLERANCE = 0.05
"""How far from a whole number of steps a time may be, in steps."""
LARGEST = 1e300
"""No time is a larger number, and so the distance of two is a number."""
REGULAR = 0.5
"""So many of the steps of a column of numbers have to be the same for it to have times."""


class Irregular(ValueError):
    """The times do not stand at regular steps; `row` is the first one that does not."""

    def __init__(self, row: int, what: str) -> None:
        super().__init__(what)
        self.row = row


class PlacedRows(NamedTuple):
    """An axis with the places on it of the rows that were read."""

    axis: TimeAxis
    rows_N: Int64s
    order_N: Int64s
    """The rows in the order of their times."""
    remarks: tuple[str, ...] = ()
    """What a person should know of their times."""


def dated(texts: Sequence[str], form: str, name: str) -> PlacedRows:
    """The places of rows with these dates. Raises `Irregular` for dates that come twice or not at regular steps."""
    times, form = [time_of(text, form) for text in texts], as_written(form, texts)
    seconds_N = np.array([position(time, "second") for time in times])
    order_N = np.argsort(seconds_N, kind="stable")
    twice_N = np.flatnonzero(np.diff(seconds_N[order_N]) == 0)
    remarks = tuple[str, ...]()
    if len(twice_N) and _end_summer_time([times[number] for number in order_N[twice_N]], seconds_N):
        at = texts[order_N[twice_N[0]]].strip()
        remarks = (f"{at} comes twice, as where summer time ends, and counts as it comes last",)
        order_N = np.delete(order_N, twice_N)
    every = [times[number] for number in order_N]
    _refuse_doubles(seconds_N[order_N], order_N, texts)
    unit = _unit_of(every)
    positions_N = np.array([position(time, unit) for time in every])
    if unit != "second" and len(set(positions_N.tolist())) < len(positions_N):
        unit, positions_N = "second", seconds_N[order_N]
    axis = TimeAxis(texts[order_N[0]].strip(), 1.0, unit, form, name)
    return _placed(positions_N, order_N, texts, axis, TOLERANCE)._replace(remarks=remarks)


def _end_summer_time(twice: Sequence[datetime], seconds_N: Float64s) -> bool:
    """Whether times that come twice are those of an hour of the night, in series of an hour or less, once a year."""
    days = sorted({time.date() for time in twice})
    are_of_one_hour = len({(time.date(), time.hour) for time in twice}) == len(days)
    return (
        len(seconds_N) > 24 * len(days)
        and 0 < float(np.median(np.diff(np.sort(seconds_N)))) <= 3600
        and are_of_one_hour
        and all(time.hour < 4 and time.month in (3, 4, 9, 10, 11) for time in twice)
        and all((after - before).days > 150 for before, after in pairwise(days))
    )


def numbered(texts: Sequence[str], name: str) -> PlacedRows:
    """The places of rows with numbers for times, such as years. Raises what `dated` raises."""
    numbers_N = np.array([float(text) for text in texts])
    if len(too_large := np.flatnonzero(abs(numbers_N) > LARGEST)):
        row = int(too_large[0])
        raise Irregular(row, f"the time {texts[row].strip()} is too large a number")
    order_N = np.argsort(numbers_N, kind="stable")
    _refuse_doubles(numbers_N[order_N], order_N, texts)
    axis = TimeAxis(texts[order_N[0]].strip(), 1.0, "number", "", name)
    # Decimal years of months are rounded: 1749.042, 1749.123, 1749.204, 1749.288.
    are_whole = bool((numbers_N % 1 == 0).all())
    return _placed(numbers_N[order_N], order_N, texts, axis, TOLERANCE if are_whole else 0.3)


def counts_up(texts: Sequence[str]) -> bool:
    """Whether numbers rise, or all fall, by steps that are mostly the same, as times do."""
    numbers_N = np.array([float(text) for text in texts])
    if (abs(numbers_N) > LARGEST).any():
        return False
    steps_N = np.diff(numbers_N)
    if len(steps_N) < 2 or not ((steps_N > 0).all() or (steps_N < 0).all()):
        return False
    usual = float(np.median(steps_N))
    return float((abs(steps_N - usual) <= TOLERANCE * abs(usual)).mean()) >= REGULAR


def _unit_of(times: Sequence[datetime]) -> Unit:
    """The unit of the steps between dates, which are in order."""
    if len({time.timetz() for time in times}) > 1 or len(times) < 2:
        return "second"
    apart = Counter((after - before).days for before, after in pairwise(times))
    usual = apart.most_common(1)[0][0]
    if usual >= 28:
        if len({time.day for time in times}) == 1:
            return "month"
        if all(time.day == calendar.monthrange(time.year, time.month)[1] for time in times):
            return "month end"
    if usual == 1 and len(times) > 7 and all(time.weekday() < 5 for time in times):
        return "weekday"
    return "second"


def _refuse_doubles(sorted_N: Float64s, order_N: Int64s, texts: Sequence[str]) -> None:
    if len(twice := np.flatnonzero(np.diff(sorted_N) == 0)):
        row = int(max(order_N[twice[0]], order_N[twice[0] + 1]))
        raise Irregular(row, f"the time {texts[row].strip()} comes twice")


def _placed(
    positions_N: Float64s,
    order_N: Int64s,
    texts: Sequence[str],
    axis: TimeAxis,
    tolerance: float,
) -> PlacedRows:
    """The rows at places that are a whole number of steps from the first one; the step is the most usual distance."""
    apart_N = np.diff(positions_N)
    step = 1.0
    if len(apart_N):
        values, counts = np.unique(apart_N.round(9), return_counts=True)
        step = float(values[counts.argmax()])
        if axis.unit == "number" and tolerance > TOLERANCE:
            near_N = apart_N[abs(apart_N - np.median(apart_N)) <= tolerance * np.median(apart_N)]
            step = float(f"{near_N.mean():.12g}")
    places_N = (positions_N - positions_N[0]) / step
    if tolerance > TOLERANCE:
        steps_N = (apart_N / step).round()
        off_N = np.concatenate([[0.0], abs(apart_N / step - steps_N)])
        rows_N = np.concatenate([[0.0], steps_N.cumsum()])
    else:
        rows_N = places_N.round()
        off_N = abs(places_N - rows_N)
    if len(bad := np.flatnonzero((off_N > tolerance) | (np.concatenate([[1.0], np.diff(rows_N)]) < 1))):
        row = int(order_N[bad[0]])
        usual = TimeAxis(axis.first, step, axis.unit, axis.form, axis.name)
        raise Irregular(
            row, f"the time {texts[row].strip()} is not a whole number of steps after the first; most are {usual}"
        )
    return PlacedRows(
        TimeAxis(axis.first, step, axis.unit, axis.form, axis.name), rows_N.astype(np.int64), order_N.astype(np.int64)
    )


def at_their_times(values_NC: Float64s, placed: PlacedRows, lines: Sequence[int], name: str) -> Float64s:
    """The values in a row for each step, nan where a row is missing. Raises CorpusError where too many are."""
    order_N, rows_N = placed.order_N, placed.rows_N
    if rows_N[-1] > MOST_GAPS * len(rows_N) + SOME_GAPS:
        after = int(np.diff(rows_N).argmax()) + 1
        missing = int(rows_N[after] - rows_N[after - 1]) - 1
        raise CorpusError(
            f"{name}:{lines[int(order_N[after])]}: {missing:,} rows are missing before this one",
            hint="--time-column none counts the rows instead",
        )
    found_NC = np.full((int(rows_N[-1]) + 1, values_NC.shape[1]), np.nan)
    found_NC[rows_N] = values_NC[order_N]
    return found_NC
