"""Describes a forecaster in rows for a person."""

from __future__ import annotations

from charnn.readable import counted, first_few
from charnn.tasks.description import file_rows, int8_row, rise, score_rows, training_row
from charnn.tasks.forecaster.config import QUANTILES, ForecasterConfig
from charnn.tasks.forecaster.directory import ForecasterDirectory
from charnn.tasks.task import UNMEASURED, Description

BASES = {
    "last": "the last value",
    "season": "the value a season before",
    "linear": "a linear forecast from the rows before",
}
"""The forecasts that the network adds to, by their names."""
SHOWN_COLUMNS = 8
"""The most columns that are named."""


def describe(directory: ForecasterDirectory) -> Description:
    config, learned = directory.config(), directory.series()
    network, training, corpus = config.network, config.training, config.corpus
    names = [column.name for column in learned.columns]
    kinds = dict.fromkeys(BASES[column.base.kind] for column in learned.columns)
    base = " or ".join(kinds)
    alone = f"{base} alone, since the network was hardly better on what was held out"
    how = f"what the network adds to {base}" if network.adds else alone
    axis, recent = learned.recent.axis, learned.recent
    season = f"a season of {network.season:,} steps" if network.season > 1 else "no season"
    cycles = f", the calendar's {' and '.join(network.cycles)}" if network.cycles else ""
    model = [
        ("network", f"{network}, reads the last {training.window_length:,} rows"),
        ("columns", f"{len(names):,}: {first_few(names, SHOWN_COLUMNS)}"),
        (
            "forecasts",
            f"{counted(network.horizon, 'step')} ahead, quantiles {', '.join(map(str, QUANTILES))}, {how}",
        ),
        ("season", f"{season}{cycles}"),
    ]
    ends = f", until {axis.text(len(recent) - 1)}" if axis.has_times else ""
    gaps = f", {corpus.gaps:,} values missing" if corpus.gaps else ""
    held_out = f"{corpus.validation_rows:,} to validate with" if corpus.held_out else "none held out"
    data = [
        *file_rows("series", [corpus.source]),
        *file_rows("validation", [corpus.validation_source] if corpus.validation_source else []),
        ("times", f"a step is {axis}{ends}"),
        ("split", f"{corpus.training_rows:,} rows to train on, {held_out}{gaps}"),
    ]
    trained = training_row(config, f"{training.batch_size} windows")
    scores = [*score_rows(config, held_out=corpus.held_out)]
    if config.quantization:
        measured = config.quantization
        cost = rise(measured.mase_lost, "MASE")
        scores.append(int8_row(measured.speed_ratio, cost, used=measured.used, use="forecasts"))
    learned_json = {"columns": names, "recent": {"first": axis.first, "rows": len(recent)}}
    return Description(model, data, [trained], scores, learned_json, limits(config, len(recent)))


def limits(config: ForecasterConfig, recent: int) -> list[str]:
    said = [
        "It knows the series alone, and nothing of what moves it: what never happened in it is in no interval.",
        f"Beyond {counted(config.network.horizon, 'step')} ahead its forecasts are less sure than they say.",
        f"The last {counted(recent, 'row')} of the series are in the directory.",
    ]
    if not config.corpus.held_out:
        said.append(f"{UNMEASURED}new rows.")
    if config.scores and config.corpus.held_out and config.scores.mase >= 0.98 * config.scores.naive_mase:
        said.append("On what was held out it was no better than a naive forecast.")
    return said
