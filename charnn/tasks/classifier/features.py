"""The features of the direct path: which n-grams and words a model knows, and the vectors of texts over them.

A text is a vector of TF-IDF weights: 1 + ln of how often a feature occurs, times ln of how rare the feature is among
the training texts. The n-grams of a text have length 1 together, and so have its words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from charnn.arrays import Bools, Float32s, Int32s
from charnn.errors import ModelFormatError
from charnn.linear.rows import Ids, SparseRows
from charnn.tasks.classifier.feature_counts import FeatureCounts
from charnn.tasks.classifier.ngrams import Derived, Hashes, NgramReader, Occurrences

MOST_WEIGHTS = 4_000_000
"""Features times labels, at most; the rarest features are left out."""
BLOCK_CHARACTERS = 1 << 19
"""So many characters of texts are looked at together, each with some hundred bytes. A longer text is by itself."""
LONGEST_READ = 1 << 20
"""A text is known by at most so many of its first characters: a million tell its label, in 300 MB."""
FEW_TEXTS = 3000
"""Where there are fewer texts, features that occur in one of them are kept too."""


def direct_logits(rows: SparseRows, table_FK: Float32s, likelihoods_FK: Float32s | None) -> Float32s:
    """(N, K): what the direct path says of texts, without the biases, by their vectors and, unless that is None, by the
    likelihoods of their n-grams."""
    logits_NK = rows.times(table_FK)
    if likelihoods_FK is not None:
        logits_NK += rows.times(likelihoods_FK, alike=True)
    return logits_NK


def of_features(rows: SparseRows, is_known_F: Bools, is_word_F: npt.NDArray[np.uint8]) -> SparseRows:
    """The vectors of texts as they would be if these features alone were known."""
    return SparseRows.joined(_of_features(rows.part(*block), is_known_F, is_word_F) for block in rows.blocks())


def _of_features(rows: SparseRows, is_known_F: Bools, is_word_F: npt.NDArray[np.uint8]) -> SparseRows:
    kept = is_known_F[rows.ids]
    row_Z = np.repeat(np.arange(len(rows)), np.diff(rows.starts))[kept]
    ids, values = rows.ids[kept], rows.values[kept]
    return SparseRows(
        ids,
        _of_length_1(values, row_Z * 2 + is_word_F[ids], 2 * len(rows)),
        np.searchsorted(row_Z, np.arange(len(rows) + 1)),
    )


def _of_length_1(values: Float32s, group_Z: Ids, groups: int) -> Float32s:
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
        self, hashes: Hashes, counts: Int32s, is_word: npt.NDArray[np.uint8], *, ngrams: int, words: int,
        texts: int, places: bool = False, shapes: bool = False, lengths: bool = False,
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
        self._reader = NgramReader(characters=ngrams, words=words, places=places, shapes=shapes, lengths=lengths)
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
        lengths: bool = False,
    ) -> Features:
        """The features that are worth learning from."""
        reader = NgramReader(characters=ngrams, words=words, places=places, shapes=shapes, lengths=lengths)
        found = FeatureCounts()
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
            shapes=shapes, lengths=lengths,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.hashes)

    def read(self, texts: Sequence[str]) -> SparseRows:
        """The vectors of texts."""
        return SparseRows.joined(self._rows(self._reader.read(block), len(block)) for block in _blocks(texts))

    def derived(self, texts: Sequence[str]) -> Iterator[Derived]:
        """The n-grams of texts and the shorter ones within each (`NgramReader.derived`)."""
        for block in _blocks(texts):
            yield from self._reader.derived(block)

    def _rows(self, occurrences: Occurrences, texts: int) -> SparseRows:
        found = self.find(occurrences.hashes)
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

    def find(self, hashes: Hashes) -> Int32s:
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
