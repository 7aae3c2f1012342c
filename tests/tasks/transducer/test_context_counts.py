"""Probabilities after contexts are as Witten and Bell's estimate says, for many at once."""

from __future__ import annotations

import numpy as np
import pytest

from charnn.tasks.transducer.context_counts import UNKNOWN, ContextCounts

CONTEXTS, OUTCOMES = np.array([4, 4, 4, 7, UNKNOWN]), np.array([1, 1, 2, 0, 0])


def test_a_context_leaves_to_the_shorter_one_what_its_different_outcomes_say() -> None:
    counts = ContextCounts(CONTEXTS, OUTCOMES, 3)
    asked = np.array([[4, 4, 4], [7, 5, UNKNOWN]]), np.array([[1, 2, UNKNOWN], [0, 0, 0]])
    found = counts.smoothed(*asked, np.full((2, 3), 0.1))
    assert found == pytest.approx(np.array([[2.2 / 5, 1.2 / 5, 0.2 / 5], [1.1 / 2, 0.1, 0.1]]))


def test_the_most_frequent_come_first() -> None:
    counts = ContextCounts(CONTEXTS, OUTCOMES, 3)
    assert counts.most_frequent(4, 5) == [(1, pytest.approx(2 / 3)), (2, pytest.approx(1 / 3))]
    assert counts.most_frequent(4, 1) == [(1, pytest.approx(2 / 3))]
    assert counts.most_frequent(5, 5) == []
    assert [counts.total(context) for context in (4, 7, 5, UNKNOWN)] == [3, 1, 0, 0]


def test_where_nothing_came_the_shorter_context_is_all() -> None:
    counts = ContextCounts(CONTEXTS[4:], OUTCOMES[4:], 3)
    assert counts.smoothed(CONTEXTS, OUTCOMES, np.full(5, 0.3)).tolist() == [0.3] * 5
    assert counts.total(4) == 0
