r"""The classical Hopfield network: units of +1 and -1, symmetric weights, no self-connections, thresholds, an energy.

    E(s) = -1/2 \sum_ij w_ij s_i s_j - \sum_i theta_i s_i            w_ij = w_ji, w_ii = 0

The update rule follows from the energy. If unit i alone changes from s_i to s_i', then, since w is symmetric and has no
diagonal,

    E' - E = -(s_i' - s_i) h_i        with the field        h_i = \sum_j w_ij s_j + theta_i

so the energy falls if the unit takes the sign of its field, and that is the rule: s_i' = sgn(h_i), where a unit whose
field is 0 stays as it is. A threshold that enters E with a minus therefore enters the field with a plus: theta_i pushes
the unit towards +1, as the weight from a further unit would that is always +1. Whoever writes sgn(\sum_j w_ij s_j -
theta_i), as a threshold that has to be passed, must write + \sum_i theta_i s_i into the energy. The two forms differ in
the sign of theta alone, and mixed they let the energy rise.

One unit after another, the energy falls with every unit that changes, by 2 |h_i|, and the states are finite in number,
so the network settles. All units at once, it settles or ends in two states that take turns (Goles and Olivos 1981).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from charnn.arrays import Float64s
from charnn.memory.patterns import Patterns

Learning = Literal["hebbian", "pseudo-inverse"]
Updates = Literal["asynchronous", "synchronous"]

HEBBIAN_CAPACITY = 0.14
"""Patterns for each unit. Beyond, recall of random patterns breaks down at once (Amit, Gutfreund and Sompolinsky 1985:
0.138)."""
FEW_UNITS = 0.03
"""The share of a pattern's units that may change while it still counts as held. At the capacity, 1.6% do."""
_NO_FIELD = 1e-9
"""A field that is nearer to 0 has no sign: it is a sum of weights near 1, and may be off by rounding."""
_LOOKED_AT = 128


@dataclass(frozen=True)
class Settled:
    state_N: Patterns
    steps: int
    """Asynchronous: the units that changed, one at a time. Synchronous: the times that all units were updated and some
    changed."""
    energies: tuple[float, ...]
    """The energy of the state that was given, and that after each step."""
    two_cycle: bool = False
    """Whether two states take turns. `state_N` is the one of lower energy."""


