"""Shares make probabilities that hold on the texts that they were fitted on, and errors are measured as defined."""

from __future__ import annotations

import numpy as np
import pytest

from charnn.tasks.classifier.calibration import (
    expected_calibration_error,
    fit_shares,
    macro_f1,
    nats,
    probabilities,
)


def drawn(texts: int, labels: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits (N, K), and targets that are drawn with the probabilities of their softmax."""
    random = np.random.default_rng(seed)
    logits_NK = 2 * random.normal(size=(texts, labels))
    p_NK = probabilities(logits_NK, multiple=False)
    targets_NK = np.array([random.multinomial(1, p_K) for p_K in p_NK]).astype(bool)
    return logits_NK, targets_NK


def test_probabilities_are_a_softmax_or_sigmoids() -> None:
    logits_NK = np.array([[1.0, 2.0, 3.0], [1000.0, 0.0, -1000.0]])
    powers = np.exp(logits_NK[0])
    np.testing.assert_allclose(probabilities(logits_NK, multiple=False)[0], powers / powers.sum())
    np.testing.assert_allclose(probabilities(logits_NK, multiple=False)[1], [1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(probabilities(logits_NK, multiple=True)[0], 1 / (1 + np.exp(-logits_NK[0])))


@pytest.mark.parametrize("multiple", [False, True])
def test_nats_are_those_of_what_is_right(multiple: bool) -> None:
    logits_NK, targets_NK = drawn(50, 3)
    p_NK = probabilities(logits_NK, multiple=multiple)
    terms = np.where(targets_NK, np.log(p_NK), np.log(1 - p_NK) if multiple else 0)
    assert nats(logits_NK, targets_NK, multiple=multiple) == pytest.approx(-terms.sum(1).mean())


def test_the_scale_of_an_expert_is_found() -> None:
    """Logits that are three times too large get a share of a third: temperature scaling."""
    logits_NK, targets_NK = drawn(4000, 4)
    (share,) = fit_shares(3 * logits_NK[None], targets_NK, multiple=False)
    assert share == pytest.approx(1 / 3, abs=0.02)
    before = probabilities(3 * logits_NK, multiple=False)
    after = probabilities(share * 3 * logits_NK, multiple=False)
    right = targets_NK[np.arange(4000), logits_NK.argmax(1)]
    errors = [expected_calibration_error(p_NK.max(1), right) for p_NK in (before, after)]
    assert errors[1] < 0.03 < errors[0]


def test_an_expert_that_knows_nothing_gets_no_share() -> None:
    logits_NK, targets_NK = drawn(2000, 3)
    noise_NK = np.random.default_rng(1).normal(size=logits_NK.shape)
    shares = fit_shares(np.stack([logits_NK, noise_NK]), targets_NK, multiple=False)
    assert shares[0] == pytest.approx(1, abs=0.1)
    assert 0 <= shares[1] < 0.1


@pytest.mark.parametrize("multiple", [False, True])
def test_shares_are_never_negative_and_never_worse_than_equal_ones(multiple: bool) -> None:
    logits_NK, targets_NK = drawn(60, 3)
    experts = np.stack([logits_NK, -logits_NK])
    shares = fit_shares(experts, targets_NK, multiple=multiple)
    assert (shares >= 0).all()
    fitted, equal = (
        nats(np.tensordot(weights, experts, 1), targets_NK, multiple=multiple) for weights in (shares, [0.5, 0.5])
    )
    assert fitted < equal


def test_without_a_text_that_tells_shares_are_equal() -> None:
    nothing = np.zeros((2, 3, 2))
    np.testing.assert_array_equal(fit_shares(nothing, np.zeros((3, 2), bool), multiple=False), [0.5, 0.5])


def test_the_calibration_error_is_the_mean_distance_of_confidence_and_accuracy() -> None:
    assert expected_calibration_error([], []) is None
    assert expected_calibration_error([1.0, 1.0], [True, True]) == 0
    assert expected_calibration_error([0.9] * 10, [True] * 8 + [False] * 2) == pytest.approx(0.1)
    assert expected_calibration_error([0.95, 0.55], [False, True]) == pytest.approx((0.95 + 0.45) / 2)


def test_macro_f1_is_the_mean_over_labels_that_occur() -> None:
    targets_NK = np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0]], bool)
    predicted_NK = np.array([[1, 0, 0], [0, 1, 0], [0, 1, 0]], bool)
    assert macro_f1(predicted_NK, targets_NK) == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert macro_f1(np.zeros((0, 2), bool), np.zeros((0, 2), bool)) == 0
