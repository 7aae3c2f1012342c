"""Sets of characters, such as those that a class of a regular expression stands for in Python's `re`.

A set is an array of the code points at which membership changes, in ascending order: [97, 123] is a to z, [10, 11] is
the line end, [0] is every character and [] is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from charnn.arrays import Bools, Int32s

CharacterSet = npt.NDArray[np.int32]

LETTERS_END = 0x40000
"""From this code point on there are no letters, digits or spaces: planes 4 to 13 are unassigned, and the others have
tags and private characters."""
CASES_END = 0x20000
"""From this code point on no character has upper and lower case."""


def interval(first: int, last: int) -> CharacterSet:
    return np.array([first, last + 1], np.int32)


def either(sets: Sequence[CharacterSet]) -> CharacterSet:
    """The characters that are in at least one of `sets`."""
    edges = np.unique(np.concatenate([np.empty(0, np.int32), *sets]))
    inside = np.zeros(len(edges), np.bool_)
    for one in sets:
        inside |= contains(one, edges)
    changes: CharacterSet = edges[np.diff(inside, prepend=False)]
    return changes


def complement(one: CharacterSet) -> CharacterSet:
    return np.setxor1d(one, np.zeros(1, np.int32))


def difference(one: CharacterSet, other: CharacterSet) -> CharacterSet:
    return complement(either([complement(one), other]))


def contains(one: CharacterSet, code_points: Int32s | int) -> Bools:
    inside: Bools = one.searchsorted(code_points, side="right") % 2 == 1
    return inside


def of(code_points: Iterable[int]) -> CharacterSet:
    """The set of these characters, each of which is given once."""
    singles = np.fromiter(code_points, np.int32)
    # Membership does not change where one character ends and the next begins.
    edges, counts = np.unique(np.concatenate([singles, singles + 1]), return_counts=True)
    changes: CharacterSet = edges[counts == 1]
    return changes


@cache
def category(escape: str, *, ascii_only: bool) -> CharacterSet:
    r"""The set that \d, \s, \w, \D, \S or \W stands for."""
    if escape.isupper():
        return complement(category(escape.lower(), ascii_only=ascii_only))
    text = "".join(map(chr, range(128))) if ascii_only else _first_characters()
    spans = [match.span() for match in re.finditer(escape + "+", text)]
    return np.array(spans, np.int32).ravel()


def ignoring_case(one: CharacterSet, expression: str, *, ascii_only: bool) -> CharacterSet:
    """The set that the class `expression` stands for if case is ignored; `one` is its set if case counts.

    `re` is asked about each character that has case, since it has exceptions of its own. Others cannot differ.
    """
    flags = re.IGNORECASE | (re.ASCII if ascii_only else re.UNICODE)
    matching = of(ord(match[0]) for match in re.finditer(expression, _cased_characters(), flags))
    return either([difference(one, of(map(ord, _cased_characters()))), matching])


@cache
def _first_characters() -> str:
    return np.arange(LETTERS_END, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")


@cache
def _cased_characters() -> str:
    return "".join(c for c in _first_characters()[:CASES_END] if c.lower() != c or c.upper() != c)
