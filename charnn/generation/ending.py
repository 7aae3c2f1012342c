"""Ends a text for a reason in the text itself: its length, its lines, words or sentences, or a stop string.

For a model that halts, and for a pattern, it is decided apart from the draw of a token whether a text ends."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Literal

import numpy as np

from charnn.arrays import Bools, Float64s
from charnn.generation.config import SamplingConfig
from charnn.generation.filters import Logits
from charnn.tokenizers.base import STOP_ID

Unit = Literal["lines", "words", "sentences"]

SENTENCE_ENDS = ".!?…"
FULL_WIDTH_ENDS = "。！？"  # noqa: RUF001 - no white space follows these
CLOSERS = "\"'”’»)]}」』）】"  # noqa: RUF001


class Limit(ABC):
    """Ends a text, which comes in pieces, after `count` units of it."""

    unit: Unit

    def __init__(self, count: int) -> None:
        self._left = count

    @abstractmethod
    def end(self, text: str) -> int | None:
        """The place in `text` where the last unit ends, or None if that is still to come. `text` is the next piece."""

    def _is_last(self) -> bool:
        self._left -= 1
        return self._left == 0


class LineLimit(Limit):
    r"""A line ends in \n, \r\n or \r (`corpora.lines`), which belongs to it. Whether \r alone ends it is known once the
    next character is."""

    unit: Unit = "lines"

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self._after_return = False

    def end(self, text: str) -> int | None:
        for place, character in enumerate(text):
            after_return, self._after_return = self._after_return, character == "\r"
            if character == "\n":
                if self._is_last():
                    return place + 1
            elif after_return and self._is_last():
                return place
        return None


class WordLimit(Limit):
    """A word is what stands between white space, and ends before it."""

    unit: Unit = "words"

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self._is_inside = False

    def end(self, text: str) -> int | None:
        for place, character in enumerate(text):
            ends = self._is_inside and character.isspace()
            self._is_inside = not character.isspace()
            if ends and self._is_last():
                return place
        return None


class SentenceLimit(Limit):
    """A sentence ends after . ! ? or an ellipsis and what closes there (quotes, brackets), where white space follows,
    and after a full-width stop whatever follows. An abbreviation's dot is not told from a full stop."""

    unit: Unit = "sentences"

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self._before = ""
        """The mark that may end the sentence, where only closers have followed it."""

    def end(self, text: str) -> int | None:
        for place, character in enumerate(text):
            before = self._before
            if character in SENTENCE_ENDS or character in FULL_WIDTH_ENDS:
                self._before = character
            elif before and character not in CLOSERS:
                self._before = ""
                if (character.isspace() or before in FULL_WIDTH_ENDS) and self._is_last():
                    return place
        return None


def limits(sampling: SamplingConfig) -> list[Limit]:
    """The limits that were asked for."""
    kinds: tuple[tuple[int | None, type[Limit]], ...] = (
        (sampling.lines, LineLimit),
        (sampling.words, WordLimit),
        (sampling.sentences, SentenceLimit),
    )
    return [kind(count) for count, kind in kinds if count is not None]


class StopStrings:
    """Lets text through up to the first stop string, and the stop string itself only if it is to be included.

    The match that ends first wins, and among matches that end at the same place the longest wins. So the result does
    not depend on how the text was cut into pieces. `matched` is the string that won, or None as long as there is none.
    """

    def __init__(self, strings: Iterable[str], *, include: bool = False) -> None:
        """No stop string may be empty. Without any, all text is let through. `include` lets the match through, too."""
        self.matched: str | None = None
        self._strings = tuple(strings)
        self._include = include
        self._longest = max(map(len, self._strings), default=0)
        self._held = ""

    def push(self, text: str) -> str:
        """The text that may be shown now, which is all but an end with which a stop string may begin. After a match it
        is nothing."""
        if not self._strings:
            return text
        if self.matched is not None:
            return ""
        text = self._held + text
        matches = [(start + len(s), start, s) for s in self._strings if (start := text.find(s)) >= 0]
        if matches:
            end, start, self.matched = min(matches)
            shown = end if self._include else start
            self._held = ""
        else:
            shown = self._start_of_a_possible_match(text)
            self._held = text[shown:]
        return text[:shown]

    def flush(self) -> str:
        """The text that was held back, for the case that no more comes."""
        held, self._held = self._held, ""
        return held

    def _start_of_a_possible_match(self, text: str) -> int:
        """The start of the longest end of `text` with which a stop string begins, or the text's length without one."""
        for start in range(max(0, len(text) - self._longest + 1), len(text)):
            end = text[start:]
            if any(string.startswith(end) for string in self._strings):
                return start
        return len(text)


