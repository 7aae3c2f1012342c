"""Lengths of documents, in tokens, as networks tell them apart: exactly where they are short, by classes beyond."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

EXACT = 32
"""Up to this length, each is a class of its own, 0 among them."""
CLASSES_OF_AN_OCTAVE = 8
"""Beyond it, each doubling of the length has so many classes."""
LONGEST = 1 << 20
"""What is longer than this counts as being of the last class."""

_OCTAVES = [EXACT << doubling for doubling in range((LONGEST // EXACT).bit_length() - 1)]
FIRST_LENGTHS = np.array(
    [
        *range(EXACT + 1),
        *(low + step * low // CLASSES_OF_AN_OCTAVE + 1 for low in _OCTAVES for step in range(CLASSES_OF_AN_OCTAVE)),
    ],
    np.int64,
)
"""(L,): the shortest length of each class. Models depend on it."""
LENGTH_CLASSES = len(FIRST_LENGTHS)
"""L, the number of classes."""
WIDTHS = np.diff(FIRST_LENGTHS, append=LONGEST + 1)
"""(L,): how many lengths each class has; within a class all are equally likely."""
LOG_WIDTHS = np.log(WIDTHS)

Ints = npt.NDArray[np.integer]


def class_of(lengths: Ints) -> npt.NDArray[np.int64]:
    """The class of each length, in the shape that they have."""
    return np.searchsorted(FIRST_LENGTHS, lengths, side="right") - 1


def remaining_tokens(targets: Ints, stop_id: int) -> npt.NDArray[np.int32]:
    """For each target (..., T), how many tokens are left of its document, it included: 0 where it is the stop.

    So after a document's last token, 0 are left; after the stop that opens a document, as many as it has. Rows are
    read by themselves; what follows the last stop of a row ends with the row.
    """
    length = targets.shape[-1]
    place_T = np.arange(length, dtype=np.int32)
    stops = np.where(targets == stop_id, place_T, np.int32(length))
    next_stop = np.minimum.accumulate(stops[..., ::-1], axis=-1)[..., ::-1]
    return next_stop - place_T


def draw_length(log_p_L: npt.NDArray[np.floating], uniform: float, *, at_least: int = 1) -> int:
    """A length from the probabilities of the classes, given as logarithms, by a random number in [0, 1).

    Only lengths from `at_least` on are drawn, each as likely as it is among them. Where none of those can be, as after
    a prompt that is longer than any length, `at_least` itself is the length.
    """
    lowest_L = np.maximum(FIRST_LENGTHS, at_least)
    counts_L = np.maximum(FIRST_LENGTHS + WIDTHS - lowest_L, 0)
    with np.errstate(divide="ignore"):
        log_mass_L = log_p_L.astype(np.float64) + np.log(counts_L / WIDTHS)
    top = log_mass_L.max()
    if not np.isfinite(top):
        return at_least
    mass_L = np.exp(log_mass_L - top)
    ends_L = mass_L.cumsum()
    wanted = uniform * ends_L[-1]
    # Rounding may take it beyond the last class that has any mass.
    chosen = min(int(np.searchsorted(ends_L, wanted, side="right")), int(np.flatnonzero(mass_L)[-1]))
    within = (wanted - (ends_L[chosen] - mass_L[chosen])) / mass_L[chosen]
    count: Any = counts_L[chosen]
    return int(lowest_L[chosen] + min(max(int(within * count), 0), count - 1))
