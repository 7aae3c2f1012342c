"""Decides once what a forecaster's run will be: one frozen value, from what the user asks for and from the series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from charnn.config.training import Budget
from charnn.tasks.forecaster.config import ForecasterConfig, ForecasterNetworkConfig
from charnn.tasks.forecaster.dataset import SeriesCorpus
from charnn.tasks.forecaster.directory import ForecasterDirectory
from charnn.tasks.forecaster.windows import ColumnStatistics, cycles_of, statistics, windows_at_once
from charnn.training.hardware import threads_for
from charnn.training.planning import Overrides, new_record, under_budget

LEARNING_RATE = 4e-3
BATCH = 32
"""The windows of a batch, fewer where columns are many."""
SHORTEST_CONTEXT, LONGEST_CONTEXT = 24, 96
AVERAGE_DECAY = 0.98
SHORTEST, LONGEST, ROWS_A_MINUTE = 15, 300, 20_000
"""The seconds of the shortest and longest default run, and the rows for which it takes a minute."""
SMALL_STEP = 256 * 64
"""The batch size times the hidden units of a step that is too small for a second thread."""


@dataclass(frozen=True)
class ForecasterPlan:
    config: ForecasterConfig
    columns: tuple[ColumnStatistics, ...]
    threads: int
    """The number of threads that a step is worth."""


def decide(
    corpus: SeriesCorpus,
    overrides: Overrides,
    *,
    thread_counts: Sequence[int],
) -> ForecasterPlan:
    """The plan of a new run: what the user asked for, and the rest chosen for the series. Nothing is written.

    `thread_counts` are the numbers of threads that may be used. Raises ConfigError for what cannot be.
    """
    network = ForecasterNetworkConfig(
        columns=len(corpus.training.columns),
        season=corpus.season,
        horizon=corpus.horizon,
        cycles=cycles_of(corpus.training),
        **overrides.asked("cell", "layers", "hidden_size", "dropout"),
    )
    context = default_context(corpus.season)
    training = overrides.training_config(
        budget=default_budget(len(corpus.training)),
        batch_size=windows_at_once(BATCH, context + network.horizon, network.inputs),
        window_length=context,
        learning_rate=LEARNING_RATE,
        average_decay=AVERAGE_DECAY,
    )
    config = ForecasterConfig("forecaster", network, training, corpus.config, new_record())
    columns = statistics(corpus.training, network.season, network.horizon)
    threads = threads_for(training.batch_size * network.hidden_size, SMALL_STEP, thread_counts)
    return ForecasterPlan(config, columns, threads)


def plan_to_resume(
    directory: ForecasterDirectory, budget: Budget | None, *, thread_counts: Sequence[int]
) -> ForecasterPlan:
    """The plan of the run that is in `directory`, under another budget unless that is None."""
    config = under_budget(directory.config(), budget)
    threads = threads_for(config.training.batch_size * config.network.hidden_size, SMALL_STEP, thread_counts)
    return ForecasterPlan(config, directory.series().columns, threads)


def default_budget(rows: int) -> Budget:
    return Budget(seconds=float(round(min(max(60 * rows / ROWS_A_MINUTE, SHORTEST), LONGEST))))


def default_context(season: int) -> int:
    """Two seasons, within bounds; the value a season before is an input of its own, however long that is."""
    return min(max(2 * season, SHORTEST_CONTEXT), LONGEST_CONTEXT)
