"""Evaluates how well a tagger tags, beside the tags of a treebank, and lists the words where the two differ."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charnn.errors import CorpusError, UsageError
from charnn.segmentation.boundaries import SegmentedText, Splitter, WordScore, word_score
from charnn.streaming import in_chunks
from charnn.tasks.tagger.config import EntityScheme, Level
from charnn.tasks.tagger.formats.sentence import NO_TAG
from charnn.tasks.tagger.naming import instead_of
from charnn.tasks.tagger.options import TaggerEvaluationOptions
from charnn.tasks.tagger.use.entity_scores import EntityScore
from charnn.tasks.tagger.use.reference import ReferenceSentence, held_out, of_files
from charnn.tasks.tagger.use.scores import TagScore, joined_tags, universal_feats
from charnn.tasks.task import Evaluation

if TYPE_CHECKING:
    from charnn.tasks.tagger.use.model import Tagger
    from charnn.tasks.tagger.use.sentence_tagger import SentenceTagger

BLOCK_WORDS = 8192
"""Words that are tagged together; a longer sentence is a block of its own."""
_FEATS = "feats"
_BREAKS_A_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class ComparedSentence:
    """A sentence and what the model says of it, in each column."""

    sentence: ReferenceSentence
    predicted: list[list[str]]
    known: list[bool]
    """Whether each form stands in the training data."""
    reference_compared: list[list[str]]
    """`sentence.tags` and `predicted` in a form in which tags that agree are equal: FEATS have their universal features
    alone, and a word that has no tag is predicted to have none."""
    predicted_compared: list[list[str]]


@dataclass(frozen=True, slots=True)
class TagError:
    """A word whose tag is not that of the treebank."""

    file: str
    line: int
    column: str
    gold: str
    predicted: str
    known: bool
    """Whether the form stands in the training data."""
    words: list[str]
    """The words of the sentence."""
    place: int
    """The place of the word among them, from 0."""
    level: Level

    def to_json(self) -> dict[str, Any]:
        record = {**asdict(self), "word": self.words[self.place]}
        del record["level"]
        return record

    def to_line(self) -> str:
        """`path:line`, the word, its tags and its sentence with the word marked, between tabs, of which these have
        none themselves."""
        before, word, after = self.words[: self.place], self.words[self.place], self.words[self.place + 1 :]
        sentence = (" " if self.level == "word" else "").join([*before, f">>{word}<<", *after])
        tags = f"{self.column} {self.gold} -> {self.predicted}"
        return "\t".join(map(_on_one_line, (f"{self.file}:{self.line}", word, tags, sentence))) + "\n"


class TagFigures:
    """The scores of the sentences so far."""

    def __init__(self, columns: Sequence[str], schemes: Mapping[str, EntityScheme | None] = {}) -> None:
        """`schemes` has the scheme of each column whose tags may mark entities, None where the model has none."""
        self.columns = {column: TagScore() for column in columns}
        self.schemes = {column: schemes[column] for column in columns if column in schemes}
        self.entities = {column: EntityScore(scheme) for column, scheme in self.schemes.items()}
        self.together = TagScore()
        """A word is right where it is right in every column that it has a tag in."""
        self.feats_as_written: TagScore | None = TagScore() if _FEATS in columns else None
        """What feats would score if they were compared letter by letter."""
        self.untagged = dict.fromkeys(columns, 0)
        """For each column, how many words have no tag in the treebank: they are not scored."""

        self.found: dict[str, WordScore] = {}
        """How well the words of raw text are found, by a segmenter and by rules, where the model has a segmenter."""

    def add_found(self, by: str, texts: Sequence[SegmentedText], splitter: Splitter) -> None:
        """Adds how well the splitter, which is called `by`, finds the words of the texts."""
        words = splitter.split_all([text.text for text in texts])
        score = word_score((found, text.words) for (found, _), text in zip(words, texts, strict=True))
        self.found[by] = WordScore(*map(sum, zip(self.found.get(by, WordScore(0, 0, 0)), score, strict=True)))

    def add(self, block: Sequence[ComparedSentence]) -> None:
        for number, column in enumerate(self.columns):
            if column in self.entities:
                self.entities[column].add((s.sentence.tags[number], s.predicted[number]) for s in block)
            self.untagged[column] += sum(s.sentence.tags[number].count(NO_TAG) for s in block)
            self.columns[column] += TagScore.of_tagged(
                (s.reference_compared[number], s.predicted_compared[number], s.known) for s in block
            )
            if column == _FEATS and self.feats_as_written is not None:
                self.feats_as_written += TagScore.of_tagged(
                    (s.sentence.tags[number], s.predicted[number], s.known) for s in block
                )
        self.together += TagScore.of_tagged(_joined(s, self.columns) for s in block)

    def left_out(self, level: Level) -> str:
        """The words that are not scored for want of a tag, in words; "" where there are none."""
        counts = self.untagged.items()
        return ", ".join(f"{count:,} {level}s without {column}" for column, count in counts if count)

    def to_json(self) -> dict[str, Any]:
        columns: dict[str, dict[str, Any]] = {
            column: {**score.to_json(), "untagged_words": self.untagged[column], "figure_to_quote": "accuracy"}
            for column, score in self.columns.items()
        }
        if self.feats_as_written is not None:
            columns[_FEATS]["accuracy_as_written"] = self.feats_as_written.accuracy
        for column, score in self.entities.items():
            if totals := score.totals:
                schemes = {"scheme": self.schemes[column], "gold_scheme": score.reference_scheme}
                columns[column] |= {"entities": {**schemes, **totals.to_json()}, "figure_to_quote": "entities.f1"}
        together = self.together.to_json()
        del together["tags"]  # every combination of tags
        found = {f"word_f1_by_{by}": score.f1 for by, score in self.found.items()}
        return {**columns, "all_columns": together, **found}


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
        self._file: str | None = ", ".join(files) if files else None
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
                self._find_words(model, [s.sentence.text for s in block if s.sentence.text is not None])
                if self.lists:
                    yield from _errors(block, self._columns, self._model.config.corpus.level)
        for column, score in self.figures.columns.items():
            if score.words == 0 and self.figures.untagged[column]:
                there = instead_of(column, list(self._given), "columns with tags are")
                raise CorpusError(f"{self._name}: no word has a tag of the column {column}", hint=there)
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
        from charnn.tasks.tagger.use.report import report

        level = self._model.config.corpus.level
        return report(self.figures, model=str(self._model.directory.path), treebank=self._name, level=level)

    def _find_words(self, model: Tagger, texts: list[SegmentedText]) -> None:
        if model.config.words is not None and model.config.words.segmenter_f1 is not None and texts:
            self.figures.add_found("segmenter", texts, model.segmenter)
            self.figures.add_found("rules", texts, model.rules)

    def _compared_blocks(self, tagger: SentenceTagger) -> Iterator[list[ComparedSentence]]:
        """The sentences, tagged, in their order."""
        places = [tagger.columns.index(column) for column in self._columns]
        every = ([sentence] for sentence in self._sentences)
        for block, _ in in_chunks(every, lambda sentence: len(sentence.words), first=BLOCK_WORDS, largest=BLOCK_WORDS):
            tagged = tagger.tag([sentence.words for sentence in block])
            yield [
                self._compared(sentence, [list(columns[place].tags) for place in places])
                for sentence, columns in zip(block, tagged, strict=True)
            ]

    def _compared(self, sentence: ReferenceSentence, predicted: list[list[str]]) -> ComparedSentence:
        return ComparedSentence(
            sentence,
            predicted,
            known=[self._model.lexicon.knows(word) for word in sentence.words],
            reference_compared=list(map(_comparable, self._columns, sentence.tags)),
            predicted_compared=list(map(_predicted, self._columns, predicted, sentence.tags)),
        )

    def _draw(self, path: str) -> None:
        from charnn.plots.confusion import save_confusion

        columns = self._columns
        if "{column}" not in path and len(columns) > 1:
            self._drawn_alone = columns[0]
            columns = columns[:1]
        for column in columns:
            title = f"{column}: {self._name}, {self._model.directory.path}"
            save_confusion(*self.figures.columns[column].matrix(), Path(path.replace("{column}", column)), title=title)


def _errors(block: Iterable[ComparedSentence], columns: Sequence[str], level: Level) -> Iterator[TagError]:
    for compared in block:
        sentence = compared.sentence
        for place in range(len(sentence.words)):
            pairs = zip(columns, compared.reference_compared, compared.predicted_compared, strict=True)
            for column, reference, predicted in pairs:
                if reference[place] != predicted[place]:
                    yield TagError(
                        sentence.name,
                        sentence.line_of(place),
                        column,
                        reference[place],
                        predicted[place],
                        compared.known[place],
                        sentence.words,
                        place,
                        level,
                    )


def _comparable(column: str, tags: list[str]) -> list[str]:
    return [tag and universal_feats(tag) for tag in tags] if column == _FEATS else tags


def _predicted(column: str, tags: list[str], reference: list[str]) -> list[str]:
    comparable = _comparable(column, tags)
    if all(reference):
        return comparable
    return [tag if own else NO_TAG for tag, own in zip(comparable, reference, strict=True)]


def _joined(compared: ComparedSentence, columns: Collection[str]) -> tuple[list[str], list[str], list[bool]]:
    """The tags of all columns as one, NO_TAG for words that have none in any."""
    none = joined_tags(*[[NO_TAG]] * len(columns))[0]
    reference = joined_tags(*compared.reference_compared)
    return (
        [NO_TAG if tag == none else tag for tag in reference],
        joined_tags(*compared.predicted_compared),
        compared.known,
    )


def _on_one_line(text: str) -> str:
    r"""The text with control characters as \x09."""
    return _BREAKS_A_LINE.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)
