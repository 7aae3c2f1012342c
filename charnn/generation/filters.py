"""The filters, which change logits before a token is drawn from them.

A filter takes logits (..., V) of any float type, where each row has at least one finite value and no NaN or +inf. It
gives new logits in float64, in which the tokens that it rules out are -inf; what was -inf stays so. Where two tokens
have the same logit, the lower id ranks first. A filter that truncates never rules out the most probable token, except
`typical`. Each row is treated apart, and gives the same bits whichever rows are beside it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from charnn.arrays import Bools, Floats
from charnn.generation.history import Continuations

Logits = npt.NDArray[np.floating]
Wide = npt.NDArray[np.float64]
Counts = npt.NDArray[np.integer]
"""The number of times that each token (..., V) is among the recent ones."""

LARGEST = 1e300
"""A bias and each penalty are held within this, so that all of them together are still finite."""


def bias(logits: Logits, amounts_V: Wide) -> Wide:
    """Adds `amounts_V`; -inf rules a token out, and may rule out the most probable one."""
    return logits.astype(np.float64, copy=False) + amounts_V


def no_likelier(logits_V: Wide, own_V: Wide, tokens: Sequence[int]) -> Wide:
    """Takes from the logits of `tokens`, as much from each, what makes them together likelier than by `own_V`.

    Nothing is taken where they are the only ones left.
    """
    tokens = list(tokens)

    def odds(row_V: Wide) -> tuple[float, float]:
        weights_V = np.exp(row_V - row_V.max())
        inside = weights_V[tokens].sum()
        weights_V[tokens] = 0.0
        return float(inside), float(weights_V.sum())

    (inside, outside), (own_inside, own_outside) = odds(logits_V), odds(own_V)
    taken_V = logits_V.copy()
    if outside > 0 and inside * own_outside > own_inside * outside:
        taken_V[tokens] -= np.log(inside / outside) - np.log(own_inside / own_outside)
    return taken_V


def dry(logits_BV: Logits, repeated: Continuations, *, multiplier: float, base: float, allowed_length: int) -> Wide:
    """`multiplier` * `base` ** (n - `allowed_length`) is subtracted from the logit of each token that would lengthen a
    repetition of n tokens, the longest one where it would lengthen several; all of them have at least `allowed_length`.

    It is DRY ("don't repeat yourself") by p-e-w, 2024, https://github.com/oobabooga/text-generation-webui/pull/5677, as
    llama.cpp has it (`llama_sampler_dry_apply`), whose names its parameters have.
    """
    with np.errstate(over="ignore"):
        penalties = _held(multiplier * float(base) ** (repeated.lengths - allowed_length))
    penalties_BV = np.zeros(logits_BV.shape)
    np.maximum.at(penalties_BV, (repeated.lanes, repeated.tokens), penalties)
    return logits_BV - penalties_BV


def repetition_penalty(logits: Logits, counts: Counts, penalty: float, *, zero: float | Wide = 0.0) -> Wide:
    """The logits of tokens that have come are divided by `penalty` where they are positive, else multiplied by it.

    It is that of Keskar et al. 2019, CTRL, with the multiplication that its implementations have in common: by division
    alone a negative logit would become more probable. Unlike all other filters it depends on where zero lies, though
    that makes no difference to the probabilities: it is meant for the logits as the network gives them. `zero` (..., 1)
    is where the network's zero lies now, for logits that have been shifted since.
    """
    wide = logits.astype(np.float64)
    above = wide - zero
    with np.errstate(over="ignore"):
        penalised = np.where(above > 0, above / penalty, above * penalty) + zero
    return np.where((counts > 0) & (above > -np.inf), _held(penalised), wide)


def presence_penalty(logits: Logits, counts: Counts, penalty: float) -> Wide:
    """`penalty` is subtracted from the logit of each token that has come, once however often; OpenAI's definition."""
    return logits - _held(penalty * (counts > 0))


def frequency_penalty(logits: Logits, counts: Counts, penalty: float) -> Wide:
    """`penalty` is subtracted from the logit of each token for every time it has come; OpenAI's definition."""
    with np.errstate(over="ignore"):
        return logits - _held(penalty * counts)


def temperature(logits: Logits, value: float | Wide) -> Wide:
    """The logits divided by `value`, and shifted so that the largest of a row is 0.

    `value` is 0 or above, one number for all rows or (..., 1). At 0 only the most probable token is left. Softmax does
    not see the shift, and with it no temperature overflows, since what is too far below the top becomes -inf.
    """
    if isinstance(value, float | int):
        return _below_top(logits, value) if value > 0 else _greedy(logits)
    return np.where(value > 0, _below_top(logits, np.where(value > 0, value, 1.0)), _greedy(logits))


def entropy_temperature(logits: Logits, low: float, high: float) -> Wide:
    """The temperature (..., 1) of each row: `low` where it is sure of one token, and `high` where all are as likely.

    It is low + (high - low) H / ln n, with the entropy H of the n tokens that are not ruled out. llama.cpp calls it
    dynamic temperature (`--dynatemp-range`), and its exponent is 1. A row of one token has `low`.
    """
    below = _below_top(logits)
    weights = np.exp(below)
    totals = weights.sum(-1, keepdims=True)
    entropy = np.log(totals) - (weights * _finite(below)).sum(-1, keepdims=True) / totals
    most = np.log((below > -np.inf).sum(-1, keepdims=True))
    evenness: Wide = np.clip(entropy / np.where(most > 0, most, np.inf), 0.0, 1.0)
    return low + (high - low) * evenness


