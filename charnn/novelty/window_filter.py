"""Which parts of a corpus may have a run of characters in common with a text: a Bloom filter of the text's windows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt

from charnn.arrays import Integers
from charnn.corpora.code_points import CodePoints, code_points
from charnn.corpora.progress import tell

Hashes = npt.NDArray[np.uint64]

CHUNK = 1 << 16
"""The number of characters of the corpus that are hashed at once, few enough for a core's own cache."""
BASE = 0x9E3779B97F4A7C15
"""The base of the hashes."""
MULTIPLIERS = [np.uint64(pow(BASE, odd, 2**64)) for odd in (1, 3, 5, 7, 9)]
"""A multiplier for each bit that the filter sets for a window."""
SPARSE = 5
"""The filter has at least 2 ** SPARSE bits for each window of the text, so it passes one other window in 10,000."""


class CorpusText(Protocol):
    """A text of a corpus: a string, or one that is read from a file where it is wanted."""

    def __len__(self) -> int: ...
    def __getitem__(self, part: slice, /) -> str: ...


class WindowFilter:
    """A Bloom filter of the windows of a text, each of so many characters."""

    def __init__(self, codes: CodePoints, window: int) -> None:
        self._window = window
        hashes = _hashes(codes, window)
        bits = len(hashes).bit_length() + SPARSE
        self._shift = np.uint64(64 - bits)
        self._table = np.zeros(1 << bits, dtype=np.bool_)
        for multiplier in MULTIPLIERS:
            self._table[self._slots(hashes, multiplier)] = True

    def regions(self, text: CorpusText) -> Iterator[tuple[int, int]]:
        """The (start, end) of the parts of `text` whose windows pass. Parts that touch are one."""
        window, begun, ended = self._window, 0, 0
        for chunk in range(0, len(text) - window + 1, CHUNK):
            tell("comparing with what was learned", chunk, len(text))
            hashes = _hashes(code_points(text[chunk : chunk + CHUNK + window - 1]), window)
            passed = np.flatnonzero(self._table[self._slots(hashes, MULTIPLIERS[0])])
            for multiplier in MULTIPLIERS[1:]:
                passed = passed[self._table[self._slots(hashes[passed], multiplier)]]
            is_first = np.diff(passed, prepend=-window - 1) > window
            starts, lasts = passed[is_first] + chunk, passed[np.roll(is_first, -1)] + chunk
            for start, last in zip(starts.tolist(), lasts.tolist(), strict=True):
                if start > ended:
                    if ended:
                        yield begun, ended
                    begun = start
                ended = last + window
        if ended:
            yield begun, ended

    def _slots(self, hashes: Hashes, multiplier: np.uint64) -> Integers:
        return ((hashes * multiplier) >> self._shift).view(np.int64)


def _hashes(codes: CodePoints, window: int) -> Hashes:
    """The hash of each window: the sum of code * BASE ** (characters after it in the window), modulo 2 ** 64."""
    hashes, length, power = codes.astype(np.uint64), 1, BASE
    if len(codes) < window:
        return hashes[:0]
    for bit in f"{window:b}"[1:]:
        hashes = hashes[:-length] * np.uint64(power) + hashes[length:]
        length, power = 2 * length, power * power % 2**64
        if bit == "1":
            hashes = hashes[:-1] * np.uint64(BASE) + codes[length:]
            length, power = length + 1, power * BASE % 2**64
    return hashes
