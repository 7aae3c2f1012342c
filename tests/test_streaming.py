"""Chunks of a stream and batches of rows: every item once, in order, within bounds, nothing held back at a pause."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.streaming import CHUNKS_AHEAD, batches_by_length, in_chunks, results_in_order

reads = st.lists(st.lists(st.integers(0, 9), max_size=5), max_size=12)
"""What is read: items that are their own sizes; an empty list is a pause."""
lengths = st.lists(st.integers(0, 12), max_size=40)


def own_size(item: int) -> int:
    return item


def begun(chunk: list[int]) -> Callable[[], list[int]]:
    return lambda: chunk


@given(reads, st.integers(1, 10), st.integers(1, 40))
def test_chunks_are_all_items_in_order_and_the_last_is_followed_by_the_end(
    read: list[list[int]], first: int, largest: int
) -> None:
    chunks = list(in_chunks(read, own_size, first=first, largest=largest))
    assert [item for chunk, _ in chunks for item in chunk] == [item for items in read for item in items]
    assert chunks[-1][1]
    assert all(chunk for chunk, pauses in chunks if not pauses)


def test_a_chunk_is_filled_to_its_limit_which_doubles_until_the_input_pauses() -> None:
    read = [[1] * 40, [], [1] * 3]
    chunks = list(in_chunks(read, own_size, first=4, largest=10))
    assert [(len(chunk), pauses) for chunk, pauses in chunks] == [
        *[(4, False), (8, False), (10, False), (10, False)],
        *[(8, True), (3, True)],
    ]


def test_an_item_larger_than_the_limit_is_a_chunk_of_its_own() -> None:
    chunks = in_chunks([[1, 25, 1, 9, 1]], own_size, first=10, largest=10)
    assert [chunk for chunk, _ in chunks] == [[1], [25], [1, 9], [1]]


def test_an_error_of_the_input_is_raised_after_all_that_was_read_before_it() -> None:
    def failing() -> Iterator[list[int]]:
        yield [1, 2]
        yield [3]
        raise OSError("gone")

    chunks = in_chunks(failing(), own_size, first=100, largest=100)
    assert next(chunks) == ([1, 2, 3], True)
    with pytest.raises(OSError, match="gone"):
        next(chunks)


@given(reads)
def test_at_a_pause_all_results_of_what_was_read_have_been_given(read: list[list[int]]) -> None:
    came, given_out = 0, 0

    def source() -> Iterator[list[int]]:
        nonlocal came
        for items in read:
            came += len(items)
            yield items
            if not items:
                assert given_out == came

    for result in results_in_order(source(), begun, own_size, first=3, largest=6):
        given_out += len(result)
    assert given_out == came


def test_work_begins_ahead_of_the_result_that_is_given_but_not_further_than_a_few_chunks() -> None:
    started: list[int] = []

    def begin(chunk: list[int]) -> Callable[[], int]:
        started.extend(chunk)
        return lambda: chunk[0]

    results = results_in_order(([number] for number in range(100)), begin, lambda _: 1, largest=1)
    for number in range(20):
        assert next(results) == number
        assert len(started) == number + 1 + CHUNKS_AHEAD


def test_work_that_fails_ends_the_stream_after_the_results_before_it() -> None:
    def begin(chunk: list[int]) -> Callable[[], float]:
        return lambda: 1 / chunk[0]

    results = results_in_order([[1, 2, 0, 4]], begin, lambda _: 1, largest=1)
    assert [next(results), next(results)] == [1.0, 0.5]
    with pytest.raises(ZeroDivisionError):
        next(results)


@given(lengths, st.integers(1, 6), st.integers(1, 40), st.floats(0, 1))
def test_batches_are_all_rows_that_are_not_empty_by_length_and_keep_every_bound(
    lengths: list[int], rows: int, padded_total: int, padding: float
) -> None:
    batches = batches_by_length(lengths, rows=rows, padded_total=padded_total, padding=padding)
    flat = [row for batch in batches for row in batch]
    assert flat == [row for row in np.argsort(lengths, kind="stable").tolist() if lengths[row]]
    for batch in batches:
        chosen = [lengths[row] for row in batch]
        places = len(batch) * max(chosen)
        assert len(batch) <= rows
        assert len(batch) == 1 or places <= padded_total
        assert places - sum(chosen) <= padding * places


@given(lengths)
def test_a_batch_ends_only_where_the_next_row_would_break_a_bound(lengths: list[int]) -> None:
    batches = batches_by_length(lengths, rows=5, padded_total=30, padding=0.3)
    for batch, (following, *_) in pairwise(batches):
        chosen = [lengths[row] for row in (*batch, following)]
        places = len(chosen) * max(chosen)
        assert len(chosen) > 5 or places > 30 or places - sum(chosen) > 0.3 * places


@given(lengths, st.integers(1, 6), st.integers(1, 40))
def test_without_a_bound_on_padding_batches_are_by_length_and_as_full_as_they_may_be(
    lengths: list[int], rows: int, padded_total: int
) -> None:
    batches = batches_by_length(lengths, rows=rows, padded_total=padded_total)
    flat = [row for batch in batches for row in batch]
    assert flat == [row for row in np.argsort(lengths, kind="stable").tolist() if lengths[row]]
    for batch in batches:
        assert len(batch) <= rows
        assert len(batch) == 1 or len(batch) * lengths[batch[-1]] <= padded_total
    for batch, (following, *_) in pairwise(batches):
        assert len(batch) == rows or (len(batch) + 1) * lengths[following] > padded_total


def test_rows_are_taken_in_the_order_that_is_given() -> None:
    assert batches_by_length([3, 1, 0, 2], rows=2, order=[1, 2, 0, 3]) == [[1, 0], [3]]
    assert batches_by_length([5, 1, 1, 1, 1], padded_total=10, order=[0, 1, 2, 3, 4]) == [[0, 1], [2, 3, 4]]


def test_without_bounds_all_rows_are_one_batch() -> None:
    assert batches_by_length([2, 1, 3]) == [[1, 0, 2]]
    assert batches_by_length([0, 0]) == batches_by_length([]) == []
