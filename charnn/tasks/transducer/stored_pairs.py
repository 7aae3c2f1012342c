"""Many pairs in little memory: their strings one after the other, and a few numbers for each."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, overload

import numpy as np
import numpy.typing as npt

from charnn.corpora.pairs import Pair
from charnn.corpora.stored_strings import Places, StoredStrings

Keys = npt.NDArray[np.int64]
"""Equal things have equal numbers, and so few others have that it does not matter."""


class _Store:
    def __init__(self) -> None:
        self.sources, self.targets = StoredStrings("pairs"), StoredStrings("pairs")
        self.lines, self.features, self.files = array("q"), array("i"), array("i")
        self.kinds_of_features, self.file_names = dict[str, int](), dict[str, int]()
        self.keys = array("q"), array("q"), array("q")

    def add(self, pair: Pair) -> None:
        self.sources.add(pair.source)
        self.targets.add(pair.target)
        self.lines.append(pair.line)
        self.features.append(self.kinds_of_features.setdefault(pair.features, len(self.kinds_of_features)))
        self.files.append(self.file_names.setdefault(pair.file, len(self.file_names)))
        given = pair.source, pair.features
        for keys, key in zip(self.keys, (pair.source, given, (*given, pair.target)), strict=True):
            keys.append(hash(key))


class StoredPairs(Sequence[Pair]):
    """All pairs, or some of them in an order. A pair is made anew each time that it is asked for."""

    def __init__(self, pairs: Iterable[Pair]) -> None:
        self._store = _Store()
        for pair in pairs:
            self._store.add(pair)
        self._places: Places = np.arange(len(self._store.lines))
        self._features, self._files = list(self._store.kinds_of_features), list(self._store.file_names)

    @classmethod
    def of(cls, pairs: Sequence[Pair]) -> StoredPairs:
        """The pairs, which may be stored already."""
        return pairs if isinstance(pairs, StoredPairs) else cls(pairs)

    def chosen(self, places: Places) -> StoredPairs:
        """Those at these places, in this order."""
        some = object.__new__(StoredPairs)
        some._store, some._features, some._files = self._store, self._features, self._files
        some._places = self._places[places]
        return some

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, place: int) -> Pair: ...
    @overload
    def __getitem__(self, place: slice) -> StoredPairs: ...
    def __getitem__(self, place: int | slice) -> Pair | StoredPairs:
        if isinstance(place, slice):
            return self.chosen(np.arange(*place.indices(len(self))))
        store, at = self._store, int(self._places[place])
        features, file = self._features[store.features[at]], self._files[store.files[at]]
        return Pair(store.sources[at], store.targets[at], features, store.lines[at], file)

    def __iter__(self) -> Iterator[Pair]:
        return map(self.__getitem__, range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def sources(self) -> Iterator[str]:
        return (self._store.sources[place] for place in self._places.tolist())

    def targets(self) -> Iterator[str]:
        return (self._store.targets[place] for place in self._places.tolist())

    @property
    def target_characters(self) -> int:
        """The characters of all targets together."""
        return int(self._store.targets.lengths[self._places].sum(dtype=np.int64))

    @property
    def has_features(self) -> bool:
        return any(self._features[number] for number in set(self._chosen(self._store.features).tolist()))

    @property
    def source_keys(self) -> Keys:
        """The same number for equal sources."""
        return self._chosen(self._store.keys[0])

    @property
    def given_keys(self) -> Keys:
        """The same number where source and features are equal."""
        return self._chosen(self._store.keys[1])

    @property
    def keys(self) -> Keys:
        """The same number where source, features and target are equal."""
        return self._chosen(self._store.keys[2])

    def _chosen(self, numbers: array[int]) -> Keys:
        return np.array(numbers, np.int64)[self._places]


class Groups(NamedTuple):
    """Places with equal keys, the groups in the order in which they first come."""

    order: Places
    """All places, group after group, and within one as they come."""
    starts: Places
    """Where each group begins in that order, and the end."""

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def firsts(self) -> Places:
        """The first place of each group."""
        return self.order[self.starts[:-1]]

    def places(self, group: int) -> Places:
        return self.order[self.starts[group] : self.starts[group + 1]]

    @classmethod
    def of(cls, keys: Keys) -> Groups:
        _, first, group = np.unique(keys, return_index=True, return_inverse=True)
        rank = np.empty(len(first), np.int64)
        rank[np.argsort(first)] = np.arange(len(first))
        numbers = rank[group]
        counts = np.bincount(numbers, minlength=len(first))
        return cls(np.argsort(numbers, kind="stable"), np.concatenate(([0], np.cumsum(counts))))
