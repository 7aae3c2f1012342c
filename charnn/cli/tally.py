"""Gold sentences to tagged ones, and their scores in every column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from charnn.cli.gold import GoldSentence
from charnn.errors import CorpusError
from charnn.tasks.tagger.use.scores import TagScore, joined_tags, universal_feats

if TYPE_CHECKING:
    from charnn.tasks.tagger.lexicon import Lexicon
    from charnn.tasks.tagger.use.tagger import SentenceTagger

BLOCK_WORDS = 8192
"""Words that are tagged together; a longer sentence is a block of its own."""
_FEATS = "feats"


@dataclass(frozen=True, slots=True)
class JudgedSentence:
    """A sentence and what the model says of it, in each column."""

    sentence: GoldSentence
    predicted: list[list[str]]
    known: list[bool]
    """Whether each form stands in the training data."""
    gold_compared: list[list[str]]
    """`sentence.tags` and `predicted`, so that tags that agree are equal: of FEATS, the universal ones alone."""
    predicted_compared: list[list[str]]


class Tally:
    """The scores of the sentences so far."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = {column: TagScore() for column in columns}
        self.together = TagScore()
        """A word is right where it is right in every column."""
        self.feats_as_written: TagScore | None = TagScore() if _FEATS in columns else None
        """What feats would score if they were compared letter by letter."""

    def add(self, block: Sequence[JudgedSentence]) -> None:
        for number, column in enumerate(self.columns):
            self.columns[column] += TagScore.of(
                (s.gold_compared[number], s.predicted_compared[number], s.known) for s in block
            )
            if column == _FEATS and self.feats_as_written is not None:
                self.feats_as_written += TagScore.of(
                    (s.sentence.tags[number], s.predicted[number], s.known) for s in block
                )
        self.together += TagScore.of(
            (joined_tags(*s.gold_compared), joined_tags(*s.predicted_compared), s.known) for s in block
        )

    def to_json(self) -> dict[str, Any]:
        columns = {column: score.to_json() for column, score in self.columns.items()}
        if self.feats_as_written is not None:
            columns[_FEATS]["accuracy_as_written"] = self.feats_as_written.accuracy
        together = self.together.to_json()
        del together["tags"]  # every combination of tags
        return {**columns, "all_columns": together}


def tagged_blocks(
    sentences: Iterable[GoldSentence], columns: Sequence[str], tagger: SentenceTagger, lexicon: Lexicon
) -> Iterator[list[JudgedSentence]]:
    """The sentences, tagged, in their order. An error of `sentences` is raised after all before it have been given."""
    places = [tagger.columns.index(column) for column in columns]
    for block in _blocks(sentences):
        tagged = tagger.tag([sentence.words for sentence in block])
        yield [
            _judged(sentence, [tags[place].names for place in places], columns, lexicon)
            for sentence, tags in zip(block, tagged, strict=True)
        ]


def _judged(
    sentence: GoldSentence, predicted: list[list[str]], columns: Sequence[str], lexicon: Lexicon
) -> JudgedSentence:
    return JudgedSentence(
        sentence,
        predicted,
        known=[lexicon.knows(word) for word in sentence.words],
        gold_compared=list(map(_compared, columns, sentence.tags)),
        predicted_compared=list(map(_compared, columns, predicted)),
    )


def _compared(column: str, tags: list[str]) -> list[str]:
    return list(map(universal_feats, tags)) if column == _FEATS else tags


def _blocks(sentences: Iterable[GoldSentence]) -> Iterator[list[GoldSentence]]:
    block: list[GoldSentence] = []
    words = 0
    try:
        for sentence in sentences:
            if block and words + len(sentence.words) > BLOCK_WORDS:
                yield block
                block, words = [], 0
            block.append(sentence)
            words += len(sentence.words)
    except CorpusError:
        if block:
            yield block
        raise
    if block:
        yield block