def top_k(logits: Logits, k: int) -> Wide:
    """Keeps the `k` most probable tokens: exactly k where some are equally probable, too, or all where there are fewer.

    See Fan et al. 2018, Hierarchical Neural Story Generation.
    """
    if k >= logits.shape[-1]:
        return logits.astype(np.float64)
    return _only(_first(logits, _ranked(logits)[..., k - 1 : k], k), logits)


def top_p(logits: Logits, p: float) -> Wide:
    """Keeps the nucleus: the fewest tokens, most probable first, whose probability reaches `p`, and at least one.

    See Holtzman et al. 2020, The Curious Case of Neural Text Degeneration. At p = 1 only tokens that are lost in the
    rounding of the sum (about 1e-16) are ruled out.
    """
    ranked = _ranked(logits)
    cumulative = np.exp(_below_top(ranked)).cumsum(axis=-1)
    last = (cumulative >= p * cumulative[..., -1:]).argmax(-1)[..., np.newaxis]
    return _only(_first(logits, np.take_along_axis(ranked, last, axis=-1), last + 1), logits)


def min_p(logits: Logits, p: float) -> Wide:
    """Keeps the tokens that are at least `p` times as probable as the most probable one.

    See Nguyen et al. 2024, Turning Up the Heat: Min-p Sampling.
    """
    return _only(np.exp(_below_top(logits)) >= p, logits)


def typical(logits: Logits, p: float) -> Wide:
    """Keeps the fewest tokens whose probability reaches `p`, those first whose surprisal is nearest to the entropy.

    See Meister et al. 2022, Locally Typical Sampling. By this definition, and not by mistake, the most probable token
    is ruled out where it is much less surprising than the average.
    """
    below = _below_top(logits)
    weights = np.exp(below)
    totals = weights.sum(-1, keepdims=True)
    log_p = below - np.log(totals)
    entropy = -(weights * _finite(log_p)).sum(-1, keepdims=True) / totals
    nearest = np.abs(log_p + entropy).argsort(axis=-1, kind="stable")
    cumulative = np.take_along_axis(weights, nearest, axis=-1).cumsum(axis=-1)
    last = (cumulative >= p * cumulative[..., -1:]).argmax(-1)[..., np.newaxis]
    kept = np.empty(logits.shape, np.bool_)
    np.put_along_axis(kept, nearest, np.arange(logits.shape[-1]) <= last, axis=-1)
    return _only(kept, logits)


def top_n_sigma(logits: Logits, n: float) -> Wide:
    """Keeps the tokens whose logit is at most `n` standard deviations below the largest.

    See Tang et al. 2024, Top-n-sigma: Not All Logits Are You Need. The standard deviation is that of the population of
    tokens that are not ruled out (divided by their number). No temperature changes which tokens are kept.
    """
    below = _below_top(logits)
    is_left = below > -np.inf
    left = is_left.sum(-1, keepdims=True)
    # Everything is in units of the widest gap, so that no temperature makes a square overflow.
    gap = -_finite(below).min(-1, keepdims=True)
    scaled = _finite(below) / np.where(gap > 0, gap, 1.0)
    mean = scaled.sum(-1, keepdims=True) / left
    sigma = np.sqrt((np.where(is_left, scaled - mean, 0.0) ** 2).sum(-1, keepdims=True) / left)
    with np.errstate(over="ignore"):
        return _only(below >= -n * sigma * gap, logits)


def _below_top(logits: Logits, scale: float | Wide = 1.0) -> Wide:
    """The logits less the largest of their row, so 0 or below, divided by `scale`."""
    wide = logits.astype(np.float64)
    with np.errstate(over="ignore"):
        wide -= wide.max(axis=-1, keepdims=True)
        wide /= scale
    return wide


def _greedy(logits: Logits) -> Wide:
    """0 for the most probable token, -inf for the rest."""
    best = logits.argmax(-1)[..., np.newaxis]
    return np.where(np.arange(logits.shape[-1]) == best, 0.0, -np.inf)


def _ranked(logits: Logits) -> Wide:
    """The logits of each row, largest first."""
    ranked = np.negative(logits, dtype=np.float64)
    ranked.sort(axis=-1)
    return np.negative(ranked, out=ranked)


def _first(logits: Logits, least: Wide, count: int | npt.NDArray[np.intp]) -> Bools:
    """Whether each token is among the `count` (..., 1) first of its row, the last of which has the logit `least`."""
    above = logits > least
    ties = logits == least
    room = count - above.sum(-1, keepdims=True)
    first: Bools = above | (ties & (ties.cumsum(axis=-1) <= room))
    return first


def _only(kept: Bools, logits: Logits) -> Wide:
    return np.where(kept, logits.astype(np.float64, copy=False), -np.inf)


def _finite(values: Wide) -> Wide:
    """The values, with 0 for -inf: 0 times -inf would be NaN."""
    return np.where(values > -np.inf, values, 0.0)


def _held(values: Floats) -> Wide:
    held: Wide = values.astype(np.float64, copy=False).clip(-LARGEST, LARGEST)
    return held
