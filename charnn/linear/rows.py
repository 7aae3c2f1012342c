"""Vectors of which only what is not 0 is stored, and their products with matrices. They need not be in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from charnn.arrays import Float32s, Int32s, Integers
from charnn.corpora.large_arrays import Gathered, large_array, let_go

Ids = npt.NDArray[np.int64]

BLOCK = 1 << 22
"""About so many numbers of vectors are worked on at once."""


@dataclass(frozen=True)
class SparseRows:
    """N vectors, of which only what is not 0 is stored, row after row."""

    ids: Int32s
    """(Z,): ascending in each row."""
    values: Float32s
    starts: Ids
    """(N + 1,): where each row begins, and the end."""

    @classmethod
    def joined(cls, parts: Iterable[SparseRows]) -> SparseRows:
        """The rows of all parts, one part after the other; where they are too many to be held, in temporary files."""
        ids, values = Gathered(np.int32, "vectors of texts"), Gathered(np.float32, "vectors of texts")
        starts, filled = [np.zeros(1, np.int64)], 0
        for part in parts:
            ids.add(part.ids)
            values.add(part.values)
            starts.append(part.starts[1:] + filled)
            filled += len(part.ids)
        return cls(ids.array(), values.array(), np.concatenate(starts))

    def __len__(self) -> int:
        return len(self.starts) - 1

    def blocks(self) -> Iterator[tuple[int, int]]:
        """The first and the last row, which is none of them, of blocks of rows with some BLOCK numbers together."""
        return blocks(self.starts)

    def part(self, first: int, last: int) -> SparseRows:
        """The rows from one to another, which is none of them. The numbers are not copied."""
        begin, end = self.starts[first], self.starts[last]
        return SparseRows(self.ids[begin:end], self.values[begin:end], self.starts[first : last + 1] - begin)

    def beside(self, others: SparseRows, columns: int) -> SparseRows:
        """Each vector with that of the same row of `others` after it; these vectors have so many `columns`."""
        lengths, theirs = np.diff(self.starts), np.diff(others.starts)
        starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths + theirs)))
        own = np.arange(len(self.ids)) + np.repeat(starts[:-1] - self.starts[:-1], lengths)
        other = np.arange(len(others.ids)) + np.repeat(starts[:-1] + lengths - others.starts[:-1], theirs)
        ids, values = np.empty(starts[-1], np.int32), np.empty(starts[-1], np.float32)
        ids[own], ids[other] = self.ids, others.ids + columns
        values[own], values[other] = self.values, others.values
        return SparseRows(ids, values, starts)

    def lengths_alike(self) -> Float32s:
        """(N,): the length of each vector if all of its numbers were 1; 1 where it has none."""
        return np.sqrt(np.maximum(np.diff(self.starts), 1)).astype(np.float32)

    def chosen(self, rows: Ids) -> SparseRows:
        """The rows with these numbers, in this order."""
        counts = (self.starts[1:] - self.starts[:-1])[rows]
        starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
        return SparseRows.joined(self._chosen(rows[first:last]) for first, last in blocks(starts))

    def _chosen(self, rows: Ids) -> SparseRows:
        counts = (self.starts[1:] - self.starts[:-1])[rows]
        starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
        places = np.arange(starts[-1]) + np.repeat(self.starts[rows] - starts[:-1], counts)
        found = SparseRows(self.ids[places], self.values[places], starts)
        let_go(self.ids, self.values)
        return found

    def transposed(self, columns: int) -> SparseRows:
        """The columns as rows, each with the numbers of its rows in the place of ids.

        The numbers are dealt out to ranges of columns as they come, and then each range is sorted.
        """
        counts_F = np.zeros(columns, np.int64)
        for block in self.blocks():
            counts_F += np.bincount(self.part(*block).ids, minlength=columns)
        starts_F = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts_F)))
        ranges = list(blocks(starts_F))
        range_of_F = np.repeat(np.arange(len(ranges), dtype=np.uint16), [last - first for first, last in ranges])
        filled = starts_F[[first for first, _ in ranges]]
        of = [large_array(len(self.ids), dtype, "vectors of texts") for dtype in (np.int32, np.int32, np.float32)]
        for first, last in self.blocks():
            part = self.part(first, last)
            row_Z = np.repeat(np.arange(first, last, dtype=np.int32), np.diff(part.starts))
            range_Z = range_of_F[part.ids]
            order = stable_order(range_Z)
            begins = np.concatenate(([0], np.cumsum(np.bincount(range_Z, minlength=len(ranges)))))
            for array, new in zip(of, (part.ids, row_Z, part.values), strict=True):
                ordered = new[order]
                for place, begin, end in zip(filled.tolist(), begins, begins[1:], strict=False):
                    array[place : place + end - begin] = ordered[begin:end]
            filled += np.diff(begins)
            let_go(self.ids, self.values, *of)
        ids, *rest = of
        for first, last in ranges:
            place = slice(starts_F[first], starts_F[last])
            order = stable_order(ids[place])
            for array in rest:
                array[place] = array[place][order]
            let_go(*of)
        return SparseRows(rest[0], rest[1], starts_F)

    def times(self, table_FK: Float32s, *, alike: bool = False) -> Float32s:
        """The product with a matrix, (N, K). It is fastest where the columns of that are contiguous.

        Where the numbers are taken to be `alike`, each counts as 1, over the root of how many its row has.
        """
        result_KN = np.zeros((table_FK.shape[1], len(self)), np.float32)
        filled = np.flatnonzero(self.starts[1:] > self.starts[:-1])
        if len(filled):
            starts = self.starts[filled]
            # numpy indexes by int64, and where `mode` is not "raise" it writes the result where it is wanted.
            ids, terms_Z = self.ids.astype(np.int64), np.empty(len(self.ids), np.float32)
            for table_F, result_N in zip(table_FK.T, result_KN, strict=True):
                table_F.take(ids, out=terms_Z, mode="clip")
                if not alike:
                    terms_Z *= self.values
                result_N[filled] = np.add.reduceat(terms_Z, starts)
            if alike:
                result_KN /= self.lengths_alike()
        return result_KN.T


def blocks(starts: Ids) -> Iterator[tuple[int, int]]:
    """The first and the last, which is none of them, of those that begin at `starts`, in blocks of some BLOCK numbers
    together; at least one block."""
    first, count = 0, len(starts) - 1
    while first < count or first == 0:
        last = int(np.searchsorted(starts, starts[first] + BLOCK, "right")) - 1
        last = min(max(last, first + 1), count)
        yield first, last
        first = max(last, 1)


def stable_order(numbers: Integers) -> Ids:
    """What `argsort` gives that is stable, for numbers that are not negative. It is some four times as fast."""
    bits = len(numbers).bit_length()
    keys = numbers.astype(np.int64) << bits
    keys |= np.arange(len(keys))
    keys.sort()
    keys &= (1 << bits) - 1
    return keys
