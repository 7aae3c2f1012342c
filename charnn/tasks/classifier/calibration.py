"""Decides which labels texts get by their probabilities, and measures how far these are to be trusted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from charnn.arrays import Bools, Float64s
from charnn.linear.mixture import probabilities

Counts = npt.NDArray[np.int64]
BINS = 15


class Calibration:
    """The expected calibration error of texts that come some at a time: the mean distance of confidence and accuracy,
    where texts of like confidence are in BINS bins of equal width (Naeini et al. 2015)."""

    def __init__(self) -> None:
        self._gaps, self._count = np.zeros(BINS), 0

    def add(self, confidences: Sequence[float] | Float64s, is_right: Sequence[bool] | Bools) -> None:
        confidence_N, right_N = np.asarray(confidences, np.float64), np.asarray(is_right, np.float64)
        bins_N = np.minimum((confidence_N * BINS).astype(int), BINS - 1)
        self._gaps += np.bincount(bins_N, confidence_N - right_N, minlength=BINS)
        self._count += len(confidence_N)

    @property
    def error(self) -> float | None:
        """None without texts."""
        return float(np.abs(self._gaps).sum() / self._count) if self._count else None


def macro_f1(predicted_NK: Bools, targets_NK: Bools) -> float:
    """The mean of F1 over the labels that any text has or is predicted to have; 0 without any."""
    return mean_f1((predicted_NK & targets_NK).sum(0), predicted_NK.sum(0), targets_NK.sum(0))


def mean_f1(found_K: Counts, predicted_K: Counts, wanted_K: Counts) -> float:
    """Macro-F1, by how many texts get each label rightly, how many get it at all and how many have it."""
    seen = predicted_K + wanted_K > 0
    return float((2 * found_K[seen] / (predicted_K + wanted_K)[seen]).mean()) if seen.any() else 0.0


THRESHOLD = 0.5
"""A text that may have several labels gets those that are at least so probable."""


def decided(p_NK: Float64s, *, multiple: bool) -> Bools:
    """(N, K): the labels that each text gets; exactly one where it can have only one."""
    if multiple:
        return np.asarray(p_NK >= THRESHOLD)
    decided_NK = np.zeros(p_NK.shape, np.bool_)
    decided_NK[np.arange(len(p_NK)), p_NK.argmax(1)] = True
    return decided_NK


POWERS = np.arange(13) / 20
"""The powers of how rare a label is that are tried."""
LEAST_GAIN = 0.005
"""A larger power must find rare labels so much better, by macro-F1."""


def fair_bias(logits_NK: Float64s, targets_NK: Bools, *, multiple: bool) -> Float64s:
    """(K,): what is to be added to logits so that rare labels are found as often as macro-F1 asks for on these texts.

    The probability of each label is divided by its frequency to a power (or its odds by those of its frequency, where a
    text may have several), and the power is the smallest one whose macro-F1 is less than LEAST_GAIN below the best.
    """
    usual_K = (targets_NK.sum(0) + 1) / (len(targets_NK) + 2)
    rarity_K = -np.log(usual_K) + (np.log1p(-usual_K) if multiple else 0)
    biases: list[Float64s] = [power * rarity_K for power in POWERS]
    decisions = (decided(probabilities(logits_NK + bias_K, multiple=multiple), multiple=multiple) for bias_K in biases)
    reached = np.array([macro_f1(decided_NK, targets_NK) for decided_NK in decisions])
    return biases[int(np.argmax(reached > reached.max() - LEAST_GAIN))]


def is_right_and_confidence(
    p_NK: Float64s, decided_NK: Bools, targets_NK: Bools, *, multiple: bool
) -> tuple[Bools, tuple[Float64s, Bools]]:
    """Whether all labels of each text are right, (N,); and the confidence of each decision, with whether it is right.

    A text with one label is one decision. A text that may have several is a decision for each label.
    """
    agrees_NK = decided_NK == targets_NK
    if multiple:
        confidence_NK = np.where(decided_NK, p_NK, 1 - p_NK)
        return agrees_NK.all(1), (confidence_NK.ravel(), agrees_NK.ravel())
    is_right_N = agrees_NK.all(1)
    return is_right_N, (p_NK.max(1), is_right_N)
