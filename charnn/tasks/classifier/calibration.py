"""Makes one set of probabilities of what several experts say, decides by them, and measures how far to trust them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BINS = 15
ITERATIONS = 30
PRIOR = 5.0
"""How many texts' worth of evidence it takes to move a share or a bias away from what is expected of it."""
MOST_BIASES = 200
"""Where there are more labels, they have no biases of their own."""
LARGEST_LOGIT = 60.0


def probabilities(logits_NK: npt.NDArray[np.floating], *, multiple: bool) -> Floats:
    """Softmax over the labels, or a sigmoid for each where a text may have several."""
    logits = logits_NK.astype(np.float64)
    if multiple:
        return np.asarray(1 / (1 + np.exp(-np.clip(logits, -LARGEST_LOGIT, LARGEST_LOGIT))))
    powers_NK = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(powers_NK / powers_NK.sum(1, keepdims=True))


def nats(logits_NK: npt.NDArray[np.floating], targets_NK: npt.NDArray[np.bool_], *, multiple: bool) -> float:
    """The mean over texts of -ln p of what is right. A text without a known label costs the mean of all labels."""
    logits: Floats = logits_NK.astype(np.float64)
    if multiple:
        costs_NK: Floats = np.logaddexp(0, np.where(targets_NK, -logits, logits))
        return float(np.sum(costs_NK)) / len(logits)
    normalizer_N: Floats = np.logaddexp.reduce(logits, axis=1)
    right_N: Floats = np.where(targets_NK.any(1), (logits * targets_NK).sum(1), logits.mean(1))
    return float(np.mean(normalizer_N - right_N))


@dataclass(frozen=True)
class Mixture:
    """How the logits of M experts become one: their sum with these weights, and a bias for each label."""

    shares_M: Floats
    bias_K: Floats

    @classmethod
    def equal(cls, experts: int, labels: int) -> Mixture:
        return cls(np.full(experts, 1 / experts), np.zeros(labels))

    def logits(self, logits_MNK: Floats) -> Floats:
        """(N, K)."""
        return np.asarray(np.tensordot(self.shares_M, logits_MNK, 1) + self.bias_K)


def fit_mixture(
    logits_MNK: Floats,
    targets_NK: npt.NDArray[np.bool_],
    *,
    multiple: bool,
    expected: Mixture | None = None,
    certainty: float = PRIOR,
) -> Mixture:
    """The mixture that predicts the targets best. Its shares are at least 0.

    The sum of M experts with weights is a log-linear combination of them, and its scale is a temperature (Guo et al.
    2017); biases mend that models with small weights give rare labels less than they are due (Alexandari et al. 2020).
    So the probabilities are calibrated on these texts. The loss is convex, and Newton's method finds its minimum. A
    prior keeps all of it near the mixture that is `expected`, an equal one where that is None, as if so many texts had
    asked for that. Texts without a known label are left out, and where there are too many labels so are the biases.
    """
    experts, labels, texts = len(logits_MNK), logits_MNK.shape[2], len(targets_NK)
    expected = Mixture.equal(experts, labels) if expected is None else expected
    if not multiple:
        known = targets_NK.any(1)
        logits_MNK, targets_NK, texts = logits_MNK[:, known], targets_NK[known], int(known.sum())
    if not texts:
        return expected
    count = experts + labels if labels <= MOST_BIASES else experts
    prior = np.concatenate((expected.shares_M, expected.bias_K))
    least = np.concatenate((np.zeros(experts), np.full(labels, -np.inf)))
    strength = certainty / texts

    def mixed(values: Floats) -> Floats:
        return Mixture(values[:experts], values[experts:]).logits(logits_MNK)

    def loss(values: Floats) -> float:
        distance = float(np.square(values - prior).sum())
        return nats(mixed(values), targets_NK, multiple=multiple) + 0.5 * strength * distance

    values, current = prior, loss(prior)
    for _ in range(ITERATIONS):
        p_NK = probabilities(mixed(values), multiple=multiple)
        error_NK = p_NK - targets_NK
        gradient = np.concatenate((np.tensordot(logits_MNK, error_NK, 2), error_NK.sum(0)))
        gradient = gradient / texts + strength * (values - prior)
        hessian = _hessian(logits_MNK, p_NK, multiple=multiple, with_biases=count > experts)
        hessian = hessian / texts + strength * np.eye(count)
        free = np.flatnonzero(((values > least) | (gradient < 0))[:count])
        step = np.zeros(experts + labels)
        step[free] = np.linalg.solve(hessian[np.ix_(free, free)], gradient[free])
        size = 1.0
        while size > 1e-4 and not loss(np.maximum(values - size * step, least)) < current - 1e-10:
            size /= 2
        if size <= 1e-4:
            break
        values = np.maximum(values - size * step, least)
        current = loss(values)
    return Mixture(values[:experts], values[experts:])


