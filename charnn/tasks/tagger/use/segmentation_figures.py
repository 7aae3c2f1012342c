"""The figures of raw text: how well its words and sentences are found, by a segmenter and by rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from charnn.readable import percent
from charnn.segmentation.boundaries import SegmentedText, SpanScore, Splitter, span_score
from charnn.segmentation.sentences import FoundSentence, SentenceFinder, running_text


class Means(NamedTuple):
    """What finds words in the text of a sentence, and what finds sentences in running text."""

    words: Splitter
    sentences: SentenceFinder | None
    """None where this does not find sentences."""


class SegmentationFigures:
    """The scores of the texts so far, by each of the `means`, which have names.

    Words are found in the text of each sentence. Sentences are found in the texts as they run on, up to the white space
    after them, so that their score is whole once all texts are added and `finish` is called.
    """

    def __init__(self, means: Mapping[str, Means]) -> None:
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
