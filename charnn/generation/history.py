"""What the filters remember of each lane: which tokens have come lately, and what the lane is about to repeat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charnn.arrays import Bools, Int32s
from charnn.tokenizers.base import STOP_ID, Tokenizer

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


NO_TOKEN = -1
"""Stands where no token has come yet."""
BLOCKS = 8
"""The memory of a lane has room for so many windows, so that it is seldom moved."""


class Continuations(NamedTuple):
    """Tokens that would lengthen a repetition. One may come several times."""

    lanes: Ids
    tokens: Ids
    lengths: Ids
    """How many tokens are repeated before it."""


class Repetitions:
    """The repetitions at the end of each lane, whose earlier part lies within the last `window` tokens, too.

    For each distance d back from the end of a text, one number is kept: how many of the last tokens are those that
    stand d tokens before them. A token that is added makes it one more where the same token stands d before it, and 0
    elsewhere, so that a step costs one pass over the window, whatever has been repeated.

    A repetition never goes back beyond a breaker, which is any of some strings in the text. It does not continue with
    one either: a token that has a breaker in it is never given.
    """

    def __init__(self, tokenizer: Tokenizer, *, at_least: int, window: int, breakers: Sequence[str] = ()) -> None:
        """At first there are no lanes. `at_least`, 1 or more, is the fewest tokens that count as a repetition."""
        self._at_least, self._window = at_least, window
        self._spellings = tokenizer.spellings()
        self._breakers = [breaker.encode("utf-8", "surrogateescape") for breaker in breakers]
        self._breaks_V = np.array([self._breaks(spelling) for spelling in self._spellings])
        self._before = max(map(len, self._breakers), default=1) - 1
        """The bytes before a token with which it may complete a breaker."""
        # Column W - d of `_same_BW` is for the distance d, and so is column `place` - d of `_tokens_BN`.
        self._tokens_BN = np.full((0, BLOCKS * window), NO_TOKEN, np.int32)
        self._same_BW = np.zeros((0, window), np.int32)
        self._room_W = np.arange(window, dtype=np.int32)
        self._unbroken_B = np.zeros(0, np.int64)
        """The number of tokens since the last breaker."""
        self._ends = list[bytes]()
        """The last bytes of each lane that may begin a breaker."""
        self._place = window

    def extend(self, lanes: Sequence[Ids]) -> None:
        """Adds new lanes behind the others; they begin with these ids."""
        first, more = len(self._tokens_BN), len(lanes)
        self._tokens_BN = np.concatenate([self._tokens_BN, np.zeros((more, self._tokens_BN.shape[1]), np.int32)])
        self._same_BW = np.concatenate([self._same_BW, np.zeros((more, self._window), np.int32)])
        self._unbroken_B = np.concatenate([self._unbroken_B, np.zeros(more, np.int64)])
        self._ends += [b""] * more
        for lane, ids_T in enumerate(lanes, start=first):
            self.put(lane, ids_T)

    def put(self, lane: int, ids_T: Ids) -> None:
        """Begins a lane again, with these ids."""
        last_T = ids_T[-self._window :]
        self._tokens_BN[lane] = NO_TOKEN
        self._same_BW[lane], self._unbroken_B[lane], self._ends[lane] = 0, 0, b""
        tokens_N = np.concatenate([np.full(self._window, NO_TOKEN), last_T])
        for end, token in enumerate(last_T.tolist(), start=self._window):
            _lengthen(self._same_BW[lane], tokens_N[end - self._window : end] == token)
            self._see_breaker(lane, token)
        self._tokens_BN[lane, self._place - len(last_T) : self._place] = last_T

    def add(self, ids_B: Ids) -> None:
        """Adds a token to every lane."""
        if self._place == self._tokens_BN.shape[1]:
            self._tokens_BN[:, : self._window] = self._tokens_BN[:, -self._window :]
            self._place = self._window
        ids_B1 = ids_B[:, np.newaxis]
        _lengthen(self._same_BW, self._tokens_BN[:, self._place - self._window : self._place] == ids_B1)
        self._tokens_BN[:, self._place] = ids_B
        self._place += 1
        if self._breakers:
            for lane, token in enumerate(ids_B.tolist()):
                self._see_breaker(lane, token)

    def select(self, lanes: Ids) -> None:
        """Keeps these lanes, in this order; one may come several times."""
        self._tokens_BN, self._same_BW = self._tokens_BN[lanes], self._same_BW[lanes]
        self._unbroken_B, self._ends = self._unbroken_B[lanes], [self._ends[lane] for lane in lanes]

    def continuations(self) -> Continuations | None:
        """The tokens that would lengthen a repetition of `at_least` tokens or more; None where there is none."""
        is_long_BW = self._same_BW >= self._at_least
        if not is_long_BW.any():
            return None
        lanes, columns = np.nonzero(is_long_BW)
        lengths = np.minimum(self._same_BW[lanes, columns], self._room_W[columns])
        tokens = self._tokens_BN[lanes, self._place - self._window + columns]
        if self._breakers:
            lengths = np.minimum(lengths, self._unbroken_B[lanes])
            lengths[self._breaks_V[tokens]] = 0
        kept = lengths >= self._at_least
        return Continuations(lanes[kept], tokens[kept], lengths[kept]) if kept.any() else None

    def _see_breaker(self, lane: int, token: int) -> None:
        spelling = self._spellings[token]
        is_breaker = self._breaks_V[token] or (self._before and self._breaks(spelling, after=self._ends[lane]))
        self._unbroken_B[lane] = 0 if is_breaker else self._unbroken_B[lane] + 1
        if self._before:
            self._ends[lane] = (self._ends[lane] + spelling)[-self._before :]

    def _breaks(self, spelling: bytes, after: bytes = b"") -> bool:
        """Whether a breaker ends in `spelling`, which comes after these bytes."""
        text, new = after + spelling, len(after)
        return any(text.find(breaker, max(new - len(breaker) + 1, 0)) >= 0 for breaker in self._breakers)


def _lengthen(same: Int32s, is_same: Bools) -> None:
    same += 1
    same *= is_same


class History:
    """The memories of all lanes. One that no filter needs is None, and costs nothing."""

    def __init__(self, recent: RecentTokens | None = None, repetitions: Repetitions | None = None) -> None:
        """At first there are no lanes."""
        self.recent, self.repetitions = recent, repetitions
        self._kept = [memory for memory in (recent, repetitions) if memory is not None]

    def extend(self, lanes: Sequence[Ids]) -> None:
        """Adds new lanes behind the others; they begin with these ids."""
        for memory in self._kept:
            memory.extend(lanes)

    def put(self, lane: int, ids_T: Ids) -> None:
        """Begins a lane again, with these ids."""
        for memory in self._kept:
            memory.put(lane, ids_T)

    def add(self, ids_B: Ids) -> None:
        """Adds a token to every lane."""
        for memory in self._kept:
            memory.add(ids_B)

    def select(self, lanes: Ids) -> None:
        """Keeps these lanes, in this order; one may come several times."""
        for memory in self._kept:
            memory.select(lanes)
