"""The classical Hopfield network: its energy, its two ways to update, its two ways to learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.memory.hopfield import HEBBIAN_CAPACITY, HopfieldNetwork

LEARNINGS = ["hebbian", "pseudo-inverse"]


def random_patterns(count, units, seed=0):
    return (2 * np.random.default_rng(seed).integers(0, 2, (count, units)) - 1).astype(np.int8)


@st.composite
def networks(draw):
    """A network of any symmetric weights and any thresholds, and a state of it. Whole numbers make fields of 0 likely,
    and sums exact."""
    units = draw(st.integers(1, 12))
    numbers = st.integers(-3, 3)
    flat = draw(st.lists(numbers, min_size=units * units, max_size=units * units))
    upper = np.triu(np.array(flat, float).reshape(units, units), 1)
    thresholds = draw(st.lists(numbers, min_size=units, max_size=units))
    state = draw(st.lists(st.sampled_from([-1, 1]), min_size=units, max_size=units))
    return HopfieldNetwork(upper + upper.T, np.array(thresholds, float)), np.array(state, np.int8)


def energy_by_sums(network, state):
    """-1/2 sum w_ij s_i s_j - sum theta_i s_i, term by term."""
    units = range(len(state))
    pairs = sum(network.weights_NN[i, j] * state[i] * state[j] for i in units for j in units)
    return -pairs / 2 - sum(network.thresholds_N[i] * state[i] for i in units)


@given(networks())
def test_the_energy_is_its_equation(drawn):
    network, state = drawn
    assert network.energy(state) == energy_by_sums(network, state)


@given(networks())
def test_a_unit_that_takes_the_sign_of_its_field_never_raises_the_energy(drawn):
    """For every unit, and with thresholds: E' - E = -(s_i' - s_i) h_i."""
    network, state = drawn
    for unit, field in enumerate(network.field(state)):
        updated = state.copy()
        updated[unit] = np.sign(field) or state[unit]
        change = energy_by_sums(network, updated) - energy_by_sums(network, state)
        assert change == -(int(updated[unit]) - int(state[unit])) * field
        assert change <= 0


def test_with_the_other_sign_of_the_thresholds_the_energy_would_rise():
    """The rule sgn(sum w s - theta) does not go with this energy."""
    network = HopfieldNetwork(np.zeros((1, 1)), np.ones(1))
    on, off = np.ones(1, np.int8), -np.ones(1, np.int8)
    assert np.sign(network.weights_NN @ on - network.thresholds_N) == off
    assert network.energy(off) > network.energy(on)


@given(networks())
def test_asynchronous_updates_lower_the_energy_at_every_step_and_settle(drawn):
    network, state = drawn
    before = state.copy()
    settled = network.settle(state, "asynchronous")
    assert np.array_equal(state, before)
    assert all(later < earlier for earlier, later in zip(settled.energies, settled.energies[1:], strict=False))
    assert settled.energies[0] == energy_by_sums(network, state)
    assert settled.energies[-1] == energy_by_sums(network, settled.state_N)
    assert settled.steps == len(settled.energies) - 1
    assert (network.field(settled.state_N) * settled.state_N >= 0).all()
    assert not settled.two_cycle


@given(networks())
def test_synchronous_updates_settle_or_end_in_two_states_that_take_turns(drawn):
    network, state = drawn
    settled = network.settle(state, "synchronous")

    def updated(state):
        field = network.field(state)
        return np.where(field == 0, state, np.sign(field)).astype(np.int8)

    once = updated(settled.state_N)
    assert np.array_equal(once, settled.state_N) != settled.two_cycle
    if settled.two_cycle:
        assert np.array_equal(updated(once), settled.state_N)
        assert network.energy(settled.state_N) <= network.energy(once)
    assert len(settled.energies) == settled.steps + 1


def test_two_units_that_want_to_differ_take_turns_when_updated_at_once():
    network = HopfieldNetwork(np.array([[0.0, -1.0], [-1.0, 0.0]]), np.zeros(2))
    state = np.array([1, 1], np.int8)
    assert network.settle(state, "synchronous").two_cycle
    settled = network.settle(state, "asynchronous")
    assert (settled.state_N.tolist(), settled.energies) == ([-1, 1], (1.0, -1.0))


@pytest.mark.parametrize("learning", LEARNINGS)
def test_weights_are_symmetric_and_no_unit_is_connected_with_itself(learning):
    network = HopfieldNetwork.learned(random_patterns(5, 40), learning)
    assert np.array_equal(network.weights_NN, network.weights_NN.T)
    assert not network.weights_NN.diagonal().any()


def test_hebbian_weights_by_hand():
    """Two patterns of three units, and the unit that is always +1 for the thresholds."""
    network = HopfieldNetwork.learned(np.array([[1, 1, -1], [1, -1, -1]], np.int8), "hebbian")
    assert np.allclose(network.weights_NN, np.array([[0, 0, -2], [0, 0, 0], [-2, 0, 0]]) / 3)
    assert np.allclose(network.thresholds_N, np.array([2, 0, -2]) / 3)


@pytest.mark.parametrize("updates", ["asynchronous", "synchronous"])
@pytest.mark.parametrize("learning", LEARNINGS)
def test_a_tenth_of_the_units_turned_round_is_mended(learning, updates):
    patterns = random_patterns(10, 200)
    network = HopfieldNetwork.learned(patterns, learning)
    turned = patterns.copy()
    turned[:, ::10] *= -1
    for pattern, state in zip(patterns, turned, strict=True):
        assert np.array_equal(network.settle(state, updates).state_N, pattern)


def test_the_pseudo_inverse_keeps_patterns_that_are_alike_and_hebbs_rule_does_not():
    alike = random_patterns(60, 200)
    alike[:, :100] = alike[0, :100]
    for learning, kept in (("pseudo-inverse", 60), ("hebbian", 0)):
        network = HopfieldNetwork.learned(alike, learning)
        assert network.held(alike) == kept


def test_hebbian_recall_breaks_down_beyond_its_capacity():
    """Random patterns, from themselves: below 0.14 N they stay nearly whole, and at twice that they do not."""
    units = 500
    overlaps = []
    for load in (0.7 * HEBBIAN_CAPACITY, 2 * HEBBIAN_CAPACITY):
        patterns = random_patterns(int(load * units), units)
        network = HopfieldNetwork.learned(patterns, "hebbian")
        overlaps.append(np.mean([network.settle(x).state_N @ x.astype(float) / units for x in patterns[:20]]))
    assert overlaps[0] > 0.97
    assert overlaps[1] < 0.7
