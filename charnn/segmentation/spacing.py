"""Which scripts have no spaces between words, and where punctuation stands apart, as some treebanks have it."""

# ruff: noqa: RUF001 - the quotes and stops of all scripts are meant
from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache

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


_SHORT_WORDS = "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_SCRIPTS = {
    "Thai": "\u0e01-\u0e3a\u0e40-\u0e4e",
    "Lao": "\u0e81-\u0ebd\u0ec0-\u0ecd\u0edc-\u0edf",
    "Tibetan": "\u0f40-\u0fbc\u0f0b",
    "Burmese": "\u1000-\u1049\u1050-\u109f\uaa60-\uaa7f",
    "Khmer": "\u1780-\u17d3\u17d7-\u17dd",
    "Tai Tham": "\u1a20-\u1a7f",
    "Javanese": "\ua980-\ua9c0",
}


@cache
def _run() -> re.Pattern[str]:
    """Matches what is hardly a single word: five letters of Chinese or Japanese, thirteen of another such script.

    It is compiled where a text first needs it, which costs milliseconds.
    """
    return re.compile(
        f"(?P<Chinese_or_Japanese>[{_SHORT_WORDS}]{{5,}})"
        + "".join(f"|(?P<{name.replace(' ', '_')}>[{letters}]{{13,}})" for name, letters in _SCRIPTS.items())
    )


def unspaced_script(word: str) -> str | None:
    """The script that keeps a word from being one, since it is written without spaces and the word is long for it.

    None stands for a word that may well be one.
    """
    if word.isascii():
        return None
    found = _run().search(word)
    return found.lastgroup.replace("_", " ") if found and found.lastgroup else None
