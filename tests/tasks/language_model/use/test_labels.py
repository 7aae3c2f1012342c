"""Labels are named, mixed and found as Bayes' rule says."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from charnn.errors import UsageError
from charnn.tasks.language_model.use.labels import marginal_nats, mixture_of, named, parse_labels, posterior

NAMES = ["Irish", "Russian", "a=b", "x,y"]


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("Irish", {"Irish": 1}),
        ("Irish=0.7,Russian=0.3", {"Irish": 0.7, "Russian": 0.3}),
        ("Irish,Russian=3", {"Irish": 1, "Russian": 3}),
        ("a=b", {"a=b": 1}),
        ("a=b=2,Irish", {"a=b": 2, "Irish": 1}),
        ("x,y", {"x,y": 1}),
    ],
)
def test_labels_are_read_as_they_are_named(text: str, weights: dict[str, float]) -> None:
    assert parse_labels(text, NAMES) == weights


def test_weights_are_fractions_of_their_sum() -> None:
    assert mixture_of({"Russian": 3, "Irish": 1}, NAMES) == (0.25, 0.75, 0, 0)
    assert named((0.25, 0.75, 0, 0), NAMES) == {"Irish": 0.25, "Russian": 0.75}
    assert named(mixture_of({"Irish": 5}, NAMES), NAMES) == "Irish"


@pytest.mark.parametrize(
    ("weights", "message", "hint"),
    [
        (
            {"Irisch": 1},
            "--label Irisch: the model has no such label",
            "did you mean Irish? its labels are Irish, Russian, a=b, x,y",
        ),
        ({"?": 1}, "--label ?: the model has no such label", "its labels are Irish, Russian, a=b, x,y"),
        ({"Irish": 0}, "--label Irish=0: a weight is a number above 0", None),
        ({"Irish": math.nan}, "--label Irish=nan: a weight is a number above 0", None),
        ({"Irish": math.inf}, "--label Irish=inf: a weight is a number above 0", None),
    ],
)
def test_what_is_no_mixture_is_refused(weights: dict[str, float], message: str, hint: str | None) -> None:
    with pytest.raises(UsageError, match=re.escape(message)) as refused:
        mixture_of(weights, NAMES)
    assert refused.value.hint == hint


def test_a_weight_that_is_no_number_is_refused() -> None:
    with pytest.raises(UsageError, match=re.escape("--label Irish=much: 'much' is no weight")):
        parse_labels("Irish=much", NAMES)


def test_an_unknown_label_costs_the_mean_of_the_probabilities() -> None:
    """Token by token, by the definition: the sum over labels of p(label) p(tokens so far | label)."""
    random = np.random.default_rng(0)
    nats_KT, prior_K = random.uniform(0, 5, (3, 7)), np.array([0.5, 0.3, 0.2])
    nats_T = marginal_nats(nats_KT, prior_K)
    for length in range(8):
        probability = (prior_K * np.exp(-nats_KT[:, :length].sum(1))).sum()
        assert nats_T[:length].sum() == pytest.approx(-math.log(probability), abs=1e-12)
    assert marginal_nats(nats_KT[:, :0], prior_K).shape == (0,)
    np.testing.assert_allclose(marginal_nats(nats_KT[:1], np.ones(1)), nats_KT[0])


def test_the_probability_of_a_label_is_that_of_bayes() -> None:
    nats_K, prior_K = np.array([3.0, 1.0, 2.0]), np.array([0.9, 0.1, 0.0])
    joint_K = prior_K * np.exp(-nats_K)
    np.testing.assert_allclose(posterior(nats_K, prior_K), joint_K / joint_K.sum())
    assert posterior(np.array([9e4, 9e4 + 1]), np.array([0.5, 0.5]))[0] == pytest.approx(1 / (1 + math.exp(-1)))
