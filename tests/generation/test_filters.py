from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charnn.generation.filters import (
    Counts,
    Logits,
    bias,
    entropy_temperature,
    frequency_penalty,
    min_p,
    presence_penalty,
    repetition_penalty,
    temperature,
    top_k,
    top_n_sigma,
    top_p,
    typical,
)

finite = st.floats(allow_nan=False, allow_infinity=False, width=32)
small = st.sampled_from([-2.0, -1.0, 0.0, 1.0, 2.0])  # ties are common
ordinary = st.floats(-20, 20, width=32)


@st.composite
def rows(draw: st.DrawFn, *kinds: st.SearchStrategy[float]) -> Logits:
    """(V,) float32: anything finite, or what is ordinary, or ties; some tokens ruled out, never all."""
    kind = draw(st.sampled_from(kinds or (finite, ordinary, small)))
    values = np.array(draw(st.lists(kind, min_size=1, max_size=12)), np.float32)
    values[sorted(draw(st.sets(st.integers(0, len(values) - 1), max_size=len(values) - 1)))] = -np.inf
    return values


def array(*values: float) -> Logits:
    return np.array(values, dtype=np.float32)


def of(*probabilities: float) -> Logits:
    """Logits that give exactly these probabilities."""
    return np.array([math.log(p) for p in probabilities])


def times(*counts: int) -> Counts:
    return np.array(counts)


def probabilities(filtered: Logits) -> list[float]:
    weights = [math.exp(float(x) - float(filtered.max())) for x in filtered]
    return [w / math.fsum(weights) for w in weights]


def entropy(values: Logits) -> float:
    return math.fsum(-p * math.log(p) for p in probabilities(values) if p)


def kept(filtered: npt.NDArray[np.floating]) -> list[int]:
    return np.flatnonzero(filtered > -np.inf).tolist()


def most_probable_first(given_logits: Logits) -> list[int]:
    return sorted(range(len(given_logits)), key=lambda i: (-given_logits[i], i))


# One value of each filter; counts for a vocabulary of any size.
EVERY_FILTER: dict[str, Callable[[Logits], Logits]] = {
    "bias": lambda x: bias(x, np.linspace(-1, 1, x.shape[-1])),
    "repetition": lambda x: repetition_penalty(x, np.arange(x.shape[-1]) % 3, 1.3),
    "presence": lambda x: presence_penalty(x, np.arange(x.shape[-1]) % 3, 0.4),
    "frequency": lambda x: frequency_penalty(x, np.arange(x.shape[-1]) % 3, 0.4),
    "temperature": lambda x: temperature(x, 0.7),
    "greedy": lambda x: temperature(x, 0.0),
    "entropy_temperature": lambda x: temperature(x, entropy_temperature(x, 0.3, 1.5)),
    "top_k": lambda x: top_k(x, 3),
    "top_p": lambda x: top_p(x, 0.6),
    "min_p": lambda x: min_p(x, 0.3),
    "typical": lambda x: typical(x, 0.6),
    "top_n_sigma": lambda x: top_n_sigma(x, 0.8),
}
TRUNCATING = ("top_k", "top_p", "min_p", "top_n_sigma", "temperature", "greedy", "entropy_temperature")
every_filter = pytest.mark.parametrize("apply", EVERY_FILTER.values(), ids=EVERY_FILTER)


