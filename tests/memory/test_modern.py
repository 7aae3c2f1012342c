"""The modern Hopfield network: attention lowers its energy, and it holds more patterns than it has units."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from charnn.memory.modern import ModernHopfieldNetwork


def random_patterns(count, units, seed=0):
    return (2 * np.random.default_rng(seed).integers(0, 2, (count, units)) - 1).astype(np.int8)


@st.composite
def networks(draw):
    """A network, and some states of it between -1 and 1."""
    units, count, seed = draw(st.integers(1, 30)), draw(st.integers(1, 20)), draw(st.integers(0, 1000))
    network = ModernHopfieldNetwork(random_patterns(count, units, seed), beta=draw(st.floats(0.1, 50)))
    states = np.random.default_rng(seed).uniform(-1, 1, (4, units)).astype(np.float32)
    return network, states


@given(networks())
def test_the_energy_is_its_equation(drawn):
    network, states = drawn
    count, units = network.patterns_MN.shape
    for state, energy in zip(states, network.energies(states, network.overlaps(states)), strict=True):
        similar = network.patterns_MN @ state.astype(float) / units
        by_sums = -np.log(np.exp(network.beta * similar).sum()) / network.beta + state @ state / units / 2
        assert np.isclose(energy, by_sums + np.log(count) / network.beta + 0.5, atol=1e-4)


@given(networks())
def test_the_energy_never_rises_and_never_falls_below_0(drawn):
    network, states = drawn
    overlaps = network.overlaps(states)
    energies = [network.energies(states, overlaps)]
    for _ in range(4):
        states = network.updated(overlaps)
        overlaps = network.overlaps(states)
        energies.append(network.energies(states, overlaps))
    assert (np.diff(energies, axis=0) <= 1e-5).all()
    assert np.min(energies) >= -1e-5


@given(networks())
def test_a_step_is_attention_over_the_patterns(drawn):
    network, states = drawn
    patterns = network.patterns_MN.astype(float)
    weights = np.exp(network.beta * states @ patterns.T / patterns.shape[1])
    expected = weights / weights.sum(1, keepdims=True) @ patterns
    assert np.allclose(network.updated(network.overlaps(states)), expected, atol=1e-3)


@given(networks())
def test_states_settle_as_they_would_alone(drawn):
    network, states = drawn
    together = network.settle(states)
    for row, state in enumerate(states):
        alone = network.settle(state[None])
        assert np.allclose(together.states_BN[row], alone.states_BN[0], atol=1e-3)
    for energies in together.energies:
        assert (np.diff(energies) <= 1e-5).all()


def test_it_holds_many_more_patterns_than_units():
    patterns = random_patterns(5_000, 256)
    turned = patterns[:50].astype(np.float32)
    turned[:, ::5] *= -1
    settled = ModernHopfieldNetwork(patterns, beta=60.0).settle(turned)
    assert np.array_equal(np.sign(settled.states_BN), patterns[:50])
    assert np.array_equal(settled.overlaps_BM.argmax(1), np.arange(50))
    assert all(len(energies) > 1 for energies in settled.energies)


def test_confidence_is_shared_with_nothing_like_it():
    network = ModernHopfieldNetwork(random_patterns(3, 2048))
    near, far = network.confidences(np.array([[0.9, 0.0, 0.0], [0.1, 0.1, 0.1]], np.float32))
    assert near[0] > 0.99
    assert far.sum() < 0.01
