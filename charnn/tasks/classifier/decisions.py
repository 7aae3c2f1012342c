"""Decides on labels by their probabilities, and says how sure each decision is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from charnn.tasks.classifier.calibration import Floats

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
