"""Documents with labels that are too long together to be held.

Rows are read one by one, and their texts written to a temporary file. In the order in which they are learned they are
then copied to another one, of which any part can be read (`LongText`): what is held is some numbers for each document.
"""

from __future__ import annotations

import hashlib
import weakref
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import BinaryIO, NamedTuple, overload

import numpy as np

from charnn.arrays import Bools, Int64s, Integers
from charnn.config.model import SourceFile
from charnn.corpora.documents import HELD_OUT_CHARACTERS, HELD_OUT_FRACTION
from charnn.corpora.facts import TextFacts
from charnn.corpora.long_documents import LongDocuments
from charnn.corpora.long_texts import LongText
from charnn.corpora.progress import tell
from charnn.corpora.rereading import no_room, temporary_file
from charnn.corpora.stratified import held_out_of
from charnn.tasks.language_model.long_ids import MappedIds

ERRORS = "surrogatepass"
TOGETHER = 1 << 20
"""So many bytes of documents are copied at once."""


class NamedLabels(Sequence[str]):
    """The label of each document, as its number among the names of labels."""

    def __init__(self, names: Sequence[str], numbers_D: Integers) -> None:
        self.names, self.numbers_D = names, numbers_D

    def __len__(self) -> int:
        return len(self.numbers_D)

    @overload
    def __getitem__(self, part: int) -> str: ...
    @overload
    def __getitem__(self, part: slice) -> NamedLabels: ...
    def __getitem__(self, part: int | slice) -> str | NamedLabels:
        if isinstance(part, slice):
            return NamedLabels(self.names, self.numbers_D[part])
        return self.names[int(self.numbers_D[part])]


class Collected:
    """The documents of some files, in a file, each with its label."""

    def __init__(self, documents: Iterable[tuple[str, str]], name: str) -> None:
        """`documents` have a label and a text each. `name` is what messages call them. Raises CorpusError where there
        is no room for them."""
        self.name, self._file = name, temporary_file()
        weakref.finalize(self, self._file.close)
        sizes, lengths, labels = array("Q"), array("Q"), array("L")
        numbers: dict[str, int] = {}
        try:
            for label, text in documents:
                sizes.append(self._file.write(text.encode("utf-8", ERRORS)))
                lengths.append(len(text))
                labels.append(numbers.setdefault(label, len(numbers)))
            self._file.flush()
        except OSError as error:
            raise no_room(error, name) from error
        self.labels = sorted(numbers)
        self.bytes_D, self.characters_D = _smallest(sizes), _smallest(lengths)
        place = {label: number for number, label in enumerate(self.labels)}
        ordered = np.array([place[label] for label in numbers], np.min_scalar_type(len(numbers)))
        self.labels_D: Integers = ordered[_smallest(labels)]

    def __len__(self) -> int:
        return len(self.labels_D)

    @property
    def characters(self) -> int:
        return int(self.characters_D.sum(dtype=np.int64))

    def held_out(self) -> Bools:
        """Which documents are held out: a part of those of each label, at even distances."""
        fraction = min(HELD_OUT_FRACTION, HELD_OUT_CHARACTERS / self.characters)
        is_held_out_D = np.zeros(len(self), bool)
        labels, firsts, counts = np.unique(self.labels_D, return_index=True, return_counts=True)
        as_they_come = np.argsort(firsts)
        numbers = held_out_of(counts[as_they_come].tolist(), fraction)
        for label, own in zip(labels[as_they_come], numbers, strict=True):
            is_held_out_D[np.flatnonzero(self.labels_D == label)[own]] = True
        return is_held_out_D

    def of_labels(self, names: Sequence[str]) -> Integers:
        """The places of the documents with these labels."""
        known = set(names)
        is_known_K = np.array([label in known for label in self.labels], bool)
        return np.flatnonzero(is_known_K[self.labels_D])

    def in_order(self, order_D: Integers) -> LongText:
        """The documents at these places, one after the other. Their ends are those that `ends` gives."""
        file, digest = temporary_file(), hashlib.sha256()
        try:
            facts = TextFacts.of(self._copied(order_D, file, digest), "line", ERRORS, at=self.ends(order_D))
        except BaseException:
            file.close()
            raise
        lengths = hashlib.sha256(self.characters_D[order_D].astype("<u8").tobytes()).hexdigest()
        source = SourceFile(self.name, digest.hexdigest(), facts.characters)
        return LongText(self.name, source, file, ERRORS, facts, ("documents", lengths))

    def ends(self, order_D: Integers) -> Int64s:
        """Where the documents at these places end when they stand one after the other, in characters."""
        return np.cumsum(self.characters_D[order_D], dtype=np.int64)

    def _copied(self, order_D: Integers, copy: BinaryIO, digest: hashlib._Hash) -> Iterator[tuple[str, int]]:
        bytes_N = MappedIds(self._file, np.dtype(np.uint8), int(self.bytes_D.sum(dtype=np.int64)))
        begins_D = np.cumsum(self.bytes_D, dtype=np.int64) - self.bytes_D
        ends_D = np.cumsum(self.bytes_D[order_D], dtype=np.int64)
        first = at = 0
        while first < len(order_D):
            tell(f"putting {self.name} in order", first, len(order_D))
            last = max(int(np.searchsorted(ends_D, at + TOGETHER, side="right")), first + 1)
            chosen = order_D[first:last]
            data = bytes_N[_places(begins_D[chosen], self.bytes_D[chosen])].tobytes()
            yield data.decode("utf-8", ERRORS), at
            digest.update(data)
            try:
                copy.write(data)
                copy.flush()
            except OSError as error:
                raise no_room(error, self.name) from error
            first, at = last, at + len(data)


