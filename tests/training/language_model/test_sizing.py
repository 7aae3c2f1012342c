"""Sizes chosen for any text and any time: sensible at every scale, larger with more time, never out of range."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from charnn.config import Budget, Cell
from charnn.training.language_model.sizing import Sizes, choose_sizes, default_budget

DAY = 86_400.0
# Scales matter, not figures: exponents are drawn.
a_length = st.floats(0, 9).map(lambda exponent: int(10**exponent))
a_time = st.floats(0, 4.93).map(lambda exponent: 10**exponent)
a_cell = st.sampled_from(["rnn", "lstm", "gru"])


def sizes(characters: int, seconds: float, cell: Cell = "lstm") -> Sizes:
    return choose_sizes(characters=characters, budget=Budget(seconds=seconds), cell=cell)


@given(a_length, a_time, a_cell)
@example(1, 1.0, "lstm")
@example(10**9, DAY, "lstm")
@example(1, DAY, "rnn")
@example(10**9, 1.0, "gru")
def test_sizes_are_in_range_for_every_text_and_time(characters: int, seconds: float, cell: Cell) -> None:
    chosen = sizes(characters, seconds, cell)
    assert 1 <= chosen.layers <= 4
    assert 16 <= chosen.hidden_size <= 2048
    assert 1 <= chosen.embedding_size <= chosen.hidden_size
    assert 0 <= chosen.dropout <= 0.7
    assert 1 <= chosen.lanes <= 256
    assert 8 <= chosen.window_length <= 512
    assert 1e-4 <= chosen.learning_rate <= 0.05


@given(a_length, a_time, a_time, a_cell)
def test_more_time_never_makes_the_network_smaller(characters: int, one: float, other: float, cell: Cell) -> None:
    less, more = sorted((one, other))
    assert sizes(characters, less, cell).hidden_size <= sizes(characters, more, cell).hidden_size


@given(a_length, a_length, a_time)
def test_more_text_never_makes_the_network_smaller(one: int, other: int, seconds: float) -> None:
    less, more = sorted((one, other))
    assert sizes(less, seconds).hidden_size <= sizes(more, seconds).hidden_size


def test_time_and_text_do_make_the_network_larger() -> None:
    hidden = [sizes(10**6, seconds).hidden_size for seconds in (10, 600, DAY)]
    assert hidden[0] < hidden[1] < hidden[2]
    assert sizes(1_000, 600).hidden_size < sizes(1_000_000, 600).hidden_size


@pytest.mark.parametrize("seconds", [1.0, 60.0, DAY])
@pytest.mark.parametrize("characters", [1, 50, 1000])
def test_a_tiny_text_gets_a_tiny_network_however_long_it_may_take(characters: int, seconds: float) -> None:
    assert sizes(characters, seconds).hidden_size <= 64


@given(st.integers(1, 10**9), a_time)
def test_lanes_are_no_shorter_than_a_window_where_there_are_several(characters: int, seconds: float) -> None:
    chosen = sizes(characters, seconds)
    assert chosen.lanes == 1 or characters / chosen.lanes >= chosen.window_length


@given(a_length, a_time, a_time)
def test_a_text_read_more_often_is_never_regularised_less(characters: int, one: float, other: float) -> None:
    """Within a network of one size, whose step takes the same time."""
    less, more = sizes(characters, min(one, other)), sizes(characters, max(one, other))
    if less.hidden_size == more.hidden_size:
        assert less.dropout <= more.dropout


def test_a_text_read_once_is_not_regularised_and_one_read_a_thousand_times_is() -> None:
    assert choose_sizes(characters=10**8, budget=Budget(epochs=1.0), cell="lstm").dropout == 0
    assert choose_sizes(characters=10**5, budget=Budget(epochs=1000.0), cell="lstm").dropout > 0.2


@pytest.mark.parametrize("unit", ["epochs", "steps"])
@given(characters=a_length, exponent=st.floats(0, 7))
def test_budgets_in_other_units_give_sizes_too(unit: str, characters: int, exponent: float) -> None:
    amounts = [Budget(**{unit: (int if unit == "steps" else float)(10**exponent * factor)}) for factor in (1, 5)]
    short, long = (choose_sizes(characters=characters, budget=budget, cell="lstm") for budget in amounts)
    assert 16 <= short.hidden_size <= long.hidden_size <= 2048
    assert 0 <= short.dropout <= 0.7


@given(a_length, a_length)
def test_the_default_budget_is_seconds_to_hours_and_grows_with_the_text(one: int, other: int) -> None:
    less, more = (default_budget(characters).seconds for characters in sorted((one, other)))
    assert less is not None
    assert more is not None
    assert 1 <= less <= more <= DAY


def test_a_book_takes_minutes_by_default() -> None:
    seconds = default_budget(500_000).seconds
    assert seconds is not None
    assert 30 <= seconds <= 1800
