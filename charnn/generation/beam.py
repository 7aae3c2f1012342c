"""Beam search: the text that is most probable for its length, so far as a few hypotheses side by side find it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from charnn.errors import UsageError
from charnn.generation.filters import Wide, top_k
from charnn.generation.model import Floats, NextTokenModel
from charnn.generation.sampler import Allowed, Sampler
from charnn.tokenizers.base import STOP_ID


class Place(Protocol):
    """How far a text has come. It never changes: several hypotheses may go on from one."""

    @property
    def is_over(self) -> bool:
        """Whether nothing follows."""

    def allowed(self) -> Allowed | None:
        """(V,): the tokens that may come next; None for all that the sampler allows."""

    def after(self, token: int) -> Self:
        """Where the text is once `token` has been written, the stop token too."""


@dataclass(frozen=True)
class Unconstrained:
    """A place in a text of which nothing is asked: only the stop token ends it."""

    is_over: bool = False

    def allowed(self) -> Allowed | None:
        return None

    def after(self, token: int) -> Unconstrained:
        return Unconstrained(token == STOP_ID)


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """What may follow the prompt."""

    place: Any
    log_probability: float = 0.0
    """Nats, all tokens together, a stop token among them."""
    length: int = 0
    """Tokens, a stop token counted."""
    before: Hypothesis | None = field(default=None, repr=False)
    """Without the last token."""
    token: int = STOP_ID

    @property
    def score(self) -> float:
        """Nats a token, so that a text is not better for being short."""
        return self.log_probability / self.length

    @property
    def tokens(self) -> list[int]:
        """A stop token that ended it is the last."""
        ids, at = [], self
        while at.before is not None:
            ids.append(at.token)
            at = at.before
        return ids[::-1]


def beam_search(
    model: NextTokenModel,
    sampler: Sampler,
    logits_V: Floats,
    state: Any,
    place: Place,
    *,
    beams: int,
    max_tokens: int,
    countdown: int | None = None,
) -> list[Hypothesis]:
    """The texts that were found, the best first, at most `beams` of them.

    `logits_V` and `state`, of one lane, are what the model makes of the prompt; `max_tokens` is at least 1. Every step
    keeps the `beams` most probable continuations of all live hypotheses; those that are over, or `max_tokens` long, are
    set apart. `beams` = 1 is the greedy choice. Biases, bans and `place.allowed` hold for every hypothesis; penalties,
    temperature and what truncates have no part in it. Probabilities are `Sampler.log_probabilities`. Of continuations
    that are equally probable, the earlier hypothesis and then the lower id ranks first, and of equal scores the one
    that was over first. `countdown` is how many tokens come, where the model has foretold it.

    The search ends as soon as no live hypothesis can become better than the best that is over. One cannot
    where its log-probability s, divided by `max_tokens`, is no better: s is not above 0 and more tokens only lower it,
    so that whatever it becomes, `length` tokens long, scores s / length at most, and that s / max_tokens.

    Raises UsageError where every hypothesis comes to a place from which nothing is allowed, and ModelError where the
    model's logits are not finite.
    """
    live, over = [Hypothesis(place)], list[Hypothesis]()
    logits_BV = logits_V[np.newaxis]
    for length in range(1, max_tokens + 1):
        log_p_BV = sampler.log_probabilities(logits_BV, _allowed(live, logits_BV.shape))
        total_BV = np.array([[hypothesis.log_probability] for hypothesis in live]) + log_p_BV
        kept, parents = list[Hypothesis](), list[int]()
        for lane, token in _most_probable(total_BV, beams):
            parent = live[lane]
            now = Hypothesis(parent.place.after(token), float(total_BV[lane, token]), length, parent, token)
            if now.place.is_over or length == max_tokens:
                over.append(now)
            else:
                kept.append(now)
                parents.append(lane)
        live = kept
        over = sorted(over, key=lambda hypothesis: -hypothesis.score)[:beams]
        if not live or (over and over[0].score >= live[0].log_probability / max_tokens):
            break
        ids_B = np.array([hypothesis.token for hypothesis in live])
        remaining_B = None if countdown is None else np.full(len(live), max(countdown - length, 0))
        logits_BV, state = model.step(ids_B, model.select(state, np.array(parents)), remaining_B)
    if not over:
        raise UsageError("no beam finds a text that ends", hint="try more beams")
    return over


def _allowed(live: list[Hypothesis], shape: tuple[int, ...]) -> Allowed | None:
    """(B, V), or None where nothing is asked of any."""
    masks = [hypothesis.place.allowed() for hypothesis in live]
    if all(mask is None for mask in masks):
        return None
    return np.stack([np.ones(shape[-1], np.bool_) if mask is None else mask for mask in masks])


def _most_probable(total_BV: Wide, count: int) -> list[tuple[int, int]]:
    """Lane and token of the `count` largest, the largest first; fewer where there are fewer above -inf."""
    flat = total_BV.ravel()
    kept = np.flatnonzero(top_k(flat, count) > -np.inf)
    ranked: npt.NDArray[np.intp] = kept[np.argsort(-flat[kept], kind="stable")]
    return [divmod(place, total_BV.shape[1]) for place in ranked.tolist()]
