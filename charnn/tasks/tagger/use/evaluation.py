"""Evaluates how well a tagger tags, beside the tags of a treebank, and lists the words where the two differ.

The tables of plain text have at most 120 columns on a terminal.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence, Sized
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charnn.corpora.progress import tell
from charnn.errors import CharnnWarning, CorpusError, UsageError
from charnn.evaluation.confusions import MOST_LABELS, as_cell, confusion_table, precision_table
from charnn.readable import aligned, counted, file_name, instead_of, percent
from charnn.segmentation.boundaries import SegmentedText
from charnn.streaming import in_chunks
from charnn.tasks.tagger.config import Level
from charnn.tasks.tagger.formats.sentence import NO_TAG
from charnn.tasks.tagger.options import TaggerEvaluationOptions
from charnn.tasks.tagger.use.figures import ComparedSentence, SegmentationFigures, TagError, TagFigures, errors_in
from charnn.tasks.tagger.use.reference import ReferenceSentence, held_out, of_files
from charnn.tasks.task import Evaluation

if TYPE_CHECKING:
    from charnn.tasks.tagger.use.model import Tagger
    from charnn.tasks.tagger.use.sentence_tagger import SentenceTagger

BLOCK_WORDS = 8192
"""Words that are tagged together, fewer where tags are thousands; a longer sentence is a block of its own."""


class TaggerEvaluation(Evaluation):
    """The accuracy of each column, words that the model has never seen apart; with `--errors` the mistaken words."""

    def __init__(
        self,
        model: Tagger,
        files: Sequence[str],
        options: TaggerEvaluationOptions,
        *,
        encoding: str,
        threads: int,
    ) -> None:
        """Without files it scores what was held out when the model was trained.

        Raises UsageError for options that contradict each other, or that the model does not go with.
        """
        self._model, self._options = model, options
        model.precision, model.threads = model.precision or "fp32", threads
        corpus, path = model.config.corpus, model.directory.path
        names = options.column_names or corpus.columns_in_files
        self._columns = [name for name in names if name != "_"]
        for column in self._columns:
            if column not in corpus.columns:
                hint = instead_of(column, corpus.columns, "its columns are")
                raise UsageError(f"--columns: {path} does not tag {column}", hint=hint)
        self._file: str | None = ", ".join(map(file_name, files)) if files else None
        self._given: dict[str, None] = {}
        self._sentences: Iterable[ReferenceSentence]
        if files:
            self._sentences = of_files(
                files,
                names,
                self._columns,
                corpus,
                format=options.format,
                tag_paths=options.tags or [],
                encoding=encoding,
                on_error=options.on_error,
                given=self._given,
            )
        else:
            if options.format is not None or options.tags:
                option = "--tags" if options.tags else "--format"
                raise UsageError(f"{option} is for a FILE; what the model was validated with has its own")
            self._sentences = held_out(corpus, self._columns)
        self._name = self._file or "held out of the treebank"
        is_of_words = corpus.level == "word"
        schemes = {c: corpus.scheme(number) for number, c in enumerate(corpus.columns) if is_of_words}
        self.figures = TagFigures(self._columns, schemes)
        self._drawn_alone: str | None = None

    @property
    def lists(self) -> bool:
        return self._options.errors

    def run(self) -> Iterator[TagError]:
        """Raises CorpusError where there is no sentence, and as `of_files`, after all before it has been given."""
        with self._model as model:
            for block in self._compared_blocks(model.sentence_tagger):
                self.figures.add(block)
                if isinstance(self._sentences, Sized):
                    tell("tagging", self.figures.together.sentences, len(self._sentences))
                self._find(model, [s.sentence.text for s in block if s.sentence.text is not None])
                if self.lists:
                    yield from errors_in(block, self._columns, self._model.config.corpus.level)
            if self.figures.raw_text is not None:
                self.figures.raw_text.finish()
        for column, score in self.figures.columns.items():
            if score.words == 0 and self.figures.untagged[column]:
                there = instead_of(column, list(self._given), "columns with tags are")
                raise CorpusError(f"{self._name}: no word has a tag of the column {column}", hint=there)
            reference = {tag for tag, _ in score.pairs if tag != NO_TAG}
            if score.words and column != "feats" and reference.isdisjoint(self._model.lexicon.tags[column]):
                warnings.warn(
                    f"{self._name}: what stands in the place of {column}, such as {min(reference)!r}, is none of the "
                    f"model's tags; --columns names the columns of FILE in their order, and _,{column} passes one over",
                    CharnnWarning,
                    stacklevel=2,
                )
        if self.figures.together.words == 0:
            raise CorpusError(f"{self._name}: there is no sentence")
        if self._options.confusion is not None:
            self._draw(self._options.confusion)

    def notices(self) -> Iterator[str]:
        if self._drawn_alone is not None:
            yield (
                f"{self._options.confusion} shows {self._drawn_alone}; with {{column}} in its name there is a picture "
                f"of each column"
            )
        if self.lists:
            wrong = ", ".join(f"{c} {score.words - score.correct:,}" for c, score in self.figures.columns.items())
            if left_out := self.figures.left_out(self._model.config.corpus.level):
                yield f"left out: {left_out}"
            yield f"mistakes in {self.figures.together.words:,} {self._model.config.corpus.level}s: {wrong}"

    def to_json(self) -> dict[str, Any]:
        about = {"file": self._file, "precision": self._model.precision, "model": str(self._model.directory.path)}
        return {**self.figures.to_json(), **about}

    def report(self) -> str:

        level = self._model.config.corpus.level
        return report(self.figures, model=str(self._model.directory.path), treebank=self._name, level=level)

    def _find(self, model: Tagger, texts: list[SegmentedText]) -> None:
        """Finds the words and sentences of raw text, where the model has learned to."""
        if model.config.words is not None and model.config.words.segmenter_f1 is not None and texts:
            self.figures.raw_text = self.figures.raw_text or SegmentationFigures(model.means())
            self.figures.raw_text.add(texts)

    def _compared_blocks(self, tagger: SentenceTagger) -> Iterator[list[ComparedSentence]]:
        """The sentences, tagged, in their order."""
        places = [tagger.columns.index(column) for column in self._columns]
        every = ([sentence] for sentence in self._sentences)
        most = tagger.chunk_words(BLOCK_WORDS)
        for block, _ in in_chunks(every, lambda sentence: len(sentence.words), first=most, largest=most):
            tagged = tagger.tag([sentence.words for sentence in block])
            yield [
                self._compared(sentence, [list(columns[place].tags) for place in places])
                for sentence, columns in zip(block, tagged, strict=True)
            ]

    def _compared(self, sentence: ReferenceSentence, predicted: list[list[str]]) -> ComparedSentence:
        known = [self._model.lexicon.knows(word) for word in sentence.words]
        return ComparedSentence.of(sentence, predicted, known, self._columns)

    def _draw(self, path: str) -> None:
        from charnn.plots.judgements import MOST_LABELS, save_confusion

        columns = self._columns
        if "{column}" not in path and len(columns) > 1:
            self._drawn_alone = columns[0]
            columns = columns[:1]
        self.drawn = [path.replace("{column}", column) for column in columns]
        for column, drawn in zip(columns, self.drawn, strict=True):
            title = f"{column}: {self._name}, {self._model.directory.path}"
            save_confusion(*self.figures.columns[column].matrix(MOST_LABELS), Path(drawn), title=title)


_RULE = "feats agree as in the UD evaluation script, where their universal features do"


def report(figures: TagFigures, *, model: str, treebank: str, level: Level) -> str:
    """Ends in a line end."""
    together = figures.together
    unknown = f"{together.unknown_words:,} of them never seen in training"
    parts = [
        [
            f"model     {model}",
            f"treebank  {treebank}: {counted(together.words, level)}, {unknown}; "
            f"{counted(together.sentences, 'sentence')}",
            *([f"left out  {left_out}"] if (left_out := figures.left_out(level)) else []),
        ],
        _accuracies(figures),
    ]
    for column, score in figures.columns.items():
        parts += [
            _entities(column, figures),
            precision_table(column, score.tags, "tag", "word"),
            confusion_table(column, score, "tag", "word"),
        ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _accuracies(figures: TagFigures) -> list[str]:
    rows = list(figures.columns.items())
    if len(rows) > 1:
        rows.append(("all columns", figures.together))
    accuracies = [
        [label, *map(percent, (s.accuracy, s.known_accuracy, s.unknown_accuracy, s.sentence_accuracy))]
        for label, s in rows
    ]
    lines = aligned([["% right", "all words", "known", "unknown", "sentences"], *accuracies])
    if figures.feats_as_written is not None:
        lines.append(f"({_RULE}; as they are written: {percent(figures.feats_as_written.accuracy)})")
    return lines + (figures.raw_text.lines() if figures.raw_text else [])


def _entities(column: str, figures: TagFigures) -> list[str]:
    """The precision, recall and F1 of entities, where the tags of the column mark any."""
    score = figures.entities.get(column)
    totals = score.totals if score is not None else None
    if score is None or totals is None:
        return []
    of_types = [("all types", totals.overall), *((as_cell(name), of) for name, of in totals.types.items() if name)]
    rows = [
        [name, percent(of.precision), percent(of.recall), percent(of.f1), f"{of.reference:,}"]
        for name, of in of_types[: 1 + MOST_LABELS]
    ]
    lines = aligned([[f"{column}: entities", "precision", "recall", "F1", "gold"], *rows])
    if len(of_types) > 1 + MOST_LABELS:
        lines.append(f"({len(of_types) - 1 - MOST_LABELS:,} rarer types: see --json)")
    lines.append("(an entity counts where all its words and its type are right; the F1 of all types is what to quote)")
    if score.reference_is_of_another_scheme:
        ours, theirs = figures.schemes[column], score.reference_scheme
        lines.append(f"(the treebank has {theirs} tags and the model {ours}: compare entities, not words)")
    return lines
