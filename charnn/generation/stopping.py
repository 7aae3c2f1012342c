"""Stop strings: where they end the text, though it arrives in pieces that may split them anywhere."""

from __future__ import annotations

from collections.abc import Iterable


class StopStrings:
    """Text in, text out, up to the first stop string, which is never let through, not even in part, or only whole.

    The match that ends first wins, and of those that end at the same place the longest: what comes out does not
    depend on how the text was split. `matched` is the string that won, None as long as there is none.
    """

    def __init__(self, strings: Iterable[str], *, include: bool = False) -> None:
        """`strings` are not empty. With none at all, text passes through. With `include`, the match comes out too."""
        self.matched: str | None = None
        self._strings = tuple(strings)
        self._include = include
        self._longest = max(map(len, self._strings), default=0)
        self._held = ""

    def push(self, text: str) -> str:
        """What may be shown now: all but an end that a stop string may begin with. After a match, nothing."""
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