def _hessian(logits_MNK: Floats, p_NK: Floats, *, multiple: bool, with_biases: bool) -> Floats:
    """The second derivatives of the loss by the shares, (M, M), or also by the biases, (M + K, M + K), summed over
    texts."""
    spread_NK = p_NK * (1 - p_NK) if multiple else p_NK
    weighted_MNK = logits_MNK * spread_NK
    means_MN = weighted_MNK.sum(2)
    shares_MM: Floats = np.einsum("mnk,onk->mo", weighted_MNK, logits_MNK)
    if not multiple:
        shares_MM -= means_MN @ means_MN.T
    if not with_biases:
        return shares_MM
    both_MK, biases_KK = weighted_MNK.sum(1), np.diag(spread_NK.sum(0))
    if not multiple:
        both_MK -= means_MN @ p_NK
        biases_KK -= p_NK.T @ p_NK
    return np.block([[shares_MM, both_MK], [both_MK.T, biases_KK]])


def expected_calibration_error(
    confidences: Sequence[float] | Floats, is_right: Sequence[bool] | npt.NDArray[np.bool_]
) -> float | None:
    """The mean distance of confidence and accuracy, where texts of like confidence are in BINS bins of equal width
    (Naeini et al. 2015). None without texts."""
    confidence_N, right_N = np.asarray(confidences, np.float64), np.asarray(is_right, np.float64)
    if not len(confidence_N):
        return None
    bins_N = np.minimum((confidence_N * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins_N, confidence_N - right_N, minlength=BINS)
    return float(np.abs(gaps).sum() / len(confidence_N))


def macro_f1(predicted_NK: npt.NDArray[np.bool_], targets_NK: npt.NDArray[np.bool_]) -> float:
    """The mean of F1 over the labels that any text has or is predicted to have; 0 without any."""
    found, predicted, wanted = (predicted_NK & targets_NK).sum(0), predicted_NK.sum(0), targets_NK.sum(0)
    seen = predicted + wanted > 0
    return float((2 * found[seen] / (predicted + wanted)[seen]).mean()) if seen.any() else 0.0


Bools = npt.NDArray[np.bool_]
THRESHOLD = 0.5
"""A text that may have several labels gets those that are at least so probable."""


def decided(p_NK: Floats, *, multiple: bool) -> Bools:
    """(N, K): the labels that each text gets; exactly one where it can have only one."""
    if multiple:
        return np.asarray(p_NK >= THRESHOLD)
    decided_NK = np.zeros(p_NK.shape, np.bool_)
    decided_NK[np.arange(len(p_NK)), p_NK.argmax(1)] = True
    return decided_NK


def is_right_and_confidence(
    p_NK: Floats, decided_NK: Bools, targets_NK: Bools, *, multiple: bool
) -> tuple[Bools, tuple[Floats, Bools]]:
    """Whether all labels of each text are right, (N,); and the confidence of each decision, with whether it is right.

    A text with one label is one decision. A text that may have several is a decision for each label.
    """
    agrees_NK = decided_NK == targets_NK
    if multiple:
        confidence_NK = np.where(decided_NK, p_NK, 1 - p_NK)
        return agrees_NK.all(1), (confidence_NK.ravel(), agrees_NK.ravel())
    is_right_N = agrees_NK.all(1)
    return is_right_N, (p_NK.max(1), is_right_N)
