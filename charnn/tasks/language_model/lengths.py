"""Classes of document lengths. Networks tell short lengths apart exactly, in tokens, and longer ones by classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from charnn.arrays import Floats, Int32s, Int64s, Integers

if TYPE_CHECKING:
    from charnn.tasks.language_model.long_ids import Ids

EXACT = 32
"""Each length from 0 to this one is a class of its own."""
CLASSES_OF_AN_OCTAVE = 8
"""Beyond it, each doubling of the length has so many classes."""
LONGEST = 1 << 20
"""A document that is longer than this counts as one of the last class."""

_OCTAVES = [EXACT << doubling for doubling in range((LONGEST // EXACT).bit_length() - 1)]
FIRST_LENGTHS = np.array(
    [
        *range(EXACT + 1),
        *(low + step * low // CLASSES_OF_AN_OCTAVE + 1 for low in _OCTAVES for step in range(CLASSES_OF_AN_OCTAVE)),
    ],
    np.int64,
)
"""The shortest length of each class, (L,). Models depend on it."""
LENGTH_CLASSES = len(FIRST_LENGTHS)
"""L, the number of classes."""
WIDTHS = np.diff(FIRST_LENGTHS, append=LONGEST + 1)
"""The number of lengths in each class, (L,). Within a class all are equally likely."""
LOG_WIDTHS = np.log(WIDTHS)

BLOCK_LENGTH = 1 << 24
"""So many ids are looked at at once."""


def class_of(lengths: Integers) -> Int64s:
    """The class of each length, in the shape of `lengths`."""
    return np.searchsorted(FIRST_LENGTHS, lengths, side="right") - 1


def remaining_tokens(targets: Integers, stop_id: int) -> Int32s:
    """The number of tokens that are left of each target's document, the target included, (..., T).

    It is 0 where the target is the stop token. So 0 tokens are left after a document's last token, and all of them
    after the stop token that opens a document. Each row is read by itself. What follows its last stop token ends with
    the row.
    """
    length = targets.shape[-1]
    place_T = np.arange(length, dtype=np.int32)
    stops = np.where(targets == stop_id, place_T, np.int32(length))
    next_stop = np.minimum.accumulate(stops[..., ::-1], axis=-1)[..., ::-1]
    return next_stop - place_T


def places_of(ids: Ids, wanted: int) -> Integers:
    """The places of an id among others, in order."""
    dtype: np.dtype[Any] = np.dtype(np.uint32 if BLOCK_LENGTH <= len(ids) < 1 << 32 else np.int64)
    starts = range(0, len(ids), BLOCK_LENGTH)
    found = [np.flatnonzero(ids[at : at + BLOCK_LENGTH] == wanted).astype(dtype) + np.array(at, dtype) for at in starts]
    return np.concatenate([np.zeros(0, dtype), *found])


class Remaining:
    """What `remaining_tokens` gives for any places of one long row of targets, without holding it."""

    def __init__(self, targets_N: Ids, stop_id: int) -> None:
        self._length = len(targets_N)
        self._stops = places_of(targets_N, stop_id)

    def __getitem__(self, places_BT: Integers) -> Int64s:
        ends = np.append(self._stops[:0], self._length) if not len(self._stops) else self._stops
        number_BT = np.searchsorted(self._stops, places_BT)
        next_BT = ends[np.minimum(number_BT, len(ends) - 1)].astype(np.int64)
        next_BT[number_BT == len(self._stops)] = self._length
        return next_BT - places_BT


class LengthRows(Remaining):
    """The class of what remains at any places."""

    def __getitem__(self, places_BT: Integers) -> Int64s:
        return class_of(super().__getitem__(places_BT))


def draw_length(log_p_L: Floats, uniform: float, *, at_least: int = 1) -> int:
    """Draws a length from the log-probabilities of the classes, with a random number in [0, 1).

    Only lengths from `at_least` on are drawn, with their probabilities among each other. Where all of them have a
    probability of 0, as after a prompt that is longer than any length, the length is `at_least`.
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
