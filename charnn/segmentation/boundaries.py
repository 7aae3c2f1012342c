"""Raw text as characters to mark, words and sentences as marks on them, and a score for those found in raw text.

A character here is a grapheme cluster, and white space is none: it is told of the character after it. So words are
found, and compared, on the text without its white space, and a word may reach across a space (as Vietnamese ones do).
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple, Protocol

from charnn.segmentation.graphemes import clusters

BEGIN, INSIDE = "B", "I"
"""The marks of a character that begins a word, and of one inside a word."""
END = "E"
"""The mark of a character that ends a sentence; all others are INSIDE one."""
_CONTEXTS = {(True, True): " ", (True, False): "", (False, False): "-", (False, True): "_"}
"""What a symbol begins with, by whether a word begins there by the rules, and whether white space stands before it."""
_RARE = "\ufffd"
"""What rare characters are replaced with, before the name of their Unicode category."""
_BYTE_ORDER_MARK = "\ufeff"


class SegmentedText(NamedTuple):
    """The raw text of a sentence and the words in it, and where it stands in running text."""

    text: str
    words: list[str]
    opens_paragraph: bool = False
    spaced: bool = True
    """Whether white space follows the text, before the next sentence of its paragraph."""


class Splitter(Protocol):
    """Whatever finds words in raw text."""

    def split_all(self, texts: Sequence[str]) -> list[tuple[list[str], list[bool]]]:
        """For each text its words, and for each of them whether white space, or the end of the text, follows it."""
        ...


class Characters:
    """The characters of a text, where white space stands among them, and where words of it begin."""

    def __init__(self, text: str, *, after_space: bool = True) -> None:
        """Text that begins a line, or stands after white space, stands `after_space`."""
        self.clusters: list[str] = []
        self.spaced: list[bool] = []
        """Whether white space stands before each character."""
        self.starts: list[int] = []
        """Where each character begins in the text."""
        spaced, start = after_space, 0
        for cluster in clusters(text):
            end = start + len(cluster)
            if is_space := (cluster[0].isspace() or cluster[0] == _BYTE_ORDER_MARK):
                cluster = cluster[1:]
            spaced |= is_space
            if cluster:
                self.clusters.append(cluster)
                self.spaced.append(spaced)
                self.starts.append(end - len(cluster))
                spaced = False
            start = end
        self._places = [0, *accumulate(map(len, self.clusters))]

    def begins(self, words: Iterable[str]) -> list[bool]:
        """Whether each character begins one of the words, which are those of the text in their order."""
        begins = set(accumulate(map(_length, words), initial=0))
        return [place in begins for place in self._places[:-1]]

    def ends(self, sentences: Iterable[str]) -> list[bool]:
        """Whether each character ends one of the sentences, which are those of the text in their order."""
        ends = set(accumulate(map(_length, sentences)))
        return [place in ends for place in self._places[1:]]

    def symbols(self, words: Iterable[str], common: Collection[str]) -> list[str]:
        """What a network reads of each character: the character itself, or where it is none of the `common` ones its
        kind, with a mark for the space before it and for whether these words, found by rules, begin there."""
        return [
            _CONTEXTS[begins, spaced] + (cluster if cluster in common else _RARE + unicodedata.category(cluster[0]))
            for begins, spaced, cluster in zip(self.begins(words), self.spaced, self.clusters, strict=True)
        ]

    def words(self, marks: Sequence[str]) -> tuple[list[str], list[bool]]:
        """The words that the marks tell, and for each whether white space, or the end of the text, follows it.

        White space inside a word is a single space.
        """
        return marked_words(zip(self.clusters, self.spaced, marks, strict=True))


def marked_words(characters: Iterable[tuple[str, bool, str]]) -> tuple[list[str], list[bool]]:
    """The words of characters, each with whether white space stands before it and its mark, as `Characters.words`."""
    words: list[str] = []
    spaces: list[bool] = []
    for cluster, spaced, mark in characters:
        if mark == BEGIN or not words:
            if words:
                spaces.append(spaced)
            words.append(cluster)
        else:
            words[-1] += f" {cluster}" if spaced else cluster
    return words, [*spaces, True][: len(words)]


def common_characters(symbols: Iterable[str]) -> frozenset[str]:
    """The characters that these symbols stand for, without those that stand for a kind."""
    return frozenset(symbol[1:] if symbol[0] in " -_" and len(symbol) > 1 else symbol for symbol in symbols)


def is_aligned(segmented: SegmentedText) -> bool:
    """Whether the words are the text, but for white space."""
    return _bare(segmented.text) == "".join(map(_bare, segmented.words))


class SpanScore(NamedTuple):
    """How well words, or sentences, were found in raw text."""

    right: int
    """How many begin and end where one of the reference does."""
    found: int
    expected: int

    @property
    def f1(self) -> float:
        return 2 * self.right / max(self.found + self.expected, 1)


def span_score(pairs: Iterable[tuple[Sequence[str], Sequence[str]]]) -> SpanScore:
    """The score of the words found, or the sentences, beside those of the reference in the same text, aligned by their
    characters without white space as the CoNLL 2018 shared task does it."""
    total = Counter[str]()
    for found, expected in pairs:
        spans, reference = _spans(found), _spans(expected)
        total.update(right=len(spans & reference), found=len(spans), expected=len(reference))
    return SpanScore(total["right"], total["found"], total["expected"])


def _spans(words: Sequence[str]) -> set[tuple[int, int]]:
    ends = list(accumulate(map(_length, words)))
    return set(zip([0, *ends], ends, strict=False))


def _bare(text: str) -> str:
    return "".join(text.replace(_BYTE_ORDER_MARK, " ").split())


def _length(word: str) -> int:
    return len(word) if word.isalnum() else len(_bare(word))
