"""Works on streams of items, such as lines or sentences, in chunks and in order, and batches rows by length.

A stream is read as lists of the items that are complete by now; an empty list says that the input pauses, so that
reading on would wait. Where it pauses, what was read is worked on at once; where it does not, many items are worked on
together and some are read ahead. Memory is bounded either way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from charnn.arrays import Int64s, Integers

Item = TypeVar("Item")
Result = TypeVar("Result")

CHUNKS_AHEAD = 2
"""How many chunks are read and begun while the one before them is worked on."""


def in_chunks(
    read: Iterable[Sequence[Item]], size: Callable[[Item], int], *, first: int, largest: int
) -> Iterator[tuple[list[Item], bool]]:
    """Chunks of the items, in order, each with whether the input pauses, ends or fails after it.

    The sizes of a chunk's items add up to at most `first`, where the stream begins or goes on after a pause, so that
    whoever waits for the result soon has it; the limit doubles with every full chunk up to `largest`. A larger item is
    a chunk of its own. A chunk may be empty before a pause or the end. An error that `read` raises is raised once
    everything before it has been given.
    """
    chunk: list[Item] = []
    filled, limit = 0, first
    try:
        for items in read:
            for item in items:
                item_size = size(item)
                if chunk and filled + item_size > limit:
                    yield chunk, False
                    chunk, filled, limit = [], 0, min(2 * limit, largest)
                chunk.append(item)
                filled += item_size
            if not items:
                yield chunk, True
                chunk, filled, limit = [], 0, first
    except Exception:
        yield chunk, True
        raise
    yield chunk, True


def results_in_order(
    read: Iterable[Sequence[Item]],
    begin: Callable[[list[Item]], Callable[[], Result]],
    size: Callable[[Item], int],
    *,
    first: int | None = None,
    largest: int,
) -> Iterator[Result]:
    """What `begin` makes of each chunk of the items, in the order of the stream.

    `begin` begins the work on a chunk, and returns what waits for its result. Chunks are those of `in_chunks`; without
    `first` all are of up to `largest`. At a pause of the input all that was read before it is given, so a result should
    be written and flushed when it comes. An error that `read` raises is raised once the results of everything before it
    have been given; one that `begin` or its result raises ends the stream where it occurs.
    """
    begun: deque[Callable[[], Result]] = deque()
    for chunk, pauses in in_chunks(read, size, first=largest if first is None else first, largest=largest):
        if chunk:
            begun.append(begin(chunk))
        while begun and (pauses or len(begun) > CHUNKS_AHEAD):
            yield begun.popleft()()


def batches_by_length(
    lengths: Sequence[int] | Integers,
    *,
    rows: int | None = None,
    padded_total: int | None = None,
    padding: float | None = None,
    order: Iterable[int] | None = None,
) -> list[list[int]]:
    """The numbers of the rows that have these lengths, in batches of rows of like lengths, the shortest first.

    A row of length 0 is in no batch. A batch has at most `rows` rows, at most `padded_total` places when each row is as
    long as the longest, and of these places at most the fraction `padding` is padding; each is unlimited where it is
    None. A single row may always be a batch. Where `order` is given, rows are taken in that order rather than in that
    of their lengths.
    """
    lengths_N = np.asarray(lengths, np.int64)
    if order is None:
        ascending = np.argsort(lengths_N, kind="stable")
        if padding is None:
            return _full_batches(ascending[np.count_nonzero(lengths_N == 0) :], lengths_N, rows, padded_total)
        order = ascending.tolist()
    lengths = lengths_N.tolist()
    batches: list[list[int]] = []
    batch: list[int] = []
    longest = total = 0
    for row in order:
        length = lengths[row]
        if length == 0:
            continue
        longest, total = max(longest, length), total + length
        places = (len(batch) + 1) * longest
        if batch and (
            (rows is not None and len(batch) == rows)
            or (padded_total is not None and places > padded_total)
            or (padding is not None and places - total > padding * places)
        ):
            batches.append(batch)
            batch, longest, total = [], length, length
        batch.append(row)
    if batch:
        batches.append(batch)
    return batches


def _full_batches(
    rows_N: npt.NDArray[np.intp], lengths: Int64s, rows: int | None, padded_total: int | None
) -> list[list[int]]:
    """As many of the rows in each batch as it may have, where they come in the order of their lengths."""
    most = len(rows_N) if rows is None else rows
    batches, start = [], 0
    while start < len(rows_N):
        batch = rows_N[start : start + most]
        if padded_total is not None:
            batch = batch[: max(padded_total // int(lengths[batch[0]]), 1)]
            places = np.arange(1, len(batch) + 1) * lengths[batch]
            batch = batch[: max(int(np.searchsorted(places, padded_total, "right")), 1)]
        batches.append(batch.tolist())
        start += len(batch)
    return batches
