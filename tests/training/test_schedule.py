"""How far a budget is spent, and the learning rate that belongs to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.config.training import Budget
from charnn.training.schedule import end, progress, rate_factor


def factor(at: float, warmup: float = 0.1, final: float = 0.02) -> float:
    return rate_factor(at, warmup_fraction=warmup, final_fraction=final)


@pytest.mark.parametrize(
    ("budget", "expected"),
    [(Budget(seconds=40.0), 0.25), (Budget(epochs=4.0), 0.5), (Budget(steps=1000), 0.3)],
    ids=["seconds", "epochs", "steps"],
)
def test_progress_is_counted_in_the_unit_of_the_budget(budget: Budget, expected: float) -> None:
    assert progress(budget, seconds=10, epochs=2, steps=300) == expected


def test_progress_goes_beyond_one() -> None:
    assert progress(Budget(steps=10), seconds=0, epochs=0, steps=15) == 1.5


@pytest.mark.parametrize(
    ("at", "expected"),
    [(0, 0.01), (0.0005, 0.01), (0.05, 0.5), (0.1, 1), (0.55, 0.51), (1, 0.02), (1.5, 0.02), (9, 0.02)],
    ids=["start", "first step", "half way up", "top", "half way down", "end", "beyond", "far beyond"],
)
def test_the_factor_climbs_in_a_line_and_descends_in_a_cosine(at: float, expected: float) -> None:
    assert factor(at) == pytest.approx(expected)


def test_a_quarter_of_the_descent_is_a_quarter_of_a_half_wave() -> None:
    """(1 + cos(pi / 4)) / 2 = 0.853553"""
    assert factor(0.1 + 0.9 / 4, final=0) == pytest.approx(0.853553, abs=1e-6)


def test_without_a_warm_up_the_first_step_is_at_the_top() -> None:
    assert factor(0, warmup=0) == 1


@given(st.floats(0, 2), st.floats(0, 0.99), st.floats(0, 1))
def test_the_factor_never_leaves_its_range(at: float, warmup: float, final: float) -> None:
    assert min(0.01, final) <= factor(at, warmup, final) <= 1 + 1e-12


@given(st.floats(0, 1), st.floats(0, 1))
def test_after_the_warm_up_the_factor_never_climbs(first: float, second: float) -> None:
    early, late = sorted((0.1 + 0.9 * first, 0.1 + 0.9 * second))
    assert factor(early) >= factor(late) - 1e-12


def test_a_run_that_cools_down_ends_a_fifth_later_or_with_its_budget() -> None:
    assert end(None) == 1
    assert end(0.5) == pytest.approx(0.6)
    assert end(0.9) == 1


@given(st.floats(0.01, 1), st.floats(0, 1), st.floats(0, 0.9), st.floats(0, 1))
def test_cooling_down_falls_from_where_it_is_to_the_last(
    since: float, along: float, warmup: float, final: float
) -> None:
    def cooled(at: float) -> float:
        return rate_factor(at, warmup_fraction=warmup, final_fraction=final, cooling_since=since)

    assert cooled(since) == pytest.approx(factor(since, warmup, final), abs=1e-9)
    assert cooled(end(since)) <= final + 1e-9 or end(since) == 1
    now = since + along * (end(since) - since)
    assert cooled(now) <= factor(now, warmup, final)
