"""Models that decide apart from the symbols whether a text ends, or count down to its end, and n-grams beside them,
which have a part in the symbols alone."""

from __future__ import annotations

import numpy as np

from charnn.arrays import Float32s, Float64s, Floats
from charnn.softmax import log_softmax
from charnn.tokenizers.base import STOP_ID

IMPOSSIBLE = -1e4
"""ln p of what cannot come, as a number that can be multiplied by 0."""


def going_on(network_NV: Floats) -> tuple[Float32s, Float64s]:
    """ln p (N, V) of each symbol where the text goes on, and -ln p (N,) that it does, from ln p of all."""
    others_NV = without_end(network_NV)
    nats_N = -np.log1p(-np.minimum(np.exp(network_NV[:, STOP_ID].astype(np.float64)), 1 - 1e-7))
    return log_softmax(others_NV).astype(np.float32), nats_N


def without_end(log_p_NV: Floats) -> Floats:
    """The same where the end of the text cannot come, not normalized."""
    found: Floats = log_p_NV.copy()
    found[:, STOP_ID] = IMPOSSIBLE
    return found


def with_end_apart(mixed_NV: Floats, network_NV: Floats) -> Float32s:
    """ln p (N, V) where the end is as probable as the network says, and symbols share the rest as in the logits
    `mixed_NV`. `network_NV` are the network's logits."""
    joint_NV = log_softmax(network_NV)
    goes_on_N = -going_on(joint_NV)[1]
    found: Float32s = log_softmax(without_end(mixed_NV)).astype(np.float32)
    found += goes_on_N[:, np.newaxis].astype(np.float32)
    found[:, STOP_ID] = joint_NV[:, STOP_ID]
    return found


def where_possible(mixed_NV: Floats, network_NV: Floats) -> Float32s:
    """The logits `mixed_NV`, with what the network's logits rule out ruled out: the end where some of a text is left,
    and all else where nothing is."""
    found: Float32s = np.where(np.isneginf(network_NV), np.float32(-np.inf), mixed_NV)
    return found
