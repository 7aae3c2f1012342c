"""A text that is asked for, and its lane, in which it is written token by token until it ends."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from charnn.arrays import Bools
from charnn.errors import UsageError
from charnn.generation.config import SamplingConfig
from charnn.generation.ending import Ending, Reason
from charnn.tokenizers.base import STOP_ID, IncrementalDecoder, Tokenizer

if TYPE_CHECKING:
    from charnn.corpora.runs import RunLengths
    from charnn.generation.model import ReadPrompt, TextConditions
    from charnn.generation.pattern.pattern import Pattern
    from charnn.generation.run_limits import RunBounds, RunLimits


@dataclass(frozen=True)
class Request:
    """A text that is asked for."""

    number: int
    """The number of the text, counted from 0 in the order in which texts are asked for."""
    prompt: str
    random: np.random.Generator
    """The source of the text's random numbers: one for each token, and one for a length that the model foretells."""


@dataclass(frozen=True)
class ChosenToken:
    """A token of a text, and the likeliest tokens in its place."""

    text: str
    """The text of the token. It is "" while a character has bytes to come, and for the stop token."""
    log_probability: float
    """The log-probability of the token in nats, by the model itself and before all filters."""
    alternatives: tuple[tuple[str, float], ...]
    """The likeliest tokens in its place, each with its log-probability. The text of the stop token is ""."""


@dataclass
class Text:
    """A text that has begun."""

    request: Request
    reason: Reason | None = None
    """The reason why it ended; None until it has."""
    log_probability: float = 0.0
    """The sum of the log-probabilities of its tokens, a stop token included, in nats."""
    tokens: list[ChosenToken] = field(default_factory=list)
    conditions: Mapping[str, Any] = field(default_factory=dict)
    """The values of the model's conditions after the prompt, by their names."""


class Piece(NamedTuple):
    """A part of a text, as it is made."""

    text: Text
    shown: str
    """The text of the piece, which may be empty where the text begins and where it ends."""
    is_last: bool


class Lane:
    """A text while it is written. It says what each token adds, which tokens may come, and whether the text goes on."""

    prompt: ReadPrompt
    """The prompt, which the model has read."""
    conditions: TextConditions
    """The conditions of the model's next step."""

    def __init__(
        self,
        request: Request,
        sampling: SamplingConfig,
        decoder: IncrementalDecoder,
        pattern: Pattern | None,
        runs: RunLimits | None = None,
        *,
        echo: bool,
    ) -> None:
        """With `echo`, the pattern must match the prompt, too. A text may end as soon as it begins. A run that the
        prompt has begun goes on in the text.

        Raises UsageError where no text that matches begins with the prompt, or none that is short enough.
        """
        self.text = Text(request)
        self._ending, self._decoder, self._pattern = Ending(sampling), decoder, pattern
        self._runs = runs
        if runs is not None:
            self._run = runs.after(runs.start, request.prompt)
        if pattern is not None:
            self._pattern_state = _after_prompt(pattern, request.prompt if echo else "", sampling.length)
            if not self._can_go_on():
                self._ending.finish("", "pattern")
        self.text.reason = self._ending.reason

    def begin(self, prompt: ReadPrompt) -> None:
        """Begins the text after its prompt. The text ends at once if the prompt is as long as the model foretold."""
        self.prompt, self.conditions = prompt, prompt.conditions
        self.text.conditions = prompt.conditions.values
        self._is_conditioned = bool(self.text.conditions)
        self._end_if_conditions_say()
        self.text.reason = self._ending.reason

    def push(self, token: int) -> str:
        """Adds a token, and gives the text that may then be shown. The text has ended once it has a reason."""
        if token == STOP_ID:
            shown = self._ending.finish(self._decoder.flush(), "stop" if self._pattern is None else "pattern")
        else:
            text = self._decoder.decode(token)
            if self._runs is not None:
                self._run = self._runs.after(self._run, text)
            shown = self._ending.push(text)
            if self._pattern is not None and self._ending.reason is None:
                self._pattern_state = self._pattern.advance(self._pattern_state, token)
                if not self._can_go_on():
                    shown += self._ending.finish("", "pattern")
            if self._is_conditioned:
                self.conditions = self.conditions.next()
                shown += self._end_if_conditions_say()
        self.text.reason = self._ending.reason
        return shown

    def fork(self) -> Lane:
        """Another lane in the same state. From there on the two are independent."""
        other = copy.copy(self)
        other.text = copy.copy(self.text)
        other._ending, other._decoder = copy.deepcopy(self._ending), self._decoder.fork()
        return other

    def piece(self, shown: str) -> Piece:
        return Piece(self.text, shown, self.text.reason is not None)

    @property
    def has_pattern(self) -> bool:
        return self._pattern is not None

    def allowed(self) -> Bools:
        """The tokens that the pattern allows next, (V,). The stop token is among them where the text matches."""
        assert self._pattern is not None
        return self._pattern.allowed(self._pattern_state, self._ending.characters_left)

    def run_bounds(self) -> RunBounds | None:
        """What the run at the end of the text asks of the next token; None where runs are free."""
        return None if self._runs is None else self._runs.bounds(self._run, self._decoder)

    def _end_if_conditions_say(self) -> str:
        """Ends the text where its conditions say so and the pattern matches, and gives what may then be shown."""
        if not self.conditions.is_over or not (self._pattern is None or self.allowed()[STOP_ID]):
            return ""
        return self._ending.finish(self._decoder.flush(), "stop")

    def _can_go_on(self) -> bool:
        allowed_V = self.allowed()
        return bool(allowed_V.sum() > allowed_V[STOP_ID])


def run_limits_of(
    sampling: SamplingConfig, runs: Mapping[str, RunLengths] | None, tokenizer: Tokenizer
) -> RunLimits | None:
    """The limits of runs, or None where they were not asked for or the runs of the corpus are not known."""
    if runs is None or "runs" not in sampling.filters:
        return None
    from charnn.generation.run_limits import RunLimits

    return RunLimits(runs, tokenizer)


def pattern_of(sampling: SamplingConfig, tokenizer: Tokenizer) -> Pattern | None:
    """The pattern that was asked for, without texts that have a banned character."""
    if sampling.pattern is None:
        return None
    from charnn.generation.pattern.pattern import Pattern

    return Pattern(sampling.pattern, tokenizer, banned=sampling.banned)


def _after_prompt(pattern: Pattern, prompt: str, length: int | None) -> Any:
    """The pattern's state after the prompt."""
    state = pattern.read(prompt)
    if state is None:
        raise UsageError(f"--pattern: nothing that matches begins with {prompt!r}", hint="--no-echo leaves it out")
    if length is not None and (needed := pattern.needed(state)) > length:
        raise UsageError(
            f"--pattern: what matches has {needed} or more characters{' to come' if prompt else ''}",
            hint=f"give --length {needed} or more",
        )
    return state
