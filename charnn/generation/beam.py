"""Beam search: follows several beginnings of a text side by side, to find the text that is most probable for its
length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from charnn.corpora.runs import RunLengths
from charnn.errors import UsageError
from charnn.generation.config import SamplingConfig
from charnn.generation.filters import Wide, top_k
from charnn.generation.model import NextTokenModel, PromptReader, ReadPrompt, stack_conditions
from charnn.generation.run_limits import RunBounds
from charnn.generation.sampler import Allowed, Sampler
from charnn.generation.text import Lane, Piece, Request, Text, pattern_of, run_limits_of
from charnn.tokenizers.base import STOP_ID, Tokenizer

LONGEST_SPELLING = 4
"""The most tokens that a character may take, which are the bytes of its UTF-8."""


class TextState(Protocol):
    """How far a text has come. It never changes, since several hypotheses may go on from it."""

    @property
    def is_over(self) -> bool:
        """Whether nothing follows."""

    def allowed(self) -> Allowed | None:
        """The tokens that may come next, (V,); None stands for all that the sampler allows."""

    def run_bounds(self) -> RunBounds | None:
        """What the run at its end asks of the next token; None where runs are free."""

    def after(self, token: int) -> Self:
        """The state once `token`, which may be the stop token, has been written."""


@dataclass(frozen=True)
class LaneState:
    """The `TextState` of a text that is written in a lane, with what has been shown of it so far."""

    lane: Lane
    shown: str = ""

    @property
    def is_over(self) -> bool:
        return self.lane.text.reason is not None

    def allowed(self) -> Allowed | None:
        return self.lane.allowed() if self.lane.has_pattern else None

    def run_bounds(self) -> RunBounds | None:
        return self.lane.run_bounds()

    def after(self, token: int) -> LaneState:
        lane = self.lane.fork()
        return LaneState(lane, self.shown + lane.push(token))


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """A text, or the beginning of one, that may follow the prompt."""

    state: Any
    """The `TextState` after its tokens."""
    log_probability: float = 0.0
    """The log-probability of all its tokens, a stop token included, in nats."""
    length: int = 0
    """The number of its tokens, a stop token included."""
    before: Hypothesis | None = field(default=None, repr=False)
    """The hypothesis without its last token."""
    token: int = STOP_ID

    @property
    def score(self) -> float:
        """The log-probability per token in nats, so that a text does not win by being short."""
        return self.log_probability / self.length

    @property
    def tokens(self) -> list[int]:
        """Its tokens. If a stop token ended it, that is the last one."""
        ids, at = [], self
        while at.before is not None:
            ids.append(at.token)
            at = at.before
        return ids[::-1]


def beam_search(
    model: NextTokenModel,
    sampler: Sampler,
    prompt: ReadPrompt,
    state: TextState,
    *,
    beams: int,
    max_tokens: int,
) -> list[Hypothesis]:
    """The texts that were found, the best first, at most `beams` of them.

    `prompt` is what the model makes of the prompt, and `state` is the text's state after it. `max_tokens` is at least
    1. Every step keeps the `beams` most probable continuations of all live hypotheses; those that are over, or
    `max_tokens` long, are set apart. With one beam the search is greedy. Biases, bans, `TextState.allowed` and
    the limits of runs hold for every hypothesis; penalties, temperature and the filters that truncate have no part in
    it. Probabilities are `Sampler.log_probabilities`. Among equally probable continuations the earlier hypothesis and
    then the lower id ranks first, and among equal scores the hypothesis that was over first.

    The search ends as soon as no live hypothesis can become better than the best one that is over. The log-probability
    s of a hypothesis is not above 0, and more tokens only lower it. So with `length` tokens in the end it scores
    s / length at most, which is not above s / max_tokens. The search ends where that is no better for any.

    Raises UsageError where nothing is allowed after any hypothesis, and ModelError where the model's logits are not
    finite.
    """
    live, over = [Hypothesis(state)], list[Hypothesis]()
    logits_BV, model_state, conditions = prompt.logits_V[np.newaxis], prompt.state, prompt.conditions
    for length in range(1, max_tokens + 1):
        bounds = [hypothesis.state.run_bounds() for hypothesis in live]
        log_p_BV = sampler.log_probabilities(logits_BV, _allowed(live, logits_BV.shape), bounds)
        total_BV = np.array([[hypothesis.log_probability] for hypothesis in live]) + log_p_BV
        kept, parents = list[Hypothesis](), list[int]()
        for lane, token in _most_probable(total_BV, beams):
            parent = live[lane]
            now = Hypothesis(parent.state.after(token), float(total_BV[lane, token]), length, parent, token)
            if now.state.is_over or length == max_tokens:
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
        stacked = stack_conditions([conditions] * len(live))
        logits_BV, model_state = model.step(ids_B, model.select(model_state, np.array(parents)), stacked)
    if not over:
        raise UsageError("no beam finds a text that ends", hint="try more beams")
    return over


def _allowed(live: list[Hypothesis], shape: tuple[int, ...]) -> Allowed | None:
    """The tokens that each hypothesis may go on with, (B, V), or None where every one may take all of the sampler's."""
    masks = [hypothesis.state.allowed() for hypothesis in live]
    if all(mask is None for mask in masks):
        return None
    return np.stack([np.ones(shape[-1], np.bool_) if mask is None else mask for mask in masks])


def _most_probable(total_BV: Wide, count: int) -> list[tuple[int, int]]:
    """The row and the token of the `count` largest values, the largest first. Values of -inf are left out."""
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
    runs: Mapping[str, RunLengths] | None = None,
) -> Iterator[Piece]:
    """The `number` likeliest texts that `sampling.beams` beams find for each prompt, the best first.

    Each text is one piece. Bias and bans are part of its log-probability. Raises UsageError where nothing bounds the
    length, and what `generator.TextGenerator` raises.
    """
    if sampling.length is None:
        raise UsageError("--beam: the search needs an end", hint="give a --length")
    if number > sampling.beams:
        raise UsageError(f"-n {number}: {sampling.beams} beams find no more than {sampling.beams} texts")
    pattern, limits = pattern_of(sampling, tokenizer), run_limits_of(sampling, runs, tokenizer)
    draws_stop = pattern is not None or (may_stop and (model.draws_stop or model.halts))
    sampler = Sampler(sampling, tokenizer, may_stop=draws_stop)
    prompts = PromptReader(model, tokenizer, may_stop=may_stop)
    count = 0
    for request in requests:
        if request is None:
            continue
        lane = Lane(request, sampling, tokenizer.decoder(), pattern, limits, echo=echo)
        found = [(lane.text, "", 0.0)]
        if lane.text.reason is None:
            lane.begin(prompts.read(request.prompt, request.random))
        if lane.text.reason is None:
            max_tokens = LONGEST_SPELLING * sampling.length + 1
            hypotheses = beam_search(
                model, sampler, lane.prompt, LaneState(lane), beams=sampling.beams, max_tokens=max_tokens
            )
            found = [(best.state.lane.text, best.state.shown, best.log_probability) for best in hypotheses[:number]]
        for text, shown, log_probability in found:
            own = Request(count, request.prompt, request.random)
            yield Piece(Text(own, text.reason, log_probability, conditions=text.conditions), shown, is_last=True)
            count += 1
