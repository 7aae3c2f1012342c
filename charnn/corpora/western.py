"""Tells whether bytes that are not UTF-8 look like a text of western Europe in the encoding that Windows has for these.

It is shown to a person, who sees whether it is right, and nothing is read by it.
"""

from __future__ import annotations

from itertools import pairwise
from unicodedata import category

WESTERN = "cp1252"
BESIDE = 2000
"""So many bytes on either side of the first wrong one are looked at."""
LETTERS = 2
"""A text has at least so many letters of ASCII for each other letter."""
MOST_SHOWN = 24
_RARE, _BESIDE_LETTERS = "ÿ×÷", "\u2019°"  # noqa: RUF001 - it is the sign that is meant


def western_word(data: bytes, place: int) -> str | None:
    """The word that has the byte at this place, if what stands around it looks like cp1252; None otherwise.

    It looks like that where letters with accents stand singly or in pairs among more letters of ASCII, and where no
    sign stands beside a letter. Other encodings have long runs of such bytes, or signs within words.
    """
    try:
        text = data[max(place - BESIDE, 0) : place + BESIDE].decode(WESTERN)
    except UnicodeDecodeError:
        return None
    own = min(place, BESIDE)
    plain = sum(character.isascii() and character.isalpha() for character in text)
    other = [at for at, character in enumerate(text) if not character.isascii()]
    if plain < LETTERS * sum(text[at].isalpha() for at in other) or any(
        third - first == 2 for first, third in zip(other, other[2:], strict=False)
    ):
        return None
    for at in other:
        beside = text[max(at - 1, 0) : at].isalpha(), text[at + 1 : at + 2].isalpha()
        may_be_beside = text[at] in _BESIDE_LETTERS or (category(text[at]).startswith("P") and not all(beside))
        if text[at] in _RARE or not (text[at].isalpha() or may_be_beside or not any(beside)):
            return None
    spaces = [-1, *(at for at, character in enumerate(text) if character.isspace()), len(text)]
    first, end = next((first + 1, end) for first, end in pairwise(spaces) if first < own < end)
    return (
        text[first:end]
        if end - first <= MOST_SHOWN
        else text[max(own - MOST_SHOWN // 2, first) : own + MOST_SHOWN // 2]
    )
