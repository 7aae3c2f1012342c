from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.arrays import Bools, Float64s
from charnn.tasks.transducer.config import PairNgramsConfig
from charnn.tasks.transducer.use.ranking import as_rows, known_among, relative, shared_anew


def config(network_weight: float, weight: float, floor: float = 0.01, known: float = 0.0) -> PairNgramsConfig:
    return PairNgramsConfig(network_weight, weight, floor, 0.5, 0.4, 0.5, known_weight=known)


def none_known(network: Float64s) -> Bools:
    return np.zeros(network.shape, np.bool_)


def test_two_targets_by_hand() -> None:
    # The network gives 0.6 and 0.2; the n-grams 1/4 and 3/4 of what they give both.
    network, pairs = np.log([[0.6, 0.2]]), np.log([[0.01, 0.03]])
    found = np.exp(shared_anew(network, pairs, none_known(network), config(1.0, 2.0)))
    mixed = np.array([0.6 * (0.25 + 0.01) ** 2, 0.2 * (0.75 + 0.01) ** 2])
    assert found[0] == pytest.approx(0.8 * mixed / mixed.sum())


logs = st.lists(st.floats(-50, -0.01), min_size=1, max_size=5)


@given(logs, st.data(), st.floats(0, 3), st.floats(0, 3))
def test_the_targets_keep_what_the_network_gives_them_together(
    network: list[float], data: st.DataObject, network_weight: float, weight: float
) -> None:
    impossible = st.just(-math.inf) | st.floats(-60, -0.1)
    pairs = data.draw(st.lists(impossible, min_size=len(network), max_size=len(network)))
    rows = as_rows([network, [-1.0]])
    is_known = np.array(data.draw(st.lists(st.booleans(), min_size=rows.size, max_size=rows.size))).reshape(rows.shape)
    trust = config(network_weight, weight, known=data.draw(st.floats(-5, 5)))
    found = shared_anew(rows, as_rows([pairs, [-2.0]]), is_known, trust)
    assert np.logaddexp.reduce(found[0]) == pytest.approx(np.logaddexp.reduce(network))
    assert found[1, 0] == pytest.approx(-1.0)
    assert np.isneginf(found[1, 1:]).all(), "there is no such target"


def test_without_a_weight_the_network_decides() -> None:
    network, pairs = np.log([[0.5, 0.3, 0.1]]), np.array([[-9.0, -1.0, -math.inf]])
    assert shared_anew(network, pairs, none_known(network), config(1.0, 0.0)) == pytest.approx(network)


def test_a_known_target_gains_what_its_weight_says() -> None:
    network, pairs = np.log([[0.6, 0.2]]), np.log([[0.01, 0.01]])
    found = np.exp(shared_anew(network, pairs, np.array([[False, True]]), config(1.0, 1.0, known=math.log(6))))
    assert found[0] == pytest.approx(0.8 * np.array([1 / 3, 2 / 3]))


def test_known_targets_are_told_by_their_texts() -> None:
    assert known_among([["a", "b"], ["c"]], {"b", "c"}).tolist() == [[False, True], [True, False]]


def test_what_ngrams_hold_impossible_has_the_floor() -> None:
    found = np.exp(relative(np.array([[-3.0, -math.inf], [-math.inf, -math.inf]]), 0.001))
    assert found == pytest.approx(np.array([[1.001, 0.001], [0.001, 0.001]]))
