"""The features of the direct path: which n-grams and words a model knows, and the vectors of texts over them.

A text is a vector of TF-IDF weights: 1 + ln of how often a feature occurs, times ln of how rare the feature is among
the training texts. The n-grams of a text have length 1 together, and so have its words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from charnn.errors import ModelFormatError
from charnn.tasks.classifier.ngrams import Hashes, NgramReader, Occurrences

Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]

MOST_WEIGHTS = 4_000_000
"""Features times labels, at most; the rarest features are left out."""
FEW_TEXTS = 3000
"""Where there are fewer texts, features that occur in one of them are kept too."""


@dataclass(frozen=True)
class SparseRows:
    """N vectors, of which only what is not 0 is stored, row after row."""

    ids: Ids
    """(Z,): ascending in each row."""
    values: Floats
    starts: Ids
    """(N + 1,): where each row begins, and the end."""

    def __len__(self) -> int:
        return len(self.starts) - 1

    def chosen(self, rows: Ids) -> SparseRows:
        """The rows with these numbers, in this order."""
        counts = (self.starts[1:] - self.starts[:-1])[rows]
        starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
        places = np.arange(starts[-1]) + np.repeat(self.starts[rows] - starts[:-1], counts)
        return SparseRows(self.ids[places], self.values[places], starts)

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


class Features:
    """The features that a model knows, by their hashes. Feature f has row f of the model's table."""

    def __init__(
        self, hashes: Hashes, counts: npt.NDArray[np.int32], is_word: npt.NDArray[np.uint8], *, ngrams: int, words: int,
        texts: int,
    ) -> None:  # fmt: skip
        """`hashes` ascend; `counts` is how many of the `texts` have each feature.

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
        self._reader = NgramReader(characters=ngrams, words=words)
        bits = max(int(4 * len(hashes)).bit_length(), 4)
        self._mask = np.uint64((1 << bits) - 1)
        self._table = np.full(1 << bits, -1, np.int32)
        self._fill()

    @classmethod
    def choose(cls, texts: Sequence[str], *, ngrams: int, words: int, labels: int) -> tuple[Features, Occurrences]:
        """The features that are worth learning from, and their occurrences in the texts."""
        occurrences = NgramReader(characters=ngrams, words=words).read(texts)
        hashes, places = np.unique(occurrences.hashes, return_inverse=True)
        in_text = np.unique(places.astype(np.int64) * max(len(texts), 1) + occurrences.rows)
        counts = np.bincount(in_text // max(len(texts), 1), minlength=len(hashes)).astype(np.int32)
        is_word = np.zeros(len(hashes), np.uint8)
        is_word[places[occurrences.is_word]] = 1
        least, most = 1 if len(texts) < FEW_TEXTS else 2, max(MOST_WEIGHTS // labels, 1)
        if (counts >= least).sum() > most:
            usual = int(np.sort(counts)[-most])
            least = max(least, usual + int((counts >= usual).sum() > most))
        kept = counts >= least
        features = cls(hashes[kept], counts[kept], is_word[kept], ngrams=ngrams, words=words, texts=len(texts))
        return features, occurrences

    def __len__(self) -> int:
        return len(self.hashes)

    def read(self, texts: Sequence[str]) -> SparseRows:
        """The vectors of texts."""
        return self.rows_of(self._reader.read(texts), len(texts))

    def rows_of(self, occurrences: Occurrences, texts: int) -> SparseRows:
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
        groups = (keys >> bits) * 2 + self.is_word.take(ids)
        lengths = np.sqrt(np.bincount(groups, values * values, minlength=2 * texts)).astype(np.float32)
        values /= lengths.take(groups)
        starts = np.searchsorted(keys, np.arange(texts + 1, dtype=np.int64) << bits).astype(np.int64, copy=False)
        return SparseRows(ids, values, starts)

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
