"""Finds the longest run of each character in a corpus: how often it follows itself without a break."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

BLOCK_LENGTH = 4_000_000
"""About so many characters are looked at at once, which takes some 100 MB."""


def longest_runs(texts: Iterable[str]) -> dict[str, int]:
    """The length of the longest run of each character that follows itself somewhere; all others have runs of 1.

    A run lies within one text.
    """
    longest = np.zeros(0x110000, np.int64)
    for block in _blocks(texts):
        codes = np.frombuffer("".join(block).encode("utf-32-le", "surrogatepass"), np.dtype("<u4"))
        begins = np.ones(len(codes), np.bool_)
        begins[1:] = codes[1:] != codes[:-1]
        begins[np.cumsum([len(text) for text in block[:-1]], dtype=np.int64)] = True
        starts = np.flatnonzero(begins)
        lengths = np.diff(starts, append=len(codes))
        repeats = lengths > 1
        np.maximum.at(longest, codes[starts[repeats]], lengths[repeats])
    return {chr(code): int(longest[code]) for code in np.flatnonzero(longest)}


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