class LongParts(NamedTuple):
    training: LongDocuments
    validation: LongDocuments
    training_labels: NamedLabels
    validation_labels: NamedLabels


def long_parts(collected: Collected, separate: Collected | None, *, holds_out: bool) -> LongParts:
    """What is trained on and what is held out, or `separate` from it, each in another order than it was read in: the
    parts that `labelled_parts` gives of documents in memory, but that no more is held out than of any long text."""
    training_D: Integers = np.arange(len(collected))
    if not holds_out:
        validated, validation_D = collected, training_D
    elif separate is not None:
        known = [label for number, label in enumerate(collected.labels) if (collected.labels_D == number).any()]
        validated, validation_D = separate, separate.of_labels(known)
    else:
        is_held_out_D = collected.held_out()
        validated, validation_D = collected, np.flatnonzero(is_held_out_D)
        training_D = np.flatnonzero(~is_held_out_D)
    random = np.random.default_rng(0)
    training_D, validation_D = (part_D[random.permutation(len(part_D))] for part_D in (training_D, validation_D))
    labels = (
        NamedLabels(collected.labels, collected.labels_D[training_D]),
        NamedLabels(validated.labels, validated.labels_D[validation_D]),
    )
    if not len(validation_D) or not len(training_D):
        nothing = LongDocuments((), "line", 0, 0)
        return LongParts(nothing, nothing, *labels)
    if holds_out and separate is None:
        both = _documents(collected, np.concatenate([training_D, validation_D]))
        cut = int(collected.characters_D[training_D].sum(dtype=np.int64))
        return LongParts(replace(both, end=cut), replace(both, start=cut), *labels)
    return LongParts(_documents(collected, training_D), _documents(validated, validation_D), *labels)


def _documents(collected: Collected, order_D: Integers) -> LongDocuments:
    text = collected.in_order(order_D)
    return replace(LongDocuments.of([text], "line"), ends=collected.ends(order_D))


def _places(begins_D: Integers, lengths_D: Integers) -> Int64s:
    """The places of stretches that begin and are as long as this, one after the other."""
    lengths_D = lengths_D.astype(np.int64)
    before_D = np.cumsum(lengths_D) - lengths_D
    return np.repeat(begins_D - before_D, lengths_D) + np.arange(int(lengths_D.sum()))


def _smallest(values: array[int]) -> Integers:
    """The numbers in as few bytes each as the largest takes."""
    numbers = np.frombuffer(values, f"u{values.itemsize}") if values else np.zeros(0, np.uint8)
    return numbers.astype(np.min_scalar_type(int(numbers.max(initial=0))))
