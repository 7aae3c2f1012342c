"""Many texts with their labels in little memory: their bytes one text after the other, and a few numbers for each."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, overload

import numpy as np

from charnn.corpora.stored_strings import Places, StoredStrings


class NamedText(NamedTuple):
    """A text with its labels, and where it was read."""

    text: str
    labels: tuple[str, ...]
    file: str
    line: int


class _Store:
    def __init__(self) -> None:
        self.texts, self.lines = StoredStrings("texts with labels"), array("q")
        self.labels, self.files = array("i"), array("i")
        self.label_sets, self.file_names = dict[tuple[str, ...], int](), dict[str, int]()

    def add(self, one: NamedText) -> None:
        self.texts.add(one.text)
        self.lines.append(one.line)
        self.labels.append(self.label_sets.setdefault(one.labels, len(self.label_sets)))
        self.files.append(self.file_names.setdefault(one.file, len(self.file_names)))


class NamedTexts(Sequence[NamedText]):
    """All texts, or some of them in their order. A text is made anew each time that it is asked for."""

    def __init__(self, texts: Iterable[NamedText]) -> None:
        self._store = _Store()
        for one in texts:
            self._store.add(one)
        self._places: Places = np.arange(len(self._store.lines))
        self._names = list(self._store.file_names)
        self._label_sets = list(self._store.label_sets)

    def chosen(self, places: Iterable[int]) -> NamedTexts:
        """Those at these places."""
        some = object.__new__(NamedTexts)
        some._store, some._names, some._label_sets = self._store, self._names, self._label_sets
        some._places = self._places[np.fromiter(places, np.int64)]
        return some

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, place: int) -> NamedText: ...
    @overload
    def __getitem__(self, place: slice) -> NamedTexts: ...
    def __getitem__(self, place: int | slice) -> NamedText | NamedTexts:
        if isinstance(place, slice):
            return self.chosen(range(*place.indices(len(self))))
        store, at = self._store, int(self._places[place])
        labels, name = self._label_sets[store.labels[at]], self._names[store.files[at]]
        return NamedText(self.body(place), labels, name, store.lines[at])

    def __iter__(self) -> Iterator[NamedText]:
        return (self[place] for place in range(len(self)))

    def body(self, place: int) -> str:
        """The text at a place, without its labels."""
        return self._store.texts[int(self._places[place])]

    @property
    def bodies(self) -> Sequence[str]:
        """The texts without their labels."""
        return _Bodies(self)

    @property
    def characters(self) -> int:
        """How many characters they have together."""
        return int(self._store.texts.lengths[self._places].sum(dtype=np.int64))

    @property
    def files(self) -> Sequence[str]:
        """The names of all files, in the order in which they were read."""
        return self._names

    def label_set(self, place: int) -> tuple[str, ...]:
        """The labels of the text at a place."""
        return self._label_sets[self._store.labels[int(self._places[place])]]

    def label_sets(self) -> dict[tuple[str, ...], int]:
        """What the texts have of labels, as they first come, with how many texts have just these."""
        numbers = (self._store.labels[place] for place in self._places.tolist())
        return {self._label_sets[number]: count for number, count in Counter(numbers).items()}

    def contradictions(self) -> int:
        """How many texts come again with other labels."""
        known = dict[tuple[str, ...], int]()
        same = [known.setdefault(tuple(sorted(labels)), len(known)) for labels in self._label_sets]
        sets = np.array([same[self._store.labels[place]] for place in self._places.tolist()], np.int64)
        texts = np.fromiter((hash(text) for text in self.bodies), np.int64, len(self))  # few are ever alike
        order = np.lexsort((sets, texts))
        sets, texts = sets[order], texts[order]
        is_same_text = texts[1:] == texts[:-1]
        is_other = is_same_text & (sets[1:] != sets[:-1])
        return len(np.unique(texts[1:][is_other]))


class _Bodies(Sequence[str]):
    def __init__(self, texts: NamedTexts) -> None:
        self._texts = texts

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...
    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        return _Bodies(self._texts[place]) if isinstance(place, slice) else self._texts.body(place)

    def __iter__(self) -> Iterator[str]:
        return map(self._texts.body, range(len(self)))
