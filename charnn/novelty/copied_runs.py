"""The runs of characters that a text has in common with a corpus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
PART = 1 << 20
"""So many characters of a text are looked at at once."""


@dataclass(frozen=True, slots=True)
class CopiedRun:
    """A run of characters of a text that stands in the corpus, too. Places are characters, counted from 0."""

    start: int
    length: int
    source: int
    """The number of the corpus's text that has it."""
    source_start: int
    """The place where it begins there. It may also stand elsewhere."""


@dataclass(frozen=True, slots=True)
class Matches:
    """The runs that a text has in common with a corpus."""

    at_least: int
    lengths_T: Integers
    """The length of the longest run that begins at each character and stands in the corpus, 0 where it is less than
    `at_least`. If it is less everywhere, the longest runs are given all the same."""
    places_T: Integers
    """The place where that run stands in the corpus, whose texts are counted one after another."""
    source_starts: Integers
    """The place where each text of the corpus begins."""

    @property
    def characters(self) -> int:
        return len(self.lengths_T)

    @property
    def copied(self) -> int:
        """The number of characters that lie inside runs of at least `at_least`."""
        found, reached = 0, 0
        for start in range(0, self.characters, PART):
            places = np.arange(start, min(start + PART, self.characters))
            lengths = self.lengths_T[start : start + PART]
            ends = np.maximum.accumulate(np.where(lengths >= self.at_least, places + lengths, reached))
            ends = np.maximum(ends, reached)
            found += int(np.count_nonzero(ends > places))
            reached = int(ends[-1])
        return found

    @property
    def share(self) -> float | None:
        """The fraction of the characters that are copied, or None where there are no characters."""
        return self.copied / self.characters if self.characters else None

    @property
    def longest(self) -> CopiedRun | None:
        """The longest run, however short it is, and the first of several. None says that no character is common."""
        if not self.characters or not self.lengths_T.any():
            return None
        return self._run(int(np.argmax(self.lengths_T)))

    def runs(self) -> Iterator[CopiedRun]:
        """The runs of at least `at_least` that no longer run contains, in order. They may overlap."""
        ends = self._ends()
        reached = np.concatenate([[0], np.maximum.accumulate(ends)[:-1]]) if len(ends) else ends
        return map(self._run, np.flatnonzero(ends > reached).tolist())

    def _ends(self) -> Integers:
        """The place where the run at each character ends, or 0 where it is shorter than `at_least`."""
        return np.where(self.lengths_T >= self.at_least, np.arange(self.characters) + self.lengths_T, 0)

    def _run(self, start: int) -> CopiedRun:
        place = self.places_T[start]
        source = int(np.searchsorted(self.source_starts, place, "right")) - 1
        return CopiedRun(start, int(self.lengths_T[start]), source, int(place - self.source_starts[source]))
