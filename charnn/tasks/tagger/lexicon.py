"""What a tagger knows of words and tags: the forms of a treebank, and any word as ids that a network reads.

What a word looks like (its beginnings and ends, its capitals and digits) was not learned, and is the same for every
treebank.
"""

from __future__ import annotations

import json
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from charnn.errors import ModelFormatError
from charnn.readable import both_ends

Ids = npt.NDArray[np.int64]

AFFIX_BUCKETS = 4096
"""How many ids there are for beginnings and ends, which share them by a hash; 0 stands for no affix."""
LONGEST_AFFIX = 5
AFFIXES = 2 * LONGEST_AFFIX
SHAPES = 16
LONGEST_WORD = 24
"""How many characters of a word are read: of a longer one, half as many from its beginning and from its end."""

_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class WordFeatures:
    """What N words look like, as ids; the longest has L characters, begin and end marks counted."""

    words_N: Ids
    """The id of each word, and 0 for a word that has none of its own."""
    characters_NL: Ids
    """The ids of each word's characters, and 0 beyond its end."""
    lengths_N: Ids
    """How many characters each word has, marks counted."""
    affixes_NA: Ids
    shapes_N: Ids


def normalized(word: str) -> str:
    """What a word's own vector is looked up by: case and the values of digits are seen elsewhere."""
    return _DIGIT.sub("0", word.lower())


def affixes(word: str) -> list[int]:
    """The ids of the beginnings and ends of 1 to LONGEST_AFFIX characters in lower case, 0 beyond the word's length."""
    lower, ids = word.lower(), [0] * AFFIXES
    for length in range(1, min(len(lower), LONGEST_AFFIX) + 1):
        ids[2 * length - 2] = _bucket("<" + lower[:length])
        ids[2 * length - 1] = _bucket(">" + lower[-length:])
    return ids


def shape(word: str) -> int:
    """An id below SHAPES, for where capitals are (nowhere, all over, first, elsewhere) and for digits and hyphens."""
    if word.isupper() and len(word) > 1:
        capitals = 1
    elif word[:1].isupper():
        capitals = 2
    else:
        capitals = 3 if word != word.lower() else 0
    return 4 * capitals + 2 * bool(_DIGIT.search(word)) + ("-" in word)


def _bucket(affix: str) -> int:
    """The id of an affix. Unlike `hash`, it is the same on every machine and in every process."""
    return 1 + zlib.crc32(affix.encode("utf-8", "surrogatepass")) % (AFFIX_BUCKETS - 1)


LEAST_COUNT = 2
"""Words seen less often have no vector of their own: they are read by their characters, as words never seen are. Where
a network is told what tags words had, a word seen once has one too."""
LARGEST_COUNT = 1 << 40
"""The largest count of a word, so that sums of counts have room in an int64."""
UNKNOWN, BEGIN, END = 1, 2, 3
FIRST_CHARACTER = 4


