"""What came in each context, and how often: probabilities as Witten and Bell (1991) smooth them, for many at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from charnn.arrays import Float64s

Ids = npt.NDArray[np.int64]

UNKNOWN = -1
"""A context, or an outcome, that never came."""


class ContextCounts:
    """Contexts and outcomes are numbers from 0."""

    def __init__(self, contexts_N: Ids, outcomes_N: Ids, outcomes: int) -> None:
        """What came, one after the other; there are so many different `outcomes`. Where the context is UNKNOWN nothing
        is counted."""
        counted = contexts_N >= 0
        self._size = outcomes
        self._keys, self._counts = np.unique(contexts_N[counted] * outcomes + outcomes_N[counted], return_counts=True)
        of = self._keys // outcomes
        self._contexts, self._starts, self._different = np.unique(of, return_index=True, return_counts=True)
        self._totals = np.add.reduceat(self._counts, self._starts) if len(of) else np.zeros(0, np.int64)

    def smoothed(self, contexts: Ids, outcomes: Ids, lower: Float64s) -> Float64s:
        """The probability of each outcome in each context, of the same shape, where `lower` is what it is in a shorter
        one: (c + d lower) / (n + d), for c of n times and d different outcomes there."""
        if not len(self._contexts):
            return lower
        where = np.minimum(np.searchsorted(self._contexts, contexts), len(self._contexts) - 1)
        is_known = self._contexts[where] == contexts
        total, different = (np.where(is_known, of[where], 0) for of in (self._totals, self._different))
        keys = np.where(is_known & (outcomes >= 0), contexts * self._size + outcomes, -1)
        at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        counts = np.where(self._keys[at] == keys, self._counts[at], 0)
        found: Float64s = np.where(is_known, (counts + different * lower) / np.maximum(total + different, 1), lower)
        return found

    def total(self, context: int) -> int:
        """How often a context came."""
        at = self._place(context)
        return 0 if at is None else int(self._totals[at])

    def most_frequent(self, context: int, most: int) -> list[tuple[int, float]]:
        """At most so many outcomes in a context, the most frequent first, with the share that each had."""
        at = self._place(context)
        if at is None:
            return []
        begin = int(self._starts[at])
        counts = self._counts[begin : begin + int(self._different[at])]
        order = np.argsort(-counts, kind="stable")[:most]
        numbers = self._keys[begin + order] - context * self._size
        return list(zip(numbers.tolist(), (counts[order] / self._totals[at]).tolist(), strict=True))

    def _place(self, context: int) -> int | None:
        at = int(np.searchsorted(self._contexts, context))
        return at if at < len(self._contexts) and int(self._contexts[at]) == context else None
