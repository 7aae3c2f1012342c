"""What the context of a symbol ends in: its last symbol, and of which kinds its last three are.

How far a network, words and n-grams are to be believed depends on it beside what was counted in the context: one of
them may know better how a word goes on, and another how a line begins. As each context of n-grams ends in one way, what
it adds to the powers is known once they are read, and costs a step nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from charnn.arrays import Float32s, Int64s
from charnn.ngrams.model import NgramModel, States
from charnn.ngrams.table import MISSING

KINDS = 8
"""Kinds of symbols: none that can be read, ends of lines, other spaces, small letters, capitals, digits, letters of
scripts without capitals, and all else."""
LAST = 3
"""So many of the last symbols matter by their kinds."""
PREFIX = "endings."
"""The names of the arrays in a file begin with it."""


@dataclass(frozen=True)
class Endings:
    """What the endings of contexts add to the powers of E models."""

    kinds_V: npt.NDArray[np.uint8]
    """The kind of each id."""
    of_last_EV: Float32s
    """What the last symbol adds."""
    of_kinds_EK: Float32s
    """What the kinds of the last symbols add, the kind of the last one counting most in their number."""

    @classmethod
    def of(cls, kinds_V: npt.NDArray[np.uint8], *added: Float32s) -> Self:
        """The endings that add this, by the last symbol and by kinds; those beyond the last one given add nothing."""
        sizes = len(kinds_V), KINDS**LAST
        return cls(
            kinds_V, *(np.pad(one, ((0, 0), (0, size - one.shape[1]))) for one, size in zip(added, sizes, strict=True))
        )

    def added(self, model: NgramModel, states_N: States) -> Float32s:
        """What is added to the power of each model (E, N) in these states."""
        last_N, kinds_N = ending_of(model, self.kinds_V, states_N)
        added_EN: Float32s = self.of_last_EV[:, last_N] + self.of_kinds_EK[:, kinds_N]
        return added_EN

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The same as arrays by name, for a file."""
        return {PREFIX + name: values for name, values in vars(self).items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]], vocabulary_size: int, models: int) -> Self | None:
        """The endings in these arrays; None where there is nothing of them. Raises ValueError where they are none."""
        if not any(name.startswith(PREFIX) for name in arrays):
            return None
        kinds_V, of_last_EV, of_kinds_EK = (arrays.get(PREFIX + name, MISSING) for name in cls.__dataclass_fields__)
        is_sound = (
            kinds_V.shape == (vocabulary_size,)
            and kinds_V.dtype == np.uint8
            and int(kinds_V.max()) < KINDS
            and of_last_EV.shape == (models, vocabulary_size)
            and of_kinds_EK.shape == (models, KINDS**LAST)
            and all(array.dtype == np.float32 and np.isfinite(array).all() for array in (of_last_EV, of_kinds_EK))
        )
        if not is_sound:
            raise ValueError("what its contexts end in adds to no powers")
        return cls(kinds_V, of_last_EV, of_kinds_EK)


def ending_of(model: NgramModel, kinds_V: npt.NDArray[np.uint8], states_N: States) -> tuple[Int64s, Int64s]:
    """The last symbol of each context (N,), 0 for one that has none, and the number (N,) of the kinds of its last
    ones."""
    last_N: Int64s = model.last_S[states_N].astype(np.int64)
    kinds_N = np.zeros(len(states_N), np.int64)
    for _ in range(LAST):
        kinds_N = kinds_N * KINDS + kinds_V[model.last_S[states_N]]
        states_N = model.before_S[states_N]
    return last_N, kinds_N


def kinds_of(spellings: Sequence[bytes]) -> npt.NDArray[np.uint8]:
    """The kind of each id that writes these bytes, of several characters that of the last one."""
    return np.array([_kind(spelling.decode("utf-8", "replace")[-1:]) for spelling in spellings], np.uint8)


def _kind(character: str) -> int:
    if character in ("", "\ufffd"):
        return 0
    tests = (character == "\n", character.isspace(), character.islower(), character.isupper(), character.isdigit())
    return next((kind for kind, is_this in enumerate(tests, 1) if is_this), 6 if character.isalpha() else 7)
