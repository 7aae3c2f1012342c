"""Evaluates how far a forecaster's forecasts are from what came, beside the naive forecasts of the same windows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from charnn.corpora.progress import tell
from charnn.corpora.series import Series
from charnn.errors import CorpusError, UsageError
from charnn.readable import aligned, counted, file_name
from charnn.tasks.forecaster.dataset import LEAST_CONTEXT, MOST_WINDOWS, origins_in, read_corpus_again, rows_before
from charnn.tasks.forecaster.options import ForecasterEvaluationOptions
from charnn.tasks.forecaster.scores import ForecastScore
from charnn.tasks.forecaster.use.model import Forecaster
from charnn.tasks.task import Evaluation, Finding

CHUNK = 64
"""Windows that are forecast together, fewer where columns are many."""


class ForecasterEvaluation(Evaluation):
    """The figures over rolling windows: from every row on, the steps of a horizon are forecast."""

    def __init__(
        self,
        model: Forecaster,
        files: Sequence[str],
        options: ForecasterEvaluationOptions,
        *,
        encoding: str,
        threads: int,
    ) -> None:
        """Without files it scores what was held out when the model was trained. Rows that it learned are context in a
        file that goes on behind them, or has them and more."""
        self._model = model
        model.precision, model.threads = model.precision or "fp32", threads
        self.horizon = options.horizon or model.config.network.horizon
        self._file = ", ".join(map(file_name, files)) or None
        if len(files) > 1:
            raise UsageError(f"{self._file}: one series is scored at a time")
        if not files and not model.config.corpus.held_out:
            raise UsageError(
                "nothing was held out when the model was trained, which learned all of its data",
                hint="name a FILE to score the model on",
            )
        self.series, first = self._held_out() if not files else self._read(files[0], options, encoding)
        self.first = first
        """The first row that is forecast."""
        self.score = ForecastScore(model.learned.columns)

    def _held_out(self) -> tuple[Series, int]:
        config = self._model.config
        corpus = read_corpus_again(config.corpus, config.network.season, config.network.horizon)
        return corpus.held_out, max(corpus.held_out_from, 1)

    def _read(self, file: str, options: ForecasterEvaluationOptions, encoding: str) -> tuple[Series, int]:
        own = options.layout
        layout = own if own.columns or own.time else None
        read = self._model.read(file, layout=layout, encoding=encoding, on_error=options.on_error)
        recent = self._model.learned.recent
        if (joined := recent.joined(read)) is not None and (begins := round(recent.axis.row_of(read.axis.first))) >= 1:
            return joined, max(len(recent), begins)
        if (after := rows_until(recent, read)) is not None and LEAST_CONTEXT <= after <= len(read) - self.horizon:
            return read, after
        return read, min(max(LEAST_CONTEXT, rows_before(self._model.learned.columns)), max(len(read) // 2, 1))

    def run(self) -> Iterator[Finding]:
        origins = origins_in(self.series, self.first, self.horizon, MOST_WINDOWS)
        if not len(origins):
            name = self._file or "what was held out"
            raise CorpusError(
                f"{name}: there are no {self.horizon} rows to compare a forecast with",
                hint="score a shorter --horizon",
            )
        with self._model as model:
            rows = model.rows(self.series)
            chunk = rows.at_once(CHUNK, self.horizon)
            for start in range(0, len(origins), chunk):
                tell("forecasting", start, len(origins))
                some = origins[start : start + chunk]
                values_BHCQ, windows = model.forecasts(rows, some, self.horizon)
                truth_BHC = self.series.values_NC[some[:, None] + np.arange(self.horizon)]
                self.score.add(truth_BHC, values_BHCQ, windows)
        yield from ()

    def to_json(self) -> dict[str, Any]:
        score, names = self.score, list(self.score.names)
        columns = {
            name: {way: score.figures(way, place).to_json() for way in names}
            for place, name in enumerate(self._model.columns)
        }
        return {
            **{name: score.figures(name).to_json() for name in names},
            "finding": score.finding(),
            "beats_naive": score.figures("forecast").mase < score.figures(score.best_naive).mase,
            "columns": columns,
            "horizon": self.horizon,
            "season": self._model.config.network.season,
            "windows": score.windows,
            "values": score.values,
            "file": self._file,
            "precision": self._model.precision,
            "model": str(self._model.directory.path),
        }

    def report(self) -> str:

        name = self._file or "held out of the series"
        return report(self.score, self._model, horizon=self.horizon, series=name)


def rows_until(known: Series, series: Series) -> int | None:
    """How many rows of a series stand before the end of another one; None where their times are not of one kind."""
    axis, other = series.axis, known.axis
    if not axis.has_times or not axis.counts_like(other):
        return None
    return round(axis.row_of(other.text(len(known))))


CALLED = {"forecast": "forecast", "naive": "naive", "seasonal": "seasonal naive"}
MOST_COLUMNS = 20


def report(score: ForecastScore, model: Forecaster, *, horizon: int, series: str) -> str:
    """Ends in a line end."""
    network = model.config.network
    season = f", a season of {network.season:,}" if network.season > 1 else ""
    head = [
        f"model     {model.directory.path}",
        f"series    {series}: {counted(score.windows, 'window')} of {counted(horizon, 'step')}{season}",
    ]
    sentence = score.finding()
    parts = [head, _table(score), [f"{sentence[0].upper()}{sentence[1:]}."]]
    if len(model.columns) > 1:
        rows = [["MASE of", *(CALLED[name] for name in score.names), "within 80%"]]
        for place, column in enumerate(model.columns[:MOST_COLUMNS]):
            figures = {name: score.figures(name, place) for name in score.names}
            coverage = figures["forecast"].coverage
            within = "-" if coverage is None else f"{100 * coverage:.1f}%"
            rows.append([column, *(f"{one.mase:.3f}" for one in figures.values()), within])
        more = len(model.columns) - MOST_COLUMNS
        parts.append([*aligned(rows), *([f"and {counted(more, 'column')} more"] if more > 0 else [])])
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _table(score: ForecastScore) -> list[str]:
    rows = [["", "MASE", "MAE", "sMAPE", "quantile loss", "within 80%"]]
    for name in score.names:
        one = score.figures(name)
        loss = "-" if one.quantile_loss is None else f"{one.quantile_loss:.3f}"
        within = "-" if one.coverage is None else f"{100 * one.coverage:.1f}%"
        rows.append([CALLED[name], f"{one.mase:.3f}", f"{one.mae:.4g}", f"{100 * one.smape:.1f}%", loss, within])
    return [line.rstrip() for line in aligned(rows)]
