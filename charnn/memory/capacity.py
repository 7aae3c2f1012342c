"""How many patterns the classical form holds: random patterns, recalled from garbled ones, at growing loads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from charnn.memory.hopfield import HopfieldNetwork, Learning
from charnn.memory.patterns import Patterns

LOADS = (0.06, 0.1, 0.12, 0.14, 0.16, 0.2, 0.3, 0.4, 0.5)
MOST_TRIED = 40
"""So many of the patterns, at most, are garbled and recalled."""
WHOLE = 0.95
"""A pattern counts as recalled if the settled state has this overlap with it. At the capacity it is 0.967."""


@dataclass(frozen=True)
class AtLoad:
    learning: Learning
    load: float
    """Patterns for each unit."""
    recalled: float
    """The fraction of the patterns that came back."""
    overlap: float
    """The mean product of the units of the settled state and of the pattern."""


def capacity(
    loads: Sequence[float], learning: Learning, *, units: int, garbled: float, seed: int = 0
) -> Iterator[AtLoad]:
    """What becomes of random patterns whose units are turned round with the probability `garbled`, at each load; the
    updates are asynchronous."""
    for load in loads:
        random = np.random.default_rng(seed)
        patterns_MN: Patterns = (2 * random.integers(0, 2, (max(1, round(load * units)), units)) - 1).astype(np.int8)
        network = HopfieldNetwork.learned(patterns_MN, learning)
        tried_KN = patterns_MN[:MOST_TRIED]
        cues_KN = np.where(random.random(tried_KN.shape) < garbled, -tried_KN, tried_KN)
        settled_KN = np.stack([network.settle(cue_N).state_N for cue_N in cues_KN])
        overlap_K = (settled_KN.astype(np.float64) * tried_KN).mean(1)
        yield AtLoad(learning, load, float((overlap_K >= WHOLE).mean()), float(overlap_K.mean()))
