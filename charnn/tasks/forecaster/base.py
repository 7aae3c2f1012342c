"""The forecast that a forecaster's network adds to: the last value, the value a season before, or a linear one.

The linear forecast of a row is y[t-1] + sum w_i (y[t-i] - y[t-1]) + w_0 (m - y[t-1]), with the rows of the last season
among the lags i and the mean m. That is an autoregression which ridge regression shrinks to the last value, and it is
carried on step by step, each step reading those before it. A mean of it and the value a season before is tried, too,
since the two err in different ways. Which one is taken is told by the last half of the training rows, from what
the other half says.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

import numpy as np
import numpy.typing as npt

from charnn.arrays import Float64s
from charnn.config import Json
from charnn.config.as_json import require

BaseKind = Literal["last", "season", "linear"]
Ids = npt.NDArray[np.int64]
FEW_ROWS, MOST_LAGS, USUAL_LAGS = 400, 24, 12
"""Series of fewer rows have the usual number of lags."""
RIDGES = (1e-3, 1e-1)
"""The penalties that are tried, for inputs of size 1, per row."""
WORTHWHILE = 0.97
"""The linear forecast is taken if its error is less than this share of the others'."""
SEASONAL_SHARE = 0.25
"""How much the value a season before weighs beside a linear forecast, where the two are tried together."""
MOST_ORIGINS = 300
MOST_FITTED = 200_000
"""The most values that a linear forecast is fitted to, which takes some 600 bytes for each."""


@dataclass(frozen=True)
class BaseForecast(Json):
    kind: BaseKind = "last"
    season: int = 1
    lags: tuple[int, ...] = ()
    """The rows before that a linear forecast reads besides the last one, as distances."""
    weights: tuple[float, ...] = ()
    """The weight of each lag, then that of the mean."""
    mean: float = 0.0
    seasonal_share: float = 0.0
    """How much the value a season before weighs in a linear forecast."""

    def __post_init__(self) -> None:
        most = 1 << 20
        require(all(1 <= lag <= most for lag in (self.season, *self.lags)), "lags and the season are from 1 up")
        require(self.kind != "linear" or len(self.weights) == len(self.lags) + 1, "a weight for each lag and the mean")
        numbers = *self.weights, self.mean, self.seasonal_share
        require(all(map(math.isfinite, numbers)), "the weights of a forecast are finite")

    @property
    def rows(self) -> int:
        """How many rows before a step it reads."""
        return max(self.season, *self.lags, 1)

    def ahead(self, values_N: Float64s, origins_B: Ids, horizon: int) -> Float64s:
        """The forecasts of the steps from each origin on, (B, H). Before every origin there must be `rows` rows."""
        steps_H = np.arange(horizon)
        if self.kind == "last":
            return np.repeat(values_N[origins_B - 1][:, None], horizon, 1)
        seasonal_BH: Float64s = values_N[origins_B[:, None] - self.season + steps_H % self.season]
        if self.kind == "season":
            return seasonal_BH
        known_BT = values_N[origins_B[:, None] + np.arange(-self.rows, 0)]
        all_BT = np.concatenate([known_BT, np.zeros((len(origins_B), horizon))], 1)
        for step in range(self.rows, self.rows + horizon):
            all_BT[:, step] = self._next(all_BT[:, step - 1], [all_BT[:, step - lag] for lag in self.lags])
        return self.blended(all_BT[:, self.rows :], seasonal_BH)

    def errors(self, values_N: Float64s) -> Float64s:
        """How far each value is from what is forecast of it from the row before, or the season before; 0 for the first
        `rows` rows."""
        errors_N = np.zeros(len(values_N))
        start, end = self.rows, len(values_N)
        seasonal_N, *before = [values_N[start - lag : end - lag] for lag in (self.season, 1, *self.lags)]
        said_N = {"last": before[0], "season": seasonal_N}.get(self.kind)
        if said_N is None:
            said_N = self.blended(self._next(before[0], before[1:]), seasonal_N)
        errors_N[start:] = values_N[start:] - said_N
        return errors_N

    def blended(self, linear: Float64s, seasonal: Float64s) -> Float64s:
        """The mean of a linear forecast and the value a season before, as much as that weighs."""
        return (1 - self.seasonal_share) * linear + self.seasonal_share * seasonal

    def _next(self, last: Float64s, before: Sequence[Float64s]) -> Float64s:
        said = last + self.weights[-1] * (self.mean - last)
        for weight, values in zip(self.weights, before, strict=False):
            said = said + weight * (values - last)
        return said


