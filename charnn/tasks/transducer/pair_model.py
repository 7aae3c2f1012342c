"""What stands beside the network of a transducer, and knows how likely sources and targets are together: n-grams of
aligned pairs, the edits of pairs with features, or the words of lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy.typing as npt

from charnn.tasks.transducer.symbols import EncodedSource


class Proposer(Protocol):
    """Finds targets by itself. Several threads may use it at once."""

    def proposed(self, source: EncodedSource, wanted: int) -> list[list[int]]:
        """The ids of at most so many targets, the likeliest first."""


class PairModel(Protocol):
    """It never changes, and several threads may read it at once."""

    def __len__(self) -> int: ...

    @property
    def name(self) -> str:
        """What it is, in a word."""

    @property
    def kind(self) -> str:
        """What it is, in words, such as "n-grams of aligned pairs"."""

    @property
    def size(self) -> str:
        """How much of what it has, in words."""

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """All of it, for a file."""

    def scores(self, sources: Sequence[EncodedSource], targets: Sequence[Sequence[Sequence[int]]]) -> list[list[float]]:
        """ln p of each target of each source; -inf for one that it holds impossible."""

    def proposer(self) -> Proposer: ...
