"""Many short strings and rows of numbers in little memory: one after the other, with the place where each ends."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from charnn.arrays import Int32s, Int64s, Integers
from charnn.corpora.large_arrays import Gathered

Places = npt.NDArray[np.int64]
ERRORS = "surrogatepass"
TOGETHER = 1 << 20
"""So many bytes are gathered at once."""


class StoredStrings:
    """Strings, each of which is made anew when it is asked for. None may be added once one has been asked for."""

    def __init__(self, what: str) -> None:
        """`what` is what they are, for the message where there is no room for them."""
        self._gathered, self._held = Gathered(np.uint8, what), bytearray()
        self._ends, self._lengths = array("q", [0]), array("i")
        self._bytes: npt.NDArray[np.uint8] | None = None

    def add(self, text: str) -> None:
        data = text.encode("utf-8", ERRORS)
        self._held += data
        self._ends.append(self._ends[-1] + len(data))
        self._lengths.append(len(text))
        if len(self._held) > TOGETHER:
            self._gather()

    def __len__(self) -> int:
        return len(self._lengths)

    def __getitem__(self, place: int) -> str:
        if self._bytes is None:
            self._gather()
            self._bytes = self._gathered.array()
        return self._bytes[self._ends[place] : self._ends[place + 1]].tobytes().decode("utf-8", ERRORS)

    @property
    def lengths(self) -> Int32s:
        """The characters of each."""
        return np.array(self._lengths, np.int32)

    def _gather(self) -> None:
        self._gathered.add(np.frombuffer(bytes(self._held), np.uint8))
        self._held.clear()


class StoredRows(Sequence[npt.NDArray[Any]]):
    """Rows of numbers that are not negative, in as few bytes each as the largest takes."""

    def __init__(self, rows: Iterable[Integers], largest: int, what: str) -> None:
        """`what` is what they are, for the message where there is no room for them."""
        gathered, lengths, held, size = Gathered(np.min_scalar_type(largest), what), array("q"), [], 0
        for row in rows:
            held.append(row)
            lengths.append(len(row))
            size += len(row)
            if size > TOGETHER:
                gathered.add(np.concatenate(held))
                held, size = [], 0
        if held:
            gathered.add(np.concatenate(held))
        self.numbers, self.lengths = gathered.array(), np.array(lengths, np.int64)
        self.starts: Places = np.cumsum(self.lengths) - self.lengths

    def __len__(self) -> int:
        return len(self.lengths)

    @overload
    def __getitem__(self, row: int) -> npt.NDArray[Any]: ...
    @overload
    def __getitem__(self, row: slice) -> Sequence[npt.NDArray[Any]]: ...
    def __getitem__(self, row: int | slice) -> npt.NDArray[Any] | Sequence[npt.NDArray[Any]]:
        if isinstance(row, slice):
            return [self[number] for number in range(*row.indices(len(self)))]
        start = self.starts[row]
        return self.numbers[start : start + self.lengths[row]]

    def __iter__(self) -> Iterator[npt.NDArray[Any]]:
        return map(self.__getitem__, range(len(self)))

    def chosen(self, rows: Places) -> StoredRows:
        """These rows, in this order."""
        largest = np.iinfo(self.numbers.dtype).max
        return StoredRows((self[row] for row in rows.tolist()), largest, "rows of numbers")

    def padded(self, rows: Sequence[int], filled_with: int) -> Int64s:
        """These rows, (B, T), padded at the end."""
        lengths_B = self.lengths[list(rows)]
        padded_BT = np.full((len(rows), int(lengths_B.max())), filled_with, np.int64)
        padded_BT[np.arange(padded_BT.shape[1]) < lengths_B[:, None]] = np.concatenate([self[row] for row in rows])
        return padded_BT
