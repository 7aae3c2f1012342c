"""The language model as a task: how it is started, resumed, loaded, described and evaluated."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from charnn.config import Budget, TrainingConfig
from charnn.config.model import ReadKind, TokenizerConfig
from charnn.corpora.labelled_layout import AS_TOLD
from charnn.errors import UsageError
from charnn.tasks.language_model.config import CorpusConfig, LanguageModelConfig
from charnn.tasks.language_model.options import LanguageModelEvaluationOptions, LanguageModelOptions
from charnn.tasks.task import Description, Evaluation, Measure, Run, Task, resumed_data

if TYPE_CHECKING:
    from charnn.pages.page import Maker
    from charnn.readers.reader import Reader
    from charnn.tasks.directory import TaskDirectory
    from charnn.tasks.language_model.corpus import Corpus
    from charnn.tasks.language_model.directory import LanguageModelDirectory
    from charnn.tasks.language_model.learn.session import LanguageModelSession
    from charnn.tasks.language_model.use.model import LanguageModel


class LanguageModelTask(Task[LanguageModelConfig]):
    name = "language-model"
    title = "language model"
    data = "texts"
    summary = "learns a text, writes more of it, and says how well it predicts other texts"
    commands = ("sample", "score", "novelty")
    reads_input = False
    measure = Measure("nats_per_character", "nats per character by the network", has_training=True)
    training_options = LanguageModelOptions
    evaluation_options = LanguageModelEvaluationOptions
    several_processes = True

    @property
    def directory(self) -> type[LanguageModelDirectory]:
        from charnn.tasks.language_model.directory import LanguageModelDirectory

        return LanguageModelDirectory

    @property
    def model(self) -> type[LanguageModel]:
        from charnn.tasks.language_model.use.model import LanguageModel

        return LanguageModel

    def uses(self, config: LanguageModelConfig, named: str, path: str) -> list[str]:
        if config.corpus.backwards:
            return [f"charnn train TREEBANK --reader FORWARDS --reader {shlex.quote(path)}"]
        return super().uses(config, named, path)

    def start(self, run: Run, options: LanguageModelOptions) -> LanguageModelSession:
        """Starts a new run. If there are several processes, only the first one reads the models that are named."""
        from charnn.tasks.language_model.corpus import read_corpus
        from charnn.tasks.language_model.learn.overrides import LanguageModelOverrides
        from charnn.tasks.language_model.learn.session import LanguageModelSession
        from charnn.tasks.language_model.learned_texts import with_replay

        _check(options)
        name, processes = options.start_from, run.processes
        source = self.directory.find(name) if name is not None and processes.is_first else None
        teachers = [self.directory.find(one) for one in options.teacher or []] if processes.is_first else []
        for teacher in teachers:
            teacher.check()
        settings = options.training_settings(patience=TrainingConfig.patience)
        tokenizer = processes.broadcast(
            lambda: _tokenizer(options, source, teachers),
            pack=TokenizerConfig.to_json,
            unpack=TokenizerConfig.from_json,
        )
        backwards = processes.broadcast(
            lambda: _reads_backwards(options, source, tokenizer.kind), pack=bool, unpack=bool
        )
        corpus = read_corpus(
            run.files(options),
            document=options.documents,
            labelled=options.layout if options.conditioned else None,
            any_bytes=tokenizer.kind == "bytes",
        )
        corpus = replace(corpus, config=replace(corpus.config, backwards=backwards))
        if name is not None and not options.forget:
            old = processes.broadcast(
                lambda: source.config().corpus,  # type: ignore[union-attr]
                pack=CorpusConfig.to_json,
                unpack=CorpusConfig.from_json,
            )
            corpus = with_replay(corpus, old, any_bytes=tokenizer.kind == "bytes")
        overrides = LanguageModelOverrides(
            embedding_size=options.embedding,
            residual=options.residual or None,
            recurrent_depth=options.recurrent_depth,
            weight_drop=options.weight_drop,
            embedding_dropout=options.embedding_dropout,
            gradient_flow=options.gradient_flow,
            stopping=options.stopping,
            members=options.members,
            ngram_order=options.ngrams,
            words=options.words,
            settings=settings,
            **options.overrides,
        )
        return LanguageModelSession.start(run, corpus, tokenizer, overrides, source=source, teachers=teachers)

    def resume(
        self, directory: TaskDirectory[LanguageModelConfig], run: Run, budget: Budget | None
    ) -> LanguageModelSession:
        from charnn.corpora.data_files import DataFiles
        from charnn.tasks.language_model.corpus import read_corpus, read_corpus_again
        from charnn.tasks.language_model.learn.session import LanguageModelSession
        from charnn.tasks.language_model.learned_texts import replaying

        config = run.processes.broadcast(
            directory.config, pack=LanguageModelConfig.to_json, unpack=LanguageModelConfig.from_json
        )
        record, any_bytes = config.corpus, config.tokenizer.kind == "bytes"

        def named() -> Corpus | None:
            validation_paths = [source.path for source in record.validation_sources]
            corpus = read_corpus(
                DataFiles(run.corpus, validation_paths, record.encoding, record.on_error, record.held_out),
                document=record.document,
                labelled=record.layout if record.labels else None,
                any_bytes=any_bytes,
            )
            if corpus.config.hashes != record.hashes:
                return None
            again = replace(corpus.config, replayed=record.replayed, backwards=record.backwards)
            return replace(corpus, config=again)

        corpus = resumed_data(
            run,
            directory.path,
            "text",
            named=named,
            recorded=lambda: read_corpus_again(record, any_bytes=any_bytes),
        )
        corpus = replaying(corpus, any_bytes=any_bytes)
        return LanguageModelSession.resume(
            self.directory(directory.path), corpus, budget, run.thread_counts, run.processes
        )

    def reader(self, directory: TaskDirectory[LanguageModelConfig]) -> Reader:
        from charnn.tasks.language_model.as_reader import as_reader

        return as_reader(self.directory(directory.path))

    def let_learn(self, model: LanguageModel) -> None:
        from charnn.tasks.language_model.learn.adaptation import AdaptingLanguageModel

        if model.labels:
            raise UsageError(f"--adapt: {model.path} learned texts with labels, and --adapt is for texts without")
        if model.is_quantized(model.precision or "fp32"):
            raise UsageError("--adapt: the weights that learn are fp32", hint="leave out --precision int8")
        model.learner = AdaptingLanguageModel.of(model.directory)

    def describe(self, directory: TaskDirectory[LanguageModelConfig]) -> Description:
        from charnn.tasks.language_model.description import describe

        return describe(self.directory(directory.path))

    def sections(self, model: LanguageModel, files: Sequence[str], *, encoding: str, seed: int) -> Mapping[str, Maker]:
        from charnn.tasks.language_model.use.sections import sections

        return sections(model, files, encoding=encoding, seed=seed)

    def evaluate(
        self,
        model: LanguageModel,
        files: Sequence[str],
        options: LanguageModelEvaluationOptions,
        *,
        encoding: str = "utf-8",
        threads: int = 1,
    ) -> Evaluation:
        from charnn.tasks.language_model.use.evaluation import TextEvaluation
        from charnn.tasks.language_model.use.labelled_evaluation import LabelledTextEvaluation

        kind = LabelledTextEvaluation if model.labels else TextEvaluation
        evaluation = kind(model, files, options, encoding=encoding, threads=threads)
        if options.adapt:
            self.let_learn(model)
        return evaluation


def _check(options: LanguageModelOptions) -> None:
    """Raises UsageError for options that contradict each other."""
    from charnn.tasks.teaching import check_teachers_named

    check_teachers_named(options.start_from, options.teacher)
    if options.tokenizer == "words":
        raise UsageError(
            "--tokenizer words: a language model writes what it reads, spaces and capitals too",
            hint="use unigram or bpe for pieces of words; whole words are for --task classifier",
        )
    if options.forget and options.start_from is None:
        raise UsageError("--forget is about the model that --from names, and there is none")
    if options.conditioned and options.documents != LanguageModelOptions.documents:
        raise UsageError(f"--documents {options.documents}: with --conditioned each labelled text is a document")
    if not options.conditioned and options.layout != AS_TOLD:
        raise UsageError(
            "--label-column, --text and --label are about texts with labels",
            hint="give --conditioned to learn one model of the texts of all labels",
        )


def _tokenizer(
    options: LanguageModelOptions, source: LanguageModelDirectory | None, teachers: Sequence[LanguageModelDirectory]
) -> TokenizerConfig:
    """The tokenizer of the new model: that of its teachers, or as was asked for, or that of the model to start from.

    Raises UsageError where a vocabulary was asked for that is not that of the teachers.
    """
    if teachers:
        theirs = teachers[0].config().tokenizer
        options.check_vocabulary(f"--teacher {teachers[0].path}", theirs)
        return theirs
    return options.tokenizer_config(None if source is None else source.config().tokenizer)


def _reads_backwards(options: LanguageModelOptions, source: LanguageModelDirectory | None, tokenizer: ReadKind) -> bool:
    """Whether the text is read backwards: as the model to start from reads it, or as was asked for.

    Raises UsageError where the two contradict each other, and for a model that could not be a reader.
    """
    if source is not None and source.config().corpus.backwards:
        return True
    if options.backwards:
        if source is not None:
            raise UsageError(f"--backwards: {source.path} has learned to read forwards")
        for what, other in (
            ("--conditioned", options.conditioned),
            ("--stopping length", options.stopping == "length"),
            (f"--tokenizer {tokenizer}", tokenizer != "characters"),
        ):
            if other:
                raise UsageError(f"--backwards and {what}: a model to read with has characters and nothing else")
    return options.backwards
