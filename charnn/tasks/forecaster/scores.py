"""How far forecasts are from what came: the figures of a forecaster and of the naive forecasts, on the same windows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from charnn.arrays import Float64s
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


class ForecastScore:
    """Adds windows up; every value that is known weighs the same."""

    def __init__(self, columns: Sequence[ColumnStatistics]) -> None:
        self._columns = columns
        self._scales_C = np.array([column.scale for column in columns])
        self._truth: list[Float64s] = []
        self._values: dict[str, list[Float64s]] = {"forecast": [], "naive": [], "seasonal": []}
        self._quantiles: list[Float64s] = []

    def add(self, truth_BHC: Float64s, values_BHCQ: Float64s, windows: WindowBatch) -> None:
        self._truth.append(truth_BHC)
        self._quantiles.append(values_BHCQ)
        for name, values in (
            ("forecast", values_BHCQ[..., MEDIAN]), ("naive", windows.naive_BHC), ("seasonal", windows.seasonal_BHC)
        ):  # fmt: skip
            self._values[name].append(values)

    @property
    def windows(self) -> int:
        return sum(map(len, self._truth))

    @property
    def values(self) -> int:
        """The values that forecasts were compared with."""
        return int(sum((~np.isnan(truth)).sum() for truth in self._truth))

    def figures(self, name: str, column: int | None = None) -> ForecastFigures:
        """Those of `forecast`, `naive` or `seasonal`, of one column or of all. NaN where no value is known."""
        place = slice(None) if column is None else slice(column, column + 1)
        truth = np.concatenate(self._truth)[..., place]
        values = np.concatenate(self._values[name])[..., place]
        known = ~np.isnan(truth)
        if not known.any():
            return ForecastFigures(np.nan, np.nan, np.nan)
        error = abs(truth - values)
        size = abs(truth) + abs(values)
        parts = np.divide(2 * error, size, out=np.zeros_like(error), where=size > 0)
        mase = float((error / self._scales_C[place])[known].mean())
        whole = mase, float(error[known].mean()), float(parts[known].mean())
        if name != "forecast":
            return ForecastFigures(*whole)
        quantiles = np.concatenate(self._quantiles)[..., place, :]
        losses = quantile_losses(quantiles, truth, self._columns[place])
        within = (quantiles[..., 0] <= truth) & (truth <= quantiles[..., -1])
        return ForecastFigures(*whole, float(losses[known].mean()), float(within[known].mean()))

    @property
    def quantile_loss(self) -> float:
        """The quantile loss of the forecast; NaN where no value is known."""
        found = self.figures("forecast").quantile_loss
        return np.nan if found is None else found

    @property
    def names(self) -> Iterator[str]:
        """The ways to forecast; without a season both naive ones are the same."""
        yield from ("forecast", "naive")
        if not np.array_equal(np.concatenate(self._values["naive"]), np.concatenate(self._values["seasonal"])):
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