def choose_base(values_N: Float64s, season: int, horizon: int) -> BaseForecast:
    """The base that forecasts the last half of the values best, fitted to all of them; a naive one where there are
    few."""
    naive = [BaseForecast("last", season), *([BaseForecast("season", season)] if season > 1 else [])]
    start = len(values_N) // 2
    origins = np.arange(start, len(values_N) - horizon + 1)
    every_lags = [lags for lags in lags_for(len(values_N), season) if 2 * max(lags) <= start]
    if not every_lags or not len(origins):
        return naive[-1]
    origins = origins[:: len(origins) // MOST_ORIGINS + 1]
    truth_BH = values_N[origins[:, None] + np.arange(horizon)]

    def error(said_BH: Float64s) -> float:
        return float(abs(said_BH - truth_BH).mean())

    errors = [error(base.ahead(values_N, origins, horizon)) for base in naive]
    shares = (0.0, SEASONAL_SHARE) if season > 1 else (0.0,)
    tried: dict[tuple[tuple[int, ...], float, float], float] = {}
    for lags, ridge in product(every_lags, RIDGES):
        # Those that differ in the share alone are carried on step by step once, which takes most of the time.
        base = fitted(values_N[:start], season, lags, ridge)
        linear_BH, seasonal_BH = base.ahead(values_N, origins, horizon), naive[-1].ahead(values_N, origins, horizon)
        for share in shares:
            said_BH = replace(base, seasonal_share=share).blended(linear_BH, seasonal_BH) if share else linear_BH
            tried[lags, ridge, share] = error(said_BH)
    chosen = min(tried, key=lambda one: tried[one])
    if tried[chosen] >= WORTHWHILE * min(errors):
        return naive[errors.index(min(errors))]
    lags, ridge, share = chosen
    return replace(fitted(values_N, season, lags, ridge), seasonal_share=share)


def lags_for(rows: int, season: int) -> list[tuple[int, ...]]:
    """The sets of lags besides the last row that are tried: the nearest ones and those around a season, and with them
    those of the two seasons before."""
    near = range(2, (MOST_LAGS if rows >= FEW_ROWS else min(USUAL_LAGS, max(rows // 8, 2))) + 1)
    if season == 1:
        return [tuple(near)]
    around = {lag for lag in (*near, season - 1, season, season + 1) if lag > 1}
    return [tuple(sorted(around)), tuple(sorted({*around, 2 * season, 3 * season}))]


def fitted(values_N: Float64s, season: int, lags: tuple[int, ...], ridge: float) -> BaseForecast:
    """The linear base with these lags, fitted to the last MOST_FITTED values."""
    values_N = values_N[-MOST_FITTED:]
    rows_N = np.arange(max(lags), len(values_N))
    last_N, mean = values_N[rows_N - 1], float(values_N.mean())
    inputs_NL = np.stack([*(values_N[rows_N - lag] - last_N for lag in lags), mean - last_N], 1)
    sizes_L = np.sqrt((inputs_NL**2).mean(0))
    sizes_L[sizes_L == 0] = 1
    scaled_NL = inputs_NL / sizes_L
    penalty_LL = ridge * len(rows_N) * np.eye(len(sizes_L))
    weights_L = (
        np.linalg.solve(scaled_NL.T @ scaled_NL + penalty_LL, scaled_NL.T @ (values_N[rows_N] - last_N)) / sizes_L
    )
    return BaseForecast("linear", season, lags, tuple(weights_L.tolist()), mean)
