"""What a report shows of a forecaster: its figures, the last forecast beside what came, and the next one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial

import numpy as np

from charnn.corpora.series import Series
from charnn.errors import UsageError
from charnn.pages.page import Html, Maker, picture, prose
from charnn.plots.forecast import DrawnForecast
from charnn.tasks.forecaster.dataset import read_corpus_again
from charnn.tasks.forecaster.options import ForecasterEvaluationOptions
from charnn.tasks.forecaster.use.evaluation import ForecasterEvaluation
from charnn.tasks.forecaster.use.model import Forecaster


def learned_series(model: Forecaster, *, ahead: bool) -> Series:
    """The series that was learned, with what was held out; to forecast what follows it, its last rows are enough.

    Raises CorpusError where its file is missing or has changed.
    """
    if ahead:
        return model.learned.recent
    config = model.config
    return read_corpus_again(config.corpus, config.network.season, config.network.horizon).held_out


def drawn(
    model: Forecaster, series: Series, place: int, *, horizon: int | None = None, ahead: bool = False
) -> DrawnForecast:
    """The forecast of a column's last rows from those before them, or of what follows them (`ahead`).

    Raises UsageError where no row comes before.
    """
    config = model.config
    horizon = horizon or config.network.horizon
    origin = len(series) if ahead else len(series) - horizon
    if origin < 1:
        raise UsageError(f"--horizon {horizon}: the series has {len(series):,} rows, and some come before a forecast")
    values_BHCQ, windows = model.forecasts(model.rows(series), np.array([origin]), horizon)
    start = max(origin - max(2 * config.network.season, 3 * horizon, config.training.window_length), 0)
    came_H = np.full(horizon, np.nan) if ahead else series.values_NC[origin:, place]
    naive = {"naive": windows.naive_BHC[0, :, place]}
    if config.network.season > 1:
        naive["seasonal naive"] = windows.seasonal_BHC[0, :, place]
    known_H = np.isfinite(came_H)
    better = list(naive)[-1]
    if known_H.any():
        better = min(naive, key=lambda name: float(abs(naive[name] - came_H)[known_H].mean()))
    return DrawnForecast(
        model.columns[place],
        [series.axis.text(row) for row in range(start, origin + horizon)],
        series.values_NC[start:origin, place],
        values_BHCQ[0, :, place],
        came_H,
        naive[better],
        better,
    )


MOST_COLUMNS = 4
"""Columns that are drawn."""


def sections(model: Forecaster, files: Sequence[str], *, encoding: str) -> Mapping[str, Maker]:
    @cache
    def evaluation() -> ForecasterEvaluation:
        options = ForecasterEvaluationOptions()
        return ForecasterEvaluation(model, files, options, encoding=encoding, threads=model.threads)

    return {
        "How well it does": lambda: _scores(evaluation()),
        "What it said of the last rows": lambda: _pictures(model, evaluation().series, ahead=False),
        "How it goes on": lambda: _pictures(model, evaluation().series if files else model.learned.recent, ahead=True),
    }


def _scores(evaluation: ForecasterEvaluation) -> Iterator[Html]:
    for _ in evaluation.run():
        pass
    yield prose(evaluation.report())


def _pictures(model: Forecaster, series: Series, *, ahead: bool) -> Iterator[Html]:
    from charnn.plots.canvas import inline_svg
    from charnn.plots.forecast import draw_forecast, forecast_finding

    for place in range(min(len(model.columns), MOST_COLUMNS)):
        found = drawn(model, series, place, ahead=ahead)
        svg = inline_svg(partial(draw_forecast, found))
        yield picture(Html(svg), f"{forecast_finding(found)}.", "The bands have 50% and 80% of what may come.")
