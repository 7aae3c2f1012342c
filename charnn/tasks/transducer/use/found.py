"""What a search for targets gives, and what it may be given.

Shapes: N sources; V target symbols.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Wide = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Found:
    """A target that was found."""

    ids: list[int]
    """Its symbols, without the stop."""
    log_probability: float
    """The log-probability of all its symbols and of its stop, in nats."""
    places: list[int]
    """The place of the source that each symbol was copied from, where it is an unknown one."""
    is_cut: bool = False
    """Whether the bound on the length ended it, and not a stop."""


class Constraint(Protocol):
    """Says which symbols may come next in a target."""

    def allowed(self, ids: Sequence[int], left: int | None) -> npt.NDArray[np.bool_]:
        """The symbols (V,) that may follow `ids` where `left` more may be written; None sets no limit."""


Choose = Callable[[Wide, npt.NDArray[np.intp]], npt.NDArray[np.intp]]
"""Draws a symbol (N,) for each source from ln p (N, V) and the numbers of the sources."""


@dataclass(frozen=True)
class SearchOptions:
    """What a search for targets is asked for."""

    beams: int
    """The number of hypotheses that are kept at each step; one beam is greedy."""
    unknown: int | None
    """The id of the unknown symbol. It is written only by a network that copies, for a source with a symbol that
    training had not, and stands for a copy of that."""
    copies: bool
    wanted: int = 1
    """The most targets of a source, which is at most `beams`."""
    constraint: Constraint | None = None
    choose: Choose | None = None
    """What draws each symbol, instead of taking the likeliest; there is one beam then."""
