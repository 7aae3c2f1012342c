"""How the next token is chosen: the filters of one configuration, one after the other, then one draw."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from charnn.errors import CharnnError, ModelError, UsageError
from charnn.generation import filters
from charnn.generation.characters import banned_ids, bias_amounts
from charnn.generation.config import Filter, SamplingConfig
from charnn.generation.filters import Counts, Logits, Wide
from charnn.generation.recent import NoHistory, Recent
from charnn.softmax import log_softmax
from charnn.tokenizers.base import STOP_ID, Tokenizer

Allowed = npt.NDArray[np.bool_]
"""Whether each token (B, V) may come next."""

_FILTERS: dict[Filter, Callable[[Wide, Any], Wide]] = {
    "bias": filters.bias,
    "top-n-sigma": filters.top_n_sigma,
    "top-k": filters.top_k,
    "typical": filters.typical,
    "top-p": filters.top_p,
    "min-p": filters.min_p,
}
"""Those that need one value. `Sampler` has the others."""


class Sampler:
    """Chooses tokens, for many lanes at once. A lane's choice depends on its own logits, random number, recent tokens
    and what it may write, and on no neighbour: the same bits come of them in any batch.

    The unknown token, the banned characters and those with a bias of -inf are ruled out before everything else. Then
    come the filters in the order of `sampling.filters`, each on what the ones before it have left.
    """

    def __init__(self, sampling: SamplingConfig, tokenizer: Tokenizer, *, may_stop: bool = True) -> None:
        """Unless it may stop, the stop token is ruled out too.

        Raises UsageError where a bias or a ban does not suit the tokenizer, or they leave nothing.
        """
        self._sampling = sampling
        self._size = tokenizer.size
        amounts_V = bias_amounts(sampling.bias, tokenizer)
        if "bias" not in sampling.filters:
            amounts_V[:] = 0.0
        forbidden_V = amounts_V == -np.inf
        forbidden_V[banned_ids(sampling.banned, tokenizer)] = True
        if tokenizer.unknown_id is not None:
            forbidden_V[tokenizer.unknown_id] = True
        if not may_stop:
            forbidden_V[STOP_ID] = True
        if forbidden_V.all():
            raise UsageError("the bans leave no character that the model can write")
        self._forbidden = np.flatnonzero(forbidden_V)
        self._bias_V = np.where(forbidden_V, 0.0, amounts_V)
        values: dict[Filter, Any] = {
            "bias": self._bias_V if self._bias_V.any() else None,
            "penalties": True if _has_penalties(sampling) else None,
            "temperature": True,
            "top-n-sigma": sampling.top_n_sigma,
            "top-k": sampling.top_k,
            "typical": sampling.typical,
            "top-p": sampling.top_p,
            "min-p": sampling.min_p,
        }
        self._steps = [(name, values[name]) for name in sampling.filters if values[name] is not None]
        # Temperature puts the largest of each row at 0, and of the others only these move it.
        last = [name for name, _ in self._steps if name in ("temperature", "bias", "penalties", "typical")][-1:]
        self._moves_top = last != ["temperature"]

    def recent(self) -> Recent:
        """What penalties need to know of each lane; where there are none, it keeps nothing."""
        looks_back = "penalties" in dict(self._steps)
        return Recent(self._size, self._sampling.penalty_window) if looks_back else NoHistory()

    def choose(
        self,
        logits_BV: Logits,
        uniforms_B: npt.NDArray[np.float64],
        recent: Recent | None = None,
        allowed_BV: Allowed | None = None,
    ) -> npt.NDArray[np.intp]:
        """The id (B,) of each lane's next token.

        `uniforms_B`, in [0, 1), are the random numbers: each gives the inverse of its lane's cumulative distribution,
        in the order of ids, at that point, and never a token of probability 0. Raises as `distribution`.
        """
        cumulative_BV = np.exp(self.distribution(logits_BV, recent, allowed_BV)).cumsum(-1)
        # The product rounds to less than the sum for every double below 1, so there is always a token above it; and
        # one of probability 0 has the sum of the token before it, so it is never the first above.
        if len(cumulative_BV) == 1:
            (cumulative_V,) = cumulative_BV
            return np.array([cumulative_V.searchsorted(uniforms_B[0] * cumulative_V[-1], side="right")])
        points_B1 = (uniforms_B * cumulative_BV[:, -1])[:, np.newaxis]
        ids_B: npt.NDArray[np.intp] = (cumulative_BV > points_B1).argmax(-1)
        return ids_B

    def distribution(self, logits_BV: Logits, recent: Recent | None = None, allowed_BV: Allowed | None = None) -> Wide:
        """The logits (B, V) that are drawn from, the largest of each row 0.

        `recent` has the tokens of each lane, where there are penalties. Raises ModelError where the model's logits hold
        NaN or +inf, or no finite value, and UsageError where all that is ruled out leaves a lane nothing to write.
        """
        left_BV = logits_BV.astype(np.float64)
        left_BV[:, self._forbidden] = -np.inf
        if allowed_BV is not None:
            np.putmask(left_BV, ~allowed_BV, -np.inf)
        if not np.isfinite(top_B := left_BV.max(-1)).all():
            raise _refusal(logits_BV[~np.isfinite(top_B)])
        zero: float | Wide = 0.0
        for name, value in self._steps:
            if name == "temperature":
                left_BV, zero = self._tempered(left_BV, zero)
            elif name == "penalties":
                assert recent is not None
                left_BV = self._penalised(left_BV, recent.counts_BV, zero)
            else:
                left_BV = _FILTERS[name](left_BV, value)
        if self._moves_top:
            left_BV -= left_BV.max(-1, keepdims=True)
        return left_BV

    def log_probabilities(self, logits_BV: Logits, allowed_BV: Allowed | None = None) -> Wide:
        """ln p (B, V) of each token by the model and the biases, in nats; -inf for what is ruled out.

        What is ruled out keeps its share: sums of these compare texts by how probable the model finds them, whatever
        it would have liked better. Raises ModelError as `distribution`; a row may have nothing left.
        """
        if not np.isfinite(top_B := logits_BV.max(-1)).all():
            raise _refusal(logits_BV[~np.isfinite(top_B)])
        log_p_BV = log_softmax(filters.bias(logits_BV, self._bias_V))
        log_p_BV[:, self._forbidden] = -np.inf
        if allowed_BV is not None:
            np.putmask(log_p_BV, ~allowed_BV, -np.inf)
        return log_p_BV

    def _tempered(self, left_BV: Wide, zero: float | Wide) -> tuple[Wide, float | Wide]:
        """The logits at their temperature, and where the model's zero then lies in each row (B, 1)."""
        sampling = self._sampling
        heat: float | Wide = sampling.temperature
        if sampling.temperature_range is not None:
            heat = filters.entropy_temperature(left_BV, *sampling.temperature_range)
        if sampling.repetition_penalty != 1:
            with np.errstate(over="ignore"):
                moved_B1 = (zero - left_BV.max(-1, keepdims=True)) / np.where(heat > 0, heat, 1.0)
            zero = np.clip(moved_B1, -filters.LARGEST, filters.LARGEST)
        return filters.temperature(left_BV, heat), zero

    def _penalised(self, left_BV: Wide, counts_BV: Counts, zero: float | Wide) -> Wide:
        sampling = self._sampling
        if sampling.repetition_penalty != 1:
            left_BV = filters.repetition_penalty(left_BV, counts_BV, sampling.repetition_penalty, zero=zero)
        if sampling.presence_penalty:
            left_BV = filters.presence_penalty(left_BV, counts_BV, sampling.presence_penalty)
        if sampling.frequency_penalty:
            left_BV = filters.frequency_penalty(left_BV, counts_BV, sampling.frequency_penalty)
        return left_BV


def _has_penalties(sampling: SamplingConfig) -> bool:
    return (sampling.repetition_penalty, sampling.presence_penalty, sampling.frequency_penalty) != (1.0, 0.0, 0.0)


def _refusal(logits_BV: Logits) -> CharnnError:
    """Why none of these rows, which may not be the model's fault, has a token that can come next."""
    top_B = logits_BV.max(-1)
    if not np.isfinite(top_B).all():
        return ModelError(
            f"the model cannot say which token is next: its largest logit is {top_B[~np.isfinite(top_B)][0]}",
            hint="its weights are damaged, or its training diverged",
        )
    return UsageError("nothing can come next: what is banned and what is asked for leave no character")
