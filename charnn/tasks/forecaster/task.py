"""The forecaster as a task: how it is started, resumed, loaded, described and evaluated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from charnn.config import Budget
from charnn.tasks.forecaster.config import ForecasterConfig
from charnn.tasks.forecaster.options import ForecasterEvaluationOptions, ForecasterOptions
from charnn.tasks.task import Description, Measure, Recognition, Run, Task, resumed_data

if TYPE_CHECKING:
    from charnn.pages.page import Maker
    from charnn.tasks.directory import TaskDirectory
    from charnn.tasks.forecaster.directory import ForecasterDirectory
    from charnn.tasks.forecaster.learn.session import ForecasterSession
    from charnn.tasks.forecaster.use.evaluation import ForecasterEvaluation
    from charnn.tasks.forecaster.use.model import Forecaster


class ForecasterTask(Task[ForecasterConfig]):
    name = "forecaster"
    title = "forecaster"
    data = "series of numbers"
    data_in_singular = "series of numbers"
    summary = "learns series of numbers, and forecasts how they go on"
    commands = ("forecast",)
    reads_input = False
    measure = Measure("quantile_loss", "quantile loss, in the unit of MASE")
    training_options = ForecasterOptions
    evaluation_options = ForecasterEvaluationOptions

    @property
    def directory(self) -> type[ForecasterDirectory]:
        from charnn.tasks.forecaster.directory import ForecasterDirectory

        return ForecasterDirectory

    @property
    def model(self) -> type[Forecaster]:
        from charnn.tasks.forecaster.use.model import Forecaster

        return Forecaster

    def recognizes(self, sample: str) -> Recognition | None:
        """A table of times and numbers; numbers alone may be anything."""
        from charnn.corpora.series_recognition import recognize_series

        found = recognize_series(sample)
        return None if found is None else Recognition(found, is_sure=False)

    def resembles(self, sample: str) -> str | None:
        from charnn.corpora.series_recognition import looks_like_numbers

        return looks_like_numbers(sample)

    def start(self, run: Run, options: ForecasterOptions) -> ForecasterSession:
        from charnn.tasks.forecaster.dataset import read_corpus
        from charnn.tasks.forecaster.learn.session import ForecasterSession
        from charnn.training.planning import Overrides

        corpus = read_corpus(run.files(options), options.layout, season=options.season, horizon=options.horizon)
        overrides = Overrides(settings=options.training_settings(), **options.overrides)
        return ForecasterSession.start(run, corpus, overrides)

    def resume(self, directory: TaskDirectory[ForecasterConfig], run: Run, budget: Budget | None) -> ForecasterSession:
        from charnn.tasks.forecaster.dataset import read_corpus_again, read_named_again
        from charnn.tasks.forecaster.learn.session import ForecasterSession

        config = directory.config()
        record, season, horizon = config.corpus, config.network.season, config.network.horizon
        corpus = resumed_data(
            run,
            directory.path,
            "time series",
            named=lambda: read_named_again(run.corpus, record, season, horizon),
            recorded=lambda: read_corpus_again(record, season, horizon),
        )
        return ForecasterSession.resume(self.directory(directory.path), corpus, budget, run.thread_counts)

    def describe(self, directory: TaskDirectory[ForecasterConfig]) -> Description:
        from charnn.tasks.forecaster.description import describe

        return describe(self.directory(directory.path))

    def sections(self, model: Forecaster, files: Sequence[str], *, encoding: str, seed: int) -> Mapping[str, Maker]:
        from charnn.tasks.forecaster.use.sections import sections

        return sections(model, files, encoding=encoding)

    def evaluate(
        self,
        model: Forecaster,
        files: Sequence[str],
        options: ForecasterEvaluationOptions,
        *,
        encoding: str = "utf-8",
        threads: int = 1,
    ) -> ForecasterEvaluation:
        from charnn.tasks.forecaster.use.evaluation import ForecasterEvaluation

        return ForecasterEvaluation(model, files, options, encoding=encoding, threads=threads)
