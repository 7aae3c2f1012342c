"""What a report shows of a forecaster: its figures, the last forecast beside what came, and the next one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial

from charnn.corpora.series import Series
from charnn.pages.page import Html, Maker, picture, prose
from charnn.tasks.forecaster.options import ForecasterEvaluationOptions
from charnn.tasks.forecaster.use.evaluation import ForecasterEvaluation
from charnn.tasks.forecaster.use.model import Forecaster

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
    from charnn.tasks.forecaster.use.drawing import drawn

    for place in range(min(len(model.columns), MOST_COLUMNS)):
        found = drawn(model, series, place, ahead=ahead)
        svg = inline_svg(partial(draw_forecast, found))
        yield picture(Html(svg), f"{forecast_finding(found)}.", "The bands have 50% and 80% of what may come.")
