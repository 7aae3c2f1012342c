"""The transducer as a task: how it is started, resumed, loaded, described and evaluated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from charnn.config import Budget
from charnn.errors import UsageError
from charnn.tasks.task import Description, Measure, Recognition, Run, Task, resumed_data
from charnn.tasks.transducer.config import DecoderKind, TransducerConfig
from charnn.tasks.transducer.options import IS_WANTED, TransducerEvaluationOptions, TransducerOptions

if TYPE_CHECKING:
    from charnn.pages.page import Maker
    from charnn.tasks.directory import TaskDirectory
    from charnn.tasks.transducer.directory import TransducerDirectory
    from charnn.tasks.transducer.learn.session import TransducerSession
    from charnn.tasks.transducer.use.evaluation import TransducerEvaluation
    from charnn.tasks.transducer.use.model import Transducer


class TransducerTask(Task[TransducerConfig]):
    name = "transducer"
    title = "transducer"
    data = "lists of pairs"
    data_in_singular = "list of pairs"
    summary = "learns pairs of a source and a target, and writes the targets of new sources"
    commands = ("transduce",)
    measure = Measure("accuracy", "% of lines wrong", is_fraction_right=True)
    training_options = TransducerOptions
    evaluation_options = TransducerEvaluationOptions

    @property
    def model(self) -> type[Transducer]:
        from charnn.tasks.transducer.use.model import Transducer

        return Transducer

    @property
    def directory(self) -> type[TransducerDirectory]:
        from charnn.tasks.transducer.directory import TransducerDirectory

        return TransducerDirectory

    def recognizes(self, sample: str) -> Recognition | None:
        """Two or three columns between tabs of which the first and the last are about as varied are pairs."""
        from charnn.corpora.pair_recognition import recognize_pairs

        found = recognize_pairs(sample)
        return None if found is None else Recognition(found.reason, is_sure=found.is_sure)

    def resembles(self, sample: str) -> str | None:
        from charnn.corpora.columns import between_tabs

        return between_tabs(sample, 2, 3)

    def start(self, run: Run, options: TransducerOptions) -> TransducerSession:
        from charnn.tasks.transducer.dataset import read_pair_set
        from charnn.tasks.transducer.learn.plan import TransducerOverrides
        from charnn.tasks.transducer.learn.session import TransducerSession
        from charnn.tasks.transducer.learn.transfer import read_initial_weights

        if options.window is not None:
            raise UsageError("--window is for texts and sentences; a transducer reads whole lines")
        source = None if options.start_from is None else read_initial_weights(options.start_from)
        pairs = read_pair_set(
            run.files(options),
            layout=options.layout,
            source_symbols=options.source_symbols or (None if source is None else source.source_symbols),
            target_symbols=options.target_symbols or (None if source is None else source.target_symbols),
            lookup=IS_WANTED[options.lookup],
        )
        overrides = TransducerOverrides(
            embedding_size=options.embedding,
            decoder=options.decoder_among(DecoderKind, self.data),
            attention=options.attention,
            copies=IS_WANTED[options.copy],
            label_smoothing=options.label_smoothing,
            scheduled_sampling=options.scheduled_sampling,
            members=options.members,
            settings=options.training_settings(),
            **options.overrides,
        )
        return TransducerSession.start(run, pairs, overrides, source=source)

    def resume(self, directory: TaskDirectory[TransducerConfig], run: Run, budget: Budget | None) -> TransducerSession:
        from charnn.tasks.transducer.dataset import read_named_again, read_pair_set_again
        from charnn.tasks.transducer.learn.session import TransducerSession

        record = directory.config().corpus
        pairs = resumed_data(
            run,
            directory.path,
            "texts",
            named=lambda: read_named_again(run.corpus, record),
            recorded=lambda: read_pair_set_again(record),
        )
        return TransducerSession.resume(self.directory(directory.path), pairs, budget, run.thread_counts)

    def describe(self, directory: TaskDirectory[TransducerConfig]) -> Description:
        from charnn.tasks.transducer.description import describe

        return describe(self.directory(directory.path))

    def sections(self, model: Transducer, files: Sequence[str], *, encoding: str, seed: int) -> Mapping[str, Maker]:
        from charnn.tasks.transducer.use.sections import sections

        return sections(model, files, encoding=encoding)

    def evaluate(
        self,
        model: Transducer,
        files: Sequence[str],
        options: TransducerEvaluationOptions,
        *,
        encoding: str = "utf-8",
        threads: int = 1,
    ) -> TransducerEvaluation:
        from charnn.tasks.transducer.use.evaluation import TransducerEvaluation

        return TransducerEvaluation(model, files, options, encoding=encoding, threads=threads)
