"""Beam search: the text that is most probable for its length, so far as a few hypotheses side by side find it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from charnn.errors import UsageError
from charnn.generation.config import SamplingConfig
from charnn.generation.filters import Wide, top_k
from charnn.generation.model import NextTokenModel, PromptReader, ReadPrompt, side_by_side
from charnn.generation.sampler import Allowed, Sampler
from charnn.generation.text import Lane, Piece, Request, Text, pattern_of
from charnn.tokenizers.base import STOP_ID, Tokenizer

LONGEST_SPELLING = 4
"""Tokens that a character may take: the bytes of its UTF-8."""


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
class LanePlace:
    """A `Place` in a text as all texts are written: a lane, and what it has shown so far."""

    lane: Lane
    shown: str = ""

    @property
    def is_over(self) -> bool:
        return self.lane.text.reason is not None

    def allowed(self) -> Allowed | None:
        return self.lane.allowed() if self.lane.has_pattern else None

    def after(self, token: int) -> LanePlace:
        lane = self.lane.fork()
        return LanePlace(lane, self.shown + lane.push(token))


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """What may follow the prompt."""

    place: Any
    log_probability: float = 0.0
    """Nats, all tokens together, a stop token among them."""
    length: int = 0
    """Tokens, a stop token counted."""
    before: Hypothesis | None = field(default=None, repr=False)
    """The hypothesis without its last token."""
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
    prompt: ReadPrompt,
    place: Place,
    *,
    beams: int,
    max_tokens: int,
) -> list[Hypothesis]:
    """The texts that were found, the best first, at most `beams` of them.

    `prompt` is what the model makes of the prompt, and `place` where the text is after it; `max_tokens` is at least 1.
    Every step keeps the `beams` most probable continuations of all live hypotheses; those that are over, or
    `max_tokens` long, are set apart. With `beams` = 1 it is the greedy choice. Biases, bans and `place.allowed` hold
    for every hypothesis; penalties, temperature and what truncates have no part in it. Probabilities are
    `Sampler.log_probabilities`. Where continuations are equally probable, the earlier hypothesis and then the lower id
    ranks first, and where scores are equal the hypothesis that was over first.

    The search ends as soon as no live hypothesis can become better than the best that is over. A hypothesis cannot
    where its log-probability s, divided by `max_tokens`, is no better: s is not above 0 and more tokens only lower it,
    so that whatever it becomes, `length` tokens long, scores s / length at most, and that s / max_tokens.

    Raises UsageError where every hypothesis comes to a place from which nothing is allowed, and ModelError where the
    model's logits are not finite.
    """
    live, over = [Hypothesis(place)], list[Hypothesis]()
    logits_BV, state, conditions = prompt.logits_V[np.newaxis], prompt.state, prompt.conditions
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
        conditions = conditions.next()
        of_live = side_by_side([conditions] * len(live))
        logits_BV, state = model.step(ids_B, model.select(state, np.array(parents)), of_live)
    if not over:
        raise UsageError("no beam finds a text that ends", hint="try more beams")
    return over


def _allowed(live: list[Hypothesis], shape: tuple[int, ...]) -> Allowed | None:
    """(B, V), or None where every hypothesis may go on with all that the sampler allows."""
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


def likeliest_texts(
    model: NextTokenModel,
    tokenizer: Tokenizer,
    sampling: SamplingConfig,
    requests: Iterable[Request | None],
    *,
    number: int,
    may_stop: bool,
    echo: bool,
) -> Iterator[Piece]:
    """For each prompt, the `number` likeliest of the texts that `sampling.beams` beams find, the best first.

    Each text is one piece. Its log-probability is after bias and bans. Raises UsageError where nothing bounds the
    length, and as `generator.TextGenerator`.
    """
    if sampling.length is None:
        raise UsageError("--beam: the search needs an end", hint="give a --length")
    if number > sampling.beams:
        raise UsageError(f"-n {number}: {sampling.beams} beams find no more than {sampling.beams} texts")
    pattern = pattern_of(sampling, tokenizer)
    draws_stop = pattern is not None or (may_stop and (model.draws_stop or model.halts))
    sampler = Sampler(sampling, tokenizer, may_stop=draws_stop)
    prompts = PromptReader(model, tokenizer, may_stop=may_stop)
    count = 0
    for request in requests:
        if request is None:
            continue
        lane = Lane(request, sampling, tokenizer.decoder(), pattern, echo=echo)
        found = [(lane.text, "", 0.0)]
        if lane.text.reason is None:
            lane.begin(prompts.read(request.prompt, request.random))
        if lane.text.reason is None:
            max_tokens = LONGEST_SPELLING * sampling.length + 1
            hypotheses = beam_search(
                model, sampler, lane.prompt, LanePlace(lane), beams=sampling.beams, max_tokens=max_tokens
            )
            found = [(best.place.lane.text, best.place.shown, best.log_probability) for best in hypotheses[:number]]
        for text, shown, log_probability in found:
            own = Request(count, request.prompt, request.random)
            yield Piece(Text(own, text.reason, log_probability), shown, is_last=True)
            count += 1
