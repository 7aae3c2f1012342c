"""The score of a forecaster as tables of plain text."""

from __future__ import annotations

from charnn.readable import aligned, counted
from charnn.tasks.forecaster.scores import Score
from charnn.tasks.forecaster.use.model import Forecaster

CALLED = {"forecast": "forecast", "naive": "naive", "seasonal": "seasonal naive"}
MOST_COLUMNS = 20


def report(score: Score, model: Forecaster, *, horizon: int, series: str) -> str:
    """Ends in a line end."""
    network = model.config.network
    season = f", a season of {network.season:,}" if network.season > 1 else ""
    head = [
        f"model     {model.directory.path}",
        f"series    {series}: {counted(score.windows, 'window')} of {counted(horizon, 'step')}{season}",
    ]
    sentence = score.finding()
    parts = [head, _table(score, None), [f"{sentence[0].upper()}{sentence[1:]}."]]
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


def _table(score: Score, column: int | None) -> list[str]:
    rows = [["", "MASE", "MAE", "sMAPE", "quantile loss", "within 80%"]]
    for name in score.names:
        one = score.figures(name, column)
        loss = "-" if one.quantile_loss is None else f"{one.quantile_loss:.3f}"
        within = "-" if one.coverage is None else f"{100 * one.coverage:.1f}%"
        rows.append([CALLED[name], f"{one.mase:.3f}", f"{one.mae:.4g}", f"{100 * one.smape:.1f}%", loss, within])
    return [line.rstrip() for line in aligned(rows)]
