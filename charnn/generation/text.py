"""A text that is wanted, and what becomes of it: token by token, until it ends."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from charnn.errors import UsageError
from charnn.generation.config import SamplingConfig
from charnn.generation.ending import Ending, Reason
from charnn.tokenizers.base import STOP_ID, Decoder, Tokenizer

if TYPE_CHECKING:
    from charnn.generation.model import ReadPrompt, TextConditions
    from charnn.generation.pattern.pattern import Pattern


@dataclass(frozen=True)
class Request:
    """A text that is wanted."""

    number: int
    """From 0, in the order in which the texts are wanted."""
    prompt: str
    random: np.random.Generator
    """One number is taken from it for each token, and one for a length that the model foretells."""


@dataclass(frozen=True)
class ChosenToken:
    """A token of a text, and what else might have stood there."""

    text: str
    """The text of the token: "" while a character has bytes to come, and for the stop token."""
    log_probability: float
    """Nats, by the model itself, before all filters."""
    alternatives: tuple[tuple[str, float], ...]
    """The likeliest tokens there, each with its log-probability; the stop token is ""."""


@dataclass
class Text:
    """What is known of a text that has begun."""

    request: Request
    reason: Reason | None = None
    """Why it ended; None until it has."""
    log_probability: float = 0.0
    """Nats: the sum over the tokens that were chosen, a stop token among them."""
    tokens: list[ChosenToken] = field(default_factory=list)


class Piece(NamedTuple):
    """A part of a text, as it is made."""

    text: Text
    shown: str
    """What it goes on with; perhaps nothing where it begins, and where it ends."""
    is_last: bool


class Lane:
    """One text while it is written: what each token adds to it, which tokens it allows, and whether it goes on."""

    prompt: ReadPrompt
    """What the model makes of the prompt."""
    conditions: TextConditions
    """What the text gives the model's next step."""

    def __init__(
        self, request: Request, sampling: SamplingConfig, decoder: Decoder, pattern: Pattern | None, *, echo: bool
    ) -> None:
        """With `echo`, the pattern is about the prompt too. A text may end as it begins.

        Raises UsageError where no text that matches begins with the prompt, or none that is short enough.
        """
        self.text = Text(request)
        self._ending, self._decoder, self._pattern = Ending(sampling), decoder, pattern
        if pattern is not None:
            self._pattern_state = _after_prompt(pattern, request.prompt if echo else "", sampling.length)
            if not self._can_go_on():
                self._ending.finish("", "pattern")
        self.text.reason = self._ending.reason

    def begin(self, prompt: ReadPrompt) -> None:
        """The prompt has been read; it may already be as long as the model foretold."""
        self.prompt, self.conditions = prompt, prompt.conditions
        self._end_if_conditions_say()
        self.text.reason = self._ending.reason

    def push(self, token: int) -> str:
        """What may be shown of the text after one more token of it. The text has ended once it has a reason."""
        if token == STOP_ID:
            shown = self._ending.finish(self._decoder.flush(), "stop" if self._pattern is None else "pattern")
        else:
            shown = self._ending.push(self._decoder.decode(token))
            if self._pattern is not None and self._ending.reason is None:
                self._pattern_state = self._pattern.advance(self._pattern_state, token)
                if not self._can_go_on():
                    shown += self._ending.finish("", "pattern")
            self.conditions = self.conditions.next()
            shown += self._end_if_conditions_say()
        self.text.reason = self._ending.reason
        return shown

    def fork(self) -> Lane:
        """Another lane at the same place; what becomes of one is nothing to the other."""
        other = copy.copy(self)
        other.text = copy.copy(self.text)
        other._ending, other._decoder = copy.deepcopy(self._ending), copy.deepcopy(self._decoder)
        return other

    def piece(self, shown: str) -> Piece:
        return Piece(self.text, shown, self.text.reason is not None)

    @property
    def has_pattern(self) -> bool:
        return self._pattern is not None

    def allowed(self) -> npt.NDArray[np.bool_]:
        """(V,): what may come next, where there is a pattern; the stop token where the text matches as it is."""
        assert self._pattern is not None
        return self._pattern.allowed(self._pattern_state, self._ending.characters_left)

    def _end_if_conditions_say(self) -> str:
        """Ends the text where its conditions say so, once it matches; what may then still be shown."""
        if not self.conditions.is_over or not (self._pattern is None or self.allowed()[STOP_ID]):
            return ""
        return self._ending.finish(self._decoder.flush(), "stop")

    def _can_go_on(self) -> bool:
        allowed_V = self.allowed()
        return bool(allowed_V.sum() > allowed_V[STOP_ID])


def pattern_of(sampling: SamplingConfig, tokenizer: Tokenizer) -> Pattern | None:
    """The pattern that was asked for, which the banned characters have no part in."""
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
