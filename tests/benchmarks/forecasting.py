"""Three series forecast beyond what was learned, beside the naive forecasts and, where statsmodels is installed, an
autoregression and exponential smoothing: sunspots, an electricity-like load, and a random walk, where nothing helps.

The last part of each series is learned by none of them. All forecast the same windows from the rows before each.
"""

from __future__ import annotations

import importlib.util
import statistics
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

import charnn
from charnn.tasks.forecaster.dataset import MOST_WINDOWS, origins_in
from charnn.tasks.forecaster.options import ForecasterEvaluationOptions
from charnn.tasks.table import TASKS
from tests.paths import ROOT

STEPS, SEEDS = 600, 3
SMOOTHED = 2_000
"""Exponential smoothing of more values than this, or of a season of more than 24, takes too long here."""


@dataclass(frozen=True)
class Made:
    """A series as lines of CSV, and how many of its rows are learned."""

    name: str
    header: str
    rows: Sequence[str]
    learned: int


def sunspots(seed: int) -> Made:
    header, *rows = (ROOT / "data" / "sunspots.csv").read_text("utf-8").splitlines()
    return Made("sunspots, 229 years learned, 80 forecast", header, rows, 229)


def load(seed: int) -> Made:
    """Sixty weeks by the hour: 100 + 20 sin(2 pi (h - 8) / 24) + 8 sin(4 pi h / 24), 15 less at weekends, and 3 times
    an autoregression of 0.9 with noise of 1."""
    hours, noise = np.arange(60 * 168), np.random.default_rng(seed).normal(size=60 * 168)
    for hour in hours[1:]:
        noise[hour] += 0.9 * noise[hour - 1]
    daily = 20 * np.sin(2 * np.pi * (hours % 24 - 8) / 24) + 8 * np.sin(4 * np.pi * (hours % 24) / 24)
    values = 100 + daily - 15 * (hours // 24 % 7 >= 5) + 3 * noise
    times = [datetime(2024, 1, 1) + timedelta(hours=int(hour)) for hour in hours]
    rows = [f"{time:%Y-%m-%dT%H:%M},{value:.2f}" for time, value in zip(times, values, strict=True)]
    return Made("a load by the hour, 50 weeks learned, 10 forecast", "time,load", rows, 50 * 168)


def walk(seed: int) -> Made:
    values = np.random.default_rng(seed).normal(size=1_500).cumsum()
    return Made("a random walk, 1,000 rows learned, 500 forecast", "x", [f"{value:.3f}" for value in values], 1_000)


def run(*, seeds: int | None = None) -> None:
    for make in (sunspots, load, walk):
        found: dict[str, list[tuple[float, float]]] = {}
        name = ""
        for seed in range(seeds or SEEDS):
            made = make(seed)
            name = made.name
            with tempfile.TemporaryDirectory() as folder:
                for way, mase, coverage in _scores(made, seed, Path(folder)):
                    found.setdefault(way, []).append((mase, coverage))
        print(f"\n{name}: MASE, and the share within the interval for 80%")
        for way, scores in found.items():
            mases, coverages = zip(*scores, strict=True)
            spread = f"({min(mases):.3f} to {max(mases):.3f})"
            within = f"{100 * statistics.fmean(coverages):.1f}%" if coverages[0] == coverages[0] else "-"
            print(f"  {way:<40} {statistics.fmean(mases):.3f} {spread:<18} {within}", flush=True)


def _scores(made: Made, seed: int, folder: Path) -> Iterator[tuple[str, float, float]]:
    train, whole = folder / "train.csv", folder / "whole.csv"
    has_times = "," in made.header
    train.write_text("\n".join([made.header, *made.rows[: made.learned]]) + "\n", "utf-8")
    # Without times a file stands for itself; what was learned has to be in it, and is not scored.
    whole.write_text("\n".join([made.header, *made.rows[made.learned if has_times else 0 :]]) + "\n", "utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = charnn.train(train, task="forecaster", steps=STEPS, seed=seed, out=folder / "model")
    evaluation: Any = TASKS["forecaster"].evaluate(
        model, [str(whole)], ForecasterEvaluationOptions(), encoding="utf-8", threads=1
    )
    evaluation.first = evaluation.first if has_times else made.learned
    assert list(evaluation.run()) == []
    for way in evaluation.score.names:
        figures = evaluation.score.figures(way)
        yield way, figures.mase, np.nan if figures.coverage is None else figures.coverage
    (column,) = model.learned.columns
    origins = origins_in(evaluation.series, evaluation.first, evaluation.horizon, MOST_WINDOWS)
    base = model.rows(evaluation.series).windows(origins, evaluation.horizon).base_BHC[..., 0]
    values = np.array([float(row.rpartition(",")[2]) for row in made.rows])
    origins = origins - len(evaluation.series) + len(values)
    truth = values[origins[:, None] + np.arange(evaluation.horizon)]
    yield "the plain forecast that it adds to", float(abs(base - truth).mean() / column.scale), np.nan
    for way, forecast in _others(values, made.learned, model.config.network.season).items():
        said = np.stack([forecast(int(origin), evaluation.horizon) for origin in origins])
        yield way, float(abs(said - truth).mean() / column.scale), np.nan


def _others(values: np.ndarray, learned: int, season: int) -> dict[str, Callable[[int, int], np.ndarray]]:
    """What statsmodels forecasts from a row on, fitted to the rows that are learned; nothing where it is missing."""
    if importlib.util.find_spec("statsmodels") is None:
        return {}
    warnings.simplefilter("ignore")
    from statsmodels.tsa.ar_model import AutoReg
    from statsmodels.tsa.statespace.exponential_smoothing import ExponentialSmoothing

    lags = sorted({*range(1, 13), *({season - 1, season, season + 1} if season > 1 else ())} - {0})
    constant, *weights = AutoReg(values[:learned], lags=lags).fit().params

    def autoregression(origin: int, horizon: int) -> np.ndarray:
        known = [*values[origin - max(lags) : origin]]
        for _ in range(horizon):
            known.append(constant + sum(weight * known[-lag] for weight, lag in zip(weights, lags, strict=True)))
        return np.array(known[-horizon:])

    found = {"statsmodels, an autoregression": autoregression}
    if season <= 24 and learned <= SMOOTHED:
        seasonal = season if season > 1 else None
        smoothed = ExponentialSmoothing(values[:learned], seasonal=seasonal, initialization_method="heuristic")
        fitted = smoothed.fit(disp=False)

        def smoothing(origin: int, horizon: int) -> np.ndarray:
            return np.asarray(fitted.apply(values[:origin]).forecast(horizon))

        found["statsmodels, exponential smoothing"] = smoothing
    return found
