"""A sentence as it was read, what a tagger says of its words, and what becomes of one that cannot be read: what all
formats have in common.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from charnn.corpora.decoding import FEW, Decoding, OnError, bad_byte
from charnn.corpora.lines import line_ends
from charnn.errors import CharnnWarning, CorpusError
from charnn.segmentation.boundaries import SegmentedText
from charnn.tasks.tagger.config import TextFormat

NO_TAG = ""
"""Stands for the tag of a word that has none: nobody has said what it is, so it is neither learned nor scored."""
NOT_GIVEN = frozenset({"", "_"})
"""What stands in a file in the place of a tag that is not given."""
MAY_BE_NONE = frozenset({"lemma", "feats"})
"""Columns in which `_` may be a value: a word without features has been analysed all the same."""


@dataclass(slots=True)
class Sentence:
    """A sentence as it was read. Formats whose tags can be read, or replaced in place, have classes of their own."""

    format: TextFormat
    name: str
    """The name of the file, for messages."""
    line: int
    """The number of its first line, from 1."""
    source: str
    """Exactly what was read, the blank line after it included: joined, the sources are the input."""
    words: list[str]
    """The forms to tag. Empty where the sentence is malformed, or where a line is blank, or has just a comment."""
    error: CorpusError | None = None
    """What is wrong with a malformed sentence."""
    spaces: Sequence[bool] | None = None
    """Whether a space follows each word in the text; None where the format does not tell."""
    opens_paragraph: bool = False

    def line_of(self, word: int) -> int:
        """The line of a word, by its number from 0; where words share a line or may be on any, the sentence's first."""
        return self.line

    def values(self, column: str) -> list[str] | None:
        """What the source has in the column for each word, as it stands; None where the source has no such column."""
        return None

    @property
    def tag_columns(self) -> tuple[str, ...]:
        """The names of the columns that the source has for tags, as far as they have names."""
        return ()

    @property
    def unnamed_columns(self) -> int:
        """How many more tags every word seems to have than there are names for."""
        return 0

    def is_analysed(self, column: str) -> list[bool]:
        """For each word, whether the source has something of it in another column that says what the word is: then `_`
        in `column` says that it has nothing there."""
        return [True] * len(self.words)

    def reference_tags(self, column: str) -> list[str]:
        """The tags that the source has in the column, one for each word, and NO_TAG for a word that has none.

        A word without a tag has `_` in its place, or nothing. Features and lemmas may be `_`, which is a value of
        theirs where the word has a tag in another column.
        Raises CorpusError where the sentence is malformed, or has no such column.
        """
        if self.error:
            raise self.error
        if not self.words:
            return []
        values = self.values(column)
        if values is None:
            raise CorpusError(f"{self.name}:{self.line}: the words have no {column}")
        if NOT_GIVEN.isdisjoint(values):
            return values
        if column not in MAY_BE_NONE:
            return [NO_TAG if value in NOT_GIVEN else value for value in values]
        return [
            NO_TAG if value in NOT_GIVEN and not (value and analysed) else value
            for value, analysed in zip(values, self.is_analysed(column), strict=True)
        ]

    def __len__(self) -> int:
        """How many words there are."""
        return len(self.words)


@dataclass(frozen=True, slots=True)
class TaggedSentence:
    """A sentence to learn from: its words, and for each column the reference tag of every word, or NO_TAG."""

    words: list[str]
    tags: tuple[list[str], ...]
    text: SegmentedText | None = field(default=None, compare=False)
    """The raw text of the sentence and the words in it, where the treebank tells them."""

    @property
    def is_tagged(self) -> list[bool]:
        """Whether each word has a tag in any column."""
        return [any(tags) for tags in zip(*self.tags, strict=True)]

    def __len__(self) -> int:
        return len(self.words)


