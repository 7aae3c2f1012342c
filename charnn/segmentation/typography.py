"""Text in which punctuation stands apart, as some treebanks have it, and the same as people type it."""

# ruff: noqa: RUF001 - the quotes and stops of all scripts are meant
from __future__ import annotations

from collections.abc import Iterable, Sequence

from charnn.segmentation.boundaries import SegmentedText

_CLOSING = frozenset(".,!?;:)]}…%’”»。，！？；：、）」』।")
_OPENING = frozenset("([{‘“«¿¡（「『")
_QUOTES = frozenset("\"'")
_STANDS_APART = 0.9
"""The fraction of stops and commas with white space before them from which on punctuation stands apart."""


def stands_apart(texts: Iterable[SegmentedText]) -> bool:
    """Whether white space stands before nearly all stops, commas and the like that are words of these texts."""
    apart = attached = 0
    for text, words, *_ in texts:
        place = 0
        for word in words:
            found = text.find(word, place)
            if found < 0:
                break
            if word in _CLOSING and found > 0:
                apart += text[found - 1].isspace()
                attached += not text[found - 1].isspace()
            place = found + len(word)
    return apart > _STANDS_APART * (apart + attached)


def closed_up(words: Sequence[str]) -> SegmentedText:
    """The words as a text in which no space stands before stops and commas, nor inside of brackets and quotes."""
    text, joins, is_open = "", True, False
    for word in words:
        opens = word in _OPENING or (word in _QUOTES and not is_open)
        closes = word in _CLOSING or (word in _QUOTES and is_open)
        if word in _QUOTES:
            is_open = not is_open
        text += word if joins or closes else f" {word}"
        joins = opens
    return SegmentedText(text, list(words))
