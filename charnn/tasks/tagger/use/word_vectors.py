"""The vectors of words, each made once and kept, since words recur."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, compress
from operator import not_
from typing import Protocol

import numpy as np
import numpy.typing as npt

from charnn.arrays import Float32s
from charnn.tasks.tagger.lexicon import Lexicon, WordFeatures
from charnn.tasks.tagger.linear_model import EDGE, MOST_KEPT, LinearModel

Rows = npt.NDArray[np.intp]

CAPACITY, CHARACTERS = 1 << 15, 1 << 24
"""The most words whose vectors are kept, and the most characters that these may have. Once there are more, all are
forgotten, so that memory does not grow with the stream."""
FEWEST = 2048
"""What words add to scores is kept of so many words at least, or of none."""
AT_ONCE = 128
"""Words that the network encodes at once."""


class WordEncoder(Protocol):
    """The part of a tagger's network that makes a vector of each word."""

    vector_size: int
    """D, the numbers of a vector."""

    def vectors(self, features: WordFeatures) -> Float32s:
        """The vectors of the words, (N, D)."""


class WordVectors:
    """The vectors of the words of sentences, in a table that keeps those of the words that came before."""

    def __init__(
        self, lexicon: Lexicon, encoder: WordEncoder, *, capacity: int = CAPACITY, beside: LinearModel | None = None
    ) -> None:
        """The table has room for `capacity` words, or for all words of a call where they are more. With a linear model
        beside the network, what each word adds to scores lies behind its vector (`has_additions`). Where that of so
        many words were more than MOST_KEPT numbers there is room for fewer words, or if these were very few it is not
        kept."""
        self._lexicon = lexicon
        self._encoder = encoder
        most = CAPACITY if beside is None else MOST_KEPT // beside.size
        self.has_additions = beside is not None and most >= FEWEST
        """Whether what each word adds to scores lies behind its vector."""
        self._capacity = min(capacity, most) if self.has_additions else capacity
        self._beside = beside if self.has_additions else None
        self._edge = None if self._beside is None else self._beside.additions([EDGE], lexicon.knows)[0]
        self._forget(0)

    def of(self, sentences: Sequence[Sequence[str]]) -> tuple[list[Rows], Float32s]:
        """For each sentence the rows of its words in a table of vectors, and that table, whose row 0 is all 0, but for
        what the edge of a sentence adds to scores.

        These rows of the table are not changed later. There is at least one sentence.
        """
        words = list(chain.from_iterable(sentences))
        places = list(map(self._places.get, words))
        if None in places:
            missing = list(dict.fromkeys(compress(words, map(not_, places))))
            self._characters += sum(map(len, missing))
            if len(self._places) + len(missing) >= len(self._table) or self._characters > CHARACTERS:
                missing = list(dict.fromkeys(words))
                self._forget(len(missing))
            self._add(missing)
            places = list(map(self._places.get, words))
        ends = np.cumsum([len(sentence) for sentence in sentences])
        return np.split(np.array(places, np.intp), ends[:-1]), self._table

    def _forget(self, needed: int) -> None:
        """Begins anew, with room for the capacity, or for as many words as are needed now."""
        self._places: dict[str, int] = {}
        self._characters = 0
        # Whoever has the old table keeps it. Memory that is all zeros is not really there until it is written to.
        size = self._encoder.vector_size + (0 if self._beside is None else self._beside.size)
        self._table = np.zeros((1 + max(self._capacity, needed), size), np.float32)
        if self._edge is not None:
            self._table[0, self._encoder.vector_size :] = self._edge

    def _add(self, words: list[str]) -> None:
        # Words of like lengths together, since the longest of a call decides how much is read of each.
        words.sort(key=len)
        first = len(self._places) + 1
        for start in range(0, len(words), AT_ONCE):
            chunk = words[start : start + AT_ONCE]
            rows = self._table[first + start : first + start + len(chunk)]
            rows[:, : self._encoder.vector_size] = self._encoder.vectors(self._lexicon.features(chunk))
            if self._beside is not None:
                rows[:, self._encoder.vector_size :] = self._beside.additions(chunk, self._lexicon.knows)
        self._places.update(zip(words, range(first, first + len(words)), strict=True))
