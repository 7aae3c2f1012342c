"""Softmax over the last axis. No finite input overflows it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def softmax(logits: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    weights: npt.NDArray[np.floating] = np.exp(_below_top(logits))
    weights /= weights.sum(-1, keepdims=True)
    return weights


def log_softmax(logits: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    below = _below_top(logits.astype(np.float64))
    log_p: npt.NDArray[np.float64] = below - np.log(np.exp(below).sum(-1, keepdims=True))
    return log_p


def _below_top(logits: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """The difference between each logit and the largest of its row: 0 or less, and -inf where it overflows."""
    with np.errstate(over="ignore"):
        below: npt.NDArray[np.floating] = logits - logits.max(-1, keepdims=True)
    return below
