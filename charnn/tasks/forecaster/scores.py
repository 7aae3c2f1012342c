"""How far forecasts are from what came: the figures of a forecaster and of the naive forecasts, on the same windows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from charnn.arrays import Bools, Float64s
from charnn.tasks.forecaster.config import MEDIAN, QUANTILES
from charnn.tasks.forecaster.windows import ColumnStatistics, WindowBatch

BEATS = 0.98
"""A forecast whose error is no less than this share of a naive one's is not said to beat it."""


@dataclass(frozen=True)
class ForecastFigures:
    """The figures of one way to forecast. What is not known, since nothing is forecast but a value, is None."""

    mase: float
    mae: float
    smape: float
    quantile_loss: float | None = None
    coverage: float | None = None

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if value is not None}


def pinball(errors: Any, quantile: float) -> Any:
    """Twice the pinball loss of values minus their quantile; of the median it is the absolute error."""
    return 2 * np.maximum(quantile * errors, (quantile - 1) * errors)


def quantile_losses(values_BHCQ: Float64s, truth_BHC: Float64s, columns: Sequence[ColumnStatistics]) -> Float64s:
    """The loss of each value, mean of its quantiles, by the scale of its column, (B, H, C); NaN in a gap."""
    errors_BHCQ = truth_BHC[..., None] - values_BHCQ
    losses = [pinball(errors_BHCQ[..., number], quantile) for number, quantile in enumerate(QUANTILES)]
    scales_C = np.array([column.scale for column in columns])
    found_BHC: Float64s = np.mean(losses, 0) / scales_C
    return found_BHC


class _Sums:
    """What is summed of one way to forecast, for each of C columns."""

    def __init__(self, columns: int) -> None:
        self.error_C, self.share_C = np.zeros((2, columns))
        """The distances from what came, and the same as shares of both sizes."""

    def add(self, truth_BHC: Float64s, values_BHC: Float64s, known_BHC: Bools) -> None:
        error = abs(truth_BHC - values_BHC)
        size = abs(truth_BHC) + abs(values_BHC)
        share = np.divide(2 * error, size, out=np.zeros_like(error), where=size > 0)
        self.error_C += error.sum((0, 1), where=known_BHC)
        self.share_C += share.sum((0, 1), where=known_BHC)


class ForecastScore:
    """Adds windows up, and keeps sums for each column alone; every value that is known weighs the same."""

    def __init__(self, columns: Sequence[ColumnStatistics]) -> None:
        self._columns = columns
        self._scales_C = np.array([column.scale for column in columns])
        self.windows = 0
        """How many windows there were."""
        self._known_C = np.zeros(len(columns), np.int64)
        self._sums = {name: _Sums(len(columns)) for name in ("forecast", "naive", "seasonal")}
        self._losses_C, self._within_C = np.zeros((2, len(columns)))
        self._has_season = False

    def add(self, truth_BHC: Float64s, values_BHCQ: Float64s, windows: WindowBatch) -> None:
        known_BHC = ~np.isnan(truth_BHC)
        self.windows += len(truth_BHC)
        self._known_C += known_BHC.sum((0, 1))
        for name, values_BHC in (
            ("forecast", values_BHCQ[..., MEDIAN]), ("naive", windows.naive_BHC), ("seasonal", windows.seasonal_BHC)
        ):  # fmt: skip
            self._sums[name].add(truth_BHC, values_BHC, known_BHC)
        self._losses_C += quantile_losses(values_BHCQ, truth_BHC, self._columns).sum((0, 1), where=known_BHC)
        within_BHC = (values_BHCQ[..., 0] <= truth_BHC) & (truth_BHC <= values_BHCQ[..., -1])
        self._within_C += within_BHC.sum((0, 1), where=known_BHC)
        self._has_season |= not np.array_equal(windows.naive_BHC, windows.seasonal_BHC)

    @property
    def values(self) -> int:
        """The values that forecasts were compared with."""
        return int(self._known_C.sum())

    def figures(self, name: str, column: int | None = None) -> ForecastFigures:
        """Those of `forecast`, `naive` or `seasonal`, of one column or of all. NaN where no value is known."""
        place = slice(None) if column is None else slice(column, column + 1)
        known, sums = int(self._known_C[place].sum()), self._sums[name]
        if not known:
            return ForecastFigures(np.nan, np.nan, np.nan)

        def mean(of_C: Float64s) -> float:
            return float(of_C[place].sum() / known)

        whole = mean(sums.error_C / self._scales_C), mean(sums.error_C), mean(sums.share_C)
        if name != "forecast":
            return ForecastFigures(*whole)
        return ForecastFigures(*whole, mean(self._losses_C), mean(self._within_C))

    @property
    def quantile_loss(self) -> float:
        """The quantile loss of the forecast; NaN where no value is known."""
        found = self.figures("forecast").quantile_loss
        return np.nan if found is None else found

    @property
    def names(self) -> Iterator[str]:
        """The ways to forecast; without a season both naive ones are the same."""
        yield from ("forecast", "naive")
        if self._has_season:
            yield "seasonal"

    @property
    def best_naive(self) -> str:
        return min((name for name in self.names if name != "forecast"), key=lambda name: self.figures(name).mase)

    def finding(self) -> str:
        """Whether the forecast is better than both naive ones, in a sentence without a full stop."""
        own, name = self.figures("forecast").mase, self.best_naive
        naive = self.figures(name).mase
        called = {"naive": "the naive forecast", "seasonal": "the seasonal naive forecast"}[name]
        if naive <= 0:
            return f"{called} is without an error here, so that nothing can beat it"
        if own < BEATS * naive:
            return f"it errs by {100 * (1 - own / naive):.0f}% less than {called}"
        worse = f", and it errs by {100 * (own / naive - 1):.0f}% more" if own > naive / BEATS else ""
        beyond = "beyond the season, " if name == "seasonal" else ""
        return f"nothing here beats {called}{worse}: {beyond}what comes next does not show in what came before"
