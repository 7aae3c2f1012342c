"""A model of words that is read: it says how the beginning of a word and the words before it change what n-grams of
symbols expect."""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charnn.arrays import Float32s
from charnn.ngrams.model import FEW, Facts
from charnn.ngrams.table import decode
from charnn.ngrams.word_table import WordTable
from charnn.ngrams.words import ALL, FACTORS, KEY_BITS, LEVELS, SHIFT, SPREAD, Keys, Places, keys


class Found(NamedTuple):
    """The contexts of one kind that some of N places are in."""

    rows: npt.NDArray[np.intp]
    """Which places."""
    contexts: npt.NDArray[np.intp]
    """The number of the context of each."""


class WordModel:
    """It never changes, and several threads may read it at once."""

    def __init__(self, table: WordTable) -> None:
        self.table, self.symbols = table, table.symbols
        self.vocabulary_size = len(table.folded_V)
        followers_S = table.followers_S.astype(np.int64)
        self._starts = np.concatenate([[0], np.cumsum(followers_S)])
        self._ids_E = table.ids_E.astype(np.int64)
        left_S, rest_E = decode(table.left_S), decode(table.probabilities_E)
        left_S[left_S >= 1] = np.nextafter(np.float32(1), np.float32(0))
        first_E = self._starts[:-1]
        rest_E *= np.repeat((1 - left_S) / np.add.reduceat(rest_E, first_E), followers_S)
        self._probabilities_E = rest_E
        self.facts = Facts(
            np.repeat(np.arange(LEVELS), table.sizes_3).astype(np.int8),
            followers_S,
            left_S,
            np.maximum.reduceat(rest_E, first_E),
        )
        """What is known of each context. Its length is how many words it has before the one that has begun."""
        self._ends = [0, *np.cumsum(table.sizes_3).tolist()]
        self._keys_S = table.keys_S
        # Python reads single numbers from these several times as fast as from the arrays, and from few bytes sooner.
        self._keys_view, self._starts_view = np.ascontiguousarray(table.keys_S).data, self._starts.data
        self._ids_view, self._probabilities_view = np.ascontiguousarray(table.ids_E).data, rest_E.data
        self._beginnings = [
            (factor, *_beginnings(start, table.keys_S[start:end]))
            for factor, start, end in zip(FACTORS, self._ends, self._ends[1:], strict=False)
        ]

    def find(self, places_N3: Places) -> list[Found]:
        """The contexts of the places, for each kind of context the places that are in one. A longer context is found
        only where the shorter ones are."""
        found, rows, keys_N3 = [], np.arange(len(places_N3)), keys(places_N3)
        for level in range(LEVELS):
            start, end = self._ends[level], self._ends[level + 1]
            if start == end:
                break
            wanted = keys_N3[rows, level]
            contexts = start + np.searchsorted(self._keys_S[start:end], wanted)
            is_met = self._keys_S[np.minimum(contexts, end - 1)] == wanted
            rows, contexts = rows[is_met], contexts[is_met]
            if len(rows) == 0:
                break
            found.append(Found(rows, contexts))
        return found

    def extended(self, p_NV: Float32s, found: list[Found]) -> Float32s:
        """The probability (N, V) of each id, where `p_NV` is that by shorter contexts than those that were found."""
        p_NV = np.array(p_NV, np.float32)
        flat = p_NV.reshape(-1)
        for rows, contexts in found:
            many = self.facts.followers_S[contexts]
            each_M = np.arange(many.sum()) + np.repeat(self._starts[contexts] - (np.cumsum(many) - many), many)
            p_NV[rows] *= self.facts.left_S[contexts, np.newaxis]
            flat[np.repeat(rows, many) * self.vocabulary_size + self._ids_E[each_M]] += self._probabilities_E[each_M]
        return p_NV

    def extend_one(self, p_V: Float32s, view_V: memoryview[float], place: tuple[int, int, int]) -> list[int]:
        """Changes p (V,) by shorter contexts than those of a single place into what `extended` gives, and gives the
        contexts of the place, the shortest first. `view_V` is `p_V` as Python sees it."""
        found, total, seen, starts = [], 0, self._keys_view, self._starts_view
        ids, probabilities, left_S, multiply = self._ids_view, self._probabilities_view, self.facts.left_S, np.multiply
        for part, (factor, shift, firsts) in zip(place, self._beginnings, strict=True):
            total = total + part * factor & ALL
            key = ((total ^ total >> SHIFT) * SPREAD & ALL) >> KEY_BITS
            beginning = key >> shift
            last = firsts[beginning + 1]
            context = bisect_left(seen, key, firsts[beginning], last)
            if context == last or seen[context] != key:
                break
            found.append(context)
            multiply(p_V, left_S[context, ...], p_V)
            start, end = starts[context], starts[context + 1]
            if end - start <= FEW:
                for each in range(start, end):
                    view_V[ids[each]] += probabilities[each]
            else:
                p_V[self._ids_E[start:end]] += self._probabilities_E[start:end]
        return found


def _beginnings(start: int, keys_S: Keys) -> tuple[int, memoryview]:
    """How many last bits of a key to leave out, and for each number that the others may be the first of the ascending
    keys that they begin, or that comes after; the first key is number `start`. There are about as many beginnings as
    keys, so that few keys share one."""
    shift = KEY_BITS - max(len(keys_S).bit_length() - 1, 0)
    beginnings = np.arange((1 << KEY_BITS - shift) + 1) << shift
    return shift, (start + np.searchsorted(keys_S, beginnings)).data
