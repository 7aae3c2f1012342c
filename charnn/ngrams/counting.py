"""Counts the n-grams of sequences, and says how probable each is after what comes before it.

The probabilities are those of interpolated modified Kneser-Ney smoothing (Chen and Goodman 1998): from each count a
discount is taken, one for a count of 1, of 2 and of more, and what was taken goes to the next shorter context. Below
the longest contexts, an n-gram counts as often as there are different ids before it, unless it begins a sequence. The
shortest context of all leaves what it took to every id alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from charnn.arrays import Float64s, Int64s
from charnn.ngrams.packing import Ids, Packed, Packing

ALWAYS_KEPT = 3
"""Contexts of at most so many ids are kept however rare they are."""
FEWEST = 2
"""A longer context is kept if it was met so often: what a context that was met once says is mostly chance, and most of
the long ones are such."""
SPARE_DISCOUNTS = (0.5, 0.75, 0.9)
"""The discounts where too few n-grams have been counted to estimate them."""


@dataclass(frozen=True)
class Level:
    """All contexts of one length that are kept, S of them, and what was met after them, E n-grams."""

    contexts_S: Packed
    """In order. The only context of length 0 is 0."""
    followers_S: Int64s
    """How many different ids were met after each."""
    left_S: Float64s
    """The probability, after each context, that is left to the next shorter one."""
    ids_E: Int64s
    """What was met after the first context, in order, then after the second, and so on."""
    probabilities_E: Float64s
    """The probability of each after its context, without what shorter contexts add to it."""


def count(
    sequences: Sequence[Ids], vocabulary_size: int, order: int, *, before: int, most: int | None = None
) -> list[Level]:
    """The levels of contexts of 0, 1, ..., order - 1 ids, fewer where so long n-grams cannot be packed.

    What comes before a sequence is the id `before`. Where more than `most` n-grams would be kept, longer contexts are
    kept only if they were met more often, until there are at most so many. The sequences have an id at least.
    """
    packing = Packing(vocabulary_size)
    order = min(order, packing.longest)
    grams = packing.grams(sequences, order, before)
    counted = [np.unique(packing.last(grams, length), return_counts=True) for length in range(1, order + 1)]
    fewest = FEWEST
    while True:
        levels = _levels(packing, counted, fewest, before)
        if most is None or sum(len(level.ids_E) for level in levels) <= most or fewest > len(grams):
            return levels
        fewest *= 2


Counted = Sequence[tuple[Packed, npt.NDArray[np.intp]]]
"""The n-grams of 1, 2, ... ids, each in order, and how often each was met."""


def _levels(packing: Packing, counted: Counted, fewest: int, before: int) -> list[Level]:
    levels: list[Level] = []
    led_to = np.zeros(1, np.int64)
    for length in range(len(counted)):
        level = _level(packing, counted, length, fewest, before, led_to)
        if len(level.contexts_S) == 0:
            break
        levels.append(level)
        led_to = packing.join(np.repeat(level.contexts_S, level.followers_S), level.ids_E)
    return levels


def _level(packing: Packing, counted: Counted, length: int, fewest: int, before: int, led_to: Packed) -> Level:
    """The level of the contexts of `length` ids. A context is kept if it is among those that the kept contexts before
    it are led on to by an id that was met: those of ids before a sequence are not."""
    grams, met = counted[length]
    counts = met
    if length + 1 < len(counted):  # how many different ids were met before each
        _, counts = np.unique(packing.last(counted[length + 1][0], length + 1), return_counts=True)
    if length:  # at the beginning of a sequence nothing else can be before it
        counts = np.where(packing.last(grams >> packing.bits * length, 1) == before, met, counts)
    contexts, ids = packing.split(grams)
    starts = np.flatnonzero(np.diff(contexts, prepend=-1))
    discounts_E = discounts_of(counts)[np.minimum(counts, len(SPARE_DISCOUNTS))]
    followers_S = np.diff(starts, append=len(grams))
    totals_S = np.add.reduceat(counts, starts)
    is_kept_S = np.isin(contexts[starts], led_to)
    if length > ALWAYS_KEPT:
        is_kept_S &= np.add.reduceat(met, starts) >= fewest
    is_kept_E = np.repeat(is_kept_S, followers_S)
    probabilities_E = (counts - discounts_E) / np.repeat(totals_S, followers_S)
    return Level(
        contexts[starts][is_kept_S],
        followers_S[is_kept_S],
        (np.add.reduceat(discounts_E, starts) / totals_S)[is_kept_S],
        ids[is_kept_E],
        probabilities_E[is_kept_E],
    )


def discounts_of(counts: npt.NDArray[np.intp]) -> Float64s:
    """The discount of a count of 0, 1, 2, and of 3 and more."""
    once, twice, thrice, four = (np.count_nonzero(counts == n) for n in (1, 2, 3, 4))
    if not (once and twice and thrice):
        return np.array([0, *SPARE_DISCOUNTS])
    ratio = once / (once + 2 * twice)
    found = [1 - 2 * ratio * twice / once, 2 - 3 * ratio * thrice / twice, 3 - 4 * ratio * four / thrice]
    is_sound = all(0 < discount < n for n, discount in enumerate(found, 1))
    return np.array([0, *(found if is_sound else SPARE_DISCOUNTS)])