@dataclass(frozen=True)
class Lexicon:
    counts: Mapping[str, int]
    """How often each form occurs in the training data, the most frequent first."""
    characters: str
    """The distinct characters of the forms, in order."""
    tags: Mapping[str, tuple[str, ...]]
    """The tags of each column, in order; a tag's id is its place."""
    least_count: int = LEAST_COUNT
    """How often a word was seen, at least, that has a vector of its own."""

    @classmethod
    def of(cls, words: Iterable[str], tags: Mapping[str, Iterable[str]]) -> Lexicon:
        """The lexicon of all words of the training data and all tags of each column, repeated as they occur there."""
        counts = dict(sorted(Counter(words).items(), key=lambda item: (-item[1], item[0])))
        characters = "".join(sorted(set(chain.from_iterable(counts))))
        return cls(counts, characters, {column: tuple(sorted(set(values))) for column, values in tags.items()})

    def knows(self, word: str) -> bool:
        """Whether the form occurs in the training data."""
        return word in self.counts

    @property
    def words_with_vectors(self) -> list[str]:
        """The words with a vector of their own, as they are looked up; the first has id 1."""
        return list(self._ids)

    @property
    def word_ids(self) -> int:
        """How many ids words have: one for each word with a vector of its own, and one for all others."""
        return len(self._ids) + 1

    @property
    def character_ids(self) -> int:
        return len(self.characters) + FIRST_CHARACTER

    def features(self, words: Sequence[str]) -> WordFeatures:
        """The features of the words, of which there is at least one."""
        ids = [
            [BEGIN, *(self._characters.get(character, UNKNOWN) for character in both_ends(word, LONGEST_WORD)), END]
            for word in words
        ]
        lengths_N = np.array([len(word) for word in ids], np.int64)
        characters_NL = np.zeros((len(words), lengths_N.max()), np.int64)
        for row, word in zip(characters_NL, ids, strict=True):
            row[: len(word)] = word
        return WordFeatures(
            words_N=np.array([self._ids.get(normalized(word), 0) for word in words], np.int64),
            characters_NL=characters_NL,
            lengths_N=lengths_N,
            affixes_NA=np.array([affixes(word) for word in words], np.int64),
            shapes_N=np.array([shape(word) for word in words], np.int64),
        )

    def frequencies(self) -> Ids:
        """How often the words of each word id were seen; 1 for id 0."""
        return np.array([1, *(self._normalized_counts[word] for word in self._ids)], np.int64)

    def to_bytes(self) -> bytes:
        document: dict[str, Any] = {
            "words": list(self.counts),
            "counts": list(self.counts.values()),
            "characters": self.characters,
            "tags": {column: list(tags) for column, tags in self.tags.items()},
        }
        if self.least_count != LEAST_COUNT:
            document["least_count"] = self.least_count
        # A form with bytes that are no UTF-8 has half surrogates in it; JSON's escapes keep them.
        return json.dumps(document, separators=(",", ":")).encode("ascii") + b"\n"

    @classmethod
    def from_bytes(cls, data: bytes) -> Lexicon:
        """Raises ModelFormatError where this is not what `to_bytes` gave."""
        try:
            document = json.loads(data)
            words, counts, characters, tags = (document.pop(part) for part in ("words", "counts", "characters", "tags"))
            least_count = document.pop("least_count", LEAST_COUNT)
            lexicon = cls(
                dict(zip(words, counts, strict=True)),
                characters,
                {column: tuple(names) for column, names in tags.items()},
                least_count,
            )
            sound = (
                not document
                and (type(words), type(counts), type(characters)) == (list, list, str)
                and type(least_count) is int
                and 1 <= least_count <= LARGEST_COUNT
                and len(lexicon.counts) == len(words)
                and all(type(word) is str for word in words)
                and all(type(count) is int and 0 < count <= LARGEST_COUNT for count in counts)
                and _is_ascending(characters)
                and all(names and type(names) is list and _is_ascending(names) for names in tags.values())
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            sound = False
        if not sound:
            raise ModelFormatError("damaged: not the words, characters and tags of a tagger")
        return lexicon

    @cached_property
    def _normalized_counts(self) -> Counter[str]:
        counts: Counter[str] = Counter()
        for word, count in self.counts.items():
            counts[normalized(word)] += count
        return counts

    @cached_property
    def _ids(self) -> dict[str, int]:
        frequent = (word for word, count in self._normalized_counts.most_common() if count >= self.least_count)
        return {word: number for number, word in enumerate(frequent, 1)}

    @cached_property
    def _characters(self) -> dict[str, int]:
        return {character: number for number, character in enumerate(self.characters, FIRST_CHARACTER)}


def _is_ascending(strings: Sequence[Any]) -> bool:
    """Whether these are strings, each of them once, in order."""
    return all(type(string) is str for string in strings) and list(strings) == sorted(set(strings))
