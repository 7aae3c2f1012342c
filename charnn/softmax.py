"""Softmax over the last axis. No finite input overflows it."""

from __future__ import annotations

import numpy as np

from charnn.arrays import Float64s, Floats


def softmax(logits: Floats) -> Floats:
    weights: Floats = np.exp(_below_top(logits))
    weights /= weights.sum(-1, keepdims=True)
    return weights


def log_softmax(logits: Floats) -> Float64s:
    below = _below_top(logits.astype(np.float64))
    log_p: Float64s = below - np.log(np.exp(below).sum(-1, keepdims=True))
    return log_p


def _below_top(logits: Floats) -> Floats:
    """The difference between each logit and the largest of its row: 0 or less, and -inf where it overflows."""
    with np.errstate(over="ignore"):
        below: Floats = logits - logits.max(-1, keepdims=True)
    return below
