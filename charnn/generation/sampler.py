"""Chooses the next token: the filters of a configuration are applied one after the other, and then a token is drawn.

`--bias` and `--ban` name characters where a model chooses tokens (`character_tokens`). With a pattern, or a model that
halts, the end of a text is decided apart from the draw (`halting`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from charnn.arrays import Float64s
from charnn.errors import CharnnError, ModelError, UsageError
from charnn.generation import filters
from charnn.generation.character_tokens import banned_ids, bias_amounts
from charnn.generation.config import Filter, SamplingConfig
from charnn.generation.filters import LARGEST, Counts, Logits, Wide
from charnn.generation.history import History, RecentTokens, Repetitions
from charnn.generation.plain_draw import PlainDraw
from charnn.generation.run_limits import FREE, RunBounds
from charnn.softmax import log_softmax
from charnn.tokenizers.base import STOP_ID, Tokenizer

Allowed = npt.NDArray[np.bool_]
"""Whether each token (B, V) may come next."""
Bounds = Sequence[RunBounds | None]
"""For each lane, what the run at the end of its text asks of the next token; None where it asks nothing."""

LEAST_PLAIN = 1e-200
"""From this temperature on, no difference of fp32 logits that is divided by it overflows."""

_FILTERS: dict[Filter, Callable[[Wide, Any], Wide]] = {
    "bias": filters.bias,
    "top-n-sigma": filters.top_n_sigma,
    "top-k": filters.top_k,
    "typical": filters.typical,
    "top-p": filters.top_p,
    "min-p": filters.min_p,
}
"""The filters that need one value. `Sampler` has methods for the others."""


class Sampler:
    """Chooses tokens for many lanes at once.

    A lane's choice depends on its own logits, random number, recent tokens and allowed tokens. It does not depend on
    other lanes, and is the same to the last bit in any batch.

    The unknown token, the banned characters, those with a bias of -inf and what makes a run too long are ruled out
    before everything else. Then the filters are applied in the order of `sampling.filters`, each to what the ones
    before it have left.
    """

    def __init__(self, sampling: SamplingConfig, tokenizer: Tokenizer, *, may_stop: bool = True) -> None:
        """Without `may_stop`, the stop token is ruled out, too.

        Raises UsageError where a bias or a ban does not suit the tokenizer, or where they leave no token.
        """
        self._sampling = sampling
        self._tokenizer = tokenizer
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
            "runs": None,
            "penalties": True if _has_penalties(sampling) else None,
            "dry": True if sampling.dry_multiplier else None,
            "temperature": True,
            "top-n-sigma": sampling.top_n_sigma,
            "top-k": sampling.top_k,
            "typical": sampling.typical,
            "top-p": sampling.top_p,
            "min-p": sampling.min_p,
        }
        self._steps = [(name, values[name]) for name in sampling.filters if values[name] is not None]
        # Temperature puts the largest of each row at 0, and only the others that are named here move it away again.
        moving = ("temperature", "bias", "penalties", "dry", "typical")
        self._moves_top = [name for name, _ in self._steps if name in moving][-1:] != ["temperature"]
        self.plain: PlainDraw | None = None
        """Draws for a single lane, where nothing but a temperature changes the logits that are left."""
        if (
            self._steps == [("temperature", True)]
            and sampling.temperature_range is None
            and sampling.temperature >= LEAST_PLAIN
        ):
            self.plain = PlainDraw(tokenizer.size, sampling.temperature, self._forbidden.tolist())

    def history(self) -> History:
        """The memory of lanes that the filters need. It has no lanes yet."""
        steps, sampling = dict(self._steps), self._sampling
        repetitions = Repetitions(
            self._tokenizer,
            at_least=sampling.dry_allowed_length,
            window=sampling.dry_penalty_last_n,
            breakers=sampling.dry_sequence_breakers,
        )
        return History(
            RecentTokens(self._tokenizer.size, sampling.penalty_window) if "penalties" in steps else None,
            repetitions if "dry" in steps else None,
        )

    def choose(
        self,
        logits_BV: Logits,
        uniforms_B: Float64s,
        history: History | None = None,
        allowed_BV: Allowed | None = None,
        runs: Bounds | None = None,
    ) -> npt.NDArray[np.intp]:
        """The id (B,) of each lane's next token.

        `uniforms_B` are random numbers in [0, 1). A lane's token is the inverse of its cumulative distribution, in the
        order of ids, at its random number, and never a token of probability 0. Raises what `distribution` raises.
        """
        cumulative_BV = np.exp(self.distribution(logits_BV, history, allowed_BV, runs)).cumsum(-1)
        # The product rounds to less than the sum for every double below 1, so there is always a token above it; and
        # one of probability 0 has the sum of the token before it, so it is never the first above.
        if len(cumulative_BV) == 1:
            (cumulative_V,) = cumulative_BV
            return np.array([cumulative_V.searchsorted(uniforms_B[0] * cumulative_V[-1], side="right")])
        points_B1 = (uniforms_B * cumulative_BV[:, -1])[:, np.newaxis]
        ids_B: npt.NDArray[np.intp] = (cumulative_BV > points_B1).argmax(-1)
        return ids_B

    def distribution(
        self,
        logits_BV: Logits,
        history: History | None = None,
        allowed_BV: Allowed | None = None,
        runs: Bounds | None = None,
    ) -> Wide:
        """The logits (B, V) that are drawn from, the largest of each row 0.

        `history` is one that `history()` gave, with these lanes; penalties and DRY need it. Raises ModelError where
        the model's logits hold NaN or +inf or no finite value, and UsageError where a lane has no token left.
        """
        left_BV = possible_BV = self._left(logits_BV, allowed_BV, runs)
        zero: float | Wide = 0.0
        for name, value in self._steps:
            if name == "temperature":
                left_BV, zero = self._tempered(left_BV, zero)
            elif name == "penalties":
                assert history is not None
                assert history.recent is not None
                left_BV = self._penalised(left_BV, history.recent.counts_BV, zero)
            elif name == "dry":
                left_BV = self._without_repeats(left_BV, history)
            else:
                left_BV = _FILTERS[name](left_BV, value)
        if self._moves_top:
            left_BV = left_BV - left_BV.max(-1, keepdims=True)
        for lane, bounds in enumerate(runs or ()):
            if bounds is not None and bounds.lengthening:
                own_V = possible_BV[lane] + self._bias_V
                left_V = filters.no_likelier(left_BV[lane], own_V, bounds.lengthening)
                left_BV[lane] = left_V - left_V.max()
        return left_BV

    def log_probabilities(
        self, logits_BV: Logits, allowed_BV: Allowed | None = None, runs: Bounds | None = None
    ) -> Wide:
        """ln p (B, V) of each token by the model and the biases, in nats; -inf for what is ruled out.

        The probability of what is ruled out is not spread over the rest, so sums of these values compare texts by how
        probable the model itself finds them. A row may have no token left. Raises ModelError where `distribution` does.
        """
        if not np.isfinite(top_B := logits_BV.max(-1)).all():
            raise _refusal(logits_BV[~np.isfinite(top_B)])
        log_p_BV = log_softmax(filters.bias(logits_BV, self._bias_V))
        log_p_BV[:, self._forbidden] = -np.inf
        if allowed_BV is not None:
            np.putmask(log_p_BV, ~allowed_BV, -np.inf)
        if runs is not None:
            before_BV = log_p_BV.copy()
            _rule_out(log_p_BV, runs)
            is_stuck_B = log_p_BV.max(-1) == -np.inf
            log_p_BV[is_stuck_B] = before_BV[is_stuck_B]
        return log_p_BV

    def _left(self, logits_BV: Logits, allowed_BV: Allowed | None, runs: Bounds | None) -> Wide:
        """The logits (B, V) with -inf for all that cannot come. What would make a run too long can come in a lane that
        has nothing else."""
        left_BV = logits_BV.astype(np.float64)
        left_BV[:, self._forbidden] = -np.inf
        if allowed_BV is not None:
            np.putmask(left_BV, ~allowed_BV, -np.inf)
        if runs is not None:
            _rule_out(left_BV, runs)
        top_B = left_BV.max(-1)
        if math.isfinite(top_B[0]) if len(top_B) == 1 else np.isfinite(top_B).all():
            return left_BV
        stuck: list[int] = np.flatnonzero(~np.isfinite(top_B)).tolist()
        loosened = list(runs or [None] * len(top_B))
        for lane in stuck:
            if not (loosened[lane] or FREE).too_long:
                raise _refusal(logits_BV[stuck])
            loosened[lane] = None
        return self._left(logits_BV, allowed_BV, loosened)

    def _tempered(self, left_BV: Wide, zero: float | Wide) -> tuple[Wide, float | Wide]:
        """The logits at their temperature, and where the model's zero then lies in each row (B, 1)."""
        sampling = self._sampling
        heat: float | Wide = sampling.temperature
        if sampling.temperature_range is not None:
            heat = filters.entropy_temperature(left_BV, *sampling.temperature_range)
        if sampling.repetition_penalty != 1:
            with np.errstate(over="ignore"):
                moved_B1 = (zero - left_BV.max(-1, keepdims=True)) / np.where(heat > 0, heat, 1.0)
            zero = np.clip(moved_B1, -LARGEST, LARGEST)
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

    def _without_repeats(self, left_BV: Wide, history: History | None) -> Wide:
        assert history is not None
        assert history.repetitions is not None
        if (repeated := history.repetitions.continuations()) is None:
            return left_BV
        sampling = self._sampling
        return filters.dry(
            left_BV,
            repeated,
            multiplier=sampling.dry_multiplier,
            base=sampling.dry_base,
            allowed_length=sampling.dry_allowed_length,
        )


def _rule_out(left_BV: Wide, runs: Bounds) -> None:
    """Sets the tokens that would make a run too long to -inf, in place."""
    if len(runs) == 1:  # Numbers as places take a tenth of the time that lists take.
        for token in (runs[0] or FREE).too_long:
            left_BV[0, token] = -np.inf
        return
    too_long = [(lane, token) for lane, bounds in enumerate(runs) for token in (bounds or FREE).too_long]
    if too_long:
        lanes, tokens = zip(*too_long, strict=True)
        left_BV[list(lanes), list(tokens)] = -np.inf


def _has_penalties(sampling: SamplingConfig) -> bool:
    return (sampling.repetition_penalty, sampling.presence_penalty, sampling.frequency_penalty) != (1.0, 0.0, 0.0)


def _refusal(logits_BV: Logits) -> CharnnError:
    """The error that says why no token can come next in these rows: the model's logits, or what was asked for."""
    top_B = logits_BV.max(-1)
    if not np.isfinite(top_B).all():
        return ModelError(
            f"the model cannot say which token is next: its largest logit is {top_B[~np.isfinite(top_B)][0]}",
            hint="its weights are damaged, or its training diverged",
        )
    return UsageError("nothing can come next: what is banned and what is asked for leave no character")
