"""In how many texts each feature occurs, counted in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charnn.arrays import Bools, Int32s
from charnn.corpora.large_arrays import Gathered, let_go
from charnn.tasks.classifier.ngrams import Hashes, Occurrences

TOGETHER = 1 << 21
"""About so many features are sorted at once."""


class SortedFeatures(NamedTuple):
    """Features with ascending hashes, each once."""

    hashes: Hashes
    counts: Int32s
    is_word: npt.NDArray[np.uint8]

    def at(self, part: slice | Bools) -> SortedFeatures:
        """A part of them."""
        return SortedFeatures(self.hashes[part], self.counts[part], self.is_word[part])


EMPTY = SortedFeatures(np.zeros(0, np.uint64), np.zeros(0, np.int32), np.zeros(0, np.uint8))


class FeatureCounts:
    """Texts come in blocks, of which only the counts are kept. Where these are many, they are in temporary files."""

    def __init__(self) -> None:
        self._gathered = tuple(Gathered(dtype, "counts of n-grams") for dtype in (np.uint64, np.int32, np.uint8))
        self._ends = [0]
        """Where each run that has been gathered ends."""
        self._new: list[SortedFeatures] = []

    def add(self, occurrences: Occurrences) -> None:
        """Counts the features of further texts."""
        order = np.argsort(occurrences.hashes, kind="stable")  # so those of a feature stay in the order of their texts
        hashes, rows = occurrences.hashes[order], occurrences.rows[order]
        is_first = np.concatenate(([True], hashes[1:] != hashes[:-1]))[: len(hashes)]
        is_first_in_text = is_first | np.concatenate(([True], rows[1:] != rows[:-1]))[: len(hashes)]
        starts = np.flatnonzero(is_first)
        counts = np.diff(np.append(np.cumsum(is_first_in_text)[starts], is_first_in_text.sum() + 1))
        is_word = occurrences.is_word[order[starts]].view(np.uint8)
        self._new.append(SortedFeatures(hashes[starts], counts.astype(np.int32), is_word))
        if sum(len(run.hashes) for run in self._new) > TOGETHER:
            self._gather()

    def total(self, least: int) -> SortedFeatures:
        """The features that occur in at least so many texts."""
        self._gather()
        hashes, counts, is_word = (one.array() for one in self._gathered)
        gathered, found = SortedFeatures(hashes, counts, is_word), [EMPTY]
        for runs in self._in_ranges(gathered):
            merged = _merged(runs)
            found.append(merged.at(merged.counts >= least))
            let_go(*gathered)
        return SortedFeatures(*map(np.concatenate, zip(*found, strict=True)))

    def _gather(self) -> None:
        """Makes one run of those that are new."""
        if self._new:
            merged = _merged(self._new)
            hashes, counts, is_word = self._gathered
            hashes.add(merged.hashes)
            counts.add(merged.counts)
            is_word.add(merged.is_word)
            self._ends.append(self._ends[-1] + len(merged.hashes))
            self._new.clear()

    def _in_ranges(self, gathered: SortedFeatures) -> Iterator[list[SortedFeatures]]:
        """The parts of all runs whose hashes lie in a range, one range after the other."""
        ranges = 1 + self._ends[-1] // TOGETHER
        edges = np.array([(number << 64) // ranges for number in range(ranges)], np.uint64)
        cuts = [
            [*(np.searchsorted(gathered.hashes[begin:end], edges) + begin).tolist(), end]
            for begin, end in pairwise(self._ends)
        ]
        for number in range(ranges):
            yield [gathered.at(slice(cut[number], cut[number + 1])) for cut in cuts]


def _merged(runs: Sequence[SortedFeatures]) -> SortedFeatures:
    """One run of several, or of none."""
    if len(runs) == 1:
        return runs[0]
    hashes, counts, is_word = map(np.concatenate, zip(EMPTY, *runs, strict=True))
    order = np.argsort(hashes, kind="stable")
    hashes = hashes[order]
    starts = np.flatnonzero(np.concatenate(([True], hashes[1:] != hashes[:-1]))[: len(hashes)])
    if not len(starts):
        return EMPTY
    added = np.add.reduceat(counts[order], starts, dtype=np.int32)
    return SortedFeatures(hashes[starts], added, np.maximum.reduceat(is_word[order], starts))
