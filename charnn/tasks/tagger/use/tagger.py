"""Sentences to their tags, many at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from charnn.tasks.tagger.decoding.decoder import Decoder
from charnn.tasks.tagger.lexicon import Lexicon
from charnn.tasks.tagger.use.tags import JUST_TAGS, TagOptions, Tags, decoded
from charnn.tasks.tagger.use.word_vectors import Floats, Rows, WordVectors
from charnn.tasks.tagger.use.word_vectors import Reader as WordReader

BATCH_WORDS = 1024
"""Words that the network reads at once, padding counted, ..."""
BATCH_SENTENCES = 32
"""... and sentences. More are slower: they do not stay in a processor's own cache."""
LONGEST = 512
"""Words of a sentence that are read in one go. Longer ones are read in parts, ..."""
MARGIN = 64
"""... each with so many words more on either side, which bring the recurrent layers to where they would be."""
PARTS = 4
"""Of a long sentence that are read at once."""


class Network(WordReader, Protocol):
    """Called from several threads at once."""

    def scores(self, vectors_TBD: Floats, lengths_B: npt.NDArray[np.integer]) -> list[Floats]: ...


class SentenceTagger:
    """Not for several threads; it uses `threads` of its own."""

    def __init__(
        self,
        lexicon: Lexicon,
        network: Network,
        decoders: Sequence[Decoder],
        *,
        threads: int = 1,
        capacity: int | None = None,
    ) -> None:
        """`decoders`, one a column, in the order of the lexicon's."""
        self.lexicon = lexicon
        self.columns = list(lexicon.tags)
        self._names = [np.array(tags, object) for tags in lexicon.tags.values()]
        self._network = network
        self._decoders = decoders
        self._vectors = WordVectors(lexicon, network, **({} if capacity is None else {"capacity": capacity}))
        self._pool = ThreadPoolExecutor(threads, "tagger")

    def close(self) -> None:
        """Drops what was begun and is not done."""
        self._pool.shutdown(cancel_futures=True)

    def tag(self, sentences: Sequence[Sequence[str]], wanted: TagOptions = JUST_TAGS) -> list[list[Tags]]:
        """For each sentence, the tags of each column."""
        return self.begin(sentences, wanted)()

    def begin(
        self, sentences: Sequence[Sequence[str]], wanted: TagOptions = JUST_TAGS
    ) -> Callable[[], list[list[Tags]]]:
        """Begins to tag the sentences, and gives what waits for the result, in their order. A sentence may be empty.

        A sentence's tags do not depend on the others, but for rounding. What waits raises ModelError where the model
        has no answer.
        """
        rows, table = self._vectors.of(sentences) if sentences else ([], np.zeros((1, 0), np.float32))
        lengths = np.array([len(row) for row in rows], np.intp)
        begun = []
        for chosen in _batches(lengths):
            batch = [rows[i] for i in chosen]
            is_long = len(batch) == 1 and len(batch[0]) > LONGEST
            begun.append((chosen, self._begin_long(batch[0], table) if is_long else self._begin(batch, table)))

        def result() -> list[list[Tags]]:
            none = Tags([], [] if wanted.probabilities else None, [] if wanted.alternatives else None)
            tagged = [[none] * len(self._columns(wanted))] * len(rows)
            for chosen, scores in begun:
                for i, tags in zip(chosen.tolist(), self._decoded(scores(), lengths[chosen], wanted), strict=True):
                    tagged[i] = tags
            return tagged

        return result

    def _columns(self, wanted: TagOptions) -> Sequence[int]:
        names = self.columns if wanted.columns is None else wanted.columns
        return [self.columns.index(name) for name in names]

    # The threads do nothing but run the network: whatever else they did they would have to wait for Python's one lock.

    def _begin(self, rows: list[Rows], table: Floats) -> Callable[[], list[Floats]]:
        """Begins to read sentences, and gives what waits for the scores of each column, (B, T, S)."""
        return self._pool.submit(self._scores, rows, table).result

    def _begin_long(self, row: Rows, table: Floats) -> Callable[[], list[Floats]]:
        """The same for one sentence, in parts that overlap; what the margins give is thrown away."""
        parts = [
            _Part(row[max(start - MARGIN, 0) : start + LONGEST + MARGIN], min(start, MARGIN))
            for start in range(0, len(row), LONGEST)
        ]
        begun = [
            self._begin([part.row for part in parts[first : first + PARTS]], table)
            for first in range(0, len(parts), PARTS)
        ]

        def scores() -> list[Floats]:
            columns = zip(*(wait() for wait in begun), strict=True)
            return [np.concatenate(list(map(_own, parts, chain.from_iterable(column))))[None] for column in columns]

        return scores

    def _scores(self, rows: list[Rows], table: Floats) -> list[Floats]:
        lengths_B = np.array([len(row) for row in rows])
        rows_BT = np.zeros((len(rows), lengths_B.max()), np.intp)
        rows_BT[np.arange(rows_BT.shape[1]) < lengths_B[:, None]] = np.concatenate(rows)
        scores = self._network.scores(table[rows_BT.T], lengths_B)
        return [scores_TBS.transpose(1, 0, 2) for scores_TBS in scores]

    def _decoded(self, scores: list[Floats], lengths_B: npt.NDArray[np.intp], wanted: TagOptions) -> list[list[Tags]]:
        by_column = [
            decoded(self._decoders[column], self._names[column], scores[column], lengths_B, wanted)
            for column in self._columns(wanted)
        ]
        return [list(columns) for columns in zip(*by_column, strict=True)]


class _Part(NamedTuple):
    row: Rows
    """Of its words, and of those of the margins."""
    margin: int
    """Words before the first of its own."""


def _own(part: _Part, scores_TS: Floats) -> Floats:
    return scores_TS[part.margin : len(part.row)][:LONGEST]


def _batches(lengths: npt.NDArray[np.intp]) -> list[npt.NDArray[np.intp]]:
    """The numbers of the sentences, those of like lengths together; empty ones left out, long ones by themselves."""
    order = np.argsort(lengths, kind="stable")
    order = order[np.searchsorted(lengths[order], 1) :]
    batches, start = [], 0
    for place, longest in enumerate(lengths[order].tolist()):
        count = place - start + 1
        if count > 1 and (count > BATCH_SENTENCES or count * longest > BATCH_WORDS):
            batches.append(order[start:place])
            start = place
    if start < len(order):
        batches.append(order[start:])
    return batches
