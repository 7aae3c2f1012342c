r"""The modern Hopfield network: a continuous state that attention over the patterns updates (Ramsauer et al. 2021).

    E(xi) = -1/beta ln \sum_m exp(beta x_m.xi / N) + 1/2 xi.xi / N + 1/beta ln M + 1/2      for M patterns of N units

is at least 0. The concave-convex procedure lowers it at every step: the sum of the logarithm is replaced by its tangent
at xi, and the minimum of what comes is

    xi' = \sum_m softmax_m(beta x_m.xi / N) x_m

which is attention with xi as the query and the patterns as keys and values. It holds many more patterns than units, as
long as they are apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from charnn.arrays import Float32s
from charnn.corpora.large_arrays import let_go
from charnn.memory.patterns import Patterns
from charnn.softmax import softmax

BETA = 30.0
NOTHING_LIKE_IT = 0.45
"""The inverse temperature, and the overlap at which a line is as probably none of the memories as the one. By these two
the attention to a garbled line is about the probability that this line is meant. They were chosen to be the likeliest
for lists of 150 and of 1,000 names with a tenth to a third of their characters changed, together with as many names
that are not in the list; `python -m tests.benchmarks CORPUS recall` shows what comes of it for other names."""
SETTLED = 1e-4
"""A state whose units change by less in a step, in the root mean square, has settled."""
MOST_STEPS = 100
_BLOCK = 2048
"""Patterns that are multiplied at once: as bytes they take a quarter of the memory that numbers would."""


@dataclass(frozen=True)
class SettledStates:
    states_BN: Float32s
    energies: tuple[tuple[float, ...], ...]
    """The energies of each state: the one as it was given, and that after each step."""
    first_overlaps_BM: Float32s
    overlaps_BM: Float32s
    """The mean product of the units of each state, as it was given and once it has settled, and of each pattern."""


class ModernHopfieldNetwork:
    def __init__(self, patterns_MN: Patterns, beta: float = BETA) -> None:
        self.patterns_MN = patterns_MN
        self.beta = beta

    def overlaps(self, states_BN: Float32s) -> Float32s:
        """The mean product of the units of each state and each pattern, (B, M)."""
        overlaps_BM = np.empty((len(states_BN), len(self.patterns_MN)), np.float32)
        for rows, block_KN in self._blocks():
            np.matmul(states_BN, block_KN.T, out=overlaps_BM[:, rows])
        overlaps_BM /= self.patterns_MN.shape[1]
        return overlaps_BM

    def energies(self, states_BN: Float32s, overlaps_BM: Float32s) -> Float32s:
        """The energy of each state, which has these overlaps."""
        top_B = overlaps_BM.max(1)
        sums_B = np.exp(self.beta * (overlaps_BM - top_B[:, None])).mean(1, dtype=np.float64)
        squares_B = np.square(states_BN).mean(1, dtype=np.float64)
        energies_B: Float32s = (0.5 * squares_B + 0.5 - top_B - np.log(sums_B) / self.beta).astype(np.float32)
        return energies_B

    def updated(self, overlaps_BM: Float32s) -> Float32s:
        """The states one step after those that have these overlaps."""
        attention_BM = softmax(np.float32(self.beta) * overlaps_BM)
        states_BN = np.zeros((len(overlaps_BM), self.patterns_MN.shape[1]), np.float32)
        for rows, block_KN in self._blocks():
            states_BN += attention_BM[:, rows] @ block_KN
        return states_BN

    def settle(self, states_BN: Float32s) -> SettledStates:
        """Updates each state until it has settled; rows do not depend on each other."""
        states_BN = states_BN.copy()
        overlaps_BM = self.overlaps(states_BN)
        first_overlaps_BM = overlaps_BM.copy()
        energies = [[float(energy)] for energy in self.energies(states_BN, overlaps_BM)]
        moving = np.arange(len(states_BN))
        for _ in range(MOST_STEPS):
            updated_KN = self.updated(overlaps_BM[moving])
            is_moving_K = np.square(updated_KN - states_BN[moving]).mean(1) > SETTLED**2
            moving, updated_KN = moving[is_moving_K], updated_KN[is_moving_K]
            if not len(moving):
                break
            states_BN[moving] = updated_KN
            overlaps_BM[moving] = self.overlaps(updated_KN)
            for row, energy in zip(moving, self.energies(updated_KN, overlaps_BM[moving]), strict=True):
                energies[row].append(float(energy))
        return SettledStates(states_BN, tuple(map(tuple, energies)), first_overlaps_BM, overlaps_BM)

    def confidences(self, overlaps_BM: Float32s) -> Float32s:
        """How probable it is that each state means each pattern; what is missing to 1 is that it means none, (B, M)."""
        none_B1 = np.full((len(overlaps_BM), 1), NOTHING_LIKE_IT, np.float32)
        confidences_BM: Float32s = softmax(np.float32(self.beta) * np.concatenate([overlaps_BM, none_B1], 1))[:, :-1]
        return confidences_BM

    def _blocks(self) -> Iterator[tuple[slice, Float32s]]:
        """The patterns as numbers, some at a time."""
        for start in range(0, len(self.patterns_MN), _BLOCK):
            rows = slice(start, start + _BLOCK)
            yield rows, self.patterns_MN[rows].astype(np.float32)
            let_go(self.patterns_MN)
