"""N-grams as a model keeps them: two or three bytes each, from which all else that reading needs is made again.

The contexts stand in order, the short ones first. A context and an id that was met after it are often a longer context
themselves, and `is_context_E` says of which n-grams that is so. As those come in the order of the longer contexts, no
context has to be written down, and no two arrays can contradict each other about where one leads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from charnn.arrays import Float32s, Float64s
from charnn.ngrams.counting import Level
from charnn.ngrams.packing import Packing

LEVELS = 255
"""The largest code."""
LEAST_LN = -11.0
"""ln of the least probability that a code stands for. The step from one code to the next is 4%, and the probabilities
of what was met after a context are made to have the sum that they must have; so it costs a ten-thousandth of a nat."""

FLAGS_A_BYTE = 8
SMALL = np.dtype(np.uint8), np.dtype(np.uint16), np.dtype(np.uint32)
"""An array of ids, or of numbers of ids, is of the smallest of these types that holds the vocabulary's size."""
MISSING: npt.NDArray[Any] = np.zeros((0, 0))
"""Stands for an array that is not there, and is like none that could be."""


@dataclass(frozen=True)
class NgramTable:
    """The E n-grams that were met after S contexts."""

    followers_S: npt.NDArray[np.unsignedinteger]
    """How many different ids were met after each context."""
    left_S: npt.NDArray[np.uint8]
    """The code of the probability that each context leaves to the next shorter one."""
    ids_E: npt.NDArray[np.unsignedinteger]
    """What was met after each context, in order."""
    probabilities_E: npt.NDArray[np.uint8]
    """The code of each one's part of the rest."""
    is_context_E: npt.NDArray[np.uint8]
    """Whether the context and this id are a longer context; eight to a byte."""

    @classmethod
    def of(cls, levels: Sequence[Level], vocabulary_size: int) -> Self:
        packing, flags = Packing(vocabulary_size), []
        for level, longer in zip(levels, [*levels[1:], None], strict=True):
            grams = packing.join(np.repeat(level.contexts_S, level.followers_S), level.ids_E)
            flags.append(np.zeros(len(grams), np.bool_) if longer is None else np.isin(grams, longer.contexts_S))
        small = np.min_scalar_type(vocabulary_size)
        return cls(
            np.concatenate([level.followers_S for level in levels]).astype(small),
            encode(np.concatenate([level.left_S for level in levels])),
            np.concatenate([level.ids_E for level in levels]).astype(small),
            encode(np.concatenate([level.probabilities_E for level in levels])),
            np.packbits(np.concatenate(flags)),
        )

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The table as arrays by name, for a file."""
        return dict(vars(self))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """The table in these arrays. Raises ValueError where they are none; what they say is checked by whoever reads
        them (`NgramModel`)."""
        followers_S, left_S, ids_E, probabilities_E, is_context_E = (
            arrays.get(name, MISSING) for name in cls.__dataclass_fields__
        )
        is_sound = are_counts(followers_S, left_S, ids_E, probabilities_E) and (
            is_context_E.ndim == 1
            and is_context_E.dtype == np.uint8
            and len(is_context_E) == -(-len(ids_E) // FLAGS_A_BYTE)
        )
        if not is_sound:
            raise ValueError("no table of n-grams")
        return cls(followers_S, left_S, ids_E, probabilities_E, is_context_E)


def are_counts(
    followers_S: npt.NDArray[Any],
    left_S: npt.NDArray[Any],
    ids_E: npt.NDArray[Any],
    probabilities_E: npt.NDArray[Any],
) -> bool:
    """Whether these arrays can be what was met after S contexts, an id at least after each, as `NgramTable` has it."""
    return (
        all(array.ndim == 1 for array in (followers_S, left_S, ids_E, probabilities_E))
        and all(array.dtype in SMALL for array in (followers_S, ids_E))
        and all(array.dtype == np.uint8 for array in (left_S, probabilities_E))
        and len(followers_S) == len(left_S) > 0
        and bool((followers_S > 0).all())
        and int(followers_S.sum(dtype=np.int64)) == len(ids_E) == len(probabilities_E)
    )


def encode(probabilities: Float64s) -> npt.NDArray[np.uint8]:
    """The nearest code of each, by its logarithm."""
    ln = np.log(np.maximum(probabilities, np.exp(LEAST_LN)))
    return np.round(ln * (LEVELS / LEAST_LN)).clip(0, LEVELS).astype(np.uint8)


def decode(codes: npt.NDArray[np.uint8]) -> Float32s:
    probabilities = np.exp(np.arange(LEVELS + 1) * (LEAST_LN / LEVELS)).astype(np.float32)
    found: Float32s = probabilities[codes]
    return found
