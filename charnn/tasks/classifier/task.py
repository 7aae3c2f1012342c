"""The classifier as a task: how it is started, resumed, loaded, described and evaluated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from charnn.config import Budget
from charnn.config.model import TokenizerConfig
from charnn.tasks.classifier.config import ClassifierConfig
from charnn.tasks.classifier.options import ClassifierEvaluationOptions, ClassifierOptions
from charnn.tasks.task import Description, Measure, Recognition, Run, Task, resumed_data

if TYPE_CHECKING:
    from charnn.pages.page import Maker
    from charnn.tasks.classifier.corpus import LabelledCorpus
    from charnn.tasks.classifier.directory import ClassifierDirectory
    from charnn.tasks.classifier.learn.session import ClassifierSession
    from charnn.tasks.classifier.learn.transfer import InitialWeights
    from charnn.tasks.classifier.use.evaluation import ClassifierEvaluation
    from charnn.tasks.classifier.use.model import Classifier
    from charnn.tasks.directory import TaskDirectory


class ClassifierTask(Task[ClassifierConfig]):
    name = "classifier"
    title = "classifier"
    data = "labelled texts"
    data_in_singular = "list of labelled texts"
    summary = "learns the labels of texts, and labels new ones"
    commands = ("classify",)
    measure = Measure("nats_per_text", "nats per text", has_training=True)
    training_options = ClassifierOptions
    evaluation_options = ClassifierEvaluationOptions
    reads_folders = True

    @property
    def directory(self) -> type[ClassifierDirectory]:
        from charnn.tasks.classifier.directory import ClassifierDirectory

        return ClassifierDirectory

    @property
    def model(self) -> type[Classifier]:
        from charnn.tasks.classifier.use.model import Classifier

        return Classifier

    def recognizes(self, sample: str) -> Recognition | None:
        """fastText's lines and tables with the usual names are labelled texts; two columns may be a treebank, too."""
        from charnn.corpora.labelled_recognition import recognize_labelled

        found = recognize_labelled(sample)
        return None if found is None else Recognition(found.reason, is_sure=found.is_sure)

    def resembles(self, sample: str) -> str | None:
        from charnn.corpora.columns import between_tabs

        return between_tabs(sample, 2)

    def start(self, run: Run, options: ClassifierOptions) -> ClassifierSession:
        from charnn.tasks.classifier.corpus import check_layout, read_corpus
        from charnn.tasks.classifier.learn.plan import ClassifierOverrides
        from charnn.tasks.classifier.learn.session import ClassifierSession
        from charnn.tasks.classifier.learn.transfer import read_initial_weights

        check_layout(options.layout)
        source = None if options.start_from is None else read_initial_weights(options.start_from)
        corpus = read_corpus(run.files(options), options.layout)
        overrides = ClassifierOverrides(
            embedding_size=options.embedding,
            pool=options.pool,
            ngrams=options.ngrams,
            members=options.members,
            balance=options.balance,
            settings=options.training_settings(),
            **options.overrides,
        )
        tokenizer = _tokenizer(options, corpus, source)
        return ClassifierSession.start(run, corpus, tokenizer, overrides, source=source)

    def resume(self, directory: TaskDirectory[ClassifierConfig], run: Run, budget: Budget | None) -> ClassifierSession:
        from charnn.tasks.classifier.corpus import read_corpus_again, read_named_again
        from charnn.tasks.classifier.learn.session import ClassifierSession

        record = directory.config().corpus
        corpus = resumed_data(
            run,
            directory.path,
            "texts",
            named=lambda: read_named_again(run.corpus, record),
            recorded=lambda: read_corpus_again(record),
        )
        return ClassifierSession.resume(self.directory(directory.path), corpus, budget, run.thread_counts)

    def describe(self, directory: TaskDirectory[ClassifierConfig]) -> Description:
        from charnn.tasks.classifier.description import describe

        return describe(self.directory(directory.path))

    def sections(self, model: Classifier, files: Sequence[str], *, encoding: str, seed: int) -> Mapping[str, Maker]:
        from charnn.tasks.classifier.use.sections import sections

        return sections(model, files, encoding=encoding)

    def evaluate(
        self,
        model: Classifier,
        files: Sequence[str],
        options: ClassifierEvaluationOptions,
        *,
        encoding: str = "utf-8",
        threads: int = 1,
    ) -> ClassifierEvaluation:
        from charnn.tasks.classifier.use.evaluation import ClassifierEvaluation

        return ClassifierEvaluation(model, files, options, encoding=encoding, threads=threads)


def _tokenizer(options: ClassifierOptions, corpus: LabelledCorpus, source: InitialWeights | None) -> TokenizerConfig:
    """The tokenizer that was asked for, or else that of the model to start from, or else what suits the texts."""
    from charnn.tasks.classifier.learn.symbols import suits_words

    config = options.tokenizer_config(None if source is None else source.tokenizer_config)
    chooses = options.tokenizer is None and source is None
    return replace(config, kind="words") if chooses and suits_words(corpus.training.bodies) else config
