"""What can be counted while a text is written, and where the last one that was asked for ends."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal

from charnn.config import SamplingConfig

Unit = Literal["lines", "words", "sentences"]

SENTENCE_ENDS = ".!?…"
FULL_WIDTH_ENDS = "。！？"  # noqa: RUF001 - no white space follows these
CLOSERS = "\"'”’»)]}」』）】"  # noqa: RUF001


class Limit(ABC):
    """`count` units of text, which comes in pieces."""

    unit: Unit

    def __init__(self, count: int) -> None:
        self._left = count

    @abstractmethod
    def end(self, text: str) -> int | None:
        """Where in `text`, which follows all that came before, the last unit ends; None where that is still to come."""

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
        """The stop that only closers have followed."""

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
    """Those that were asked for."""
    kinds: tuple[tuple[int | None, type[Limit]], ...] = (
        (sampling.lines, LineLimit),
        (sampling.words, WordLimit),
        (sampling.sentences, SentenceLimit),
    )
    return [kind(count) for count, kind in kinds if count is not None]
