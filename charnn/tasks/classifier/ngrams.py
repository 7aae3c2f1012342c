"""The features of a text that a linear model reads: its n-grams of characters, its words, its pairs of words, and what
stands at its two ends.

A feature is known by a hash of 64 bits. All texts of a batch are hashed at once, as arrays, which is some thirty times
faster than to cut the strings. Letters are read in lower case. The two ends of a text are spaces, so that a word is the
same there as within the text; an n-gram may go over a space, and so be a part of two words. What a text begins with
says much of it (of a question its kind, of a sentence its form), and so the first and last words and characters of a
text of several words are features of their own, and so are two words with another between them. What lower case hides,
capitals, and which words are numbers, is in the shapes of words: whether the first character is a capital, a small
letter, a digit or none of these, and which of them come after it. How long a text is tells something, too: names and
words of some languages are longer than those of others.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charnn.arrays import Bools, Int32s

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
_FIRST_SEED, _SECOND_SEED = np.uint64(0x8EBC6AF09C88C6E3), np.uint64(0x589965CC75374CC3)
_FIRST_TWO_SEED, _FIRST_THREE_SEED = np.uint64(0x1D8E4E27C47D124F), np.uint64(0xEB44ACCAB455D165)
_LAST_SEED, _LAST_TWO_SEED = np.uint64(0x9C6E6877736C46E3), np.uint64(0x2767F0B153D27B7F)
_GAP_SEED, _BEGINNING_SEED, _END_SEED = np.array(
    [0x4CF5AD432745937F, 0x52DCE729DA3ED7A5, 0x38495AB5B1C6D8E1], np.uint64
)
_SHAPE_SEED, _SHAPES_SEED = np.uint64(0x2545F4914F6CDD1D), np.uint64(0xB5026F5AA96619E9)
_CAPITAL, _SMALL, _DIGIT = 1, 2, 4
_SHAPE_BITS = np.uint64(3)
_LENGTH_SEED = np.uint64(0xC6A4A7935BD1E995)
OCTAVE = 4
"""A text is in so many ranges of lengths, in each of which the longest is nearly twice as long as the shortest."""
_RANGE_BITS = np.uint64(2)
_STEPS = np.array([math.ceil(2 ** (step / OCTAVE)) for step in range(1, 31 * OCTAVE)])
"""The least lengths at which a text leaves one range and enters the next, four of them to a doubling."""
LONGEST_END = 8
"""The most characters at the beginning and at the end of a text that are one feature."""
_POWERS = np.array([pow(0x9E3779B97F4A7C15, n, 1 << 64) for n in range(LONGEST_WORD + 1)], np.uint64)


@dataclass(frozen=True)
class Occurrences:
    """The features of N texts, one after the other."""

    hashes: Hashes
    """(F,): the features, each as often as it occurs."""
    rows: Int32s
    """(F,): the number of the text that each is in."""
    is_word: Bools
    """(F,): whether it is of words, and not an n-gram of characters."""


class Derived(NamedTuple):
    """n-grams of one length, two characters or more, each as often as it occurs."""

    characters: int
    hashes: Hashes
    without_last: Hashes
    """The n-grams that are left without the last characters."""
    without_first: Hashes


class NgramReader:
    """Finds the features of texts: n-grams of 1 to `characters` characters, and runs of 1 to `words` (at most 2) words;
    with `places` what stands at the ends of a text, and words with another between them; with `shapes` the shapes of
    words and of pairs of neighbours; and with `lengths` the ranges of lengths that a text is in.

    It remembers the kinds of the characters that it has met.
    """

    def __init__(
        self, *, characters: int, words: int, places: bool = False, shapes: bool = False, lengths: bool = False
    ) -> None:
        self._characters, self._words, self._places, self._shapes = characters, words, places, shapes
        self._lengths = lengths
        self._kinds = np.zeros(0x110000, np.uint8)
        self._lower = np.zeros(0x110000, np.uint32)
        self._letters = np.zeros(0x110000, np.uint8)

    def read(self, texts: Sequence[str]) -> Occurrences:
        points, lengths_N = self._points(texts)
        # Text n begins at firsts[n] and has a space on both sides, which it shares with its neighbours.
        firsts_N = np.cumsum(lengths_N + 1) - lengths_N
        row_P = np.repeat(np.arange(len(texts), dtype=np.int32), lengths_N + 1)
        ends_P = np.repeat(firsts_N + lengths_N + 1, lengths_N + 1)
        lower_P = self._lower[points].astype(np.uint64)
        ngrams, words = self._character_ngrams(lower_P, ends_P), list[tuple[Hashes, Places]]()
        if self._words or self._places or self._shapes:
            words_W, starts_W = _words(self._kinds[points], lower_P)
            row_W = row_P[starts_W]
            words = _word_ngrams(words_W, starts_W, row_W, pairs=self._words > 1) if self._words else []
            if self._places:
                words += _placed_words(words_W, starts_W, row_W)
                long_L = np.flatnonzero(np.bincount(row_W, minlength=len(texts)) > 1)
                ngrams += _ends(lower_P, firsts_N[long_L], lengths_N[long_L])
            if self._shapes:
                words += _shapes(self._letters[points], starts_W, row_W)
        if self._lengths:
            ngrams += _lengths(lengths_N, firsts_N - 1)
        every = [*ngrams, *words]
        if not every:
            return Occurrences(np.zeros(0, np.uint64), np.zeros(0, np.int32), np.zeros(0, np.bool_))
        hashes, places = (np.concatenate(part) for part in zip(*every, strict=True))
        is_word = np.arange(len(hashes)) >= sum(len(part) for part, _ in ngrams)
        return Occurrences(hashes, row_P[places], is_word)

    def derived(self, texts: Sequence[str]) -> Iterator[Derived]:
        """The n-grams of characters, one length after the other."""
        points, lengths_N = self._points(texts)
        lower_P = self._lower[points].astype(np.uint64)
        ends_P = np.repeat(np.cumsum(lengths_N + 1) + 1, lengths_N + 1)
        shorter = lower_P
        for n in range(2, self._characters + 1):
            rolling = shorter[: max(len(lower_P) - n + 1, 0)] * _MULTIPLIER + lower_P[n - 1 :]
            count = min(len(rolling), len(ends_P))
            kept = np.flatnonzero(np.arange(n, n + count) <= ends_P[:count])
            less = np.uint64(n - 1)
            yield Derived(
                n,
                _mixed(rolling[kept] + np.uint64(n)),
                _mixed(shorter[kept] + less),
                _mixed(shorter[kept + 1] + less),
            )
            shorter = rolling

    def _points(self, texts: Sequence[str]) -> tuple[npt.NDArray[np.uint32], Places]:
        """The characters of texts, with a space before the first and after each, and how many each text has."""
        lengths_N = np.fromiter(map(len, texts), np.int64, len(texts))
        joined = " ".join(("", *texts, ""))
        points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.dtype("<u4"))
        self._meet(points)
        return points, lengths_N

    def _meet(self, points: npt.NDArray[np.uint32]) -> None:
        """Notes the kind and the lower case of each character that is new, and whether it is a capital or a digit."""
        # np.unique would import numpy's masked arrays, which takes longer than to open a model.
        for point in set(points[self._kinds[points] == 0].tolist()):
            character = chr(point)
            lower = character.lower()
            self._kinds[point] = _SPACE if character.isspace() else _WORD if character.isalnum() else _MARK
            self._lower[point] = ord(" ") if character.isspace() else ord(lower) if len(lower) == 1 else point
            self._letters[point] = (
                _CAPITAL if character.isupper() else _SMALL if character.islower() else _DIGIT * character.isdigit()
            )

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


def _words(kinds_P: npt.NDArray[np.uint8], lower_P: Hashes) -> tuple[Hashes, Places]:
    """Hashes of the words, and where they begin."""
    before = np.concatenate(([_SPACE], kinds_P[:-1]))
    starts = np.flatnonzero((kinds_P == _MARK) | ((kinds_P == _WORD) & (before != _WORD)))
    if not len(starts):
        return np.zeros(0, np.uint64), starts
    is_end = np.concatenate(((kinds_P[1:] != _WORD), [True])) & (kinds_P == _WORD) | (kinds_P == _MARK)
    ends = np.flatnonzero(is_end) + 1
    lengths = np.minimum(ends - starts, LONGEST_WORD)
    word_of_P = np.cumsum(np.bincount(starts, minlength=len(kinds_P))) - 1
    offsets = np.arange(len(kinds_P)) - starts[np.maximum(word_of_P, 0)]
    terms = (lower_P + np.uint64(1)) * _POWERS[np.clip(offsets, 0, LONGEST_WORD)]
    sums = np.concatenate((np.zeros(1, np.uint64), np.cumsum(terms, dtype=np.uint64)))
    return _mixed(sums[starts + lengths] - sums[starts] + _WORD_SEED), starts


def _word_ngrams(words_W: Hashes, starts_W: Places, row_W: Int32s, *, pairs: bool) -> list[tuple[Hashes, Places]]:
    """Hashes and places of the words, and of pairs of neighbours in a text."""
    found = [(words_W, starts_W)]
    if pairs:
        firsts = np.flatnonzero(row_W[1:] == row_W[:-1])
        found.append((_pairs(words_W[firsts], words_W[firsts + 1], _PAIR_SEED), starts_W[firsts]))
    return found


def _placed_words(words_W: Hashes, starts_W: Places, row_W: Int32s) -> list[tuple[Hashes, Places]]:
    """Hashes and places of words with another between them, and of the first and last words of texts of several."""
    gaps = np.flatnonzero(row_W[2:] == row_W[:-2])
    bounds = np.concatenate(([0], np.flatnonzero(row_W[1:] != row_W[:-1]) + 1, [len(row_W)]))
    first, last = bounds[:-1], bounds[1:] - 1
    first, last = first[first < last], last[first < last]
    three = first[last - first > 1]
    words, starts = words_W, starts_W
    first_two = _pairs(words[three], words[three + 1], _FIRST_TWO_SEED)
    return [
        (_pairs(words[gaps], words[gaps + 2], _GAP_SEED), starts[gaps]),
        (_mixed(words[first] + _FIRST_SEED), starts[first]),
        (_mixed(words[first + 1] + _SECOND_SEED), starts[first]),
        (_pairs(words[first], words[first + 1], _FIRST_TWO_SEED), starts[first]),
        (_pairs(first_two, words[three + 2], _FIRST_THREE_SEED), starts[three]),
        (_mixed(words[last] + _LAST_SEED), starts[last]),
        (_pairs(words[last - 1], words[last], _LAST_TWO_SEED), starts[last]),
    ]


def _shapes(letters_P: npt.NDArray[np.uint8], starts_W: Places, row_W: Int32s) -> list[tuple[Hashes, Places]]:
    """Hashes and places of the shapes of words, and of those of two neighbours in a text."""
    if not len(starts_W):
        return []
    after_P = letters_P.copy()
    after_P[starts_W] = 0
    inner_W = np.bitwise_or.reduceat(after_P, starts_W).astype(np.uint64)  # what stands between words is no letter
    shapes_W = letters_P[starts_W].astype(np.uint64) << _SHAPE_BITS | inner_W
    firsts = np.flatnonzero(row_W[1:] == row_W[:-1])
    return [
        (_mixed(shapes_W + _SHAPE_SEED), starts_W),
        (_pairs(shapes_W[firsts], shapes_W[firsts + 1], _SHAPES_SEED), starts_W[firsts]),
    ]


def _lengths(lengths_N: Places, spaces_N: Places) -> list[tuple[Hashes, Places]]:
    """Hashes and places of the ranges of lengths that each text is in; they stand at the space before it. They overlap,
    so that texts of like lengths have most of them in common; one without a character is as one of a single one."""
    steps_N = np.searchsorted(_STEPS, lengths_N, "right")
    found = []
    for shift in range(OCTAVE):
        ranges_N = ((steps_N + shift) // OCTAVE).astype(np.uint64) << _RANGE_BITS | np.uint64(shift)
        found.append((_mixed(ranges_N + _LENGTH_SEED), spaces_N))
    return found


def _ends(lower_P: Hashes, firsts_L: Places, lengths_L: Places) -> list[tuple[Hashes, Places]]:
    """Hashes and places of what texts begin with and end in, of 1 to LONGEST_END characters."""
    found = []
    for seed, edges_L, step in ((_BEGINNING_SEED, firsts_L, 1), (_END_SEED, firsts_L + lengths_L - 1, -1)):
        rolling, edges, lengths = np.zeros(len(edges_L), np.uint64), edges_L, lengths_L
        for n in range(1, LONGEST_END + 1):
            kept = lengths >= n
            rolling, edges, lengths = rolling[kept], edges[kept], lengths[kept]
            rolling = rolling * _MULTIPLIER + lower_P[edges + step * (n - 1)]
            found.append((_mixed(rolling + seed + np.uint64(n)), edges))
    return found


def _pairs(firsts: Hashes, seconds: Hashes, seed: np.uint64) -> Hashes:
    return _mixed(firsts * _MULTIPLIER + seconds + seed)


def _mixed(hashes: Hashes) -> Hashes:
    """Hashes whose every bit depends on all bits (the finalizer of `rrmxmx`, shortened)."""
    hashes = (hashes ^ (hashes >> _HALF)) * _MIX
    hashes = (hashes ^ (hashes >> _HALF)) * _MIX
    return hashes ^ (hashes >> _HALF)
