"""A forecaster's run: a series and what the user asked for in, a model directory out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import torch

from charnn.config.training import Budget
from charnn.readable import counted, first_few
from charnn.tasks.forecaster.config import ForecasterConfig, ForecasterQuantization
from charnn.tasks.forecaster.dataset import SeriesCorpus, rows_before
from charnn.tasks.forecaster.description import SHOWN_COLUMNS
from charnn.tasks.forecaster.directory import ForecasterDirectory, LearnedSeries
from charnn.tasks.forecaster.learn.network import ForecasterNetwork
from charnn.tasks.forecaster.learn.objective import ForecasterObjective
from charnn.tasks.forecaster.learn.plan import ForecasterPlan, decide, plan_to_resume
from charnn.tasks.forecaster.learn.quantization import measure_quantization
from charnn.tasks.task import Run
from charnn.training.hardware import allowed_threads
from charnn.training.keeper import Weights
from charnn.training.planning import Overrides
from charnn.training.session import Session
from charnn.training.verdict import HeldOut


class ForecasterSession(Session[ForecasterConfig]):
    directory: ForecasterDirectory
    network: ForecasterNetwork

    def __init__(self, directory: ForecasterDirectory, plan: ForecasterPlan, corpus: SeriesCorpus) -> None:
        self.corpus, self._plan = corpus, plan
        config = plan.config
        self._dataset = corpus.dataset(config.network, plan.columns, config.training.window_length)

        def objective(device: torch.device) -> ForecasterObjective:
            self.network = ForecasterNetwork(config.network, plan.columns).to(device)
            return ForecasterObjective(self.network, self._dataset, config.training)

        super().__init__(directory, config, objective, self._write, threads=plan.threads)
        self._characters_per_unit = config.corpus.source.characters / max(config.corpus.training_rows, 1)

    @classmethod
    def start(cls, run: Run, corpus: SeriesCorpus, overrides: Overrides) -> ForecasterSession:
        """Begins a new run. The directory is made once all else is right."""
        plan = decide(corpus, overrides, thread_counts=allowed_threads(run.thread_counts))
        return cls.begin(
            plan.config,
            lambda: run.create(ForecasterDirectory),
            ForecasterDirectory,
            lambda made: cls(made, plan, corpus),
        )

    @classmethod
    def _as_planned(
        cls, directory: ForecasterDirectory, corpus: SeriesCorpus, budget: Budget | None, thread_counts: Sequence[int]
    ) -> Self:
        return cls(directory, plan_to_resume(directory, budget, thread_counts=thread_counts), corpus)

    def _write(self, weights: Weights) -> None:
        """The end of all rows that were read is kept, so that a forecast needs no file."""
        config = self._plan.config
        rows = config.training.window_length + rows_before(self._plan.columns) + 1
        series = self.corpus.held_out
        recent = series.rows(max(len(series) - rows, 0))
        self.directory.write_series(LearnedSeries(self._plan.columns, recent))

    def _describe(self) -> list[str]:
        config, training = self.config, self.config.training
        network, corpus, axis = config.network, config.corpus, self.corpus.training.axis
        columns = first_few(self.corpus.training.columns, SHOWN_COLUMNS)
        held_out = f"{corpus.validation_rows:,} to validate with" if self.holds_out else "none held out"
        season = f"a season of {network.season:,} steps" if network.season > 1 else "no season"
        return [
            f"series    {columns}: {corpus.training_rows:,} rows to train on, {held_out}; a step is {axis}",
            *(f"          {remark}" for remark in self.corpus.remarks),
            f"season    {season}; {counted(network.horizon, 'step')} ahead are learned, from the last "
            f"{training.window_length:,}",
            f"network   {network}: {self.parameters:,} parameters",
            self._training_row(f"{counted(training.batch_size, 'window')} a batch"),
        ]

    def _held_out(self) -> HeldOut:
        return HeldOut(self.config.corpus.validation_rows, "rows")

    def _measure_quantization(self) -> ForecasterQuantization:
        return measure_quantization(self.directory, self._dataset.validation)
