"""Sizes chosen for any text and any time: sensible at every scale, larger with more time, never out of range."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from charnn.config.training import Budget
from charnn.tasks.language_model.learn.sizing import (
    HIDDEN_SIZES,
    LARGEST_BATCH_SIZE,
    Sizes,
    Speed,
    choose_sizes,
    default_budget,
    largest_batch_size,
    weights,
)

DAY = 86_400.0
# Scales matter, not figures: exponents are drawn.
a_length = st.floats(0, 9).map(lambda exponent: int(10**exponent))
a_time = st.floats(0, 4.93).map(lambda exponent: 10**exponent)
a_machine = st.floats(7, 15).map(lambda exponent: 10**exponent)


def machine(operations: float = 4e11) -> Speed:
    """That does so many operations a second, 6 for each weight and character, at every size."""
    return lambda hidden: operations / (6 * weights(hidden))


def sizes(characters: int, seconds: float, speed: Speed | None = None) -> Sizes:
    budget = Budget(seconds=seconds)
    return choose_sizes(characters=characters, budget=budget, hidden_size=None, speed=speed or machine())


def by_epochs(characters: int, epochs: float) -> Sizes:
    budget = Budget(epochs=epochs)
    return choose_sizes(characters=characters, budget=budget, hidden_size=None, speed=not_to_be_asked)


def not_to_be_asked(hidden: int) -> float:
    raise AssertionError("no speed is needed where the budget is no time")


@given(a_length, a_time, a_machine)
@example(1, 1.0, 4e11)
@example(10**9, DAY, 4e15)
@example(1, DAY, 4e11)
@example(10**9, 1.0, 1e7)
def test_sizes_are_in_range_for_every_text_and_time_and_machine(
    characters: int, seconds: float, operations: float
) -> None:
    chosen = sizes(characters, seconds, machine(operations))
    assert 1 <= chosen.layers <= 4
    assert 16 <= chosen.hidden_size <= 2048
    assert 1 <= chosen.embedding_size <= chosen.hidden_size
    assert 0 <= chosen.dropout <= 0.7
    assert 1 <= chosen.batch_size <= 256
    assert 8 <= chosen.window_length <= 512
    assert 1e-4 <= chosen.learning_rate <= 0.05


@given(a_length, a_time, a_time, a_machine)
def test_more_time_never_makes_the_network_smaller(
    characters: int, one: float, other: float, operations: float
) -> None:
    less, more = sorted((one, other))
    speed = machine(operations)
    assert sizes(characters, less, speed).hidden_size <= sizes(characters, more, speed).hidden_size


@given(a_length, a_time, a_machine, a_machine)
def test_a_faster_machine_never_makes_the_network_smaller(
    characters: int, seconds: float, one: float, other: float
) -> None:
    less, more = (machine(operations) for operations in sorted((one, other)))
    assert sizes(characters, seconds, less).hidden_size <= sizes(characters, seconds, more).hidden_size


@given(a_length, a_time, a_machine)
def test_speeds_are_asked_for_between_a_guess_and_what_is_chosen_only(
    characters: int, seconds: float, operations: float
) -> None:
    asked: list[int] = []

    def speed(hidden: int) -> float:
        asked.append(hidden)
        return machine(operations)(hidden)

    chosen = HIDDEN_SIZES.index(sizes(characters, seconds, speed).hidden_size)
    guess = HIDDEN_SIZES.index(sizes(characters, seconds).hidden_size)
    places = {HIDDEN_SIZES.index(hidden) for hidden in asked}
    assert places <= set(range(min(chosen, guess), max(chosen, guess) + 2))


def test_a_hidden_size_that_is_given_is_kept_and_the_rest_suits_it() -> None:
    budget = Budget(seconds=600)
    small, large = (
        choose_sizes(characters=10**6, budget=budget, hidden_size=hidden, speed=machine()) for hidden in (48, 777)
    )
    assert (small.hidden_size, large.hidden_size) == (48, 777)
    assert small.dropout > large.dropout  # it reads the text more often


def test_batches_are_smaller_where_the_run_is_short_and_never_larger_than_the_text_has_places_for() -> None:
    assert sizes(10**6, 1).batch_size < sizes(10**6, 3600).batch_size == LARGEST_BATCH_SIZE == largest_batch_size(10**6)
    assert sizes(1000, 3600).batch_size == largest_batch_size(1000) < LARGEST_BATCH_SIZE


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
    assert chosen.batch_size == 1 or characters / chosen.batch_size >= chosen.window_length


@given(a_length, a_time, a_time)
def test_a_text_read_more_often_is_never_regularised_less(characters: int, one: float, other: float) -> None:
    """Within a network of one size, whose step takes the same time."""
    less, more = sizes(characters, min(one, other)), sizes(characters, max(one, other))
    if less.hidden_size == more.hidden_size:
        assert less.dropout <= more.dropout


def test_a_text_read_once_is_not_regularised_and_one_read_a_thousand_times_is() -> None:
    assert by_epochs(10**8, 1.0).dropout == 0
    assert by_epochs(10**5, 1000.0).dropout > 0.2


@pytest.mark.parametrize("unit", ["epochs", "steps"])
@given(characters=a_length, exponent=st.floats(0, 7))
def test_budgets_in_other_units_give_sizes_too(unit: str, characters: int, exponent: float) -> None:
    amounts = [Budget(**{unit: (int if unit == "steps" else float)(10**exponent * factor)}) for factor in (1, 5)]
    short, long = (
        choose_sizes(characters=characters, budget=budget, hidden_size=None, speed=not_to_be_asked)
        for budget in amounts
    )
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
