"""What a word looks like, as ids: its beginnings and ends, its capitals and digits. Nothing here was learned."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]

AFFIX_BUCKETS = 4096
"""Ids of beginnings and ends, which share them by a hash; 0 stands for no affix."""
LONGEST_AFFIX = 5
AFFIXES = 2 * LONGEST_AFFIX
SHAPES = 16
LONGEST_WORD = 24
"""Characters that are read of a word; of a longer one, so many of its beginning and its end together."""

_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class WordFeatures:
    """Of N words, the longest of L characters (begin and end marks counted)."""

    words_N: Ids
    """0 for a word that has no id of its own."""
    characters_NL: Ids
    """0 beyond the word's end."""
    lengths_N: Ids
    """Characters of each word, marks counted."""
    affixes_NA: Ids
    shapes_N: Ids


def normalized(word: str) -> str:
    """What a word's own vector is looked up by: case and the values of digits are seen elsewhere."""
    return _DIGIT.sub("0", word.lower())


def affixes(word: str) -> list[int]:
    """Ids of the beginnings and ends of 1 to LONGEST_AFFIX characters, in lower case; 0 beyond the word's length."""
    lower, ids = word.lower(), [0] * AFFIXES
    for length in range(1, min(len(lower), LONGEST_AFFIX) + 1):
        ids[2 * length - 2] = _bucket("<" + lower[:length])
        ids[2 * length - 1] = _bucket(">" + lower[-length:])
    return ids


def shape(word: str) -> int:
    """Capitals (none, the first, all, elsewhere), whether there is a digit, whether there is a hyphen: below SHAPES."""
    if word.isupper() and len(word) > 1:
        capitals = 1
    elif word[:1].isupper():
        capitals = 2
    else:
        capitals = 3 if word != word.lower() else 0
    return 4 * capitals + 2 * bool(_DIGIT.search(word)) + ("-" in word)


def readable(word: str) -> str:
    """The characters of a word that are read."""
    half = LONGEST_WORD // 2
    return word if len(word) <= LONGEST_WORD else word[:half] + word[-half:]


def _bucket(affix: str) -> int:
    """The same on every machine and in every process, unlike `hash`."""
    return 1 + zlib.crc32(affix.encode("utf-8", "surrogatepass")) % (AFFIX_BUCKETS - 1)
