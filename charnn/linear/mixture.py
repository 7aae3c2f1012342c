"""Makes one set of probabilities of what several experts say of a label: a log-linear mixture, fitted on data that is
held out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from charnn.arrays import Bools, Float64s, Floats

ITERATIONS = 30
PRIOR = 5.0
"""How many examples' worth of evidence it takes to move a share or a bias away from what is expected of it."""
MOST_BIASES = 200
"""Where there are more labels, they have no biases of their own."""
LARGEST_LOGIT = 60.0


def probabilities(logits_NK: Floats, *, multiple: bool) -> Float64s:
    """Softmax over the labels, or a sigmoid for each where an example may have several."""
    logits = logits_NK.astype(np.float64)
    if multiple:
        return np.asarray(1 / (1 + np.exp(-np.clip(logits, -LARGEST_LOGIT, LARGEST_LOGIT))))
    powers_NK = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(powers_NK / powers_NK.sum(1, keepdims=True))


def nats(logits_NK: Floats, targets_NK: Bools, *, multiple: bool) -> float:
    """The mean over examples of -ln p of what is right. Where no label is known it is the mean of all."""
    logits: Float64s = logits_NK.astype(np.float64)
    if multiple:
        costs_NK: Float64s = np.logaddexp(0, np.where(targets_NK, -logits, logits))
        return float(np.sum(costs_NK)) / len(logits)
    normalizer_N: Float64s = np.logaddexp.reduce(logits, axis=1)
    right_N: Float64s = np.where(targets_NK.any(1), (logits * targets_NK).sum(1), logits.mean(1))
    return float(np.mean(normalizer_N - right_N))


@dataclass(frozen=True)
class Mixture:
    """How the logits of M experts become one: their sum with these weights, and a bias for each label."""

    shares_M: Float64s
    bias_K: Float64s

    @classmethod
    def equal(cls, experts: int, labels: int) -> Mixture:
        return cls(np.full(experts, 1 / experts), np.zeros(labels))

    def logits(self, logits_MNK: Floats) -> Float64s:
        """(N, K)."""
        return np.asarray(np.tensordot(self.shares_M, logits_MNK, 1) + self.bias_K)


def fit_mixture(
    logits: Floats,
    targets_NK: Bools,
    *,
    multiple: bool,
    expected: Mixture | None = None,
    certainty: float = PRIOR,
    biased: bool = True,
) -> Mixture:
    """The mixture that predicts the targets best from the logits of experts, (M, N, K). Its shares are at least 0.

    The sum of M experts with weights is a log-linear combination of them, and its scale is a temperature (Guo et al.
    2017); biases mend that models with small weights give rare labels less than they are due (Alexandari et al. 2020).
    So the probabilities are calibrated on these examples. The loss is convex, and Newton's method finds its minimum. A
    prior keeps all of it near the mixture that is `expected`, an equal one where that is None, as if so many examples
    had asked for that. Examples without a known label are left out, and so are the biases where labels are too many,
    or where the mixture is not to be `biased`.
    """
    logits_MNK: Float64s = logits.astype(np.float64, copy=False)
    experts, labels, texts = len(logits_MNK), logits_MNK.shape[2], len(targets_NK)
    expected = Mixture.equal(experts, labels) if expected is None else expected
    if not multiple:
        known = targets_NK.any(1)
        logits_MNK, targets_NK, texts = logits_MNK[:, known], targets_NK[known], int(known.sum())
    if not texts:
        return expected
    count = experts + labels if biased and labels <= MOST_BIASES else experts
    prior = np.concatenate((expected.shares_M, expected.bias_K))
    least = np.concatenate((np.zeros(experts), np.full(labels, -np.inf)))
    strength = certainty / texts

    def mixed(values: Float64s) -> Float64s:
        return Mixture(values[:experts], values[experts:]).logits(logits_MNK)

    def loss(values: Float64s) -> float:
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


def _hessian(logits_MNK: Float64s, p_NK: Float64s, *, multiple: bool, with_biases: bool) -> Float64s:
    """The second derivatives of the loss by the shares, (M, M), or also by the biases, (M + K, M + K), summed over
    examples."""
    spread_NK = p_NK * (1 - p_NK) if multiple else p_NK
    weighted_MNK = logits_MNK * spread_NK
    means_MN = weighted_MNK.sum(2)
    shares_MM: Float64s = np.einsum("mnk,onk->mo", weighted_MNK, logits_MNK)
    if not multiple:
        shares_MM -= means_MN @ means_MN.T
    if not with_biases:
        return shares_MM
    both_MK, biases_KK = weighted_MNK.sum(1), np.diag(spread_NK.sum(0))
    if not multiple:
        both_MK -= means_MN @ p_NK
        biases_KK -= p_NK.T @ p_NK
    return np.block([[shares_MM, both_MK], [both_MK.T, biases_KK]])
