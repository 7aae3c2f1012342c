"""Finds the season of a series: by how many steps values are alike."""

from __future__ import annotations

import math

import numpy as np

from charnn.arrays import Float64s
from charnn.corpora.series import Series
from charnn.corpora.times import DAY

LONGEST = 1000
"""The longest season that is looked for, in steps."""
CLEAR, LIKELY = 0.7, 0.9
"""Values a season apart differ by less than this share of the most that nearer ones differ by: the first for any
season, the second for one that the calendar suggests."""
AS_GOOD = 1.05
"""A shorter season counts if values are nearly as alike."""
MOST_ROWS, MOST_COLUMNS = 20_000, 100
"""The most rows, the last ones, and the most columns, at even distances, that are looked at."""


def find_season(series: Series) -> int:
    """The steps of the season, 1 where there is none. Four seasons at least have to be there, and three of one that the
    calendar suggests: a random walk has swings that look like three seasons."""
    longest = min(len(series) // 3, LONGEST)
    if longest < 2:
        return 1
    step = math.ceil(len(series.columns) / MOST_COLUMNS)
    apart_K = differences(series.values_NC[-MOST_ROWS:, ::step], longest)
    found = [k for k in calendar_seasons(series) if k <= longest and _is_season(apart_K, k, LIKELY)]
    if not found:
        shorter = range(2, min(len(series) // 4, longest))
        found = [k for k in shorter if _is_season(apart_K, k, CLEAR) and apart_K[k] < apart_K[k + 1]]
    if not found:
        return 1
    best = min(found, key=lambda k: apart_K[k])
    return min(k for k in found if k == best or (k < 0.7 * best and apart_K[k] <= AS_GOOD * apart_K[best]))


def differences(values_NC: Float64s, longest: int) -> Float64s:
    """The mean absolute difference of values k steps apart for each k from 0 to `longest`, as a share of how much the
    values of a column differ from their median, mean of all columns."""
    spread_C = np.nanmean(abs(values_NC - np.nanmedian(values_NC, 0)), 0)
    scaled_NC = values_NC / np.where(spread_C > 0, spread_C, 1)
    found = np.zeros(longest + 1)
    for k in range(1, longest + 1):
        apart_NC = abs(scaled_NC[k:] - scaled_NC[:-k])
        found[k] = np.nanmean(apart_NC) if np.isfinite(apart_NC).any() else np.inf
    return found


def calendar_seasons(series: Series) -> list[int]:
    """The seasons that a series with such steps often has."""
    seconds, axis = series.axis.seconds, series.axis
    if seconds is None:
        return []
    if axis.unit == "weekday":
        return [5]
    lengths = (DAY, 7 * DAY, 365.2425 * DAY)
    return [round(length / seconds) for length in lengths if length >= 1.9 * seconds]


def _is_season(apart_K: Float64s, k: int, share: float) -> bool:
    """Whether values k steps apart are the most alike of all near k, and more so than nearer ones."""
    near = apart_K[max(k - 1, 1) : k + 2]
    return bool(apart_K[k] <= near.min() and apart_K[k] < share * apart_K[1:k].max() and apart_K[k] < apart_K[k // 2])
