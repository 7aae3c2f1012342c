"""The features of the direct path: which n-grams and words a model knows, and the vectors of texts over them.

A text is a vector of TF-IDF weights: 1 + ln of how often a feature occurs, times ln of how rare the feature is among
the training texts. The n-grams of a text have length 1 together, and so have its words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from charnn.errors import ModelFormatError
from charnn.tasks.classifier.ngrams import Hashes, NgramReader, Occurrences

Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]

MOST_WEIGHTS = 4_000_000
"""Features times labels, at most; the rarest features are left out."""
BLOCK_CHARACTERS = 1 << 19
"""So many characters of texts are looked at together, each with some hundred bytes. A longer text is by itself."""
LONGEST_READ = 1 << 20
"""A text is known by at most so many of its first characters: a million tell its label, in 300 MB."""
FEW_TEXTS = 3000
"""Where there are fewer texts, features that occur in one of them are kept too."""


@dataclass(frozen=True)
class SparseRows:
    """N vectors, of which only what is not 0 is stored, row after row."""

    ids: npt.NDArray[np.int32]
    """(Z,): ascending in each row."""
    values: Floats
    starts: Ids
    """(N + 1,): where each row begins, and the end."""

    @classmethod
    def joined(cls, parts: Sequence[SparseRows]) -> SparseRows:
        """The rows of all parts, one part after the other."""
        before = np.cumsum([0, *(len(part.ids) for part in parts)])
        starts = [part.starts[:-1] + shift for part, shift in zip(parts, before, strict=False)]
        ids, values = (np.concatenate([getattr(part, name) for part in parts]) for name in ("ids", "values"))
        return cls(ids, values, np.concatenate([*starts, before[-1:]]))

    def __len__(self) -> int:
        return len(self.starts) - 1

    def chosen(self, rows: Ids) -> SparseRows:
        """The rows with these numbers, in this order."""
        counts = (self.starts[1:] - self.starts[:-1])[rows]
        starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
        places = np.arange(starts[-1]) + np.repeat(self.starts[rows] - starts[:-1], counts)
        return SparseRows(self.ids[places], self.values[places], starts)

    def of_features(self, is_known_F: npt.NDArray[np.bool_], is_word_F: npt.NDArray[np.uint8]) -> SparseRows:
        """The vectors as they would be if these features alone were known."""
        kept = is_known_F[self.ids]
        row_Z = np.repeat(np.arange(len(self)), np.diff(self.starts))[kept]
        ids, values = self.ids[kept], self.values[kept]
        return SparseRows(
            ids,
            _of_length_1(values, row_Z * 2 + is_word_F[ids], 2 * len(self)),
            np.searchsorted(row_Z, np.arange(len(self) + 1)),
        )

    def times(self, table_FK: Floats) -> Floats:
        """The product with a matrix, (N, K). It is fastest where the columns of that are contiguous."""
        result_NK = np.zeros((len(self), table_FK.shape[1]), np.float32)
        filled = np.flatnonzero(self.starts[1:] > self.starts[:-1])
        if len(filled):
            starts = self.starts[filled]
            for column, table_F in enumerate(table_FK.T):
                terms_Z = table_F.take(self.ids)
                terms_Z *= self.values
                result_NK[filled, column] = np.add.reduceat(terms_Z, starts)
        return result_NK


@dataclass
class Counts:
    """In how many texts each feature occurs. Texts come in blocks, of which only the counts are kept."""

    _runs: list[tuple[Hashes, npt.NDArray[np.int32], npt.NDArray[np.uint8]]] = field(default_factory=list)
    """Hashes that ascend, their counts, and whether each is a word. A run is at most half as long as the one before."""

    def add(self, occurrences: Occurrences) -> None:
        """Counts the features of further texts."""
        order = np.argsort(occurrences.hashes, kind="stable")  # so those of a feature stay in the order of their texts
        hashes, rows = occurrences.hashes[order], occurrences.rows[order]
        is_first = np.concatenate(([True], hashes[1:] != hashes[:-1]))[: len(hashes)]
        is_first_in_text = is_first | np.concatenate(([True], rows[1:] != rows[:-1]))[: len(hashes)]
        starts = np.flatnonzero(is_first)
        counts = np.diff(np.append(np.cumsum(is_first_in_text)[starts], is_first_in_text.sum() + 1))
        self._runs.append((hashes[starts], counts.astype(np.int32), occurrences.is_word[order[starts]].view(np.uint8)))
        while len(self._runs) > 1 and 2 * len(self._runs[-1][0]) > len(self._runs[-2][0]):
            self._merge()

    def total(self) -> tuple[Hashes, npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
        """The hashes of all features, ascending, with their counts and whether they are words."""
        while len(self._runs) > 1:
            self._merge()
        return self._runs[0]

    def _merge(self) -> None:
        hashes, counts, is_word = map(np.concatenate, zip(*(self._runs.pop() for _ in range(2)), strict=True))
        order = np.argsort(hashes, kind="stable")
        hashes = hashes[order]
        starts = np.flatnonzero(np.concatenate(([True], hashes[1:] != hashes[:-1])))
        counts = np.add.reduceat(counts[order], starts, dtype=np.int32)
        self._runs.append((hashes[starts], counts, np.maximum.reduceat(is_word[order], starts)))


def _of_length_1(values: Floats, group_Z: Ids, groups: int) -> Floats:
    """The values, so that those of each group have length 1 together."""
    lengths = np.sqrt(np.bincount(group_Z, values * values, minlength=groups)).astype(np.float32)
    return values / lengths.take(group_Z)


def _blocks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """As much of the texts as is read, in runs of some BLOCK_CHARACTERS; at least one run."""
    block: list[str] = []
    held = 0
    for text in texts:
        if held and held + len(text) > BLOCK_CHARACTERS:
            yield block
            block, held = [], 0
        block.append(text[:LONGEST_READ])
        held += len(block[-1])
    yield block


class Features:
    """The features that a model knows, by their hashes. Feature f has row f of the model's table."""

    def __init__(
        self, hashes: Hashes, counts: npt.NDArray[np.int32], is_word: npt.NDArray[np.uint8], *, ngrams: int, words: int,
        texts: int, places: bool = False,
    ) -> None:  # fmt: skip
        """`hashes` ascend; `counts` is how many of the `texts` have each feature. The others are those of NgramReader.

        Raises ModelFormatError for arrays that are not such.
        """
        sound = (
            [array.dtype.name for array in (hashes, counts, is_word)] == ["uint64", "int32", "uint8"]
            and hashes.ndim == counts.ndim == is_word.ndim == 1
            and len(hashes) == len(counts) == len(is_word)
            and bool((hashes[1:] > hashes[:-1]).all() and (counts >= 1).all())
        )
        if not sound:
            raise ModelFormatError("not the features of a classifier")
        self.hashes, self.counts, self.is_word, self.texts = hashes, counts, is_word, texts
        self.idf = (np.log((1 + texts) / (1 + counts)) + 1).astype(np.float32)
        self._reader = NgramReader(characters=ngrams, words=words, places=places)
        bits = max(int(4 * len(hashes)).bit_length(), 4)
        self._mask = np.uint64((1 << bits) - 1)
        self._table = np.full(1 << bits, -1, np.int32)
        self._fill()

    @classmethod
    def choose(cls, texts: Sequence[str], *, ngrams: int, words: int, labels: int, places: bool = False) -> Features:
        """The features that are worth learning from."""
        reader, found = NgramReader(characters=ngrams, words=words, places=places), Counts()
        for block in _blocks(texts):
            found.add(reader.read(block))
        hashes, counts, is_word = found.total()
        least, most = 1 if len(texts) < FEW_TEXTS else 2, max(MOST_WEIGHTS // labels, 1)
        if (counts >= least).sum() > most:
            usual = int(np.sort(counts)[-most])
            least = max(least, usual + int((counts >= usual).sum() > most))
        kept = counts >= least
        return cls(
            hashes[kept], counts[kept], is_word[kept], ngrams=ngrams, words=words, texts=len(texts), places=places
        )

    def __len__(self) -> int:
        return len(self.hashes)

    def read(self, texts: Sequence[str]) -> SparseRows:
        """The vectors of texts."""
        parts = [self._rows(self._reader.read(block), len(block)) for block in _blocks(texts)]
        return parts[0] if len(parts) == 1 else SparseRows.joined(parts)

    def _rows(self, occurrences: Occurrences, texts: int) -> SparseRows:
        found = self._find(occurrences.hashes)
        known = np.flatnonzero(found >= 0)
        bits = len(self).bit_length()
        keys = occurrences.rows.take(known).astype(np.int64) << bits | found.take(known)
        keys.sort()
        is_first = np.ones(len(keys), np.bool_)
        is_first[1:] = keys[1:] != keys[:-1]
        firsts = np.flatnonzero(is_first)
        keys, counts = keys.take(firsts), np.diff(firsts, append=len(keys))
        ids = keys & (1 << bits) - 1
        values = self.idf.take(ids)
        again = np.flatnonzero(counts > 1)
        values[again] *= 1 + np.log(counts[again].astype(np.float32))
        values = _of_length_1(values, (keys >> bits) * 2 + self.is_word.take(ids), 2 * texts)
        starts = np.searchsorted(keys, np.arange(texts + 1, dtype=np.int64) << bits).astype(np.int64, copy=False)
        return SparseRows(ids.astype(np.int32), values, starts)

    # A table with open addressing and linear probing, for all features at once.

    def _fill(self) -> None:
        places = (self.hashes & self._mask).astype(np.int64)
        waiting = np.arange(len(self.hashes))
        while len(waiting):
            free = self._table[places[waiting]] < 0
            self._table[places[waiting[free]]] = waiting[free]  # the last of several that want a place has it
            waiting = waiting[self._table[places[waiting]] != waiting]
            places[waiting] = (places[waiting] + 1) & int(self._mask)

    def _find(self, hashes: Hashes) -> npt.NDArray[np.int32]:
        """The features' numbers, -1 for those that are not known."""
        if not len(self.hashes):
            return np.full(len(hashes), -1, np.int32)
        places = (hashes & self._mask).view(np.int64)
        found = self._table.take(places)
        waiting = np.flatnonzero((found >= 0) & (self.hashes.take(found) != hashes))
        places = places[waiting]
        while len(waiting):  # another feature has the place
            places = (places + 1) & int(self._mask)
            there = self._table.take(places)
            found[waiting] = there
            goes_on = (there >= 0) & (self.hashes.take(there) != hashes[waiting])
            waiting, places = waiting[goes_on], places[goes_on]
        return found
