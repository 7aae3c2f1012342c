"""The automaton of an expression, which says where a text may be after each character and how far that is from a match.

It is made deterministic only as it is followed (Thompson 1968, Regular Expression Search Algorithm). A state is the set
of all positions that a text may be at. `[a-z ]{0,40}love[a-z ]{0,40}` has too many states to make them all beforehand.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from charnn.arrays import Bools, Int32s
from charnn.generation.pattern import character_sets
from charnn.generation.pattern.character_sets import CharacterSet
from charnn.generation.pattern.expression import END, read

NEVER = 2**30
"""The number of characters until a match where none can be reached. No text needs so many."""
DEAD = 0
"""The state in which a text cannot match any more, whatever follows."""

_CACHED_STEPS = 16_384


class Automaton:
    """An automaton whose states are integers. It numbers kinds of characters: those that no class of the expression
    tells apart are of one kind."""

    def __init__(self, expression: str, writable: CharacterSet) -> None:
        """A match can be reached only by `writable` characters. Raises UsageError where `read` does."""
        positions = read(expression)
        self.start = positions.start
        self.literals = positions.literals
        """The characters that the expression names one by one."""
        self._follow = positions.follow
        sets = [*positions.classes, writable]
        edges = np.unique(np.concatenate([np.zeros(1, np.int32), *sets]))
        # There is a column for each stretch between edges, which says what sets its characters are in. Equal columns
        # are one kind.
        memberships = np.array([character_sets.contains(one, edges) for one in sets])
        columns, kinds = np.unique(memberships, axis=1, return_inverse=True)
        self._edges: list[int] = edges.tolist()
        self._kinds = kinds.ravel().astype(np.int32)
        """The kind of the characters from each edge on. A kind is writable as a whole or not at all."""
        self._writable_K = columns[-1]
        class_of_P = np.array(positions.class_of)
        self._readable = [_as_set(column[class_of_P]) & ~END for column in columns.T]
        """The set of positions at which each kind can be read."""
        writable_classes = (columns[:-1] & self._writable_K).any(axis=1)
        self._needed_P = self._distances(writable_classes[class_of_P] if len(writable_classes) else class_of_P > 0)
        self.step = lru_cache(_CACHED_STEPS)(self._step)
        """The state after a state and a kind."""
        self.needed = lru_cache(_CACHED_STEPS)(self._needed)
        """The fewest writable characters from a state until a match: 0 in a state that accepts, `NEVER` without one."""

    def kind(self, code_point: int) -> int:
        return int(self._kinds[bisect_right(self._edges, code_point) - 1])

    def kinds(self, text: str) -> Int32s:
        """The kind of each character."""
        code_points = np.array([ord(character) for character in text], np.int32)
        return self._kinds[np.searchsorted(self._edges, code_points, side="right") - 1]

    def writable_kinds(self, first: int, last: int) -> list[int]:
        """The kinds of the writable characters from code point `first` to `last`, each once."""
        kinds = np.unique(self._kinds[bisect_right(self._edges, first) - 1 : bisect_right(self._edges, last)])
        writable: list[int] = kinds[self._writable_K[kinds]].tolist()
        return writable

    def _step(self, state: int, kind: int) -> int:
        following = DEAD
        for position in _positions(state & self._readable[kind]).tolist():
            following |= self._follow[position]
        return following

    def _needed(self, state: int) -> int:
        return int(self._needed_P[_positions(state)].min(initial=NEVER))

    def _distances(self, writable_P: Bools) -> Int32s:
        """The number of characters needed from each position on."""
        needed_P = np.full(len(self._follow), NEVER, np.int32)
        needed_P[0] = 0
        # A position has a higher number than those after it, except in loops. The end of a loop can also leave it, so
        # the shortest way never goes back.
        for position in np.flatnonzero(writable_P[1:]) + 1:
            following = _positions(self._follow[position])
            needed_P[position] = min(NEVER, 1 + needed_P[following].min(initial=NEVER))
        return needed_P


def _positions(state: int) -> npt.NDArray[np.intp]:
    octets = np.frombuffer(state.to_bytes(state.bit_length() + 7 >> 3, "little"), np.uint8)
    return np.flatnonzero(np.unpackbits(octets, bitorder="little"))


def _as_set(member_P: Bools) -> int:
    return int.from_bytes(np.packbits(member_P, bitorder="little").tobytes(), "little")
