"""Makes one set of probabilities of what several experts say, decides by them, and measures how far to trust them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BINS = 15
ITERATIONS = 30
PRIOR = 5.0
"""How many texts' worth of evidence it takes to move a share away from what is expected of it."""
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


def fit_shares(
    logits_MNK: Floats,
    targets_NK: npt.NDArray[np.bool_],
    *,
    multiple: bool,
    expected: Floats | None = None,
    certainty: float = PRIOR,
) -> Floats:
    """The weights (M,) of the experts' logits, at least 0, that predict the targets best.

    The sum of M experts with weights is a log-linear combination of them, and its scale is a temperature (Guo et al.
    2017), so that the probabilities are calibrated on these texts. The loss is convex, and Newton's method finds its
    minimum. A prior keeps the weights near those that are `expected`, 1/M where that is None, as if so many texts had
    asked for them. Texts without a known label are left out.
    """
    experts, texts = len(logits_MNK), len(targets_NK)
    prior = np.full(experts, 1 / experts) if expected is None else expected
    if not multiple:
        known = targets_NK.any(1)
        logits_MNK, targets_NK, texts = logits_MNK[:, known], targets_NK[known], int(known.sum())
    if not texts:
        return prior
    strength = certainty / texts

    def loss(shares: Floats) -> float:
        combined_NK = np.tensordot(shares, logits_MNK, 1)
        return nats(combined_NK, targets_NK, multiple=multiple) + 0.5 * strength * float(((shares - prior) ** 2).sum())

    shares, current = prior, loss(prior)
    for _ in range(ITERATIONS):
        p_NK = probabilities(np.tensordot(shares, logits_MNK, 1), multiple=multiple)
        gradient = np.tensordot(logits_MNK, p_NK - targets_NK, 2) / texts + strength * (shares - prior)
        spread_NK = p_NK * (1 - p_NK) if multiple else p_NK
        weighted_MNK = logits_MNK * spread_NK
        hessian = np.einsum("mnk,onk->mo", weighted_MNK, logits_MNK)
        if not multiple:
            means_MN = weighted_MNK.sum(2)
            hessian -= means_MN @ means_MN.T
        hessian = hessian / texts + strength * np.eye(experts)
        free = (shares > 0) | (gradient < 0)
        step = np.zeros(experts)
        if free.any():
            step[free] = np.linalg.solve(hessian[np.ix_(free, free)], gradient[free])
        size = 1.0
        while size > 1e-4 and not loss(np.maximum(shares - size * step, 0)) < current - 1e-10:
            size /= 2
        if size <= 1e-4:
            break
        shares = np.maximum(shares - size * step, 0)
        current = loss(shares)
    return shares


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