@dataclass(frozen=True, slots=True)
class Annotation:
    """What a tagger says of the words of a sentence in one column. Every sequence has an item for each word."""

    column: str
    """The name of the column."""
    tags: Sequence[str]
    """The tag of each word."""
    probabilities: Sequence[float] | None = None
    """The probability of each tag, where they were asked for."""
    alternatives: Sequence[Sequence[tuple[str, float]]] | None = None
    """The likeliest tags of each word with their probabilities, best first, where they were asked for."""

    @property
    def is_more_than_tags(self) -> bool:
        return self.probabilities is not None or self.alternatives is not None


class SentenceReader(Protocol):
    """Sentences from text that comes in pieces. How it was cut makes no difference, and nothing raises."""

    def feed(self, text: str) -> list[Sentence]:
        """The sentences that `text` completes."""
        ...

    def finish(self) -> list[Sentence]:
        """What is left, when no more text comes."""
        ...


def written_probability(probability: float) -> str:
    return f"{probability:.4f}"


def written_alternatives(alternatives: Sequence[tuple[str, float]], separator: str) -> str:
    """`NOUN:0.9312,VERB:0.0511`, with `separator` for the comma."""
    return separator.join([f"{tag}:{probability:.4f}" for tag, probability in alternatives])


class Malformed:
    """Leaves out sentences that are malformed or have bytes that are not in the encoding, and warns of them; or ends at
    the first one."""

    def __init__(self, on_error: OnError = "fail", encoding: str = "utf-8") -> None:
        """Sentences are left out where `on_error` is skip."""
        self.left_out = 0
        self._skips, self._encoding = on_error == "skip", encoding
        self.decoding: Decoding = "mark" if self._skips else on_error
        """How `sources.read` has to read the files."""

    def check_bytes(self, sentence: Sentence) -> None:
        """Makes a sentence malformed that has bytes that are not in the encoding, which decoding has marked."""
        if self._skips and (found := bad_byte(sentence.source)) is not None:
            line = sentence.line + line_ends(sentence.source[: found[0]])
            sentence.error, sentence.words = self.bad_byte(f"{sentence.name}:{line}", sentence.source), []

    def bad_byte(self, place: str, text: str) -> CorpusError | None:
        """The error of the first byte of a text that decoding has marked, or None where there is none."""
        if not self._skips or (found := bad_byte(text)) is None:
            return None
        return CorpusError(f"{place}: a byte that is not {self._encoding} (0x{found[1]:02x})")

    def leave_out(self, error: CorpusError) -> None:
        """Counts a sentence that has this error. Raises the error where sentences are not left out."""
        if not self._skips:
            error.hint = error.hint or "--on-error skip leaves such sentences out"
            raise error
        self.left_out += 1
        if self.left_out <= FEW:
            warnings.warn(f"{error}: the sentence is left out", CharnnWarning, stacklevel=2)

    def report(self) -> None:
        """Warns of how many sentences there were, where not every one of them was named."""
        if self.left_out > FEW:
            warnings.warn(
                f"sentences that cannot be read and were left out: {self.left_out:,}", CharnnWarning, stacklevel=2
            )


LONG = 1_000
"""A sentence of so many words is hardly one."""
HOW_SENTENCES_END: dict[str, str] = {
    "conllu": "a blank line ends a sentence",
    "columns": "a blank line ends a sentence",
    "slashed": "each line is a sentence",
    "aligned": "each line is a sentence",
}
"""How sentences end in each format of tagged text."""


class LongSentences:
    """Warns of the first sentence of a file that is so long that what should end its sentences seems to be missing."""

    def __init__(self) -> None:
        self._warned: str | None = None

    def look(self, sentences: Iterable[Sentence]) -> None:
        for sentence in sentences:
            if len(sentence.words) > LONG and sentence.format in HOW_SENTENCES_END and sentence.name != self._warned:
                self._warned = sentence.name
                warnings.warn(
                    f"{sentence.name}:{sentence.line}: a sentence of {len(sentence.words):,} words is read as one; "
                    f"{HOW_SENTENCES_END[sentence.format]}",
                    CharnnWarning,
                    stacklevel=2,
                )


ENDS = Malformed()
"""Ends at the first sentence that is malformed."""