@every_filter
@pytest.mark.parametrize("vocabulary", [1, 5, 70, 257])
def test_rows_give_the_same_bits_alone_and_in_any_batch(apply: Callable[[Logits], Logits], vocabulary: int) -> None:
    batch = (np.random.default_rng(0).normal(size=(64, vocabulary)) * 4).astype(np.float32)
    batch[::3, vocabulary // 2 + 1 :] = -np.inf
    before = batch.copy()
    alone = np.array([apply(row) for row in batch])
    np.testing.assert_array_equal(apply(batch), alone)
    np.testing.assert_array_equal(apply(batch[5:8]), alone[5:8])
    np.testing.assert_array_equal(apply(batch.reshape(4, 16, vocabulary)), alone.reshape(4, 16, vocabulary))
    np.testing.assert_array_equal(batch, before)


@every_filter
@given(rows())
@settings(max_examples=40)
def test_what_is_ruled_out_stays_so_and_nothing_becomes_nan_or_infinite(
    apply: Callable[[Logits], Logits], values: Logits
) -> None:
    filtered = apply(values)
    assert filtered.dtype == np.float64
    assert set(kept(filtered)) <= set(kept(values))
    assert math.isfinite(filtered.max())
    assert not np.isnan(filtered).any()


@pytest.mark.parametrize("name", TRUNCATING)
@given(rows())
@settings(max_examples=40)
def test_the_most_probable_token_is_never_ruled_out(name: str, values: Logits) -> None:
    assert most_probable_first(values)[0] in kept(EVERY_FILTER[name](values))


@every_filter
@pytest.mark.parametrize("only", [0, 1, 2])
def test_the_only_token_that_is_left_stays(apply: Callable[[Logits], Logits], only: int) -> None:
    values = array(-np.inf, -np.inf, -np.inf)
    values[only] = -9
    assert kept(apply(values)) == [only]


def test_temperature_divides_differences_of_logits() -> None:
    np.testing.assert_array_equal(temperature(array(1, 3, 2), 0.5), [-4, 0, -2])


def test_temperature_keeps_what_is_ruled_out() -> None:
    np.testing.assert_array_equal(temperature(array(-np.inf, 3), 1e6), [-np.inf, 0])


def test_a_tiny_temperature_leaves_only_the_most_probable_token() -> None:
    assert probabilities(temperature(array(0, 1, 0.999), 1e-6)) == [0, 1, 0]


def test_a_huge_temperature_is_almost_uniform() -> None:
    assert probabilities(temperature(array(0, 5, -5), 1e6)) == pytest.approx([1 / 3] * 3, abs=1e-5)


def test_temperature_does_not_overflow_float32() -> None:
    np.testing.assert_array_equal(temperature(array(3e38, -3e38), 1e-300), [0, -np.inf])


def test_temperature_0_leaves_the_most_probable_token_and_of_a_tie_the_lowest_id() -> None:
    np.testing.assert_array_equal(temperature(array(1, 2, 2), 0.0), [-np.inf, 0, -np.inf])


def test_each_row_may_have_a_temperature_of_its_own() -> None:
    values = np.array([[1.0, 3, 2], [1, 2, 2], [0, -1, -2]])
    heats = np.array([[0.5], [0.0], [2.0]])
    rows_alone = [temperature(row, float(heat)) for row, heat in zip(values, heats[:, 0], strict=True)]
    np.testing.assert_array_equal(temperature(values, heats), rows_alone)


@given(rows(ordinary, small))
def test_temperature_by_entropy_is_its_definition(values: Logits) -> None:
    n = len(kept(values))
    share = entropy(values) / math.log(n) if n > 1 else 0.0
    assert entropy_temperature(values, 0.4, 1.9).item() == pytest.approx(0.4 + 1.5 * share, abs=1e-12)


def test_temperature_by_entropy_is_highest_where_all_that_is_left_is_equal_and_lowest_where_nothing_else_is() -> None:
    values = np.array([[-np.inf, 7, 7, 7], [-np.inf, 7, -np.inf, -np.inf], [0, 1000, 0, 0]], np.float32)
    np.testing.assert_allclose(entropy_temperature(values, 0.25, 2.0), [[2.0], [0.25], [0.25]], rtol=0, atol=1e-15)
    assert entropy_temperature(values, 0.25, 2.0).max() <= 2.0


def test_bias_is_added_and_minus_infinity_rules_out() -> None:
    np.testing.assert_array_equal(
        bias(array(1, -np.inf, 3, 4), np.array([2.5, 9, -np.inf, 0])), [3.5, -np.inf, -np.inf, 4]
    )


def test_repetition_penalty_divides_positive_and_multiplies_negative_logits_of_what_has_come() -> None:
    filtered = repetition_penalty(array(3, 3, -2, -2, 0, -np.inf), times(1, 0, 2, 0, 5, 1), 2.0)
    np.testing.assert_array_equal(filtered, [1.5, 3, -4, -2, 0, -np.inf])


def test_repetition_penalty_goes_by_the_zero_that_it_is_told() -> None:
    values, counts = array(3, 0.5, -2, 1), times(1, 1, 1, 0)
    moved = repetition_penalty(values.astype(np.float64) - 3, counts, 2.0, zero=-3.0)
    np.testing.assert_allclose(moved + 3, repetition_penalty(values, counts, 2.0), rtol=0, atol=1e-15)


def test_presence_penalty_counts_a_token_once_and_frequency_penalty_each_time() -> None:
    values, counts = array(1, 1, 1, -np.inf), times(0, 1, 3, 2)
    np.testing.assert_allclose(presence_penalty(values, counts, 0.5), [1, 0.5, 0.5, -np.inf])
    np.testing.assert_allclose(frequency_penalty(values, counts, 0.5), [1, 0.5, -0.5, -np.inf])
    np.testing.assert_allclose(frequency_penalty(values, counts, -0.5), [1, 1.5, 2.5, -np.inf])


@pytest.mark.parametrize("penalty", [5e-324, 1e-300, 1e300, 1.7e308])
@given(rows())
def test_penalties_beyond_all_measure_stay_finite(penalty: float, values: Logits) -> None:
    counts = np.arange(len(values))
    filtered = repetition_penalty(values, counts, penalty)
    filtered = frequency_penalty(presence_penalty(filtered, counts, penalty), counts, -penalty)
    assert kept(filtered) == kept(values)
    assert math.isfinite(filtered.max())


@given(rows(), st.integers(1, 14))
def test_top_k_keeps_the_first_k_of_the_ranking(values: Logits, k: int) -> None:
    ruled_in = set(kept(values))
    assert kept(top_k(values, k)) == sorted(i for i in most_probable_first(values)[:k] if i in ruled_in)


def test_top_k_keeps_exactly_k_by_lowest_id_where_there_are_ties() -> None:
    np.testing.assert_array_equal(top_k(array(1, 2, 1, 1), 2), [1, 2, -np.inf, -np.inf])


def test_top_p_keeps_the_token_that_reaches_p_and_none_after_it() -> None:
    distribution = of(0.125, 0.5, 0.25, 0.125)
    assert kept(top_p(distribution, 0.4)) == [1]
    assert kept(top_p(distribution, 0.5)) == [1]
    assert kept(top_p(distribution, 0.51)) == [1, 2]
    assert kept(top_p(distribution, 0.76)) == [0, 1, 2]
    assert kept(top_p(distribution, 1.0)) == [0, 1, 2, 3]


def test_top_p_keeps_one_token_however_small_p_is() -> None:
    assert kept(top_p(array(0, 0, 0), 1e-300)) == [0]


@given(rows(), st.floats(0.01, 1.0))
def test_top_p_is_the_smallest_start_of_the_ranking_that_reaches_p(values: Logits, p: float) -> None:
    nucleus = kept(top_p(values, p))
    ranking = most_probable_first(values)[: len(nucleus)]
    mass = [probabilities(values)[i] for i in ranking]
    assert nucleus == sorted(ranking)
    assert math.fsum(mass) >= p - 1e-9
    assert math.fsum(mass[:-1]) < p + 1e-9


def test_min_p_keeps_tokens_relative_to_the_most_probable() -> None:
    distribution = of(0.5, 0.3, 0.15, 0.05)
    assert kept(min_p(distribution, 0.59)) == [0, 1]
    assert kept(min_p(distribution, 0.29)) == [0, 1, 2]


def test_min_p_of_0_keeps_all_and_of_1_only_the_most_probable() -> None:
    assert kept(min_p(array(0, 1, -3e38, 1), 0.0)) == [0, 1, 2, 3]
    assert kept(min_p(array(0, 1, -3e38, 1), 1.0)) == [1, 3]


def test_typical_rules_out_the_most_probable_token_where_it_is_too_little_surprising() -> None:
    # Entropy 1.7481 nats; a surprisal of 0.9163, 0.83 from it, and six of 2.3026, 0.55 from it.
    distribution = of(0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1)
    assert kept(typical(distribution, 0.35)) == [1, 2, 3, 4]
    assert kept(typical(distribution, 0.65)) == [0, 1, 2, 3, 4, 5, 6]


@given(rows(ordinary, small), st.floats(0.01, 1.0))
def test_typical_is_the_smallest_start_of_the_ranking_by_surprisal_that_reaches_p(values: Logits, p: float) -> None:
    share = probabilities(values)
    distance = [abs(-math.log(x) - entropy(values)) if x else math.inf for x in share]
    chosen = kept(typical(values, p))
    left_out = [i for i in kept(values) if i not in chosen]
    farthest = max(chosen, key=lambda i: (distance[i], i))
    assert all(distance[i] >= distance[farthest] - 1e-9 for i in left_out)
    assert math.fsum(share[i] for i in chosen) >= p - 1e-9
    assert math.fsum(share[i] for i in chosen if i != farthest) < p + 1e-9


def test_typical_keeps_the_lower_ids_of_a_tie() -> None:
    assert kept(typical(array(0, 0, 0, 0), 0.5)) == [0, 1]


def test_top_n_sigma_worked_example() -> None:
    # Without the third, which is ruled out: mean 0, deviation 2 (of the population: divided by 4, not by 3).
    values = array(2, 2, -np.inf, -2, -2)
    assert kept(top_n_sigma(values, 1.99)) == [0, 1]
    assert kept(top_n_sigma(values, 2.0)) == [0, 1, 3, 4]


@given(rows(ordinary, small), st.floats(0, 3))
def test_top_n_sigma_is_its_definition(values: Logits, n: float) -> None:
    left = values[values > -np.inf].astype(np.float64)
    gaps = values.max() - values.astype(np.float64) - n * left.std()
    chosen = kept(top_n_sigma(values, n))
    assert all(gaps[i] <= 1e-9 for i in chosen)
    assert all(gaps[i] >= -1e-9 for i in kept(values) if i not in chosen)


def test_top_n_sigma_of_0_keeps_what_is_as_probable_as_the_most_probable() -> None:
    assert kept(top_n_sigma(array(0, 1, -3e38, 1), 0.0)) == [1, 3]


@pytest.mark.parametrize("heat", [1e-300, 1e-3, 0.5, 4.0, 1e6])
def test_top_n_sigma_keeps_the_same_tokens_at_any_temperature(heat: float) -> None:
    values = (np.random.default_rng(3).normal(size=(20, 30)) * 5).astype(np.float32)
    expected = top_n_sigma(values, 1.1) > -np.inf
    np.testing.assert_array_equal(top_n_sigma(temperature(values, heat), 1.1) > -np.inf, expected)
