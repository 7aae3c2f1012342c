"""Measures the runs of each character in a corpus: how often it follows itself without a break."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from charnn.arrays import Bools, Int64s
from charnn.corpora.code_points import CodePoints, code_points

BLOCK_LENGTH = 4_000_000
"""So many characters are looked at at once."""
_LENGTH_BITS = 40
USUAL = 0.99
"""The share of the runs of a character that are of a usual length or shorter."""


class RunLengths(NamedTuple):
    """How long the runs of a character are, those of a single one not counted."""

    usual: int
    """99 of 100 runs are no longer."""
    longest: int


def run_lengths(texts: Iterable[str]) -> dict[str, RunLengths]:
    """The lengths of the runs of each character that follows itself somewhere. A run lies within one text."""
    runs = Runs()
    for text in texts:
        for start in range(0, len(text), BLOCK_LENGTH):
            runs.add(code_points(text[start : start + BLOCK_LENGTH]))
        runs.end()
    return runs.lengths()


class Runs:
    """Counts the runs of texts that come in blocks."""

    def __init__(self) -> None:
        self._counts: defaultdict[int, Counter[int]] = defaultdict(Counter)
        self._open = (-1, 0)
        """The character and the length of the run at the end of what was read."""

    def add(self, codes: CodePoints, ends: Sequence[int] | Int64s = ()) -> None:
        """Counts the runs of a block, which follows the blocks before. A text ends at each of the places `ends` in it,
        and no run goes on there."""
        ends = np.asarray(ends, np.int64)
        if ends.size and ends[0] == 0:
            self.end()
        if not len(codes):
            return
        if self._open[0] != codes[0]:
            self.end()
        repeats = codes[1:] == codes[:-1]
        repeats[ends[(ends > 0) & (ends < len(codes))] - 1] = False
        starts_N, lengths_N = _stretches(repeats)
        first, last = int(codes[0]), int(codes[-1])
        begun = int(lengths_N[0]) if starts_N.size and starts_N[0] == 0 else 1
        open_length = self._open[1] + begun
        has_ended = bool(ends.size) and ends[-1] == len(codes)
        if begun == len(codes):
            self._open = first, open_length
        else:
            self._open = first, open_length
            self.end()
            is_last = bool(starts_N.size) and starts_N[-1] + lengths_N[-1] == len(codes)
            self._open = last, int(lengths_N[-1]) if is_last else 1
            inner = slice(int(begun > 1), len(starts_N) - is_last)
            kinds_K, times_K = np.unique(
                codes[starts_N[inner]].astype(np.int64) << _LENGTH_BITS | lengths_N[inner], return_counts=True
            )
            for kind, times in zip(kinds_K.tolist(), times_K.tolist(), strict=True):
                self._counts[kind >> _LENGTH_BITS][kind & (1 << _LENGTH_BITS) - 1] += times
        if has_ended:
            self.end()

    def end(self) -> None:
        """Ends a text."""
        code, length = self._open
        if length > 1:
            self._counts[code][length] += 1
        self._open = (-1, 0)

    def lengths(self) -> dict[str, RunLengths]:
        """What was found in all texts that have ended."""
        counts = self._counts
        return {chr(code): RunLengths(_usual(counts[code]), max(counts[code])) for code in sorted(counts)}

    def to_json(self) -> list[list[int]]:
        """The code point, the length and the number of runs of each kind."""
        return [[code, length, times] for code, counts in self._counts.items() for length, times in counts.items()]

    def add_json(self, kinds: Iterable[Sequence[int]]) -> None:
        """Adds what `to_json` of others gave."""
        for code, length, times in kinds:
            self._counts[code][length] += times


def _stretches(repeats: Bools) -> tuple[Int64s, Int64s]:
    """The starts and lengths of the runs of 2 and more, where `repeats` says of each character whether the next one is
    the same."""
    at = np.flatnonzero(repeats)
    if not at.size:
        return at, at
    breaks = np.flatnonzero(np.diff(at) != 1)
    starts = at[np.concatenate([[0], breaks + 1])]
    lasts = at[np.concatenate([breaks, [len(at) - 1]])]
    return starts, lasts - starts + 2


def _usual(counts: Counter[int]) -> int:
    """The length that the share USUAL of the runs does not exceed."""
    enough, seen = math.ceil(USUAL * counts.total()), 0
    for length in sorted(counts):
        seen += counts[length]
        if seen >= enough:
            break
    return length
