"""Which labels examples have, where most labels are those of other examples: only what an example has is stored."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np

from charnn.arrays import Bools, Int32s, Integers
from charnn.linear.rows import Ids


@dataclass(frozen=True)
class Targets:
    """N examples, each with any number of K labels."""

    ids: Int32s
    """(Z,): the numbers of the labels, ascending in each example, one example after the other."""
    starts: Ids
    """(N + 1,): where those of each example begin, and the end."""
    labels: int
    """K, how many labels there are."""

    @classmethod
    def of(cls, numbers: Iterable[Iterable[int]], labels: int) -> Self:
        """Those of examples that have the labels with these numbers."""
        ids, starts = array("i"), array("q", [0])
        for own in numbers:
            ids.extend(sorted(set(own)))
            starts.append(len(ids))
        return cls(np.array(ids, np.int32), np.array(starts, np.int64), labels)

    @classmethod
    def one_each(cls, number_N: Integers, labels: int) -> Self:
        """Those of examples that have one label each."""
        return cls(number_N.astype(np.int32), np.arange(len(number_N) + 1, dtype=np.int64), labels)

    @classmethod
    def joined(cls, first: Targets, second: Targets) -> Self:
        """The examples of both, one after the other."""
        starts = np.concatenate((first.starts, second.starts[1:] + first.starts[-1]))
        return cls(np.concatenate((first.ids, second.ids)), starts, first.labels)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def part(self, first: int, last: int) -> Self:
        """The examples from one to another, which is none of them."""
        begin, end = self.starts[first], self.starts[last]
        return type(self)(self.ids[begin:end], self.starts[first : last + 1] - begin, self.labels)

    def chosen(self, rows: Integers) -> Self:
        """The examples with these numbers, in this order."""
        counts = np.diff(self.starts)[rows]
        starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
        places = np.arange(starts[-1]) + np.repeat(self.starts[rows] - starts[:-1], counts)
        return type(self)(self.ids[places], starts, self.labels)

    def rows(self) -> Ids:
        """(Z,): the numbers of the examples that have the labels in `ids`."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))

    def dense(self) -> Bools:
        """(N, K): whether each example has each label."""
        result_NK = np.zeros((len(self), self.labels), np.bool_)
        result_NK[self.rows(), self.ids] = True
        return result_NK

    def counts(self) -> Ids:
        """(K,): how many examples have each label."""
        return np.bincount(self.ids, minlength=self.labels).astype(np.int64, copy=False)

    def by_label(self) -> Ids:
        """(N,): the numbers of the examples, those with the same labels together. Otherwise their order stays."""
        counts_N = np.diff(self.starts)
        if counts_N.max(initial=0) <= 1:
            label_N = np.full(len(self), -1)
            label_N[counts_N > 0] = self.ids
            return np.argsort(label_N, kind="stable")
        own = [tuple(labels.tolist()) for labels in np.split(self.ids[::-1], np.cumsum(counts_N[::-1])[:-1])][::-1]
        return np.array(sorted(range(len(self)), key=own.__getitem__), np.int64)
