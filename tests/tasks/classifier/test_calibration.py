"""A mixture makes probabilities that hold on the texts that it was fitted on, and errors are measured as defined."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from charnn.linear.mixture import Mixture, fit_mixture, nats, probabilities
from charnn.tasks.classifier.calibration import Calibration, decided, fair_bias, macro_f1


def calibration_error(confidences: Sequence[float] | np.ndarray, is_right: Sequence[bool] | np.ndarray) -> float | None:
    calibration = Calibration()
    calibration.add(confidences, is_right)
    return calibration.error


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
    (share,) = fit_mixture(3 * logits_NK[None], targets_NK, multiple=False).shares_M
    assert share == pytest.approx(1 / 3, abs=0.02)
    before = probabilities(3 * logits_NK, multiple=False)
    after = probabilities(share * 3 * logits_NK, multiple=False)
    right = targets_NK[np.arange(4000), logits_NK.argmax(1)]
    errors = [calibration_error(p_NK.max(1), right) for p_NK in (before, after)]
    assert errors[1] < 0.03 < errors[0]


def test_an_expert_that_knows_nothing_gets_no_share() -> None:
    logits_NK, targets_NK = drawn(2000, 3)
    noise_NK = np.random.default_rng(1).normal(size=logits_NK.shape)
    shares = fit_mixture(np.stack([logits_NK, noise_NK]), targets_NK, multiple=False).shares_M
    assert shares[0] == pytest.approx(1, abs=0.1)
    assert 0 <= shares[1] < 0.1


@pytest.mark.parametrize("multiple", [False, True])
def test_a_mixture_has_no_negative_shares_and_is_never_worse_than_an_equal_one(multiple: bool) -> None:
    logits_NK, targets_NK = drawn(60, 3)
    experts = np.stack([logits_NK, -logits_NK])
    fitted, equal = fit_mixture(experts, targets_NK, multiple=multiple), Mixture.equal(2, 3)
    assert (fitted.shares_M >= 0).all()
    costs = [nats(mixture.logits(experts), targets_NK, multiple=multiple) for mixture in (fitted, equal)]
    assert costs[0] < costs[1]


@pytest.mark.parametrize("multiple", [False, True])
def test_no_small_change_of_a_mixture_makes_it_better(multiple: bool) -> None:
    logits_NK, targets_NK = drawn(400, 3)
    experts = np.stack([2 * logits_NK, logits_NK + np.random.default_rng(1).normal(size=logits_NK.shape)])
    fitted = fit_mixture(experts, targets_NK, multiple=multiple, certainty=1e-6)
    best = nats(fitted.logits(experts), targets_NK, multiple=multiple)
    for change in np.concatenate((np.eye(5), -np.eye(5))) * 0.05:
        other = Mixture(fitted.shares_M + change[:2], fitted.bias_K + change[2:])
        assert (other.shares_M < 0).any() or nats(other.logits(experts), targets_NK, multiple=multiple) > best


def test_labels_that_experts_give_too_seldom_get_a_bias() -> None:
    logits_NK, targets_NK = drawn(4000, 3)
    biases = fit_mixture(logits_NK[None] - [0.5, 0, 0], targets_NK, multiple=False).bias_K
    assert biases[0] - biases[1:].mean() == pytest.approx(0.5, abs=0.1)


def test_a_mixture_stays_with_what_is_expected_where_few_texts_tell_otherwise() -> None:
    logits_NK, targets_NK = drawn(4, 3)
    expected = Mixture(np.array([0.3]), np.array([0.1, 0.2, -0.3]))
    few, every = (
        fit_mixture(logits_NK[None], targets_NK, multiple=False, expected=expected, certainty=certainty)
        for certainty in (1000.0, 0.1)
    )
    assert abs(few.shares_M - expected.shares_M).max() < 0.02
    assert abs(few.bias_K - expected.bias_K).max() < 0.02
    assert abs(every.shares_M - expected.shares_M).max() > 0.02


def test_many_labels_have_no_biases(monkeypatch: pytest.MonkeyPatch) -> None:
    logits_NK, targets_NK = drawn(200, 3)
    monkeypatch.setattr("charnn.linear.mixture.MOST_BIASES", 2)
    fitted = fit_mixture(3 * logits_NK[None] - [1, 0, 0], targets_NK, multiple=False)
    np.testing.assert_array_equal(fitted.bias_K, np.zeros(3))
    assert fitted.shares_M[0] < 0.6


def test_without_a_text_that_tells_a_mixture_is_equal() -> None:
    found = fit_mixture(np.zeros((2, 3, 2)), np.zeros((3, 2), bool), multiple=False)
    np.testing.assert_array_equal(found.shares_M, [0.5, 0.5])
    np.testing.assert_array_equal(found.bias_K, [0, 0])


def test_the_calibration_error_is_the_mean_distance_of_confidence_and_accuracy() -> None:
    assert calibration_error([], []) is None
    assert calibration_error([1.0, 1.0], [True, True]) == 0
    assert calibration_error([0.9] * 10, [True] * 8 + [False] * 2) == pytest.approx(0.1)
    assert calibration_error([0.95, 0.55], [False, True]) == pytest.approx((0.95 + 0.45) / 2)
    parts = Calibration()
    for one in ([0.95], [False]), ([0.55], [True]):
        parts.add(*one)
    assert parts.error == pytest.approx((0.95 + 0.45) / 2)


def test_macro_f1_is_the_mean_over_labels_that_occur() -> None:
    targets_NK = np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0]], bool)
    predicted_NK = np.array([[1, 0, 0], [0, 1, 0], [0, 1, 0]], bool)
    assert macro_f1(predicted_NK, targets_NK) == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert macro_f1(np.zeros((0, 2), bool), np.zeros((0, 2), bool)) == 0


@pytest.mark.parametrize("multiple", [False, True])
def test_rare_labels_that_are_too_seldom_the_likeliest_get_a_bias_by_which_macro_f1_is_better(multiple: bool) -> None:
    random = np.random.default_rng(0)
    of_N = random.choice(3, 3000, p=[0.9, 0.07, 0.03])
    targets_NK = np.arange(3) == of_N[:, None]
    logits_NK = 1.5 * targets_NK + random.normal(size=targets_NK.shape) + np.log([0.9, 0.07, 0.03])
    bias_K = fair_bias(logits_NK, targets_NK, multiple=multiple)
    assert bias_K[0] < bias_K[1] < bias_K[2]
    before, after = (
        macro_f1(decided(probabilities(each_NK, multiple=multiple), multiple=multiple), targets_NK)
        for each_NK in (logits_NK, logits_NK + bias_K)
    )
    assert after > before + 0.05


def test_labels_that_are_as_frequent_as_each_other_get_no_bias() -> None:
    logits_NK, targets_NK = drawn(300, 3)
    np.testing.assert_allclose(fair_bias(logits_NK, targets_NK, multiple=False), 0)
