from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.tasks.transducer.config import PairNgramsConfig
from charnn.tasks.transducer.use.ranking import as_rows, relative, shared_anew


def config(network_weight: float, weight: float, floor: float = 0.01) -> PairNgramsConfig:
    return PairNgramsConfig(network_weight, weight, floor, 0.5, 0.4, 0.5)


def test_two_targets_by_hand() -> None:
    # The network gives 0.6 and 0.2; the n-grams 1/4 and 3/4 of what they give both.
    network, pairs = np.log([[0.6, 0.2]]), np.log([[0.01, 0.03]])
    found = np.exp(shared_anew(network, pairs, config(1.0, 2.0)))
    mixed = np.array([0.6 * (0.25 + 0.01) ** 2, 0.2 * (0.75 + 0.01) ** 2])
    assert found[0] == pytest.approx(0.8 * mixed / mixed.sum())


logs = st.lists(st.floats(-50, -0.01), min_size=1, max_size=5)


@given(logs, st.data(), st.floats(0, 3), st.floats(0, 3))
def test_the_targets_keep_what_the_network_gives_them_together(
    network: list[float], data: st.DataObject, network_weight: float, weight: float
) -> None:
    impossible = st.just(-math.inf) | st.floats(-60, -0.1)
    pairs = data.draw(st.lists(impossible, min_size=len(network), max_size=len(network)))
    found = shared_anew(as_rows([network, [-1.0]]), as_rows([pairs, [-2.0]]), config(network_weight, weight))
    assert np.logaddexp.reduce(found[0]) == pytest.approx(np.logaddexp.reduce(network))
    assert found[1, 0] == pytest.approx(-1.0)
    assert np.isneginf(found[1, 1:]).all(), "there is no such target"


def test_without_a_weight_the_network_decides() -> None:
    network, pairs = np.log([[0.5, 0.3, 0.1]]), np.array([[-9.0, -1.0, -math.inf]])
    assert shared_anew(network, pairs, config(1.0, 0.0)) == pytest.approx(network)


def test_what_ngrams_hold_impossible_has_the_floor() -> None:
    found = np.exp(relative(np.array([[-3.0, -math.inf], [-math.inf, -math.inf]]), 0.001))
    assert found == pytest.approx(np.array([[1.001, 0.001], [0.001, 0.001]]))
