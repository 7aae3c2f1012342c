"""Ids in a file that is mapped, so that only those that are looked at are read."""

from __future__ import annotations

import mmap
from typing import Any, BinaryIO, Protocol

import numpy as np
import numpy.typing as npt

AROUND = 1 << 16
"""A system maps about so many bytes around one that is read."""
MOST = 1 << 27
"""After about so many bytes the pages are given back to the system, which keeps them where it has room."""


class Ids(Protocol):
    """The ids (N,) of a text: an array, or what is mapped."""

    def __len__(self) -> int: ...
    def __getitem__(self, part: Any, /) -> npt.NDArray[np.integer]: ...


class MappedIds:
    """The first `count` numbers of a file, as an array is read: by slices and by arrays of places. Each is a copy."""

    def __init__(self, file: BinaryIO, dtype: np.dtype[Any], count: int) -> None:
        self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._ids_N: npt.NDArray[Any] = np.frombuffer(self._map, dtype, count)
        self._read = 0

    def __len__(self) -> int:
        return len(self._ids_N)

    def __getitem__(self, part: slice | npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
        found = np.array(self._ids_N[part])
        # Places in a row are neighbours.
        stretches = len(part) if isinstance(part, np.ndarray) and part.ndim else 1
        self._read += found.nbytes + stretches * AROUND
        if self._read > MOST and hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)
            self._read = 0
        return found


class Backwards:
    """Ids read from their end to their beginning; where they end in a stop token, that stays the last one.

    So documents that stand end to end are each turned round, and a stop token still follows each.
    """

    def __init__(self, ids: Ids, stop_id: int) -> None:
        self._ids = ids
        self._last = len(ids) - 1 - (len(ids) > 0 and int(ids[np.array([len(ids) - 1])][0]) == stop_id)

    def __len__(self) -> int:
        return len(self._ids)

    def __getitem__(self, part: slice | npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
        places = np.arange(*part.indices(len(self))) if isinstance(part, slice) else part
        return self._ids[(self._last - places) % len(self)]


class EachBackwards:
    """Ids of documents that stand end to end, each read from its end to its beginning, in the order that they have."""

    def __init__(self, ids: Ids, stops_D: npt.NDArray[np.integer]) -> None:
        """`stops_D` are the places of the stop tokens; one follows every document."""
        self._ids, self._stops_D = ids, stops_D

    def __len__(self) -> int:
        return len(self._ids)

    def __getitem__(self, part: slice | npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
        places = np.arange(*part.indices(len(self))) if isinstance(part, slice) else part % len(self)
        number = np.searchsorted(self._stops_D, places)
        stops = self._stops_D[number].astype(np.int64)
        begins = np.where(number > 0, self._stops_D[number - 1].astype(np.int64) + 1, 0)
        return self._ids[np.where(places == stops, stops, begins + stops - 1 - places)]
