"""Where a text ends for a reason that stands in the text itself: its length, what is counted in it, a stop string."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Literal

from charnn.generation.config import SamplingConfig

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
        """Where in `text` the last unit ends; None where that is still to come. `text` follows all that came before."""

    def _is_last(self) -> bool:
        self._left -= 1
        return self._left == 0


class LineLimit(Limit):
    r"""A line ends in \n, which belongs to it."""

    unit: Unit = "lines"

    def end(self, text: str) -> int | None:
        for place, character in enumerate(text, start=1):
            if character == "\n" and self._is_last():
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
        """The mark that may end the sentence; only closers have come since."""

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
    """Lets text through up to the first stop string, no part of which is let through, or all of it if it is included.

    The match that ends first wins, and among matches that end at the same place the longest does. So what comes out
    does not depend on how the text was split. `matched` is the string that won, None as long as there is none.
    """

    def __init__(self, strings: Iterable[str], *, include: bool = False) -> None:
        """None of the `strings` is empty. Without any, text passes through. With `include`, the match comes out too."""
        self.matched: str | None = None
        self._strings = tuple(strings)
        self._include = include
        self._longest = max(map(len, self._strings), default=0)
        self._held = ""

    def push(self, text: str) -> str:
        """What may be shown now: all but an end that a stop string may begin with. After a match it is nothing."""
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
        """What was held back, when no more text comes."""
        held, self._held = self._held, ""
        return held

    def _start_of_a_possible_match(self, text: str) -> int:
        """Where the longest end of `text` that some stop string begins with starts; its length where there is none."""
        for start in range(max(0, len(text) - self._longest + 1), len(text)):
            end = text[start:]
            if any(string.startswith(end) for string in self._strings):
                return start
        return len(text)


Reason = Literal["stop", "stop string", "length", "pattern", Unit]
"""Why a text ended: the model ended it; a stop string; as long as was allowed; nothing more matches the pattern; or as
many lines, words or sentences as were asked for."""


class Ending:
    """Lets text through up to its end. What ends it first, in the order of the text, is the `reason`.

    Characters are counted after decoding, whatever the tokenizer. So where a token runs over the length its text is
    cut, and a stop string that would end beyond it is not seen. Where the length and something else end the text at the
    same place, the other is the reason.
    """

    def __init__(self, sampling: SamplingConfig) -> None:
        self.characters_left = sampling.length
        """Characters that are still allowed; None for no end."""
        self.reason: Reason | None = "length" if sampling.length == 0 else None
        self._limits = limits(sampling)
        self._stops = StopStrings(sampling.stop_strings, include=sampling.include_stop)

    def push(self, text: str) -> str:
        """What may be shown of `text`, and of what was held back before."""
        if self.reason is not None:
            return ""
        length, ends = len(text), None
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
        """What may be shown of the last `text`. The text ends after it, for `reason` if nothing in it ends it first."""
        shown = self.push(text)
        if self.reason is None:
            self.reason = reason
            shown += self._stops.flush()
        return shown
