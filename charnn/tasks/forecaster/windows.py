"""What a forecaster is shown of a series, and what its outputs mean.

A window has T rows of context, then H steps ahead. What the network says of a step is added to a plain forecast, the
base (`charnn.tasks.forecaster.base`). It is a number of spreads: how much the base errs so many steps ahead, by the
size of its errors within the window. An untrained network says the quantiles of the errors of the base in training, so
that it forecasts what the base does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from charnn.arrays import Bools, Float32s, Float64s, Floats
from charnn.config import Json
from charnn.config.as_json import require
from charnn.corpora.progress import tell
from charnn.corpora.series import Series
from charnn.corpora.times import CYCLES
from charnn.tasks.forecaster.base import BaseForecast, Ids, choose_base
from charnn.tasks.forecaster.config import MEDIAN, QUANTILES, ForecasterNetworkConfig

LARGEST_INPUT = 6.0
MOST_ORIGINS = 1000
MOST_INPUTS = 1 << 22
"""The most inputs of the windows that are made at once, some ten numbers each while they are made."""
LEAST_SCALE = 0.01
"""No scale is less than this share of how far values are from their mean: where a season comes back exactly, errors are
measured by that."""
LEAST_OFFSETS = (-0.5, -0.25, 0.0, 0.25, 0.5)
"""The intervals of a base that never erred, in spreads, which are then of the least scale."""
PRIOR = 8.0
"""The size of errors within a window is averaged with that in all of training, which weighs as so many rows."""


@dataclass(frozen=True)
class ColumnStatistics(Json):
    """What is known of a column from its training rows."""

    name: str
    base: BaseForecast
    scale: float
    """The mean absolute error of the seasonal naive forecast one season ahead, which MASE divides by."""
    base_scale: float
    """The mean absolute error of the base one step ahead, or of the value a season before."""
    level_scale: float
    """The mean absolute distance of values from their mean."""
    growth: float
    exponent: float
    """The base errs by growth * h ** exponent times `base_scale`, h steps ahead."""
    offsets: tuple[float, ...]
    """The quantiles of the errors of the base in spreads, less their median."""
    is_positive: bool
    """Whether no value was below 0; then no forecast is."""

    def __post_init__(self) -> None:
        numbers = self.scale, self.base_scale, self.level_scale, self.growth
        require(all(0 < number < math.inf for number in numbers), "scales and growth are above 0")
        require(0 <= self.exponent <= 1, "the exponent is from 0 to 1")
        require(
            len(self.offsets) == len(QUANTILES) and all(map(math.isfinite, self.offsets)), "an offset for a quantile"
        )


class WindowBatch(NamedTuple):
    """B windows of T rows of context and H steps ahead, of C columns."""

    x_BTF: Float32s
    """The inputs, (B, T + H, F)."""
    base_BHC: Float64s
    spread_BHC: Float64s
    naive_BHC: Float64s
    seasonal_BHC: Float64s

    def values(self, outputs_BHCQ: Floats, columns: Sequence[ColumnStatistics], *, adds: bool = True) -> Float64s:
        """The quantiles that outputs mean, (B, H, C, Q), in order: they are sorted, which never makes them worse
        (Chernozhukov et al. 2010). Where the network `adds` nothing, they are those of the base."""
        if not adds:
            offsets_CQ = np.array([column.offsets for column in columns])
            outputs_BHCQ = np.broadcast_to(offsets_CQ, outputs_BHCQ.shape)
        values = self.base_BHC[..., None] + self.spread_BHC[..., None] * outputs_BHCQ.astype(np.float64)
        lowest_C1 = np.array([0.0 if column.is_positive else -np.inf for column in columns])[:, None]
        sorted_BHCQ: Float64s = np.maximum(np.sort(values, -1), lowest_C1)
        return sorted_BHCQ


class PreparedSeries:
    """A series made ready for windows to be cut from it."""

    def __init__(
        self, series: Series, network: ForecasterNetworkConfig, columns: Sequence[ColumnStatistics], context: int
    ) -> None:
        """`context` is T. Before the first row there are as many gaps as a window can need."""
        self._network, self._columns, self._context = network, columns, context
        self.length = len(series)
        self._before = context + max(column.base.rows for column in columns) + 1
        values_NC = np.pad(series.values_NC, ((self._before, 0), (0, 0)), constant_values=np.nan)
        self._values_NC = filled(values_NC, network.season)
        self._is_known_NC = ~np.isnan(values_NC)
        every = zip(columns, self._values_NC.T, strict=True)
        self._errors_NC = np.stack([column.base.errors(values_N) for column, values_N in every], 1)
        # An error tells something where the value and the one that it is compared with are known.
        apart = [network.season if column.base.kind == "season" else 1 for column in columns]
        before = [np.roll(known_N, k) for known_N, k in zip(self._is_known_NC.T, apart, strict=True)]
        self._has_error_NC = self._is_known_NC & np.stack(before, 1)
        self._axis = series.axis
        self._waves_NK = self._waves(network.horizon)

    def at_once(self, most: int, horizon: int) -> int:
        """How many windows of so many steps ahead are best made at once: `most`, or fewer where columns are many."""
        return windows_at_once(most, self._context + horizon, self._network.inputs)

    def windows(self, origins: Sequence[int] | Ids, horizon: int) -> WindowBatch:
        """The windows whose first steps ahead are the rows `origins`. Nothing from there on is looked at."""
        season, context = self._network.season, self._context
        origins_B = np.asarray(origins, np.int64) + self._before
        past_BT = origins_B[:, None] + np.arange(-context, 0)
        ahead_H = np.arange(horizon)
        values, known = self._values_NC, self._is_known_NC
        naive_BHC = np.repeat(values[origins_B[:, None] - 1], horizon, 1)
        seasonal_BHC = values[origins_B[:, None] - season + ahead_H % season]
        every = enumerate(self._columns)
        base_BHC = np.stack([one.base.ahead(values[:, c], origins_B, horizon) for c, one in every], -1)

        past_BTC, known_BTC, has_error_BTC = values[past_BT], known[past_BT], self._has_error_NC[past_BT]
        error_BTC = np.where(has_error_BTC, self._errors_NC[past_BT], 0)
        scale_B1C = _averaged(error_BTC, has_error_BTC, np.array([column.base_scale for column in self._columns]))
        mean_B1C = (past_BTC * known_BTC).sum(1, keepdims=True) / np.maximum(known_BTC.sum(1, keepdims=True), 1)
        mean_B1C = np.where(known_BTC.any(1, keepdims=True), mean_B1C, naive_BHC[:, :1])
        level_scales_C = np.array([column.level_scale for column in self._columns])
        level_B1C = _averaged((past_BTC - mean_B1C) * known_BTC, known_BTC, level_scales_C)

        is_seasonal_C = np.array([column.base.kind == "season" for column in self._columns])
        other_BHC = np.where(is_seasonal_C, naive_BHC, seasonal_BHC)
        level_BSC = np.concatenate([past_BTC, base_BHC], 1) - mean_B1C
        error_BSC = np.concatenate([error_BTC, other_BHC - base_BHC], 1)
        known_BSC = np.concatenate([known_BTC, np.zeros(base_BHC.shape, np.bool_)], 1)
        is_ahead_S = np.arange(context + horizon) >= context
        steps_S = np.log1p(np.maximum(np.arange(context + horizon) - context + 1, 0))
        place_S2 = np.stack([is_ahead_S, np.minimum(steps_S / math.log1p(self._network.horizon), 1)], 1)
        parts = [
            np.clip(level_BSC / level_B1C, -LARGEST_INPUT, LARGEST_INPUT),
            np.clip(error_BSC / scale_B1C, -LARGEST_INPUT, LARGEST_INPUT),
            known_BSC,
            np.broadcast_to(place_S2, (len(origins_B), *place_S2.shape)),
        ]
        if self._network.cycles:
            if horizon > self._network.horizon:
                self._waves_NK = self._waves(horizon)
            parts.append(self._waves_NK[past_BT[:, :1] - self._before + np.arange(context + horizon) + context])
        growth_HC = np.stack([c.growth * (ahead_H + 1.0) ** c.exponent for c in self._columns], 1)
        return WindowBatch(
            np.concatenate(parts, -1).astype(np.float32), base_BHC, scale_B1C * growth_HC, naive_BHC, seasonal_BHC
        )

    def _waves(self, horizon: int) -> Float64s:
        """Where each row stands in each cycle, sines and then cosines, from T rows before the first one to H rows
        behind the last one."""
        if not self._network.cycles:
            return np.zeros((0, 0))
        rows_N = np.arange(-self._context, self.length + horizon)
        angles_NK = 2 * np.pi * self._axis.seconds_at(rows_N)[:, None] / [CYCLES[name] for name in self._network.cycles]
        return np.concatenate([np.sin(angles_NK), np.cos(angles_NK)], 1)


def windows_at_once(most: int, steps: int, inputs: int) -> int:
    """How many windows with so many steps, context and steps ahead, of so many inputs are made at once, `most` of them
    unless they have more than MOST_INPUTS together; one at least."""
    return max(min(most, MOST_INPUTS // (steps * inputs)), 1)


def _averaged(error_BTC: Float64s, known_BTC: Bools, scales_C: Float64s) -> Float64s:
    """The mean absolute error of each window and column, (B, 1, C), averaged with what it usually is."""
    total = abs(error_BTC).sum(1, keepdims=True) + PRIOR * scales_C
    averaged: Float64s = total / (known_BTC.sum(1, keepdims=True) + PRIOR)
    return averaged


def filled(values_NC: Float64s, season: int) -> Float64s:
    """The values with something in each gap that is known by then: the value a season before, which may be filled in
    itself, or the last one. What comes before the first value is filled with that."""
    filled_NC = values_NC.copy()
    for column in filled_NC.T:
        known = np.flatnonzero(~np.isnan(column))
        if not len(known):
            column[:] = 0.0
            continue
        column[: known[0]] = column[known[0]]
        for row in np.flatnonzero(np.isnan(column)):
            column[row] = column[row - season] if season > 1 and row - season >= known[0] else column[row - 1]
    return filled_NC


def statistics(series: Series, season: int, horizon: int) -> tuple[ColumnStatistics, ...]:
    """What is to be known of each column, from training rows."""
    values_NC = filled(series.values_NC, season)
    found = []
    for place, name in enumerate(series.columns):
        tell("finding plain forecasts of columns", place, len(series.columns))
        known_N = ~np.isnan(series.values_NC[:, place])
        found.append(_column(values_NC[:, place], known_N, name, season, min(horizon, max(len(series) // 3, 1))))
    return tuple(found)


def _column(values_N: Float64s, known_N: Bools, name: str, season: int, horizon: int) -> ColumnStatistics:
    base = choose_base(values_N, season, horizon)
    level = float(abs(values_N[known_N] - values_N[known_N].mean()).mean())
    least = max(LEAST_SCALE * level, 1e-9 * float(abs(values_N).max()), 1e-12)
    own_N = base.errors(values_N)[base.rows :][known_N[base.rows :]]
    scale = max(float(abs(own_N).mean()) if len(own_N) else 0.0, least)
    origins = np.arange(min(base.rows, len(values_N) - horizon), len(values_N) - horizon + 1)
    origins = origins[:: len(origins) // MOST_ORIGINS + 1]
    rows_BH = origins[:, None] + np.arange(horizon)
    before_N = np.full(base.rows, values_N[0])
    said_BH = base.ahead(np.concatenate([before_N, values_N]), origins + base.rows, horizon)
    errors_BH = np.where(known_N[rows_BH], values_N[rows_BH] - said_BH, np.nan)
    counted_H = (~np.isnan(errors_BH)).sum(0)
    sizes_H = np.nansum(abs(errors_BH), 0) / np.maximum(counted_H, 1) / scale
    growth, exponent = _fitted([(h, float(size)) for h, size in enumerate(sizes_H, 1) if size > 0])
    spreads_BH = errors_BH / (scale * growth * np.arange(1, horizon + 1) ** exponent)
    some = spreads_BH[~np.isnan(spreads_BH)]
    offsets = np.quantile(some, QUANTILES) if len(some) else np.zeros(len(QUANTILES))
    offsets = offsets - offsets[MEDIAN]
    offsets += np.sign(LEAST_OFFSETS) * np.maximum(abs(np.array(LEAST_OFFSETS)) - abs(offsets), 0)
    both_N = known_N[season:] & known_N[:-season]
    of_season_N = abs(values_N[season:] - values_N[:-season])[both_N]
    mase_scale = max(float(of_season_N.mean()) if len(of_season_N) else scale, least)
    return ColumnStatistics(
        name, base, mase_scale, scale, max(level, least), growth, exponent, tuple(offsets.tolist()),
        is_positive=bool((values_N[known_N] >= 0).all()),
    )  # fmt: skip


def _fitted(sizes: Sequence[tuple[int, float]]) -> tuple[float, float]:
    """The growth and the exponent that fit the sizes of errors h steps ahead, by least squares of logarithms."""
    if not sizes:
        return 1.0, 0.0
    h, size = (np.log(np.array(every)) for every in zip(*sizes, strict=True))
    exponent = 0.0 if len(sizes) < 2 else float(np.polyfit(h, size, 1)[0])
    exponent = min(max(exponent, 0.0), 1.0)
    return float(np.exp((size - exponent * h).mean())), exponent


def cycles_of(series: Series) -> tuple[str, ...]:
    """The cycles of the calendar that a series may follow: those of four steps and more that it has twice at least."""
    seconds = series.axis.seconds
    if seconds is None:
        return ()
    return tuple(name for name, length in CYCLES.items() if 4 * seconds <= length <= len(series) * seconds / 2)
