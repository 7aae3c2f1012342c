"""Aligns the tokens of a line with what they become, by the fewest edits of characters.

A space is removed or written at twice the cost of other characters, and never exchanged for one, so that spaces are
where both sides have them: lines of two scripts are aligned by their spaces alone.

Shapes: N lines; I characters of the source and J of the target, the longest of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from charnn.arrays import Int32s
from charnn.tasks.transducer.line_tokens import SPACE, tokens

Costs = npt.NDArray[np.int32]
CELLS_AT_ONCE = 1 << 22
"""Lines with so many characters of sources times characters of targets are aligned side by side."""
SPACE_COST = 2
NEVER = 1 << 20
"""The cost of what is never done."""


def aligned_tokens(pairs: Sequence[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """The tokens of each source, and what each becomes, which may be nothing or several words. Together they are the
    source and the target, with a space before both."""
    lines = [("".join(tokens(source)), "".join(tokens(target))) for source, target in pairs]
    found: list[list[tuple[str, str]]] = [[] for _ in lines]
    order = sorted(range(len(lines)), key=lambda n: (len(lines[n][0]), len(lines[n][1])))
    for numbers in _batches(order, lines):
        batch = [lines[n] for n in numbers]
        for n, (source, target), costs_IJ in zip(numbers, batch, _costs(batch), strict=True):
            found[n] = list(_cut(source, target, costs_IJ))
    return found


def _batches(order: Sequence[int], lines: Sequence[tuple[str, str]]) -> Iterator[list[int]]:
    batch: list[int] = []
    longest = 0
    for n in order:
        longest = max(longest, len(lines[n][1]))
        if batch and (len(batch) + 1) * (len(lines[n][0]) + 1) * (longest + 1) > CELLS_AT_ONCE:
            yield batch
            batch, longest = [], len(lines[n][1])
        batch.append(n)
    if batch:
        yield batch


def _padded(texts: Sequence[str]) -> Int32s:
    padded = np.zeros((len(texts), max(map(len, texts), default=0)), np.int32)
    for row, text in zip(padded, texts, strict=True):
        row[: len(text)] = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.int32)
    return padded


def _costs(batch: Sequence[tuple[str, str]]) -> Iterator[Costs]:
    """For each pair the least cost (I + 1, J + 1) of making each beginning of the target of each of the source."""
    sources_NI, targets_NJ = (_padded(side) for side in zip(*batch, strict=True))
    space = ord(SPACE)
    written_NJ = np.where(targets_NJ == space, SPACE_COST, 1).cumsum(1, dtype=np.int32)
    written_NJ = np.concatenate([np.zeros((len(batch), 1), np.int32), written_NJ], 1)
    rows = [written_NJ]
    for source_N in sources_NI.T:
        source_N1, last_NJ = source_N[:, None], rows[-1]
        removed_N1 = np.where(source_N1 == space, SPACE_COST, 1)
        is_odd_NJ = (source_N1 == space) != (targets_NJ == space)
        exchanged_NJ = np.where(source_N1 == targets_NJ, 0, np.where(is_odd_NJ, NEVER, 1))
        row_NJ = last_NJ + removed_N1
        row_NJ[:, 1:] = np.minimum(row_NJ[:, 1:], last_NJ[:, :-1] + exchanged_NJ)
        # What is written after a cell adds its cost to that of the cell.
        rows.append((np.minimum.accumulate(row_NJ - written_NJ, 1) + written_NJ).astype(np.int32))
    every_NIJ = np.stack(rows, 1)
    for costs_IJ, (source, target) in zip(every_NIJ, batch, strict=True):
        yield costs_IJ[: len(source) + 1, : len(target) + 1]


def _cut(source: str, target: str, costs_IJ: Costs) -> Iterator[tuple[str, str]]:
    """The tokens of a source, each with its part of the target. What is written between two tokens belongs to the
    first of them, but for a space, with which the second begins."""
    costs = costs_IJ.tolist()
    i, j = len(source), len(target)
    # How much of the target is written before each character of the source is read.
    reached = [0] * (i + 1)
    reached[i] = j
    while i:
        here, above = costs[i][j], costs[i - 1]
        is_space = source[i - 1] == SPACE
        if j and source[i - 1] == target[j - 1] and here == above[j - 1]:
            i, j = i - 1, j - 1
        elif j and here == costs[i][j - 1] + (SPACE_COST if target[j - 1] == SPACE else 1):
            j -= 1
            continue
        elif j and is_space == (target[j - 1] == SPACE) and here == above[j - 1] + 1:
            i, j = i - 1, j - 1
        else:
            i -= 1
        reached[i] = j
    begin = done = 0
    parts = tokens(source)
    for number, token in enumerate(parts):
        begin += len(token)
        end = len(target)
        if number + 1 < len(parts):
            end = reached[begin]
            while end > done and target[end - 1] == SPACE:
                end -= 1
        yield token, target[done:end]
        done = end
