"""The features of the direct path: which n-grams and words a model knows, and the vectors of texts over them.

A text is a vector of TF-IDF weights: 1 + ln of how often a feature occurs, times ln of how rare the feature is among
the training texts. The n-grams of a text have length 1 together, and so have its words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from charnn.corpora.large_arrays import Gathered, large_array, let_go
from charnn.errors import ModelFormatError
from charnn.tasks.classifier.feature_counts import FeatureCounts
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


BLOCK = 1 << 22
"""About so many numbers of vectors are worked on at once."""


@dataclass(frozen=True)
class SparseRows:
    """N vectors, of which only what is not 0 is stored, row after row."""

    ids: npt.NDArray[np.int32]
    """(Z,): ascending in each row."""
    values: Floats
    starts: Ids
    """(N + 1,): where each row begins, and the end."""

    @classmethod
    def joined(cls, parts: Iterable[SparseRows]) -> SparseRows:
        """The rows of all parts, one part after the other; where they are too many to be held, in temporary files."""
        ids, values = Gathered(np.int32, "vectors of texts"), Gathered(np.float32, "vectors of texts")
        starts, filled = [np.zeros(1, np.int64)], 0
        for part in parts:
            ids.add(part.ids)
            values.add(part.values)
            starts.append(part.starts[1:] + filled)
            filled += len(part.ids)
        return cls(ids.array(), values.array(), np.concatenate(starts))

    def __len__(self) -> int:
        return len(self.starts) - 1

    def blocks(self) -> Iterator[tuple[int, int]]:
        """The first and the last row, which is none of them, of blocks of rows with some BLOCK numbers together."""
        return blocks(self.starts)

    def part(self, first: int, last: int) -> SparseRows:
        """The rows from one to another, which is none of them. The numbers are not copied."""
        begin, end = self.starts[first], self.starts[last]
        return SparseRows(self.ids[begin:end], self.values[begin:end], self.starts[first : last + 1] - begin)

    def chosen(self, rows: Ids) -> SparseRows:
        """The rows with these numbers, in this order."""
        counts = (self.starts[1:] - self.starts[:-1])[rows]
        starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
        return SparseRows.joined(self._chosen(rows[first:last]) for first, last in blocks(starts))

    def _chosen(self, rows: Ids) -> SparseRows:
        counts = (self.starts[1:] - self.starts[:-1])[rows]
        starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
        places = np.arange(starts[-1]) + np.repeat(self.starts[rows] - starts[:-1], counts)
        found = SparseRows(self.ids[places], self.values[places], starts)
        let_go(self.ids, self.values)
        return found

    def of_features(self, is_known_F: npt.NDArray[np.bool_], is_word_F: npt.NDArray[np.uint8]) -> SparseRows:
        """The vectors as they would be if these features alone were known."""
        return SparseRows.joined(self.part(*block)._of_features(is_known_F, is_word_F) for block in self.blocks())

    def _of_features(self, is_known_F: npt.NDArray[np.bool_], is_word_F: npt.NDArray[np.uint8]) -> SparseRows:
        kept = is_known_F[self.ids]
        row_Z = np.repeat(np.arange(len(self)), np.diff(self.starts))[kept]
        ids, values = self.ids[kept], self.values[kept]
        return SparseRows(
            ids,
            _of_length_1(values, row_Z * 2 + is_word_F[ids], 2 * len(self)),
            np.searchsorted(row_Z, np.arange(len(self) + 1)),
        )

    def transposed(self, columns: int) -> SparseRows:
        """The columns as rows, each with the numbers of its rows in the place of ids.

        The numbers are dealt out to ranges of columns as they come, and then each range is sorted.
        """
        counts_F = np.zeros(columns, np.int64)
        for block in self.blocks():
            counts_F += np.bincount(self.part(*block).ids, minlength=columns)
        starts_F = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts_F)))
        ranges = list(blocks(starts_F))
        range_of_F = np.repeat(np.arange(len(ranges), dtype=np.uint16), [last - first for first, last in ranges])
        filled = starts_F[[first for first, _ in ranges]]
        of = [large_array(len(self.ids), dtype, "vectors of texts") for dtype in (np.int32, np.int32, np.float32)]
        for first, last in self.blocks():
            part = self.part(first, last)
            row_Z = np.repeat(np.arange(first, last, dtype=np.int32), np.diff(part.starts))
            range_Z = range_of_F[part.ids]
            order = stable_order(range_Z)
            begins = np.concatenate(([0], np.cumsum(np.bincount(range_Z, minlength=len(ranges)))))
            for array, new in zip(of, (part.ids, row_Z, part.values), strict=True):
                ordered = new[order]
                for place, begin, end in zip(filled.tolist(), begins, begins[1:], strict=False):
                    array[place : place + end - begin] = ordered[begin:end]
            filled += np.diff(begins)
            let_go(self.ids, self.values, *of)
        ids, *rest = of
        for first, last in ranges:
            place = slice(starts_F[first], starts_F[last])
            order = stable_order(ids[place])
            for array in rest:
                array[place] = array[place][order]
            let_go(*of)
        return SparseRows(rest[0], rest[1], starts_F)

    def times(self, table_FK: Floats) -> Floats:
        """The product with a matrix, (N, K). It is fastest where the columns of that are contiguous."""
        result_KN = np.zeros((table_FK.shape[1], len(self)), np.float32)
        filled = np.flatnonzero(self.starts[1:] > self.starts[:-1])
        if len(filled):
            starts = self.starts[filled]
            # numpy indexes by int64, and where `mode` is not "raise" it writes the result where it is wanted.
            ids, terms_Z = self.ids.astype(np.int64), np.empty(len(self.ids), np.float32)
            for table_F, result_N in zip(table_FK.T, result_KN, strict=True):
                table_F.take(ids, out=terms_Z, mode="clip")
                terms_Z *= self.values
                result_N[filled] = np.add.reduceat(terms_Z, starts)
        return result_KN.T


def blocks(starts: Ids) -> Iterator[tuple[int, int]]:
    """The first and the last, which is none of them, of those that begin at `starts`, in blocks of some BLOCK numbers
    together; at least one block."""
    first, count = 0, len(starts) - 1
    while first < count or first == 0:
        last = int(np.searchsorted(starts, starts[first] + BLOCK, "right")) - 1
        last = min(max(last, first + 1), count)
        yield first, last
        first = max(last, 1)


def stable_order(numbers: npt.NDArray[np.integer]) -> Ids:
    """What `argsort` gives that is stable, for numbers that are not negative. It is some four times as fast."""
    bits = len(numbers).bit_length()
    keys = numbers.astype(np.int64) << bits
    keys |= np.arange(len(keys))
    keys.sort()
    keys &= (1 << bits) - 1
    return keys


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
        texts: int, places: bool = False, shapes: bool = False,
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
        self._reader = NgramReader(characters=ngrams, words=words, places=places, shapes=shapes)
        bits = max(int(4 * len(hashes)).bit_length(), 4)
        self._mask = np.uint64((1 << bits) - 1)
        self._table = np.full(1 << bits, -1, np.int32)
        self._fill()

    @classmethod
    def choose(
        cls,
        texts: Sequence[str],
        *,
        ngrams: int,
        words: int,
        labels: int,
        places: bool = False,
        shapes: bool = False,
    ) -> Features:
        """The features that are worth learning from."""
        reader, found = NgramReader(characters=ngrams, words=words, places=places, shapes=shapes), FeatureCounts()
        for block in _blocks(texts):
            found.add(reader.read(block))
        least, most = 1 if len(texts) < FEW_TEXTS else 2, max(MOST_WEIGHTS // labels, 1)
        hashes, counts, is_word = found.total(least)
        if (counts >= least).sum() > most:
            usual = int(np.sort(counts)[-most])
            least = max(least, usual + int((counts >= usual).sum() > most))
        kept = counts >= least
        return cls(
            hashes[kept], counts[kept], is_word[kept], ngrams=ngrams, words=words, texts=len(texts), places=places,
            shapes=shapes,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.hashes)

    def read(self, texts: Sequence[str]) -> SparseRows:
        """The vectors of texts."""
        return SparseRows.joined(self._rows(self._reader.read(block), len(block)) for block in _blocks(texts))

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
