from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.config import SamplingConfig
from charnn.errors import ModelError
from charnn.generation.filters import Logits, choose, forbid, min_p, temperature, top_k, top_p

JUST_BELOW_1 = math.nextafter(1.0, 0.0)

finite = st.floats(allow_nan=False, allow_infinity=False, width=32)
small = st.sampled_from([-2.0, -1.0, 0.0, 1.0, 2.0])  # ties are common
uniforms = st.floats(0.0, 1.0, exclude_max=True) | st.sampled_from([0.0, 5e-324, JUST_BELOW_1])


@st.composite
def logits(draw: st.DrawFn) -> Logits:
    """(V,) float32: anything finite, or small with ties; some tokens ruled out, never all."""
    values = draw(st.lists(draw(st.sampled_from([finite, small])), min_size=1, max_size=12))
    ruled_out = draw(st.sets(st.integers(0, len(values) - 1), max_size=len(values) - 1))
    return forbid(np.array(values, dtype=np.float32), sorted(ruled_out))


samplings = st.builds(
    SamplingConfig,
    temperature=st.sampled_from([0.0, 5e-324, 1e-6, 0.8, 1.0, 1e6, 1e300]),
    top_k=st.none() | st.integers(1, 14),
    top_p=st.none() | st.floats(0.0, 1.0, exclude_min=True),
    min_p=st.none() | st.floats(0.0, 1.0),
)


def array(*values: float) -> Logits:
    return np.array(values, dtype=np.float32)


def of(*probabilities: float) -> Logits:
    """Logits that give exactly these probabilities."""
    return np.array([math.log(p) for p in probabilities])


def probabilities(filtered: Logits) -> list[float]:
    weights = [math.exp(float(x) - float(filtered.max())) for x in filtered]
    return [w / math.fsum(weights) for w in weights]


def kept(filtered: Logits) -> list[int]:
    return np.flatnonzero(filtered > -np.inf).tolist()


def most_probable_first(given_logits: Logits) -> list[int]:
    return sorted(range(len(given_logits)), key=lambda i: (-given_logits[i], i))


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


@given(logits(), st.integers(1, 14))
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


@given(logits(), st.floats(0.01, 1.0))
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


def test_forbid_rules_out_its_ids_alone() -> None:
    np.testing.assert_array_equal(forbid(array(1, 2, 3), [1]), [1, -np.inf, 3])


@pytest.mark.parametrize(
    "apply",
    [
        lambda x: forbid(x, [0, 2]),
        lambda x: temperature(x, 0.7),
        lambda x: top_k(x, 3),
        lambda x: top_p(x, 0.6),
        lambda x: min_p(x, 0.3),
    ],
    ids=["forbid", "temperature", "top_k", "top_p", "min_p"],
)
def test_filters_treat_rows_apart_and_leave_their_input_alone(apply) -> None:  # type: ignore[no-untyped-def]
    batch = np.random.default_rng(0).normal(size=(2, 3, 5)).astype(np.float32)
    before = batch.copy()
    rows = [apply(batch[i, j]) for i in range(2) for j in range(3)]
    np.testing.assert_array_equal(apply(batch), np.reshape(rows, (2, 3, 5)))
    np.testing.assert_array_equal(batch, before)


@given(logits(), samplings, uniforms)
def test_choose_never_returns_a_token_that_is_ruled_out(values: Logits, sampling: SamplingConfig, u: float) -> None:
    token = choose(values, sampling, u)
    assert token in kept(values)
    if sampling.top_k is not None:
        # Temperature comes first, and a huge one makes equal what was not.
        scaled = temperature(values, sampling.temperature) if sampling.temperature else values
        assert scaled[token] >= scaled[most_probable_first(values)[: sampling.top_k]].min()
    if sampling.temperature == 0:
        assert token == most_probable_first(values)[0]


@pytest.mark.parametrize("u", [0.0, 0.5, JUST_BELOW_1])
@pytest.mark.parametrize("only", [0, 1, 2])
def test_the_only_possible_token_is_chosen_at_both_ends_of_the_unit_interval(only: int, u: float) -> None:
    assert choose(forbid(array(-9, -9, -9), {0, 1, 2} - {only}), SamplingConfig(temperature=1.0), u) == only


@given(logits(), st.sampled_from([0.5, 1.0, 2.0]))
def test_choose_is_the_inverse_of_the_cumulative_distribution(values: Logits, heat: float) -> None:
    draws = 500
    grid = [(i + 0.5) / draws for i in range(draws)]
    ids = [choose(values, SamplingConfig(temperature=heat), u) for u in grid]
    assert ids == sorted(ids)
    expected = probabilities(values.astype(np.float64) / heat)
    assert np.abs(np.bincount(ids, minlength=len(values)) / draws - expected).max() <= 1.001 / draws


def test_choose_takes_the_next_id_exactly_where_the_distribution_steps() -> None:
    sampling = SamplingConfig(temperature=1.0)
    assert [choose(array(0, 0, 0, 0), sampling, u) for u in (0.0, 0.25, math.nextafter(0.5, 0), 0.75)] == [0, 1, 1, 3]


def test_top_p_sees_the_distribution_that_temperature_and_top_k_left() -> None:
    distribution = of(0.4, 0.3, 0.2, 0.1)
    # Of all four, 0.4 + 0.3 reaches 0.65; of the first two alone, the larger is 4/7 and does not; at temperature 0.5
    # it is 16/25 and does not, and at 0.25 it is 256/337 and does.
    heats = {1.0: [0, 1], 0.5: [0, 1], 0.25: [0]}
    for heat, nucleus in heats.items():
        sampling = SamplingConfig(temperature=heat, top_k=2, top_p=0.65)
        assert sorted({choose(distribution, sampling, u) for u in np.linspace(0, JUST_BELOW_1, 50)}) == nucleus


def test_top_k_comes_before_top_p() -> None:
    # 0.35 of the whole is less than p; of the two that top-k keeps it is 0.35 / 0.65 and more.
    sampling = SamplingConfig(temperature=1.0, top_k=2, top_p=0.5)
    assert choose(of(0.35, 0.3, 0.2, 0.15), sampling, JUST_BELOW_1) == 0


def test_min_p_sees_the_distribution_that_temperature_left() -> None:
    distribution = of(0.5, 0.3, 0.2)
    assert choose(distribution, SamplingConfig(temperature=1.0, min_p=0.35), JUST_BELOW_1) == 2
    assert choose(distribution, SamplingConfig(temperature=0.5, min_p=0.35), JUST_BELOW_1) == 1


def test_greedy_takes_the_lowest_id_of_a_tie() -> None:
    assert choose(array(0, 2, 2), SamplingConfig(temperature=0.0), 0.99) == 1


@pytest.mark.parametrize("heat", [0.0, 1.0])
@pytest.mark.parametrize(
    "values", [(0, np.nan, 1), (np.nan, np.nan), (-np.inf, -np.inf), (0, np.inf)], ids=["NaN", "NaNs", "none", "+inf"]
)
def test_logits_that_are_no_distribution_are_refused(values: tuple[float, ...], heat: float) -> None:
    with pytest.raises(ModelError, match="cannot say which token is next"):
        choose(array(*values), SamplingConfig(temperature=heat), 0.5)
