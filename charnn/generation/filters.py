"""Logits to a token id: filters that rule tokens out, then one draw.

A filter takes logits (..., V), any float type, each row with at least one finite value and no NaN or +inf, and gives
new logits (..., V) in which the tokens it rules out are -inf. It never rules out the most probable token. Where two
tokens have the same logit, the lower id ranks first.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from charnn.config import SamplingConfig
from charnn.errors import ModelError

Logits = npt.NDArray[np.floating]


def forbid(logits: Logits, ids: Iterable[int]) -> Logits:
    """No token of `ids`. The one filter that may rule out the most probable token, or every token."""
    filtered = logits.copy()
    for token in ids:
        filtered[..., token] = -np.inf
    return filtered


def temperature(logits: Logits, value: float) -> npt.NDArray[np.float64]:
    """Logits divided by `value` (finite, above 0), in float64 and shifted so that the largest of each row is 0.

    Softmax does not see the shift, and with it no temperature overflows: what is too far below the top is -inf.
    """
    return _below_top(logits, value)


def top_k(logits: Logits, k: int) -> Logits:
    """The `k` most probable tokens: exactly k, whatever the ties, or all where there are fewer.

    Fan et al. 2018, Hierarchical Neural Story Generation.
    """
    filtered = logits.copy()
    np.put_along_axis(filtered, _ranking(logits)[..., k:], -np.inf, axis=-1)
    return filtered


def top_p(logits: Logits, p: float) -> Logits:
    """The nucleus: the fewest tokens, most probable first, whose probability reaches `p`; at least one.

    Holtzman et al. 2020, The Curious Case of Neural Text Degeneration. At p = 1 only tokens that are lost in the
    rounding of the sum (about 1e-16) are ruled out.
    """
    ranking = _ranking(logits)
    ranked = np.take_along_axis(logits, ranking, axis=-1)
    cumulative = np.exp(_below_top(ranked)).cumsum(axis=-1)
    reached = cumulative >= p * cumulative[..., -1:]
    ranked[..., 1:][reached[..., :-1]] = -np.inf
    filtered = np.empty_like(logits)
    np.put_along_axis(filtered, ranking, ranked, axis=-1)
    return filtered


def min_p(logits: Logits, p: float) -> Logits:
    """The tokens at least `p` times as probable as the most probable one.

    Nguyen et al. 2024, Turning Up the Heat: Min-p Sampling.
    """
    return np.where(np.exp(_below_top(logits)) >= p, logits, -np.inf)


def choose(logits: Logits, sampling: SamplingConfig, uniform: float) -> int:
    """The id of the next token: temperature, top-k, top-p and min-p in that order, then one draw.

    `logits` is (V,). `uniform`, in [0, 1), is the random number: the inverse of the cumulative distribution, in the
    order of ids, at that point, and never a token of probability 0. At temperature 0 it is not used: the most
    probable token is chosen, and of several the lowest id.

    Raises ModelError where the logits hold NaN or +inf, or no finite value.
    """
    best = int(logits.argmax())  # the first NaN, where there is one
    if not math.isfinite(logits[best]):
        raise ModelError(
            f"the model cannot say which token is next: its largest logit is {logits[best]}",
            hint="its weights are damaged, or its training diverged",
        )
    if sampling.temperature == 0:
        return best
    logits = temperature(logits, sampling.temperature)
    if sampling.top_k is not None:
        logits = top_k(logits, sampling.top_k)
    if sampling.top_p is not None:
        logits = top_p(logits, sampling.top_p)
    if sampling.min_p is not None:
        logits = min_p(logits, sampling.min_p)
    cumulative = np.exp(logits).cumsum()
    # side="right" skips tokens of probability 0, at uniform = 0 too. The product rounds to less than the sum for
    # every double below 1, so the search never runs off the end.
    return int(cumulative.searchsorted(uniform * cumulative[-1], side="right"))


def _ranking(logits: Logits) -> npt.NDArray[np.intp]:
    """Ids (..., V), the most probable first, ties by the lowest id."""
    return np.argsort(-logits, axis=-1, kind="stable")


def _below_top(logits: Logits, scale: float = 1.0) -> npt.NDArray[np.float64]:
    """How far each logit is from the largest of its row, over `scale`: 0 or less."""
    wide = logits.astype(np.float64)
    with np.errstate(over="ignore"):
        below: npt.NDArray[np.float64] = (wide - wide.max(axis=-1, keepdims=True)) / scale
    return below
