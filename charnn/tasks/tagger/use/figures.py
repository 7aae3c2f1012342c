"""The figures of a tagger's evaluation: sentences beside what the model says of them, their scores, the mistakes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any, NamedTuple

from charnn.readable import counted, percent
from charnn.segmentation.boundaries import SegmentedText, SpanScore, Splitter, span_score
from charnn.segmentation.sentences import FoundSentence, SentenceFinder, running_text
from charnn.tasks.tagger.config import EntityScheme, Level
from charnn.tasks.tagger.formats.sentence import NO_TAG
from charnn.tasks.tagger.use.reference import ReferenceSentence
from charnn.tasks.tagger.use.scores import EntityScore, TagScore, joined_tags, universal_feats


class Finders(NamedTuple):
    """What finds words in the text of a sentence, and what finds sentences in running text."""

    words: Splitter
    sentences: SentenceFinder | None
    """None where this does not find sentences."""


class SegmentationFigures:
    """The scores of the texts so far, by each of the `means`, which have names.

    Words are found in the text of each sentence. Sentences are found in the texts as they run on, up to the white space
    after them, so that their score is whole once all texts are added and `finish` is called.
    """

    def __init__(self, means: Mapping[str, Finders]) -> None:
        self._means = means
        self._texts: list[str] = []
        self._found: dict[str, list[str]] = {by: [] for by, of in means.items() if of.sentences is not None}
        self.words = dict.fromkeys(means, SpanScore(0, 0, 0))

    def add(self, texts: Sequence[SegmentedText]) -> None:
        running = running_text(texts)
        self._texts += [text.text for text in texts]
        for by, (splitter, finder) in self._means.items():
            words = splitter.split_all([text.text for text in texts])
            score = span_score((found, text.words) for (found, _), text in zip(words, texts, strict=True))
            self.words[by] = SpanScore(*map(sum, zip(self.words[by], score, strict=True)))
            if finder is not None:
                self._add_sentences(by, finder.push(running))

    def finish(self) -> None:
        for by, of in self._means.items():
            if of.sentences is not None:
                self._add_sentences(by, of.sentences.flush())

    @property
    def sentences(self) -> dict[str, SpanScore]:
        return {by: span_score([(found, self._texts)]) for by, found in self._found.items()}

    def to_json(self) -> dict[str, float]:
        words, sentences = self.words.items(), self.sentences.items()
        return dict(
            chain(
                ((f"word_f1_by_{by}", score.f1) for by, score in words),
                ((f"sentence_f1_by_{by}", score.f1) for by, score in sentences),
            )
        )

    def lines(self) -> list[str]:
        """The figures in words, on a line for words and on one for sentences."""
        return [
            f"({what}, F1: {', '.join(f'by {_called(by)} {percent(score.f1)}' for by, score in scores.items())})"
            for what, scores in (("words of raw text", self.words), ("sentences of running text", self.sentences))
            if scores
        ]

    def _add_sentences(self, by: str, sentences: Sequence[FoundSentence]) -> None:
        self._found[by] += [sentence.source for sentence in sentences if sentence.words]


def _called(by: str) -> str:
    return "the segmenter" if by == "segmenter" else by


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

    @classmethod
    def of(
        cls, sentence: ReferenceSentence, predicted: list[list[str]], known: list[bool], columns: Sequence[str]
    ) -> ComparedSentence:
        return cls(
            sentence,
            predicted,
            known,
            reference_compared=list(map(_comparable, columns, sentence.tags)),
            predicted_compared=list(map(_predicted, columns, predicted, sentence.tags)),
        )


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

        self.raw_text: SegmentationFigures | None = None
        """How well the words and sentences of raw text are found, where the model has a segmenter and the treebank raw
        text."""

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
        return ", ".join(f"{counted(count, level)} without {column}" for column, count in counts if count)

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
        return {**columns, "all_columns": together, **(self.raw_text.to_json() if self.raw_text else {})}


def errors_in(block: Iterable[ComparedSentence], columns: Sequence[str], level: Level) -> Iterator[TagError]:
    """The words whose tags are not those of the treebank, in order."""
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
