"""What tags a word had elsewhere in a treebank, as numbers that a linear model learns from beside its features.

Few occurrences tell the weight of a rare word, and each of them has that very word, so that none shows how far the
weight is to be trusted. The tags that a word had in all its other occurrences are known as they will be when a new text
has the word. A few weights, the same for all words, learn how far these can be trusted, and what they tell of the words
around. Once they are learned they become part of the weights of each word, so that they cost nothing in use.

A vector has for each of DISTANCES the fraction of each tag among the other occurrences of the word that stands there,
or a 1 in the last place where there are none. Rare words are often taken to have none when they are to be tagged
themselves, or what they look like would hardly be learned, by which words are told that are never met.

N words to learn from; V different words; K tags of a column; D distances.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from charnn.arrays import Float32s
from charnn.linear.rows import SparseRows
from charnn.tasks.tagger.linear_model import DISTANCES

Ids = npt.NDArray[np.int64]

EDGE_ID = 0
"""Stands for no word, before and after a sentence. It has no tags, and is not the same as a word that has none."""

FORGETTING = 3.0
"""a in a / (a + n), the probability that a word that has n other occurrences is taken to have none where it is to be
tagged itself."""


@dataclass(frozen=True)
class TagsElsewhere:
    """The tags of a column that words have in a treebank."""

    words_ND: Ids
    """The words that stand at each distance from each word, 0 for none."""
    tags_ND: Ids
    """Their tags, below 0 where they have none."""
    words: int
    """V, the number of words, EDGE_ID counted."""
    tags: int
    """K."""
    forgetting: float = FORGETTING

    @property
    def size(self) -> int:
        """The length of a vector."""
        return len(DISTANCES) * (self.tags + 1)

    @property
    def own_tags_N(self) -> Ids:
        return self.tags_ND[:, DISTANCES.index(0)]

    def rows(self) -> SparseRows:
        """The vectors of the N words. What is forgotten is drawn alike each time."""
        words_ND = self.words_ND.copy()
        own_N = words_ND[:, DISTANCES.index(0)]
        elsewhere_N = np.maximum(np.bincount(own_N)[own_N] - 1, 1)
        numbers_N = np.random.default_rng(0).random(len(own_N))
        own_N[numbers_N < self.forgetting / (self.forgetting + elsewhere_N)] = self.words
        return self._fractions(words_ND.ravel(), self.tags_ND.ravel(), width=len(DISTANCES))

    def weights_of_words(self, table: Float32s) -> tuple[Float32s, Float32s]:
        """What each word adds to the scores of the words at each distance from it, by the weights of the vectors,
        (D (K + 1), K), as a table (D, V, K); and what any word that is not among them adds, (K,), from all distances
        together. That is taken off the table, and belongs to the bias."""
        every_V = np.arange(self.words)
        fractions = self._fractions(every_V, np.full(self.words, -1), width=1)
        tables = table.reshape(-1, self.tags + 1, self.tags)
        never_met_DK = tables[:, -1]
        added = np.stack([fractions.times(np.asfortranarray(one)) for one in tables])
        return added - never_met_DK[:, np.newaxis], never_met_DK.sum(0)

    def _fractions(self, words: Ids, own_tags: Ids, *, width: int) -> SparseRows:
        """The fractions of the tags of these words, without an occurrence of each that has its own tag, as rows of
        `width` words each."""
        counts = self._counts.chosen(words)
        lengths = np.diff(counts.starts)
        left = counts.values - (counts.ids == np.repeat(own_tags, lengths))
        ends = np.concatenate(([0.0], np.cumsum(left, dtype=np.float64)))
        total = np.repeat(ends[counts.starts[1:]] - ends[counts.starts[:-1]], lengths)
        is_last = counts.ids == self.tags
        values = np.where(is_last, total == 0, left / np.maximum(total, 1))
        places = np.repeat(np.arange(len(words)) % width, lengths) * (self.tags + 1) + counts.ids
        is_there = values > 0
        before = np.concatenate(([0], np.cumsum(is_there)))
        return SparseRows(
            places[is_there].astype(np.int32), values[is_there].astype(np.float32), before[counts.starts[::width]]
        )

    @property
    def _counts(self) -> SparseRows:
        """How often each word has each tag, and a 0 for the last place of a vector. The row V has no tag."""
        is_tagged_N = self.own_tags_N >= 0
        pairs = self.words_ND[is_tagged_N, DISTANCES.index(0)] * (self.tags + 1) + self.own_tags_N[is_tagged_N]
        last = np.arange(1, self.words + 1) * (self.tags + 1) + self.tags
        found, counts = np.unique(np.concatenate((pairs, last)), return_counts=True)
        words, ids = np.divmod(found, self.tags + 1)
        counts[ids == self.tags] = 0
        starts = np.searchsorted(words, np.arange(self.words + 2))
        return SparseRows(ids.astype(np.int32), counts.astype(np.float32), starts.astype(np.int64))
