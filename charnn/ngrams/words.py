"""Words among the ids of a text: at each place, the run of symbols that it stands in and the two words before it.

A word is a run of letters, digits, apostrophes and underscores, and everything else is between words. Runs are known by
hashes, in which a capital is as its small letter. Two runs with the same hash are taken for one, which is so rare that
it costs nothing that could be measured.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from charnn.arrays import Bools, Int64s
from charnn.ngrams.packing import Ids

Places = npt.NDArray[np.uint64]
"""(..., 3): the hash of the run that a place stands in, as far as it has been read, and those of the last word before
it and of the word before that. All are 0 where nothing has been read."""
Keys = npt.NDArray[np.uint32]

LEVELS = 3
"""A context is the run alone, or with one word before it, or with two."""
NOTHING = (0, 0, 0)
WORD = 1 << 60
"""The bit of a hash that says that the run is a word."""
_LOW, ALL = WORD - 1, (1 << 64) - 1
_FACTOR = 0x5851F42D4C957F2D
_INVERSE = pow(_FACTOR, -1, 1 << 64)
_BEGUN = (2, 1)
"""What the hash of a run between words, and of a word, begins with."""
FACTORS = (1, 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F)
"""What the hash of a run, of the last word and of the word before that are multiplied by in the sum of a key."""
SPREAD, SHIFT, KEY_BITS = 0xD6E8FEB86659FD93, 29, 32
"""The key is then made of the sum so that all of its bits matter."""
FEW = 8
"""So many places are read faster one by one."""


@dataclass(frozen=True)
class WordSymbols:
    """Which of V ids words are made of."""

    is_word_V: Bools
    folded_V: Int64s
    """The id of the small letter, for a capital; else the id itself."""

    @classmethod
    def of(cls, spellings: Sequence[bytes]) -> Self | None:
        """Those of the ids that write these bytes. None where an id may write several characters, or none is of a word.
        A byte that is no character by itself is a part of a word."""
        texts = [spelling.decode("utf-8", "replace") for spelling in spellings]
        if any(len(text) > 1 for text in texts):
            return None
        number = {text: id_ for id_, text in enumerate(texts) if text != "\ufffd"}
        is_word = list(map(is_of_word, texts))
        folded = [number.get(text.lower(), id_) if text else id_ for id_, text in enumerate(texts)]
        return cls(np.array(is_word, np.bool_), np.array(folded, np.int64)) if any(is_word) else None

    def after(self, place: tuple[int, int, int], id_: int) -> tuple[int, int, int]:
        """The place after one more id."""
        run, last, earlier = place
        is_word = self._is_word[id_]
        if is_word != (run >= WORD):
            if run >= WORD:
                last, earlier = run, last
            run = _BEGUN[is_word]
        return (run * _FACTOR + self._codes[id_] & _LOW) | is_word << 60, last, earlier

    # Python reads single values from lists several times as fast as from arrays.
    @cached_property
    def _is_word(self) -> list[bool]:
        found: list[bool] = self.is_word_V.tolist()
        return found

    @cached_property
    def _codes(self) -> list[int]:
        found: list[int] = (self.folded_V + 1).tolist()
        return found

    def along(self, place_3: Places, ids_T: Ids) -> Places:
        """The places (T, 3) after each of the ids, which `after` gives one by one."""
        if len(ids_T) <= FEW:
            place, found = (int(place_3[0]), int(place_3[1]), int(place_3[2])), []
            for id_ in ids_T.tolist():
                place = self.after(place, id_)
                found.append(place)
            return np.array(found, np.uint64).reshape(-1, LEVELS)
        is_word_T, codes_T = self.is_word_V[ids_T], (self.folded_V[ids_T] + 1).astype(np.uint64)
        # A hash is a polynomial in the factor, so that of a run is what two sums from the beginning differ by.
        powers, inverses = (_powers(base, len(ids_T) + 1) for base in (_FACTOR, _INVERSE))
        sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(codes_T * inverses[:-1])])
        starts = np.concatenate([[0], np.flatnonzero(np.diff(is_word_T)) + 1])
        begun_R = np.array(_BEGUN, np.uint64)[is_word_T[starts].astype(np.intp)]
        was_in_word = int(place_3[0]) >= WORD
        if bool(is_word_T[0]) == was_in_word:
            begun_R[0] = place_3[0]
        run_of_T = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(ids_T)))
        at_T, start_T = np.arange(len(ids_T)), starts[run_of_T]
        hashes_T = powers[at_T] * (sums[at_T + 1] - sums[start_T]) + powers[at_T - start_T + 1] * begun_R[run_of_T]
        hashes_T = (hashes_T & np.uint64(_LOW)) | (is_word_T.astype(np.uint64) << np.uint64(60))
        ends = np.flatnonzero(is_word_T[:-1] & ~is_word_T[1:])
        before = [place_3[2], place_3[1]]
        if was_in_word and not is_word_T[0]:
            before.append(place_3[0])
        words = np.concatenate([np.array(before, np.uint64), hashes_T[ends]])
        known_T = len(before) + np.searchsorted(ends, at_T)
        return np.stack([hashes_T, words[known_T - 1], words[known_T - 2]], 1)


def is_of_word(character: str) -> bool:
    """Whether words are made of this character; one for a byte that is no character by itself counts, too."""
    return character in ("'", "\u2019", "_", "\ufffd") or character.isalnum() or _is_mark(character)


def _is_mark(character: str) -> bool:
    return len(character) == 1 and unicodedata.category(character).startswith("M")


def _powers(base: int, number: int) -> npt.NDArray[np.uint64]:
    factors = np.full(number, base, np.uint64)
    factors[0] = 1
    return np.multiply.accumulate(factors)


def keys(places: Places) -> Keys:
    """The keys (..., 3) of the contexts of a place, the shortest first. `WordModel.extend_one` makes those of a
    single one."""
    sums = np.cumsum(places * np.array(FACTORS, np.uint64), -1, dtype=np.uint64)
    found: Keys = ((sums ^ (sums >> np.uint64(SHIFT))) * np.uint64(SPREAD) >> np.uint64(KEY_BITS)).astype(np.uint32)
    return found
