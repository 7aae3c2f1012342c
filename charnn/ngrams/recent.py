"""N-grams of what has been read lately, which go on being counted: what a text has said once it tends to say again.

They are a cache (Kuhn and De Mori 1990) of all lengths at once, smoothed as `counting` smooths, with one discount and
with plain counts at every length. They remember the last part of an endless text.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np

from charnn.arrays import Float32s
from charnn.ngrams.packing import Ids, Packing

LONGEST = 6
"""The most ids of a context."""
MOST = 1 << 17
"""So many ids are remembered. With text of characters they take some 60 MB."""
DISCOUNT = 0.6
"""What is taken from each count, and goes to the next shorter context."""
TOTAL = -1
"""Stands among the ids that were met after a context, and has how often any was met."""
NOTHING = 0
"""The ids before the first one, packed. They are those of the id 0."""


class Known(NamedTuple):
    """What is known of the longest context that was met before."""

    length: int
    """How many ids it has."""
    followers: int
    """How many different ids were met after it."""
    left: float
    """The probability that it leaves to the next shorter context."""
    largest: float
    """The probability of the likeliest of them, without what shorter contexts add."""


class RecentNgrams:
    """Counts n-grams as their ids are read, and says how probable each id is after others.

    A context is the ids before a place, packed into an integer (`after`). One thread at a time may read.
    """

    def __init__(self, vocabulary_size: int, *, most: int = MOST) -> None:
        packing = Packing(vocabulary_size)
        self.vocabulary_size, self.longest = vocabulary_size, min(LONGEST, packing.longest)
        """The most ids that a context has."""
        self._bits = packing.bits
        self._masks = [(1 << packing.bits * length) - 1 for length in range(self.longest + 1)]
        self._met: list[dict[int, dict[int, int]]] = [{} for _ in self._masks]
        """By the length of a context and the context, how often each id was met after it."""
        self._most, self._read = most, deque[tuple[int, int]]()
        """The contexts that are remembered, each with the id that was met after it."""

    def after(self, context: int, id_: int) -> int:
        """The context after one more id."""
        return (context << self._bits | id_) & self._masks[-1]

    def read(self, context: int, id_: int) -> None:
        """Counts the id after its context, and forgets the oldest one where there are too many."""
        for met, mask in zip(self._met, self._masks, strict=True):
            followers = met.get(context & mask)
            if followers is None:
                met[context & mask] = {TOTAL: 1, id_: 1}
            else:
                followers[TOTAL] += 1
                followers[id_] = followers.get(id_, 0) + 1
        self._read.append((context, id_))
        if len(self._read) > self._most:
            self._forget(*self._read.popleft())

    def _forget(self, context: int, id_: int) -> None:
        for met, mask in zip(self._met, self._masks, strict=True):
            followers = met[context & mask]
            if followers[TOTAL] == 1:
                del met[context & mask]
                continue
            followers[TOTAL] -= 1
            followers[id_] -= 1
            if not followers[id_]:
                del followers[id_]

    def probabilities(self, context: int) -> tuple[Float32s, Known]:
        """The probability (V,) of each id after a context, and what is known there."""
        found = []
        for met, mask in zip(self._met, self._masks, strict=True):
            if (followers := met.get(context & mask)) is None:
                break
            found.append(followers)
        if not found:
            return np.full(self.vocabulary_size, 1 / self.vocabulary_size, np.float32), Known(0, 1, 1.0, 1.0)
        own: dict[int, float] = {}
        weight = 1.0
        for followers in reversed(found):
            each = weight / followers[TOTAL]
            for id_, times in followers.items():
                own[id_] = own.get(id_, 0.0) + each * (times - DISCOUNT)
            weight = each * DISCOUNT * (len(followers) - 1)
        del own[TOTAL]
        probabilities_V = np.full(self.vocabulary_size, weight / self.vocabulary_size, np.float32)
        probabilities_V[list(own)] += np.array(list(own.values()), np.float32)
        longest = found[-1]
        total, different = longest[TOTAL], len(longest) - 1
        largest = max(times for id_, times in longest.items() if id_ != TOTAL)
        return probabilities_V, Known(
            len(found) - 1, different, DISCOUNT * different / total, (largest - DISCOUNT) / total
        )

    @property
    def contexts(self) -> int:
        """How many different contexts are remembered."""
        return sum(map(len, self._met))

    @property
    def ids(self) -> Ids:
        """The ids that are remembered, in their order, after which the same model is made by reading them again."""
        return np.array([id_ for _, id_ in self._read], np.int32)
