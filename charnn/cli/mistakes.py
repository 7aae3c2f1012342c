"""The words that a tagger got wrong, one after another, each in its sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from charnn.cli.tally import JudgedSentence
from charnn.tasks.tagger.config import Level

_BREAKS_A_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Mistake:
    file: str
    line: int
    column: str
    gold: str
    predicted: str
    known: bool
    """Whether the form stands in the training data."""
    words: list[str]
    """Of the sentence."""
    place: int
    """Of the word among them, from 0."""

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "word": self.words[self.place]}

    def to_line(self, level: Level) -> str:
        """`path:line`, the word, its tags and its sentence with the word marked, between tabs, of which these have
        none themselves."""
        before, word, after = self.words[: self.place], self.words[self.place], self.words[self.place + 1 :]
        sentence = (" " if level == "word" else "").join([*before, f">>{word}<<", *after])
        tags = f"{self.column} {self.gold} -> {self.predicted}"
        return "\t".join(map(_on_one_line, (f"{self.file}:{self.line}", word, tags, sentence))) + "\n"


def mistakes(block: Iterable[JudgedSentence], columns: Sequence[str]) -> Iterator[Mistake]:
    for tagged in block:
        sentence = tagged.sentence
        for place in range(len(sentence.words)):
            for column, gold, predicted in zip(columns, tagged.gold_compared, tagged.predicted_compared, strict=True):
                if gold[place] != predicted[place]:
                    yield Mistake(
                        sentence.name,
                        sentence.line_of(place),
                        column,
                        gold[place],
                        predicted[place],
                        tagged.known[place],
                        sentence.words,
                        place,
                    )


def _on_one_line(text: str) -> str:
    r"""Control characters as \x09."""
    return _BREAKS_A_LINE.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)
