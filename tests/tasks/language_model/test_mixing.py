"""How far n-grams are believed beside a network: the product of powers of both, and the powers that are learned."""

from __future__ import annotations

import numpy as np
import pytest

from charnn.ngrams.counting import count
from charnn.ngrams.table import NgramTable
from charnn.softmax import log_softmax, softmax
from charnn.tasks.language_model.contexts import LARGEST_POWER, known_of
from charnn.tasks.language_model.mixing import (
    CAUTION,
    POWER_WEIGHTS,
    MixedNgrams,
    learn_powers,
    symbol_nats,
)

SIZE = 6
RANDOM = np.random.default_rng(0)
TEXT = RANDOM.choice([1, 1, 1, 2, 3, 4, 5], 500)
ALONE = np.array([[1.0, 0, 0, 0], [0, 0, 0, 0]])
WEIGHTS = RANDOM.normal([[0.5], [0.3]], 0.1, (2, 4 + 3)).astype(np.float32)


@pytest.fixture(scope="module")
def ngrams() -> MixedNgrams:
    return MixedNgrams(NgramTable.of(count([TEXT], SIZE, 4, before=0), SIZE), WEIGHTS, SIZE)


def test_probability_is_in_proportion_to_the_product_of_powers_of_both(ngrams: MixedNgrams) -> None:
    contexts = np.arange(len(ngrams.table.left_S), dtype=np.int32)
    logits = RANDOM.normal(0, 2, (len(contexts), SIZE)).astype(np.float32)
    of_network, of_ngrams = (powers[:, np.newaxis] for powers in ngrams.powers_ES)
    product = softmax(logits) ** of_network * ngrams.model.probabilities(contexts) ** of_ngrams
    np.testing.assert_allclose(
        softmax(ngrams.logits(contexts, logits)), product / product.sum(1, keepdims=True), rtol=1e-4
    )


def test_powers_depend_on_the_length_of_the_context_and_on_what_was_met_after_it(ngrams: MixedNgrams) -> None:
    facts = ngrams.model.facts
    known = known_of(facts, np.arange(len(facts.left_S), dtype=np.int32), ngrams.model.longest)
    assert known.shape == (len(facts.lengths_S), 4 + 3)
    np.testing.assert_array_equal(known[:, :4].argmax(1), facts.lengths_S)
    np.testing.assert_array_equal(known[:, :4].sum(1), 1)
    np.testing.assert_allclose(np.exp(known[:, 4]), facts.followers_S, rtol=1e-5)
    powers = (WEIGHTS @ known.T).clip(0, LARGEST_POWER)
    np.testing.assert_allclose(ngrams.powers_ES, powers, atol=1e-4)


def test_learned_powers_are_those_that_made_the_text() -> None:
    number = 20_000
    known = np.column_stack([np.ones(number), RANDOM.uniform(0, 1, (number, 3))])
    network, own = (log_softmax(RANDOM.normal(0, 1.5, (number, SIZE))).astype(np.float32) for _ in range(2))
    true = np.array([[0.6, 0.5, 0.0, 0.0], [0.2, 0.0, 0.7, 0.0]])
    powers = true @ known.T
    p = softmax(powers[0, :, None] * network + powers[1, :, None] * own)
    ids = (p.cumsum(1) < RANDOM.random((number, 1))).sum(1).clip(0, SIZE - 1)
    weights = learn_powers(known, [network, own], ids, usual_EF=ALONE)
    np.testing.assert_allclose(weights, true, atol=0.12)
    best = symbol_nats(weights @ known.T, [network, own], ids).mean()
    for row in range(2):
        for column in range(4):
            for change in (-0.2, 0.2):
                other = weights.copy()
                other[row, column] += change
                assert symbol_nats(other @ known.T, [network, own], ids).mean() > best


