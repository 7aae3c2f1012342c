"""A model of n-grams that is read: a state says which context was read last, and gives the probabilities after it.

A state is the number of a context. It is the longest one that the text before ends in, so the states of a text depend
on as many of its last ids as the longest context has.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from charnn.arrays import Bools, Float32s, Floats, Int64s, Integers
from charnn.ngrams.packing import Ids, Packing
from charnn.ngrams.table import NgramTable, decode

States = npt.NDArray[np.int32]

ROOT = 0
"""The state after nothing: the context of length 0."""
NONE = -1
ONE_BY_ONE = 256
"""More states than these are advanced faster as arrays."""
FEW = 8
"""So many numbers of an array are changed faster one by one, through a view that Python has of it."""
MANY = 16
"""For so many states it pays to have the probabilities after all short contexts ready."""
MOST_SHORT = 1 << 17
"""So many of these probabilities are kept at most."""


class Facts(NamedTuple):
    """What is known of each of the S contexts, beside what comes after it."""

    lengths_S: npt.NDArray[np.int8]
    """How many ids it has."""
    followers_S: Integers
    """How many different ids were met after it."""
    left_S: Float32s
    """The probability that it leaves to the next shorter context."""
    largest_S: Float32s
    """The probability of the likeliest of them, without what shorter contexts add."""


class Singly(NamedTuple):
    """The table as Python reads it, number by number."""

    starts: memoryview[int]
    """The first n-gram of each context, and that after its last one."""
    ids: memoryview[int]
    """The last id of each n-gram."""
    longer: memoryview[int]
    """The number of the context that each n-gram is; NONE where it is none."""
    shorter: memoryview[int]
    """The number of the next shorter context of each one."""
    probabilities: memoryview[Any]
    """What each n-gram adds to the probability of its last id."""


class NgramModel:
    """Says how probable each id is after others. It never changes, and several threads may read it at once."""

    def __init__(self, table: NgramTable, vocabulary_size: int) -> None:
        """Raises ValueError where the table is not sound, or has other ids than those below `vocabulary_size`."""
        packing = Packing(vocabulary_size)
        self.vocabulary_size = vocabulary_size
        self._ids_E = table.ids_E.astype(np.int64)
        followers_S = table.followers_S.astype(np.int64)
        self._starts = np.concatenate([[0], np.cumsum(followers_S)])
        states = len(followers_S)
        of_E = np.repeat(np.arange(states), followers_S)
        self._keys_E = of_E * vocabulary_size + self._ids_E
        if self._ids_E.max() >= vocabulary_size or not (np.diff(self._keys_E) > 0).all():
            raise ValueError("its ids are in no order, or are not of this vocabulary")
        is_context_E = np.unpackbits(table.is_context_E, count=len(self._ids_E)).astype(np.bool_)
        if np.count_nonzero(is_context_E) != states - 1:
            raise ValueError("it has other contexts than it leads to")
        self._longer_E = np.where(is_context_E, np.cumsum(is_context_E), NONE).astype(np.int32)
        lengths_S, self._shorter_S = self._walk(packing, of_E, is_context_E)
        self.last_S = np.concatenate([[0], self._ids_E[is_context_E]]).astype(np.int32)
        """The last id of each context; 0 for that of length 0."""
        self.before_S = np.concatenate([[ROOT], of_E[is_context_E]]).astype(np.int32)
        """The context that each one is without its last id; for that of length 0 itself."""
        rest_E = decode(table.probabilities_E)
        left_S = decode(table.left_S)
        left_S[left_S >= 1] = np.nextafter(np.float32(1), np.float32(0))
        first_E = self._starts[:-1]
        rest_E *= np.repeat((1 - left_S) / np.add.reduceat(rest_E, first_E), followers_S)
        self._probabilities_E = rest_E
        self.facts = Facts(lengths_S, followers_S, left_S, np.maximum.reduceat(rest_E, first_E))
        self.longest = int(lengths_S[-1])
        """The length of the longest contexts."""
        # Python reads single numbers from these several times as fast as from the arrays, and from few bytes sooner.
        self.singly = Singly(
            self._starts.data,
            np.ascontiguousarray(table.ids_E).data,
            self._longer_E.data,
            self._shorter_S.data,
            rest_E.data,
        )

    def _walk(self, packing: Packing, of_E: Int64s, is_context_E: Bools) -> tuple[npt.NDArray[np.int8], States]:
        """The length of each context, and the number of the next shorter one, which lacks the oldest id."""
        parents, own_ids = of_E[is_context_E], self._ids_E[is_context_E]  # of the contexts 1, 2, ...
        states = len(parents) + 1
        lengths_S, shorter_S = np.zeros(states, np.int8), np.zeros(states, np.int32)
        first, end, length, before = 0, 1, 0, np.zeros(1, np.int64)
        while end < states:
            length += 1
            level = np.arange(end, end + int(np.searchsorted(parents[end - 1 :], end)))
            if len(level) == 0 or length >= packing.longest or parents[level[0] - 1] < first:
                raise ValueError("its contexts do not follow from each other")
            contexts = packing.join(before[parents[level - 1] - first], own_ids[level - 1])
            lengths_S[level] = length
            if length > 1:
                without_oldest = packing.last(contexts, length - 1)
                found = np.searchsorted(before, without_oldest)
                if (before[np.minimum(found, len(before) - 1)] != without_oldest).any():
                    raise ValueError("a context has no shorter one")
                shorter_S[level] = first + found
            first, end, before = end, end + len(level), contexts
        return lengths_S, shorter_S

    def advance(self, states_B: States, ids_B: Ids) -> States:
        """The states after one more id each."""
        if len(states_B) > ONE_BY_ONE:
            return self.states(states_B, ids_B[:, np.newaxis])[:, 0]
        if len(states_B) == 1:
            return np.array([self.after(int(states_B[0]), int(ids_B[0]))], np.int32)
        each = zip(states_B.tolist(), ids_B.tolist(), strict=True)
        return np.array([self.after(state, id_) for state, id_ in each], np.int32)

    def after(self, state: int, id_: int) -> int:
        """The state after one more id."""
        starts, ids, longers, shorter, _ = self.singly
        while True:
            start, end = starts[state], starts[state + 1]
            found = bisect_left(ids, id_, start, end)
            if found < end and ids[found] == id_ and (longer := longers[found]) != NONE:
                return longer
            if state == ROOT:
                return ROOT
            state = shorter[state]

    def states(self, states_B: States, ids_BT: Ids) -> States:
        """The states (B, T) after each id, where each row begins in its state of `states_B`."""
        lengths_S = self.facts.lengths_S
        reached_BT = np.full(ids_BT.shape, ROOT, np.int32)
        # suffixes_B[k] is the state of the last k ids before the row, where they are a context.
        suffixes, state_B = [np.full(len(states_B), NONE, np.int32) for _ in range(self.longest + 1)], states_B
        for length in range(self.longest, -1, -1):
            is_this = lengths_S[state_B] == length
            suffixes[length] = np.where(is_this, state_B, NONE).astype(np.int32)
            state_B = np.where(is_this, self._shorter_S[state_B], state_B)
        before_BT = np.full(ids_BT.shape, ROOT, np.int32)  # the state of the last `length` ids before each id
        for length in range(self.longest):
            before_BT[:, 0] = suffixes[length]
            rows, places = np.nonzero(before_BT != NONE)
            longer = self._longer(before_BT[rows, places], ids_BT[rows, places])
            after_BT = np.full(ids_BT.shape, NONE, np.int32)
            after_BT[rows, places] = longer
            reached_BT = np.where(after_BT != NONE, after_BT, reached_BT)
            before_BT[:, 1:] = after_BT[:, :-1]
        return reached_BT

    def _longer(self, states_N: States, ids_N: Ids) -> States:
        """The number of the context that each one is with an id after it; NONE where it is none."""
        found, is_met = self._find(states_N, ids_N)
        longer: States = np.where(is_met, self._longer_E[found], NONE).astype(np.int32)
        return longer

    def _find(self, states_N: States, ids_N: Ids) -> tuple[npt.NDArray[np.intp], Bools]:
        """The place of each id among the n-grams of its context, and whether it was met there."""
        keys_N = states_N.astype(np.int64) * self.vocabulary_size + ids_N
        found = np.minimum(np.searchsorted(self._keys_E, keys_N), len(self._keys_E) - 1)
        return found, self._keys_E[found] == keys_N

    def probability(self, states_N: States, ids_N: Ids) -> Float32s:
        """The probability of one id after each state."""
        total_N = np.full(len(states_N), 1 / self.vocabulary_size, np.float32)
        for rows, contexts in self._from_the_shortest(states_N):
            found, is_met = self._find(contexts, ids_N[rows])
            total_N[rows] *= self.facts.left_S[contexts]
            total_N[rows] += np.where(is_met, self._probabilities_E[found], np.float32(0))
        return total_N

    def probabilities(self, states_N: States) -> Float32s:
        """The probability (N, V) of each id after each state."""
        if len(states_N) < MANY:
            return self._extended(np.full((len(states_N), self.vocabulary_size), 1 / self.vocabulary_size), states_N, 0)
        short_KV = self._short_KV
        first = int(self.facts.lengths_S[len(short_KV) - 1]) + 1
        return self._extended(short_KV[self._last(states_N, first - 1)], states_N, first)

    @cached_property
    def _short_KV(self) -> Float32s:
        """The probability of each id after the first K states, which are all those of the shortest contexts."""
        ends = np.searchsorted(self.facts.lengths_S, np.arange(self.longest + 1), "right")
        number = max([1, *ends[ends * self.vocabulary_size <= MOST_SHORT].tolist()])
        even_KV = np.full((number, self.vocabulary_size), 1 / self.vocabulary_size)
        return self._extended(even_KV, np.arange(number, dtype=np.int32), 0)

    def _extended(self, shorter_NV: Floats, states_N: States, first: int) -> Float32s:
        """The probability (N, V) of each id after each state, from those after its last `first` - 1 ids or fewer."""
        total_NV = shorter_NV.astype(np.float32, copy=False)
        flat = total_NV.reshape(-1)
        for rows, contexts in self._from_the_shortest(states_N, first):
            many = self.facts.followers_S[contexts]
            ngrams_M = np.arange(many.sum()) + np.repeat(self._starts[contexts] - (np.cumsum(many) - many), many)
            total_NV[rows] *= self.facts.left_S[contexts, np.newaxis]
            flat[np.repeat(rows, many) * self.vocabulary_size + self._ids_E[ngrams_M]] += self._probabilities_E[
                ngrams_M
            ]
        return total_NV

    def _from_the_shortest(self, states_N: States, first: int = 0) -> Iterator[tuple[npt.NDArray[np.intp], States]]:
        """For each length from `first`, the rows whose state is a context of so many ids or more, and the last so many
        ids of each, which are a context themselves."""
        chain, rows, contexts = [], np.arange(len(states_N)), states_N
        for length in range(self.longest, first - 1, -1):
            is_reached = self.facts.lengths_S[states_N] >= length
            contexts = np.where(self.facts.lengths_S[contexts] > length, self._shorter_S[contexts], contexts)
            chain.append((rows[is_reached], contexts[is_reached]))
        yield from reversed(chain)

    def _last(self, states_N: States, most: int) -> States:
        """The context of the last `most` ids of each state, or fewer where it has fewer."""
        for length in range(self.longest, most, -1):
            states_N = np.where(self.facts.lengths_S[states_N] >= length, self._shorter_S[states_N], states_N)
        return states_N

    def shorter(self, state: int) -> int:
        """The state of the context without its oldest id. The root has none."""
        return self.singly.shorter[state]

    def extend(self, state: int, shorter_V: Float32s, out_V: Float32s) -> None:
        """Sets `out_V` to the probability of each id after a state, from those after the next shorter context, where
        there is one; to the last bit what `probabilities` gives."""
        start, end = self.singly.starts[state], self.singly.starts[state + 1]
        np.multiply(shorter_V, self.facts.left_S[state, ...], out_V)  # an array of no axis is no number to convert
        self.add(start, end, out_V)

    def add(self, start: int, end: int, out_V: Float32s) -> None:
        """Adds what the n-grams from `start` to `end`, which are those of one context, add to each id."""
        if end - start <= FEW:
            view_V, ids, probabilities = out_V.data, self.singly.ids, self.singly.probabilities
            for ngram in range(start, end):
                view_V[ids[ngram]] += probabilities[ngram]
        else:
            out_V[self._ids_E[start:end]] += self._probabilities_E[start:end]
