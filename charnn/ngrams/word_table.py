"""What was met in words: counts of the ids after the beginning of a word and the one or two words before it.

The table holds the contexts of all three kinds by their keys, with what was met after each. It is smoothed as
`counting` smooths, but with plain counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from charnn.arrays import Bools, Float64s, Int64s
from charnn.ngrams.counting import SPARE_DISCOUNTS, discounts_of
from charnn.ngrams.packing import Ids
from charnn.ngrams.table import MISSING, SMALL, are_counts, encode
from charnn.ngrams.words import LEVELS, Keys, Places, WordSymbols, keys

FEWEST = (1, 1, 2)
"""A context of each kind is kept if it was met so often. What stands behind one word that was met once is where words
know more than the symbols before them; behind two it is mostly chance."""
PREFIX = "words."
"""The names of the arrays in a file begin with it."""


@dataclass(frozen=True)
class WordTable:
    """The E ids that were met after S contexts; those of the beginning of a word alone come first."""

    is_word_V: Bools
    folded_V: npt.NDArray[np.unsignedinteger]
    sizes_3: Int64s
    """How many contexts there are of each kind."""
    keys_S: Keys
    """Those of the contexts of one kind ascend."""
    followers_S: npt.NDArray[np.unsignedinteger]
    """How many different ids were met after each context."""
    left_S: npt.NDArray[np.uint8]
    """The code of the probability that each context leaves to the next shorter one."""
    ids_E: npt.NDArray[np.unsignedinteger]
    """What was met after each context, in order."""
    probabilities_E: npt.NDArray[np.uint8]
    """The code of each one's part of the rest."""

    @property
    def symbols(self) -> WordSymbols:
        return WordSymbols(self.is_word_V, self.folded_V.astype(np.int64))

    @classmethod
    def count(cls, sequences: Sequence[Ids], symbols: WordSymbols, *, most: int) -> Self:
        """The table of these sequences, each of which begins as if nothing was before it. Where more than `most` ids
        after contexts would be kept, contexts with words are kept only if they were met more often, until there are at
        most so many. The sequences have an id at least."""
        size = len(symbols.folded_V)
        nothing = np.zeros((1, LEVELS), np.uint64)
        before = [_before(symbols, ids_T, nothing) for ids_T in sequences]
        keys_N3, ids_N = np.concatenate([keys(places) for places in before]), np.concatenate(sequences)
        counted = [_Counted.of(keys_N3[:, level], ids_N, size) for level in range(LEVELS)]
        times = 1
        while True:
            kept = [
                level.kept(max(fewest, times) if kind else fewest)
                for kind, (level, fewest) in enumerate(zip(counted, FEWEST, strict=True))
            ]
            if sum(len(level.ids_E) for level in kept) <= most or times > len(ids_N):
                break
            times *= 2
        small = np.min_scalar_type(size)
        return cls(
            symbols.is_word_V,
            symbols.folded_V.astype(small),
            np.array([len(level.keys_S) for level in kept], np.int64),
            np.concatenate([level.keys_S for level in kept]).astype(np.uint32),
            np.concatenate([level.followers_S for level in kept]).astype(small),
            encode(np.concatenate([level.left_S for level in kept])),
            np.concatenate([level.ids_E for level in kept]).astype(small),
            encode(np.concatenate([level.probabilities_E for level in kept])),
        )

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The table as arrays by name, for a file."""
        arrays = {PREFIX + name: values for name, values in vars(self).items() if name in self.__dataclass_fields__}
        return {**arrays, PREFIX + "is_word_V": self.is_word_V.astype(np.uint8)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]], vocabulary_size: int) -> Self | None:
        """The table in these arrays; None where there is nothing of words. Raises ValueError where they are none."""
        if not any(name.startswith(PREFIX) for name in arrays):
            return None
        found = [arrays.get(PREFIX + name, MISSING) for name in cls.__dataclass_fields__]
        is_word_V, folded_V, sizes_3, keys_S, followers_S, left_S, ids_E, probabilities_E = found
        is_sound = are_counts(followers_S, left_S, ids_E, probabilities_E) and (
            is_word_V.shape == folded_V.shape == (vocabulary_size,)
            and sizes_3.shape == (LEVELS,)
            and keys_S.shape == followers_S.shape
            and is_word_V.dtype == np.uint8
            and sizes_3.dtype == np.int64
            and keys_S.dtype == np.uint32
            and folded_V.dtype in SMALL
            and bool((sizes_3 >= 0).all() and (sizes_3 <= len(keys_S)).all())
            and int(sizes_3.sum()) == len(keys_S)
            and int(max(ids_E.max(), folded_V.max())) < vocabulary_size
            and all((np.diff(part.astype(np.int64)) > 0).all() for part in np.split(keys_S, np.cumsum(sizes_3)[:-1]))
        )
        if not is_sound:
            raise ValueError("no table of words")
        of_E = np.repeat(np.arange(len(keys_S)), followers_S.astype(np.int64))
        if not (np.diff(of_E * vocabulary_size + ids_E) > 0).all():
            raise ValueError("its ids after words are in no order")
        return cls(is_word_V.astype(np.bool_), folded_V, sizes_3, keys_S, followers_S, left_S, ids_E, probabilities_E)


def _before(symbols: WordSymbols, ids_T: Ids, nothing: Places) -> Places:
    """The place before each id."""
    return np.concatenate([nothing, symbols.along(nothing[0], ids_T[:-1])])


@dataclass(frozen=True)
class _Counted:
    keys_S: Int64s
    totals_S: Int64s
    followers_S: Int64s
    left_S: Float64s
    ids_E: Int64s
    probabilities_E: Float64s

    @classmethod
    def of(cls, keys_N: Keys, ids_N: Ids, size: int) -> _Counted:
        grams, counts = np.unique(keys_N.astype(np.int64) * size + ids_N, return_counts=True)
        contexts, ids = np.divmod(grams, size)
        starts = np.flatnonzero(np.diff(contexts, prepend=-1))
        discounts_E = discounts_of(counts)[np.minimum(counts, len(SPARE_DISCOUNTS))]
        totals_S, followers_S = np.add.reduceat(counts, starts), np.diff(starts, append=len(grams))
        probabilities_E = (counts - discounts_E) / np.repeat(totals_S, followers_S)
        left_S = np.add.reduceat(discounts_E, starts) / totals_S
        return cls(contexts[starts], totals_S, followers_S, left_S, ids, probabilities_E)

    def kept(self, fewest: int) -> _Counted:
        """The contexts that were met so often."""
        is_kept_S = self.totals_S >= fewest
        is_kept_E = np.repeat(is_kept_S, self.followers_S)
        return _Counted(
            self.keys_S[is_kept_S],
            self.totals_S[is_kept_S],
            self.followers_S[is_kept_S],
            self.left_S[is_kept_S],
            self.ids_E[is_kept_E],
            self.probabilities_E[is_kept_E],
        )
