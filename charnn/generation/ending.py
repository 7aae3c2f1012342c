"""Where a text ends for a reason that stands in the text itself: its length, what is counted in it, a stop string."""

from __future__ import annotations

from typing import Literal

from charnn.config import SamplingConfig
from charnn.generation.limits import Unit, limits
from charnn.generation.stopping import StopStrings

Reason = Literal["stop", "stop string", "length", "pattern", Unit]
"""Why a text ended: the model ended it; a stop string; as long as was allowed; nothing more matches the pattern; or as
many lines, words or sentences as were asked for."""


class Ending:
    """Text in, text out, as far as it goes. What ends it first, in the order of the text, is `reason`.

    Characters are counted after decoding, whatever the tokenizer, so where a token runs over the length its text is
    cut, and a stop string that would end beyond it is not seen. Of a length and something else that end at the same
    place, the other is the reason.
    """

    def __init__(self, sampling: SamplingConfig) -> None:
        self.remaining = sampling.length
        """Characters that are still allowed; None for no end."""
        self.reason: Reason | None = "length" if sampling.length == 0 else None
        self._limits = limits(sampling)
        self._stops = StopStrings(sampling.stop_strings, include=sampling.include_stop)

    def push(self, text: str) -> str:
        """What may be shown of `text`, and of what was held back before."""
        if self.reason is not None:
            return ""
        length, ends = len(text), None
        if self.remaining is not None:
            text = text[: self.remaining]
            self.remaining -= min(length, self.remaining)
        for limit in self._limits:
            if (end := limit.end(text)) is not None:
                text, ends = text[:end], limit.unit
        shown = self._stops.push(text)
        if self._stops.matched is not None:
            self.reason = "stop string"
        elif ends is not None:
            self.reason = ends
        elif self.remaining == 0:
            self.reason = "length"
        return shown if self.reason is None else shown + self._stops.flush()

    def finish(self, text: str, reason: Reason) -> str:
        """What may be shown of the last `text`, after which it ends, for `reason` if nothing in it ends it first."""
        shown = self.push(text)
        if self.reason is None:
            self.reason = reason
            shown += self._stops.flush()
        return shown
