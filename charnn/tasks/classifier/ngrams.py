"""The features of a text that a linear model reads: its n-grams of characters, its words and its pairs of words.

A feature is known by a hash of 64 bits. All texts of a batch are hashed at once, as arrays, which is some thirty times
faster than to cut the strings. Letters are read in lower case. The two ends of a text are spaces, so that a word is the
same there as within the text; an n-gram may go over a space, and so be a part of two words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

LONGEST_WORD = 40
"""Words of more characters are known by this many first ones."""
_SPACE, _WORD, _MARK = 1, 2, 3
"""The kinds of characters. A word is a run of letters and digits; another character but a space is a word by itself."""
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)
_WORD_SEED, _PAIR_SEED = np.uint64(0xA0761D6478BD642F), np.uint64(0xE7037ED1A0B428DB)
_POWERS = np.array([pow(0x9E3779B97F4A7C15, n, 1 << 64) for n in range(LONGEST_WORD + 1)], np.uint64)


@dataclass(frozen=True)
class Occurrences:
    """The features of N texts, one after the other."""

    hashes: Hashes
    """(F,): the features, each as often as it occurs."""
    rows: npt.NDArray[np.int32]
    """(F,): the number of the text that each is in."""
    is_word: npt.NDArray[np.bool_]
    """(F,): whether it is a word or a pair of words."""


class NgramReader:
    """Finds the features of texts: n-grams of 1 to `characters` characters, and runs of 1 to `words` (at most 2) words.

    It remembers the kinds of the characters that it has met.
    """

    def __init__(self, *, characters: int, words: int) -> None:
        self._characters, self._words = characters, words
        self._kinds = np.zeros(0x110000, np.uint8)
        self._lower = np.zeros(0x110000, np.uint32)

    def read(self, texts: Sequence[str]) -> Occurrences:
        lengths_N = np.fromiter(map(len, texts), np.int64, len(texts))
        joined = " ".join(("", *texts, ""))
        points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.dtype("<u4"))
        self._meet(points)
        # Text n begins at firsts[n] and has a space on both sides, which it shares with its neighbours.
        firsts_N = np.cumsum(lengths_N + 1) - lengths_N
        row_P = np.repeat(np.arange(len(texts), dtype=np.int32), lengths_N + 1)
        ends_P = np.repeat(firsts_N + lengths_N + 1, lengths_N + 1)
        lower_P = self._lower[points].astype(np.uint64)
        ngrams = self._character_ngrams(lower_P, ends_P)
        words = self._word_ngrams(self._kinds[points], lower_P, row_P) if self._words else []
        every = [*ngrams, *words]
        if not every:
            return Occurrences(np.zeros(0, np.uint64), np.zeros(0, np.int32), np.zeros(0, np.bool_))
        hashes, places = (np.concatenate(part) for part in zip(*every, strict=True))
        is_word = np.arange(len(hashes)) >= sum(len(part) for part, _ in ngrams)
        return Occurrences(hashes, row_P[places], is_word)

    def _meet(self, points: npt.NDArray[np.uint32]) -> None:
        """Notes the kind and the lower case of each character that is new."""
        for point in np.unique(points[self._kinds[points] == 0]).tolist():
            character = chr(point)
            lower = character.lower()
            self._kinds[point] = _SPACE if character.isspace() else _WORD if character.isalnum() else _MARK
            self._lower[point] = ord(" ") if character.isspace() else ord(lower) if len(lower) == 1 else point

    def _character_ngrams(self, lower_P: Hashes, ends_P: Places) -> list[tuple[Hashes, Places]]:
        """Hashes and places of the n-grams. One of a single space is none."""
        found = []
        is_space_P = lower_P[: len(ends_P)] == np.uint64(ord(" "))
        rolling = np.zeros(len(lower_P), np.uint64)
        for n in range(1, self._characters + 1):
            windows = len(lower_P) - n + 1
            rolling = rolling[:windows] * _MULTIPLIER + lower_P[n - 1 :]
            count = min(windows, len(ends_P))
            is_inside = np.arange(n, n + count) <= ends_P[:count]
            kept = np.flatnonzero(is_inside & ~is_space_P[:count] if n == 1 else is_inside)
            found.append((_mixed(rolling[kept] + np.uint64(n)), kept))
        return found

    def _word_ngrams(
        self, kinds_P: npt.NDArray[np.uint8], lower_P: Hashes, row_P: npt.NDArray[np.int32]
    ) -> list[tuple[Hashes, Places]]:
        before = np.concatenate(([_SPACE], kinds_P[:-1]))
        starts = np.flatnonzero((kinds_P == _MARK) | ((kinds_P == _WORD) & (before != _WORD)))
        if not len(starts):
            return []
        is_end = np.concatenate(((kinds_P[1:] != _WORD), [True])) & (kinds_P == _WORD) | (kinds_P == _MARK)
        ends = np.flatnonzero(is_end) + 1
        lengths = np.minimum(ends - starts, LONGEST_WORD)
        word_of_P = np.cumsum(np.bincount(starts, minlength=len(kinds_P))) - 1
        offsets = np.arange(len(kinds_P)) - starts[np.maximum(word_of_P, 0)]
        terms = (lower_P + np.uint64(1)) * _POWERS[np.clip(offsets, 0, LONGEST_WORD)]
        sums = np.concatenate((np.zeros(1, np.uint64), np.cumsum(terms, dtype=np.uint64)))
        words = _mixed(sums[starts + lengths] - sums[starts] + _WORD_SEED)
        found = [(words, starts)]
        if self._words > 1:
            pairs = np.flatnonzero(row_P[starts[1:]] == row_P[starts[:-1]])
            hashes = _mixed(words[pairs] * _MULTIPLIER + words[pairs + 1] + _PAIR_SEED)
            found.append((hashes, starts[pairs]))
        return found


def _mixed(hashes: Hashes) -> Hashes:
    """Hashes whose every bit depends on all bits (the finalizer of `rrmxmx`, shortened)."""
    hashes = (hashes ^ (hashes >> _HALF)) * _MIX
    hashes = (hashes ^ (hashes >> _HALF)) * _MIX
    return hashes ^ (hashes >> _HALF)
