"""Scores targets beside their references: whole lines, and symbols by edit distance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class AlignedSymbols(NamedTuple):
    """A place where a target and its reference differ or agree; "" on one side is a symbol too many or too few."""

    reference: str
    written: str


def distance(reference: Sequence[object], written: Sequence[object]) -> int:
    """The fewest insertions, deletions and substitutions from one to the other (Levenshtein 1966)."""
    if reference == written:
        return 0
    row = list(range(len(written) + 1))
    for i, wanted in enumerate(reference, 1):
        diagonal, row[0] = row[0], i
        for j, found in enumerate(written, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (wanted != found))
    return row[-1]


def nearest(references: Sequence[Sequence[object]], written: Sequence[object]) -> tuple[int, int]:
    """The least distance to any of the references, and the length of that one."""
    return min((distance(reference, written), len(reference)) for reference in references)


def aligned_symbols(reference: Sequence[str], written: Sequence[str]) -> list[AlignedSymbols]:
    """The two side by side, aligned with the fewest edits."""
    rows, columns = len(reference) + 1, len(written) + 1
    costs = np.zeros((rows, columns), np.int64)
    costs[:, 0], costs[0] = np.arange(rows), np.arange(columns)
    for i in range(1, rows):
        for j in range(1, columns):
            change = costs[i - 1, j - 1] + (reference[i - 1] != written[j - 1])
            costs[i, j] = min(change, costs[i - 1, j] + 1, costs[i, j - 1] + 1)
    aligned, i, j = list[AlignedSymbols](), rows - 1, columns - 1
    while i or j:
        if i and j and costs[i, j] == costs[i - 1, j - 1] + (reference[i - 1] != written[j - 1]):
            i, j = i - 1, j - 1
            aligned.append(AlignedSymbols(reference[i], written[j]))
        elif i and costs[i, j] == costs[i - 1, j] + 1:
            i -= 1
            aligned.append(AlignedSymbols(reference[i], ""))
        else:
            j -= 1
            aligned.append(AlignedSymbols("", written[j]))
    return aligned[::-1]
