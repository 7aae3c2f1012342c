"""The tagger as a task: how it is started, resumed, loaded, described and evaluated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from charnn.config import Budget
from charnn.tasks.tagger.config import DecoderKind, TaggerConfig, TreebankConfig
from charnn.tasks.tagger.options import TaggerEvaluationOptions, TaggerOptions
from charnn.tasks.task import Description, Measure, Recognition, Run, Task, resumed_data

if TYPE_CHECKING:
    from charnn.pages.page import Maker
    from charnn.tasks.directory import TaskDirectory
    from charnn.tasks.tagger.directory import TaggerDirectory
    from charnn.tasks.tagger.learn.session import TaggerSession
    from charnn.tasks.tagger.treebank import Treebank
    from charnn.tasks.tagger.use.evaluation import TaggerEvaluation
    from charnn.tasks.tagger.use.model import Tagger


class TaggerTask(Task[TaggerConfig]):
    name = "tagger"
    title = "tagger"
    data = "treebanks"
    summary = "learns the tags of a treebank, and tags words or characters"
    commands = ("tag",)
    measure = Measure("all_columns_accuracy", "% of words with a wrong tag", is_fraction_right=True)
    training_options = TaggerOptions
    evaluation_options = TaggerEvaluationOptions

    @property
    def model(self) -> type[Tagger]:
        from charnn.tasks.tagger.use.model import Tagger

        return Tagger

    def recognizes(self, sample: str) -> Recognition | None:
        """CoNLL-U, columns with blank lines between sentences, and lines of several word_TAG are treebanks."""
        from charnn.tasks.tagger.formats.recognition import recognize, sample_of

        if "\n" not in sample:  # lines that end as on old Macs are an error once the file is read
            sample = sample.replace("\r", "\n")
        found = recognize(sample_of(sample))
        if found.format == "lines" or not found.is_treebank:
            return None
        return Recognition(found.reason, is_sure=found.format == "conllu")

    def resembles(self, sample: str) -> str | None:
        from charnn.tasks.tagger.formats.recognition import recognize, sample_of

        found = recognize(sample_of(sample))
        return found.looks_like or (None if found.format in ("lines", "slashed") else found.reason)

    @property
    def directory(self) -> type[TaggerDirectory]:
        from charnn.tasks.tagger.directory import TaggerDirectory

        return TaggerDirectory

    def start(self, run: Run, options: TaggerOptions) -> TaggerSession:
        from charnn.readers.reader import in_order
        from charnn.tasks.tagger.learn.plan import TaggerOverrides
        from charnn.tasks.tagger.learn.session import TaggerSession
        from charnn.tasks.tagger.treebank import read_treebank
        from charnn.tasks.teaching import check_teachers_named

        check_teachers_named(options.start_from, options.teacher)
        teachers = [self.directory.find(name) for name in options.teacher or []]
        for teacher in teachers:
            teacher.check()
        source = None if options.start_from is None else self.directory.find(options.start_from)
        treebank = read_treebank(
            run.files(options),
            columns=options.column_names,
            known_columns=next((one.config().corpus.columns for one in [*filter(None, [source]), *teachers]), ()),
            format=options.format,
            level=options.level,
            tag_paths=options.tags or [],
        )
        overrides = TaggerOverrides(
            word_size=options.embedding,
            words_from=options.words_from,
            decoder=options.decoder_among(DecoderKind, self.data),
            segment=options.segment,
            readers=in_order(run.readers),
            members=options.members,
            linear=options.linear,
            settings=options.training_settings(),
            **options.overrides,
        )
        return TaggerSession.start(run, treebank, overrides, source=source, teachers=teachers)

    def resume(self, directory: TaskDirectory[TaggerConfig], run: Run, budget: Budget | None) -> TaggerSession:
        from charnn.corpora.data_files import DataFiles
        from charnn.tasks.tagger.learn.session import TaggerSession
        from charnn.tasks.tagger.treebank import read_treebank, read_treebank_again

        record = directory.config().corpus

        def named() -> Treebank | None:
            validation_paths = [source.path for source in record.validation_sources]
            treebank = read_treebank(
                DataFiles(run.corpus, validation_paths, record.encoding, record.on_error, record.held_out),
                columns=record.columns_in_files,
                format=record.format,
                level=record.level,
                tag_paths=[source.path for source in record.tag_sources],
            )
            return treebank if _hashes(treebank.config) == _hashes(record) else None

        treebank = resumed_data(
            run, directory.path, "treebank", named=named, recorded=lambda: read_treebank_again(record)
        )
        return TaggerSession.resume(self.directory(directory.path), treebank, budget, run.thread_counts)

    def describe(self, directory: TaskDirectory[TaggerConfig]) -> Description:
        from charnn.tasks.tagger.description import describe

        return describe(self.directory(directory.path))

    def sections(self, model: Tagger, files: Sequence[str], *, encoding: str, seed: int) -> Mapping[str, Maker]:
        from charnn.tasks.tagger.use.sections import sections

        return sections(model, files, encoding=encoding)

    def evaluate(
        self,
        model: Tagger,
        files: Sequence[str],
        options: TaggerEvaluationOptions,
        *,
        encoding: str = "utf-8",
        threads: int = 1,
    ) -> TaggerEvaluation:
        from charnn.tasks.tagger.use.evaluation import TaggerEvaluation

        return TaggerEvaluation(model, files, options, encoding=encoding, threads=threads)


def _hashes(treebank: TreebankConfig) -> list[str]:
    sources = (*treebank.sources, *treebank.validation_sources, *treebank.tag_sources)
    return [source.sha256 for source in sources]
