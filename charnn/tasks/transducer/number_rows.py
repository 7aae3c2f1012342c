"""Rows of whole numbers as two arrays of a file, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from charnn.arrays import Int32s


def joined(name: str, rows: Sequence[Sequence[int]]) -> dict[str, Int32s]:
    """Rows of numbers as two arrays: all of them, and how many each has."""
    lengths = np.array([len(row) for row in rows], np.int32)
    return {name: np.array([number for row in rows for number in row], np.int32), f"{name}.lengths": lengths}


def parted(name: str, arrays: Mapping[str, npt.NDArray[Any]]) -> list[list[int]]:
    """What `joined` was given. Raises ValueError where the arrays are none."""
    numbers, lengths = (arrays.get(key, np.zeros(0)) for key in (name, f"{name}.lengths"))
    if any(array.ndim != 1 or array.dtype != np.int32 for array in (numbers, lengths)):
        raise ValueError("no table of edits")
    if (lengths < 0).any() or int(lengths.sum(dtype=np.int64)) != len(numbers):
        raise ValueError("edits of other lengths")
    ends, plain = np.cumsum(lengths, dtype=np.int64).tolist(), numbers.tolist()
    return [plain[end - length : end] for end, length in zip(ends, lengths.tolist(), strict=True)]
