"""Lengths by class, what remains of documents, and lengths that are drawn."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.tasks.language_model.lengths import (
    FIRST_LENGTHS,
    LENGTH_CLASSES,
    LONGEST,
    WIDTHS,
    class_of,
    draw_length,
    remaining_tokens,
)

STOP = 0
LENGTHS = np.arange(LONGEST + 1)


def test_every_length_has_one_class_and_short_ones_have_one_to_themselves() -> None:
    classes = class_of(LENGTHS)
    assert np.array_equal(classes[:33], np.arange(33))
    assert np.array_equal(np.bincount(classes), WIDTHS)
    assert set(np.diff(classes).tolist()) == {0, 1}
    assert classes[-1] == LENGTH_CLASSES - 1 == 152


def test_beyond_the_short_ones_each_doubling_has_eight_classes() -> None:
    for low in (32, 64, 1 << 19):
        assert len(set(class_of(np.arange(low + 1, 2 * low + 1)).tolist())) == 8
    assert [int(n) for n in FIRST_LENGTHS[31:36]] == [31, 32, 33, 37, 41]


def test_what_is_longer_than_the_longest_is_of_the_last_class() -> None:
    assert class_of(np.array([LONGEST, LONGEST + 1, 1 << 40])).tolist() == [152] * 3


# What remains.


def test_what_remains_counts_down_to_0_at_the_stop() -> None:
    assert remaining_tokens(np.array([5, 6, STOP, 7, STOP, STOP, 8]), STOP).tolist() == [2, 1, 0, 1, 0, 0, 1]


@given(st.lists(st.lists(st.integers(0, 2), min_size=5, max_size=5), max_size=4))
def test_what_remains_is_what_counting_gives(rows: list[list[int]]) -> None:
    expected = [[[*row[t:], STOP].index(STOP) for t in range(5)] for row in rows]
    assert remaining_tokens(np.array(rows, np.int32).reshape(-1, 5), STOP).tolist() == expected


# Lengths that are drawn.


def log_p_of(**mass: float) -> npt.NDArray[np.float64]:
    """`c3=0.5`: the class 3 has half the probability."""
    p_L = np.zeros(LENGTH_CLASSES)
    for name, p in mass.items():
        p_L[int(name[1:])] = p
    with np.errstate(divide="ignore"):
        return np.log(p_L)


def test_lengths_come_as_often_as_they_are_likely_and_evenly_within_a_class() -> None:
    log_p_L = log_p_of(c3=0.5, c7=0.1, c33=0.4)  # class 33 is the lengths from 33 to 36
    drawn = [draw_length(log_p_L, uniform) for uniform in np.arange(1000) / 1000]
    assert drawn == sorted(drawn)
    assert np.unique(drawn, return_counts=True)[0].tolist() == [3, 7, 33, 34, 35, 36]
    np.testing.assert_allclose(np.unique(drawn, return_counts=True)[1], [500, 100, 100, 100, 100, 100], atol=1)


def test_only_lengths_from_the_least_on_are_drawn_each_as_likely_as_among_them() -> None:
    log_p_L = log_p_of(c3=0.9, c33=0.08, c40=0.02)  # class 40 is the lengths from 61 to 64
    drawn = [draw_length(log_p_L, uniform, at_least=34) for uniform in np.arange(800) / 800]
    lengths, times = np.unique(drawn, return_counts=True)
    assert lengths.tolist() == [34, 35, 36, 61, 62, 63, 64]
    np.testing.assert_allclose(times, [200, 200, 200, 50, 50, 50, 50], atol=1)


def test_no_document_is_drawn_empty() -> None:
    assert draw_length(log_p_of(c0=0.999, c2=0.001), 0.0) == 2


@pytest.mark.parametrize("at_least", [9, LONGEST + 1, 1 << 40])
def test_where_no_length_can_be_the_least_is_the_length(at_least: int) -> None:
    assert draw_length(log_p_of(c3=1.0), 0.5, at_least=at_least) == at_least


def test_a_probability_too_small_for_a_float_is_still_the_only_one() -> None:
    log_p_L = np.full(LENGTH_CLASSES, -np.inf)
    log_p_L[[3, 50]] = 0, -5000
    assert class_of(np.array(draw_length(log_p_L, 0.3, at_least=4))) == 50


@given(
    st.integers(0, 1 << 32),
    st.floats(0, 1, exclude_max=True),
    st.integers(1, LONGEST),
)
def test_a_length_is_always_drawn_from_the_least_on(seed: int, uniform: float, at_least: int) -> None:
    log_p_L = np.random.default_rng(seed).normal(0, 50, LENGTH_CLASSES).astype(np.float32)
    assert at_least <= draw_length(log_p_L, uniform, at_least=at_least) <= LONGEST


def test_the_last_random_number_draws_the_longest() -> None:
    assert draw_length(log_p_of(c3=0.5, c33=0.5), np.nextafter(1.0, 0.0)) == 36
    assert draw_length(np.zeros(LENGTH_CLASSES), np.nextafter(1.0, 0.0)) == LONGEST
