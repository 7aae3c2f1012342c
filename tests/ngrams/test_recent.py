"""N-grams that go on being counted as ids are read, and of which the oldest are forgotten."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.ngrams.recent import DISCOUNT, LONGEST, NOTHING, RecentNgrams

SIZE = 5
IDS = st.lists(st.integers(0, SIZE - 1), max_size=60)


def after_reading(ids: list[int], **how: int) -> tuple[RecentNgrams, int]:
    """The n-grams that have read these ids, and the context after the last one."""
    recent, context = RecentNgrams(SIZE, **how), NOTHING
    for id_ in ids:
        recent.read(context, id_)
        context = recent.after(context, id_)
    return recent, context


@given(IDS)
def test_probabilities_add_up_to_one_and_none_is_zero(ids: list[int]) -> None:
    recent, context = after_reading(ids)
    probabilities, known = recent.probabilities(context)
    assert probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert (probabilities > 0).all()
    assert 0 <= known.length <= LONGEST
    assert 0 < known.left <= 1
    assert 0 < known.largest <= 1


def test_probabilities_by_hand() -> None:
    recent, context = after_reading([1, 2, 1, 2, 1])  # before it stand ids of 0
    assert recent.after(recent.after(NOTHING, 2), 1) == context & (1 << 6) - 1
    probabilities, known = recent.probabilities(recent.after(NOTHING, 1))
    shortest = np.array([0, 3 - DISCOUNT, 2 - DISCOUNT, 0, 0]) / 5 + 2 * DISCOUNT / 5 / SIZE
    after_one = np.array([0, 0, 2 - DISCOUNT, 0, 0]) / 2 + DISCOUNT / 2 * shortest
    # 0, 1 was met once before 2, as were 0, 0, 1 and so on.
    expected = after_one
    for _ in range(recent.longest - 1):
        expected = np.array([0, 0, 1 - DISCOUNT, 0, 0]) + DISCOUNT * expected
    np.testing.assert_allclose(probabilities, expected, rtol=1e-5)
    assert known.length == recent.longest
    assert (known.followers, known.left, known.largest) == (1, DISCOUNT, 1 - DISCOUNT)


def test_what_has_not_been_met_is_equally_likely() -> None:
    probabilities, known = RecentNgrams(SIZE).probabilities(NOTHING)
    np.testing.assert_allclose(probabilities, 1 / SIZE)
    assert known.length == 0


@given(IDS, st.integers(1, 10))
def test_the_oldest_are_forgotten(ids: list[int], most: int) -> None:
    recent, context = after_reading(ids, most=most)
    other, before = RecentNgrams(SIZE, most=most), NOTHING
    for place, id_ in enumerate(ids):
        if place >= len(ids) - most:
            other.read(before, id_)
        before = other.after(before, id_)
    np.testing.assert_array_equal(recent.ids, ids[-most:])
    np.testing.assert_array_equal(recent.probabilities(context)[0], other.probabilities(context)[0])


def test_memory_does_not_grow_with_what_is_read() -> None:
    recent, context = RecentNgrams(SIZE, most=100), NOTHING
    random = np.random.default_rng(0)
    for id_ in random.integers(0, SIZE, 2000).tolist():
        recent.read(context, id_)
        context = recent.after(context, id_)
    assert recent.contexts <= 100 * (LONGEST + 1)


@given(IDS)
def test_what_is_remembered_can_be_read_again(ids: list[int]) -> None:
    recent, context = after_reading(ids)
    again, _ = after_reading(recent.ids.tolist())
    np.testing.assert_array_equal(recent.probabilities(context)[0], again.probabilities(context)[0])


def test_contexts_of_a_large_vocabulary_are_as_long_as_can_be_packed() -> None:
    assert RecentNgrams(100_000).longest == 63 // 17
