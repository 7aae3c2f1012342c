"""Lines as patterns of +1 and -1: lines that look alike agree in many units, whatever was changed, left out or put in.

A unit for each character at each place would not do: one letter too many moves all that follow it, and of what is left
nothing agrees. So a line is first taken for a bag of weighted features: its characters, its pairs of neighbours, pairs
with one or two characters between them, and each character near its place, counted from the start and from the end.
The hash of a feature is the seed of a random vector of +1 and -1, and a unit of the pattern is the sign of the weighted
sum of these vectors. The mean product of the units of two patterns estimates (2/pi) arcsin(c), where c is the cosine of
the two bags (Charikar 2002): the more units, the closer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from charnn.arrays import Float32s, Int64s
from charnn.corpora.large_arrays import large_array, let_go

Patterns = npt.NDArray[np.int8]

CHARACTER = 0.5
NEIGHBOURS = 1.0
APART = 0.6
"""The weight of two characters that have one or two others between them."""
PLACE = 1.0
"""The weight of a character at its place. At the places before and after it, it has half of that."""
UNFOLDED = 0.5
"""The weight of a character as it is written, where that is not its folded form."""
WHOLE = 0.05
"""The weight of the line as a whole, in parts of the length of the vector of all others: it tells apart lines that are
otherwise alike, and makes no difference to garbled ones."""

_MOVES = ((-1, PLACE / 2), (0, PLACE), (1, PLACE / 2))
_KINDS = (0, 1, 2, 3, 3, 4, 4, 4, 5, 5, 5)
"""Which kinds of features are the same: pairs that are one or two characters apart, and places that are near."""
_START, _END = 0x110000, 0x110001
"""They stand before and after the characters, and are none."""
_DIACRITICS = re.compile("[\u0300-\u036f]+")
_TOGETHER = 4096
"""Features whose vectors are made and added at once, since a line may be a whole book; and lines whose patterns are
held at once."""
_WORD = 64
"""So many units have one word of random bits."""

_Ids = npt.NDArray[np.uint64]


def patterns_of(lines: Sequence[str], units: int) -> Patterns:
    """The pattern of each line, (B, N) with values of +1 and -1. A line is never empty.

    Many patterns are in a temporary file. Raises CorpusError where there is no room for it.
    """
    found_BN = large_array(len(lines) * units, np.int8, "the patterns of lines").reshape(len(lines), units)
    words = np.arange(1, 1 - (-units // _WORD), dtype=np.uint64)
    for row, line in enumerate(lines):
        ids_F, weights_F = features(line)
        above_N = np.zeros(units, np.float32)
        for start in range(0, len(ids_F), _TOGETHER):
            some = slice(start, start + _TOGETHER)
            bits_FN = np.unpackbits(_random(ids_F[some, None], words).view(np.uint8), axis=1, count=units)
            above_N += weights_F[some] @ bits_FN.astype(np.float32)
        found_BN[row] = np.where(above_N >= weights_F.sum() / 2, 1, -1)
        if row % _TOGETHER == 0:
            let_go(found_BN)
    return found_BN


def folded(line: str) -> str:
    """The line as it is compared: in lower case, without diacritics, and with single spaces."""
    if not line.isascii():
        line = _DIACRITICS.sub("", unicodedata.normalize("NFKD", line))
    return " ".join(line.lower().split())


def features(line: str) -> tuple[_Ids, Float32s]:
    """A number for each feature of the line, the same in every line that has it, and its weight; both (F,)."""
    text = folded(line) or line
    known = set(text)
    unfolded = _code_points("".join(character for character in line if character not in known))
    characters = _code_points(text)
    framed = np.concatenate([[_START], characters, [_END]])
    from_start = np.arange(1, len(characters) + 1)
    from_end = from_start[::-1]
    kinds = [
        (CHARACTER, characters, np.zeros_like(characters)),
        (UNFOLDED, unfolded, np.zeros_like(unfolded)),
        (NEIGHBOURS, framed[:-1], framed[1:]),
        (APART, framed[:-2], framed[2:]),
        (APART, framed[:-3], framed[3:]),
        *((weight, characters, from_start + moved) for moved, weight in _MOVES),
        *((weight, characters, from_end + moved) for moved, weight in _MOVES),
    ]
    ids = np.concatenate([_numbered(_KINDS[n], first, second) for n, (_, first, second) in enumerate(kinds)])
    weights = np.repeat([weight for weight, _, _ in kinds], [len(first) for _, first, _ in kinds])
    whole = int.from_bytes(blake2b(line.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
    ids = np.append(ids, np.uint64(whole))
    return ids, np.append(weights, WHOLE * np.sqrt(weights @ weights)).astype(np.float32)


def _code_points(text: str) -> Int64s:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.int64)


def _numbered(kind: int, first: Int64s, second: Int64s) -> _Ids:
    """One number for a kind of feature and its two parts, each less than 2**28."""
    numbers: _Ids = ((kind << 56) | (second << 28) | first).astype(np.uint64)
    return numbers


def _random(seeds: _Ids, steps: _Ids) -> _Ids:
    """Random bits for each seed and step: the output of SplitMix64 (Steele, Lea and Flood 2014) after so many steps."""
    x: _Ids = seeds + steps * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