Reason = Literal["stop", "stop string", "length", "pattern", Unit]
"""The reason why a text ended. stop: the model ended it. stop string: one was written. length: it is as long as was
allowed. pattern: the pattern is matched, and the text leaves it or can only end. lines, words, sentences: it has as
many as were asked for."""


class Ending:
    """Lets text through up to its end. The `reason` is what ends it first, in the order of the text.

    Characters are counted after decoding, whatever the tokenizer. So the text of a token that exceeds the length is
    cut, and a stop string that would end beyond it is not seen. Where the length and another reason end the text at the
    same place, the other one is given.
    """

    def __init__(self, sampling: SamplingConfig) -> None:
        self.characters_left = sampling.length
        """The number of characters that are still allowed, or None where there is no limit."""
        self.reason: Reason | None = "length" if sampling.length == 0 else None
        self._limits = limits(sampling)
        self._stops = StopStrings(sampling.stop_strings, include=sampling.include_stop)
        self._is_plain = not self._limits and not sampling.stop_strings
        """Whether nothing but the length can end the text."""

    def push(self, text: str) -> str:
        """Takes the next piece of text, and gives the text that may be shown, including what was held back before."""
        if self.reason is not None:
            return ""
        length, ends = len(text), None
        if self._is_plain and (self.characters_left is None or length < self.characters_left):
            if self.characters_left is not None:
                self.characters_left -= length
            return text
        if self.characters_left is not None:
            text = text[: self.characters_left]
            self.characters_left -= min(length, self.characters_left)
        for limit in self._limits:
            if (end := limit.end(text)) is not None:
                text, ends = text[:end], limit.unit
        shown = self._stops.push(text)
        if self._stops.matched is not None:
            self.reason = "stop string"
        elif ends is not None:
            self.reason = ends
        elif self.characters_left == 0:
            self.reason = "length"
        return shown if self.reason is None else shown + self._stops.flush()

    def finish(self, text: str, reason: Reason) -> str:
        """Takes the last piece, and gives the text that may be shown. Unless something in the piece ends the text
        before, it ends after it for `reason`."""
        shown = self.push(text)
        if self.reason is None:
            self.reason = reason
            shown += self._stops.flush()
        return shown


BELOW_ONE = np.nextafter(1.0, 0.0)


def draw_halts(logits_BV: Logits, uniforms_B: Float64s, *, greedy: bool) -> tuple[Bools, Float64s]:
    """Whether the text of each lane ends, for a model that halts, and the random numbers for the choice of a token.

    The probability of the end is that of the stop token. A random number below it ends the text, and one above it is
    spread over [0, 1) again, for the choice among the other tokens. If `greedy`, a text ends where that is more
    probable than not.
    """
    wide_BV = logits_BV.astype(np.float64)
    mass_BV = np.exp(wide_BV - wide_BV.max(-1, keepdims=True))
    p_B = mass_BV[:, STOP_ID] / mass_BV.sum(-1)
    if greedy:
        return p_B > 0.5, uniforms_B
    halts_B = uniforms_B < p_B
    left_B = (uniforms_B - p_B) / np.where(halts_B, 1.0, 1 - p_B)
    return halts_B, np.where(halts_B, 0.0, np.minimum(left_B, BELOW_ONE))


def end_where_model_leaves(logits_BV: Logits, allowed_BV: Bools) -> None:
    """Gives the stop token, where it is allowed, the probability of all that is not allowed, in place.

    So a text that matches a pattern ends where the model would leave the pattern, and goes on where it would not.
    """
    ends_B = allowed_BV[:, STOP_ID]
    here_BV, others_BV = logits_BV[ends_B], ~allowed_BV[ends_B]
    others_BV[:, STOP_ID] = True
    top_B1 = here_BV.max(-1, keepdims=True)
    with np.errstate(divide="ignore"):
        here_BV[:, STOP_ID] = np.log(np.exp(here_BV - top_B1).sum(-1, where=others_BV)) + top_B1[:, 0]
    others_BV[:, STOP_ID] = False
    here_BV[others_BV] = -np.inf
    logits_BV[ends_B] = here_BV
