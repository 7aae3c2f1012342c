"""What the filters remember of each lane: which tokens have come lately, and what the lane is about to repeat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from charnn.generation.recent_tokens import RecentTokens
from charnn.generation.repetitions import Repetitions

Ids = npt.NDArray[np.integer]


class History:
    """The memories of all lanes. One that no filter needs is None, and costs nothing."""

    def __init__(self, recent: RecentTokens | None = None, repetitions: Repetitions | None = None) -> None:
        """At first there are no lanes."""
        self.recent, self.repetitions = recent, repetitions
        self._kept = [memory for memory in (recent, repetitions) if memory is not None]

    def extend(self, lanes: Sequence[Ids]) -> None:
        """Adds new lanes behind the others; they begin with these ids."""
        for memory in self._kept:
            memory.extend(lanes)

    def put(self, lane: int, ids_T: Ids) -> None:
        """Begins a lane again, with these ids."""
        for memory in self._kept:
            memory.put(lane, ids_T)

    def add(self, ids_B: Ids) -> None:
        """Adds a token to every lane."""
        for memory in self._kept:
            memory.add(ids_B)

    def select(self, lanes: Ids) -> None:
        """Keeps these lanes, in this order; one may come several times."""
        for memory in self._kept:
            memory.select(lanes)