def test_ngrams_that_know_nothing_get_no_power_and_the_network_keeps_its_own() -> None:
    known = np.column_stack([np.ones(5000), np.zeros((5000, 3))])
    network = log_softmax(RANDOM.normal(0, 2, (5000, SIZE))).astype(np.float32)
    own = log_softmax(RANDOM.normal(0, 2, (5000, SIZE))).astype(np.float32)
    ids = (np.exp(network).cumsum(1) < RANDOM.random((5000, 1))).sum(1).clip(0, SIZE - 1)
    np.testing.assert_allclose(learn_powers(known, [network, own], ids, usual_EF=ALONE)[:, 0], [1, 0], atol=0.08)


def test_too_little_text_leaves_the_powers_as_they_usually_are() -> None:
    known = np.column_stack([np.ones(1), np.zeros((1, 3))])
    even, usual = np.full((1, SIZE), -np.log(SIZE), np.float32), np.array([[0.5, 0, 0, 0], [0.4, 0, 0.1, 0]])
    np.testing.assert_allclose(learn_powers(known, [even, even], np.array([2]), usual_EF=usual), usual, rtol=1e-6)


def test_powers_that_reach_their_bounds_do_not_end_the_search() -> None:
    random, number = np.random.default_rng(5), 4000
    known = np.column_stack([np.ones(number), random.uniform(-8, 8, number), random.uniform(-1, 1, number)])
    both = [log_softmax(random.normal(0, 0.6, (number, SIZE))).astype(np.float32) for _ in range(2)]
    powers = (np.array([[2, 1.1, 0.5], [1, -1.1, -1]]) @ known.T).clip(0, LARGEST_POWER)
    p = softmax(powers[0, :, None] * both[0] + powers[1, :, None] * both[1])
    ids = (p.cumsum(1) < random.random((number, 1))).sum(1).clip(0, SIZE - 1)
    usual = np.array([[0.5, 0, 0], [0.5, 0, 0]])
    weights = learn_powers(known, both, ids, usual_EF=usual).astype(np.float64)

    def cost(tried: np.ndarray) -> float:
        return symbol_nats(tried @ known.T, both, ids).sum() + CAUTION / 2 * ((tried - usual) ** 2).sum()

    found = weights @ known.T
    assert (found < -1).any()
    assert (found > LARGEST_POWER + 1).any()
    for place in np.ndindex(weights.shape):
        for change in (-0.05, 0.05):
            other = weights.copy()
            other[place] += change
            assert cost(other) > cost(weights)


def test_nats_of_symbols_by_hand() -> None:
    network, own = np.log(np.array([[0.2, 0.8]], np.float32)), np.log(np.array([[0.5, 0.5]], np.float32))
    weights = np.array([[0.5, 0, 0, 0], [1.0, 0, 0, 0]])
    found = symbol_nats(weights @ np.array([[1.0, 0, 0, 0]]).T, [network, own], np.array([0]))
    assert found == pytest.approx(-np.log(0.2**0.5 / (0.2**0.5 + 0.8**0.5)))


@pytest.mark.parametrize(
    "weights",
    [
        np.zeros((2, 6), np.float32),
        np.zeros(7, np.float32),
        np.zeros((2, 7), np.float64),
        np.full((2, 7), np.nan, np.float32),
        np.full((2, 7), np.inf, np.float32),
    ],
    ids=["fewer", "one row", "another type", "not a number", "infinite"],
)
def test_weights_that_are_not_those_of_these_contexts_are_refused(ngrams: MixedNgrams, weights: np.ndarray) -> None:
    arrays = {**ngrams.arrays(), POWER_WEIGHTS: weights}
    with pytest.raises(ValueError, match="its powers are none"):
        MixedNgrams.from_arrays(arrays, SIZE)


@pytest.mark.parametrize("huge", [-3e38, 3e38])
def test_huge_weights_give_logits_that_are_finite(ngrams: MixedNgrams, huge: float) -> None:
    found = MixedNgrams.from_arrays({**ngrams.arrays(), POWER_WEIGHTS: np.full((2, 7), huge, np.float32)}, SIZE)
    contexts = np.arange(len(ngrams.table.left_S), dtype=np.int32)
    assert np.isfinite(found.logits(contexts, np.full((len(contexts), SIZE), -1e9, np.float32))).all()
