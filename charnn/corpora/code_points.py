"""The characters of a text as numbers."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import numpy.typing as npt

CodePoints = npt.NDArray[np.unsignedinteger]


def code_points(text: str) -> CodePoints:
    """The code point of each character, in a byte each where that is enough, and otherwise in four."""
    if text.isascii():
        return np.frombuffer(text.encode("ascii"), np.uint8)
    with suppress(UnicodeEncodeError):
        return np.frombuffer(text.encode("latin-1"), np.uint8)
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.dtype("<u4"))
