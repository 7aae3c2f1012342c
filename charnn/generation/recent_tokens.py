"""Remembers the last tokens of every lane, which penalties look back at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from charnn.tokenizers.base import STOP_ID

Ids = npt.NDArray[np.integer]


class RecentTokens:
    """Counts how often each token is among the last `window` of each lane.

    The stop token is never counted: that a document began is no reason against its end.
    """

    def __init__(self, size: int, window: int) -> None:
        """At first there are no lanes. `size` is V."""
        self.counts_BV = np.zeros((0, size), np.int64)
        # This is a ring, in which every lane is at the same place. The stop token fills it where no token has come.
        self._ring_BW = np.full((0, window), STOP_ID, np.int64)
        self._place = 0

    def extend(self, lanes: Sequence[Ids]) -> None:
        """Adds new lanes behind the others; they begin with these ids."""
        first, (_, size), (_, window) = len(self.counts_BV), self.counts_BV.shape, self._ring_BW.shape
        self.counts_BV = np.concatenate([self.counts_BV, np.zeros((len(lanes), size), np.int64)])
        self._ring_BW = np.concatenate([self._ring_BW, np.full((len(lanes), window), STOP_ID)])
        for lane, ids_T in enumerate(lanes, start=first):
            self.put(lane, ids_T)

    def put(self, lane: int, ids_T: Ids) -> None:
        """Begins a lane again, with these ids."""
        window = self._ring_BW.shape[1]
        last_T = ids_T[-window:]
        self._ring_BW[lane] = STOP_ID
        self._ring_BW[lane, (self._place - len(last_T) + np.arange(len(last_T))) % window] = last_T
        self.counts_BV[lane] = np.bincount(last_T, minlength=self.counts_BV.shape[1])
        self.counts_BV[lane, STOP_ID] = 0

    def add(self, ids_B: Ids) -> None:
        """Adds a token to every lane."""
        lanes_B = np.arange(len(ids_B))
        self.counts_BV[lanes_B, self._ring_BW[:, self._place]] -= 1
        self.counts_BV[lanes_B, ids_B] += 1
        self.counts_BV[:, STOP_ID] = 0
        self._ring_BW[:, self._place] = ids_B
        self._place = (self._place + 1) % self._ring_BW.shape[1]

    def select(self, lanes: Ids) -> None:
        """Keeps these lanes, in this order; one may come several times."""
        self.counts_BV, self._ring_BW = self.counts_BV[lanes], self._ring_BW[lanes]