class HopfieldNetwork:
    """Weights and thresholds, and the states that they settle to."""

    def __init__(self, weights_NN: Float64s, thresholds_N: Float64s) -> None:
        """The weights are symmetric, and their diagonal is 0."""
        self.weights_NN = weights_NN
        self.thresholds_N = thresholds_N

    @classmethod
    def learned(cls, patterns_MN: Patterns, learning: Learning) -> HopfieldNetwork:
        """The network that has these M patterns x_m of N units for memories. A further unit, which is always +1, learns
        with the others, and the weights from it are the thresholds.

        hebbian: w_ij = 1/N sum_m x_mi x_mj. Each pattern is learned by itself, from units that are on together, and
        patterns that are alike disturb each other.
        pseudo-inverse: w = X^T (X X^T)^+ X, the projection on what the patterns span (Personnaz, Guyon and Dreyfus
        1985). It undoes what patterns that are alike do to each other: each of fewer than N is a fixed point.
        """
        patterns_MK = np.pad(patterns_MN.astype(np.float64), ((0, 0), (0, 1)), constant_values=1)
        if learning == "hebbian":
            weights_KK = patterns_MK.T @ patterns_MK / patterns_MN.shape[1]
        else:
            inverse_MM = np.linalg.pinv(patterns_MK @ patterns_MK.T, hermitian=True)
            weights_KK = patterns_MK.T @ (inverse_MM @ patterns_MK)
            weights_KK = (weights_KK + weights_KK.T) / 2  # symmetric to the last bit
        np.fill_diagonal(weights_KK, 0)
        return cls(np.ascontiguousarray(weights_KK[:-1, :-1]), weights_KK[:-1, -1].copy())

    def field(self, state_N: Patterns | Float64s) -> Float64s:
        field_N: Float64s = self.weights_NN @ state_N + self.thresholds_N
        return field_N

    def energy(self, state_N: Patterns | Float64s, field_N: Float64s | None = None) -> float:
        """The energy of the state. Where its field is known, it is a sum: w s is the field without the thresholds."""
        field_N = self.field(state_N) if field_N is None else field_N
        return float(-0.5 * state_N @ (field_N + self.thresholds_N))

    def held(self, patterns_MN: Patterns) -> int:
        """How many of the patterns stay what they are when all units are updated once, but for a few units."""
        fields_MN = patterns_MN @ self.weights_NN + self.thresholds_N
        return int(((fields_MN * patterns_MN < -_NO_FIELD).mean(1) <= FEW_UNITS).sum())

    def settle(self, state_N: Patterns, updates: Updates = "asynchronous") -> Settled:
        return self.settle_asynchronously(state_N) if updates == "asynchronous" else self.settle_synchronously(state_N)

    def settle_asynchronously(self, state_N: Patterns) -> Settled:
        """Updates one unit after another, in the order of their numbers and round again, until no unit changes."""
        state_N = state_N.astype(np.float64)
        field_N = self.field(state_N)
        energies = [self.energy(state_N, field_N)]
        margin_N = field_N * state_N
        next_unit = 0
        while (unit := _first_wrong(margin_N, next_unit)) is not None:
            energies.append(energies[-1] + 2 * float(margin_N[unit]))
            state_N[unit] = -state_N[unit]
            margin_N[unit] = -margin_N[unit]
            margin_N += 2 * state_N[unit] * self.weights_NN[unit] * state_N
            next_unit = unit + 1
        return Settled(state_N.astype(np.int8), len(energies) - 1, tuple(energies))

    def settle_synchronously(self, state_N: Patterns) -> Settled:
        """Updates all units at once, until none changes or the state is that of two updates before."""
        before_N, field_N = state_N, self.field(state_N)
        energies = [self.energy(state_N, field_N)]
        while True:
            next_N = np.where(np.abs(field_N) > _NO_FIELD, np.sign(field_N), state_N).astype(np.int8)
            if np.array_equal(next_N, state_N):
                return Settled(state_N, len(energies) - 1, tuple(energies))
            field_N = self.field(next_N)
            energies.append(self.energy(next_N, field_N))
            if len(energies) > 2 and np.array_equal(next_N, before_N):
                lower_N = next_N if energies[-1] <= energies[-2] else state_N
                return Settled(lower_N, len(energies) - 1, tuple(energies), two_cycle=True)
            before_N, state_N = state_N, next_N


def _first_wrong(margin_N: Float64s, first: int) -> int | None:
    """The first unit, from `first` on and then round again, whose sign is not that of its field; None if there is none.
    `margin_N` has the products of both. Most often it is near, so the units are looked at some at a time."""
    units = len(margin_N)
    for start in (*range(first, units, _LOOKED_AT), *range(0, first, _LOOKED_AT)):
        wrong = margin_N[start : start + _LOOKED_AT] < -_NO_FIELD
        if wrong.any():
            found: int = start + int(wrong.argmax())
            return found
    return None


LOADS = (0.06, 0.1, 0.12, 0.14, 0.16, 0.2, 0.3, 0.4, 0.5)
MOST_TRIED = 40
"""So many of the patterns, at most, are garbled and recalled."""
WHOLE = 0.95
"""A pattern counts as recalled if the settled state has this overlap with it. At the capacity it is 0.967."""


@dataclass(frozen=True)
class LoadResult:
    learning: Learning
    load: float
    """Patterns for each unit."""
    recalled: float
    """The fraction of the patterns that came back."""
    overlap: float
    """The mean product of the units of the settled state and of the pattern."""


def capacity(
    loads: Sequence[float], learning: Learning, *, units: int, garbled: float, seed: int = 0
) -> Iterator[LoadResult]:
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
        yield LoadResult(learning, load, float((overlap_K >= WHOLE).mean()), float(overlap_K.mean()))
