"""Splits a line into tokens, each with the space before it, so that the tokens of a line together are the line.

A word is a run of letters, digits and marks, and what stands between two of these as an apostrophe does; each other
symbol is a token of its own, and so is each Chinese character, since words of these are written without spaces.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

SPACE = " "
APOSTROPHES = frozenset("'\u2019\u02bc")
_SPACE, _LETTER, _IDEOGRAPH, _APOSTROPHE, _OTHER = range(5)
_IDEOGRAPHS = ("\u3400", "\u9fff"), ("\uf900", "\ufaff"), ("\U00020000", "\U0003ffff")


def tokens(line: str) -> list[str]:
    """The tokens of a line, a space before the first one, too. Runs of white space are read as one space, and those at
    the ends are passed over."""
    found: list[str] = []
    before = _OTHER
    line = SPACE + SPACE.join(line.split())
    kinds = list(map(_kind, line))
    for character, kind, after in zip(line, kinds, [*kinds[1:], _OTHER], strict=True):
        if kind == _APOSTROPHE:
            kind = _LETTER if before == after == _LETTER else _OTHER
        if before == _SPACE or (kind == before == _LETTER):
            found[-1] += character
        else:
            found.append(character)
        before = kind
    return found if found != [SPACE] else []


def line_of(parts: list[str]) -> str:
    """The line that has these tokens, or targets of tokens, without spaces at its ends."""
    return SPACE.join("".join(parts).split())


@lru_cache(maxsize=1 << 16)
def _kind(character: str) -> int:
    if character == SPACE:
        return _SPACE
    if character in APOSTROPHES:
        return _APOSTROPHE
    if any(first <= character <= last for first, last in _IDEOGRAPHS):
        return _IDEOGRAPH
    return _LETTER if unicodedata.category(character)[0] in "LMN" else _OTHER
