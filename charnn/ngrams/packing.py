"""Packs the ids of an n-gram into one integer of 64 bits, so that to sort such integers is to sort n-grams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Packed = npt.NDArray[np.int64]
"""N-grams, the oldest id in the highest bits."""
Ids = npt.NDArray[np.integer]

BITS = 63
"""The bits of an integer that is not negative."""


@dataclass(frozen=True)
class Packing:
    """How n-grams of ids below `vocabulary_size` are packed."""

    vocabulary_size: int

    @property
    def bits(self) -> int:
        """The bits of one id."""
        return max(1, (self.vocabulary_size - 1).bit_length())

    @property
    def longest(self) -> int:
        """The most ids that can be packed."""
        return BITS // self.bits

    def grams(self, sequences: Sequence[Ids], length: int, before: int) -> Packed:
        """For each id of the sequences, the n-gram of so many ids that it ends. An n-gram that begins before its
        sequence has the id `before` there."""
        packed = []
        for ids_N in sequences:
            padded = np.concatenate([np.full(length - 1, before, np.int64), ids_N])
            gram = np.zeros(len(ids_N), np.int64)
            for place in range(length):
                gram = (gram << self.bits) | padded[place : place + len(ids_N)]
            packed.append(gram)
        return np.concatenate(packed) if packed else np.zeros(0, np.int64)

    def last(self, grams: Packed, length: int) -> Packed:
        """The last `length` ids of each."""
        return grams & ((1 << (self.bits * length)) - 1)

    def join(self, contexts: Packed, ids: Ids) -> Packed:
        """Each context with one more id after it."""
        return (contexts << self.bits) | ids

    def split(self, grams: Packed) -> tuple[Packed, Packed]:
        """Each n-gram without its last id, and that id."""
        return grams >> self.bits, grams & ((1 << self.bits) - 1)
