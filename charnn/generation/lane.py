"""One text in the making: what each token means for it, and whether it goes on."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from charnn.errors import UsageError
from charnn.generation.config import SamplingConfig
from charnn.generation.ending import Ending
from charnn.generation.model import Opened
from charnn.generation.text import Piece, Request, Text
from charnn.tokenizers.base import STOP_ID, Decoder, Tokenizer

if TYPE_CHECKING:
    from charnn.generation.pattern.pattern import Pattern


class Lane:
    opened: Opened
    """What the model makes of the prompt."""

    def __init__(
        self, request: Request, sampling: SamplingConfig, decoder: Decoder, pattern: Pattern | None, *, echo: bool
    ) -> None:
        """With `echo`, the pattern is about the prompt too. A text may end as it begins.

        Raises UsageError where no text that matches begins with the prompt, or none that is short enough.
        """
        self.text = Text(request)
        self.countdown: int | None = None
        """Tokens still to come, where the model has foretold it."""
        self._ending, self._decoder, self._pattern = Ending(sampling), decoder, pattern
        if pattern is not None:
            self._place = _place(pattern, request.prompt if echo else "", sampling.length)
            if not self._can_go_on():
                self._ending.finish("", "pattern")
        self.text.reason = self._ending.reason

    def begin(self, opened: Opened) -> None:
        """The prompt has been read; it may be as long as the model foretold."""
        self.opened, self.countdown = opened, opened.countdown
        self._end_at_zero()
        self.text.reason = self._ending.reason

    def push(self, token: int) -> str:
        """What may be shown of the text after one more token of it. The text has ended once it has a reason."""
        if token == STOP_ID:
            shown = self._ending.finish(self._decoder.flush(), "stop" if self._pattern is None else "pattern")
        else:
            shown = self._ending.push(self._decoder.decode(token))
            if self._pattern is not None and self._ending.reason is None:
                self._place = self._pattern.advance(self._place, token)
                if not self._can_go_on():
                    shown += self._ending.finish("", "pattern")
            if self.countdown is not None:
                self.countdown = max(self.countdown - 1, 0)
                shown += self._end_at_zero()
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
        return self._pattern.allowed(self._place, self._ending.remaining)

    def _end_at_zero(self) -> str:
        """Ends the text where nothing remains of it, once it matches: what may still be shown."""
        if self.countdown != 0 or not (self._pattern is None or self.allowed()[STOP_ID]):
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


def _place(pattern: Pattern, prompt: str, length: int | None) -> Any:
    """Where the pattern stands after the prompt."""
    place = pattern.read(prompt)
    if place is None:
        raise UsageError(f"--pattern: nothing that matches begins with {prompt!r}", hint="--no-echo leaves it out")
    if length is not None and (needed := pattern.needed(place)) > length:
        raise UsageError(
            f"--pattern: what matches has {needed} or more characters{' to come' if prompt else ''}",
            hint=f"give --length {needed} or more",
        )
    return place
