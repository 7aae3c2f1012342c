"""Measures the runs of each character in a corpus: how often it follows itself without a break."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

BLOCK_LENGTH = 4_000_000
"""About so many characters are looked at at once, which takes some 100 MB."""
USUAL = 0.99
"""The share of the runs of a character that are of a usual length or shorter."""


class RunLengths(NamedTuple):
    """How long the runs of a character are, those of a single one not counted."""

    usual: int
    """99 of 100 runs are no longer."""
    longest: int


def run_lengths(texts: Iterable[str]) -> dict[str, RunLengths]:
    """The lengths of the runs of each character that follows itself somewhere. A run lies within one text."""
    counts: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for block in _blocks(texts):
        codes = np.frombuffer("".join(block).encode("utf-32-le", "surrogatepass"), np.dtype("<u4"))
        begins = np.ones(len(codes), np.bool_)
        begins[1:] = codes[1:] != codes[:-1]
        begins[np.cumsum([len(text) for text in block[:-1]], dtype=np.int64)] = True
        starts = np.flatnonzero(begins)
        lengths = np.diff(starts, append=len(codes))
        repeats = lengths > 1
        pairs_2N = np.stack([codes[starts[repeats]].astype(np.int64), lengths[repeats]])
        kinds_2K, times_K = np.unique(pairs_2N, axis=1, return_counts=True)
        for code, length, times in zip(*kinds_2K.tolist(), times_K.tolist(), strict=True):
            counts[code][length] += times
    return {chr(code): RunLengths(_usual(counts[code]), max(counts[code])) for code in sorted(counts)}


def _usual(counts: Counter[int]) -> int:
    """The length that the share USUAL of the runs does not exceed."""
    enough, seen = math.ceil(USUAL * counts.total()), 0
    for length in sorted(counts):
        seen += counts[length]
        if seen >= enough:
            break
    return length


def _blocks(texts: Iterable[str]) -> Iterator[list[str]]:
    """The texts, none of them empty, in lists of about BLOCK_LENGTH characters. A longer text is cut between runs."""
    block, length = list[str](), 0
    for text in texts:
        start = 0
        while start < len(text):
            end = start + BLOCK_LENGTH
            while end < len(text) and text[end] == text[end - 1]:
                end += 1
            block.append(text[start:end])
            length += len(block[-1])
            start = end
            if length >= BLOCK_LENGTH:
                yield block
                block, length = [], 0
    if block:
        yield block
