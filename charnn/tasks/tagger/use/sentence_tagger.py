"""Many sentences at once to their tags: words to vectors, batches of sentences to scores, scores to tags."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from charnn.arrays import Float32s, Integers
from charnn.streaming import batches_by_length, in_chunks
from charnn.tasks.tagger.decoding.decoder import Allowed, Decoder, Probabilities
from charnn.tasks.tagger.formats.sentence import Annotation
from charnn.tasks.tagger.lexicon import Lexicon
from charnn.tasks.tagger.linear_model import LinearModel
from charnn.tasks.tagger.use.constraints import Masks, allowed_tags
from charnn.tasks.tagger.use.word_vectors import Rows, WordEncoder, WordVectors

if TYPE_CHECKING:
    from charnn.readers.states import SentenceStates

BATCH_WORDS = 1024
"""The most words that the network reads at once, padding included. More are slower, as they do not stay in a
processor's own cache."""
BATCH_SENTENCES = 32
"""The most sentences that the network reads at once."""
LONGEST = 512
"""The most words of a sentence that are read in one go. Longer sentences are read in parts of this length."""
MARGIN = 64
"""Each part is read with so many more words on either side, which bring the recurrent layers to the state that they
would have in the whole sentence."""
MOST_SCORES = 1 << 24
"""The most scores that the words of a chunk have, whose batches wait for one another."""
MOST_CALLED = 1 << 26
"""The same, of the words of a call of `tag`."""
PARTS = 4
"""The number of parts of a long sentence that are read at once."""


@dataclass(frozen=True, slots=True)
class TagOptions:
    """Says what a tagger is to give for each word."""

    columns: Sequence[str] | None = None
    """The columns to tag, in this order; None stands for all of them."""
    probabilities: bool = False
    """Whether to give the probability of each tag."""
    alternatives: int = 0
    """How many of the likeliest tags of each word to give, or all where there are fewer; 0 is none."""


TAGS_ONLY = TagOptions()


class SentenceNetwork(WordEncoder, Protocol):
    """A tagger's network in its two parts: words to vectors, and sentences of vectors to scores.

    Several threads may call it at once.
    """

    def scores(self, vectors_TBD: Float32s, lengths_B: Integers) -> list[Float32s]:
        """For each column the scores of the words, (T, B, S), as the column's decoder takes them."""


class SentenceTagger:
    """Tags sentences with `threads` of its own. Several threads must not use it at once."""

    def __init__(
        self,
        lexicon: Lexicon,
        network: SentenceNetwork,
        decoders: Sequence[Decoder],
        *,
        threads: int = 1,
        capacity: int | None = None,
        states: SentenceStates | None = None,
        linear: LinearModel | None = None,
    ) -> None:
        """`decoders` has one decoder for each column, in the order of the lexicon's columns. `capacity` is the number
        of words whose vectors are kept. `states` are what the model's readers say of words, if it has readers, and
        `linear` stands beside the network, if anything does."""
        self.lexicon = lexicon
        self.columns = list(lexicon.tags)
        self._tags = [np.array(tags, object) for tags in lexicon.tags.values()]
        self._network = network
        self._decoders = decoders
        self._states = states
        self._linear = linear
        room = {} if capacity is None else {"capacity": capacity}
        self.tags = sum(decoder.tags for decoder in decoders)
        """K, the tags of all columns together."""
        self._vectors = WordVectors(lexicon, network, beside=linear, **room)
        self._pool = ThreadPoolExecutor(threads, "tagger")

    def chunk_words(self, most: int) -> int:
        """How many words are to be tagged together: so many, or fewer where they have more scores than MOST_SCORES."""
        return max(min(most, MOST_SCORES // self.tags), 1)

    def close(self) -> None:
        """Drops what was begun and is not done."""
        self._pool.shutdown(cancel_futures=True)

    def tag(
        self,
        sentences: Sequence[Sequence[str]],
        options: TagOptions = TAGS_ONLY,
        masks: Sequence[Masks] | None = None,
    ) -> list[list[Annotation]]:
        """For each sentence, its tags in each column. `masks` says for each which tags its words may have."""
        numbered = ([one] for one in enumerate(sentences))
        found: list[list[Annotation]] = []
        most = max(MOST_CALLED // self.tags, 1)
        for chunk, _ in in_chunks(numbered, lambda one: len(one[1]), first=most, largest=most):
            own = None if masks is None else [masks[number] for number, _ in chunk]
            found += self.begin([sentence for _, sentence in chunk], options, own)()
        return found

    def begin(
        self,
        sentences: Sequence[Sequence[str]],
        options: TagOptions = TAGS_ONLY,
        masks: Sequence[Masks] | None = None,
    ) -> Callable[[], list[list[Annotation]]]:
        """Begins to tag the sentences, and returns what waits for the result of `tag`. A sentence may be empty.

        A sentence's tags do not depend on the others, but for rounding. What waits raises ModelError where the model
        has no answer.
        """
        lengths, begun = [len(sentence) for sentence in sentences], self._begin_all(sentences)

        def result() -> list[list[Annotation]]:
            names = self.columns if options.columns is None else options.columns
            empty = [
                Annotation(name, [], [] if options.probabilities else None, [] if options.alternatives else None)
                for name in names
            ]
            tagged = [empty] * len(lengths)
            for chosen, scores in begun:
                lengths_B = np.array([lengths[i] for i in chosen], np.intp)
                of_batch = None if masks is None else [masks[i] for i in chosen]
                for i, columns in zip(chosen, self._decoded(scores(), lengths_B, options, of_batch), strict=True):
                    tagged[i] = columns
            return tagged

        return result

    def probabilities(self, sentences: Sequence[Sequence[str]]) -> list[list[Probabilities]]:
        """For each sentence, the probabilities of the tags in each column, (T, K), as the decoder gives them.

        Raises ModelError where the model has no answer.
        """
        said: list[list[Probabilities]] = [[] for _ in sentences]
        for chosen, scores in self._begin_all(sentences):
            lengths_B = np.array([len(sentences[i]) for i in chosen], np.intp)
            for decoder, scores_BTS in zip(self._decoders, scores(), strict=True):
                probabilities_BTK = decoder.decode(scores_BTS, lengths_B, probabilities=True).probabilities_BTK
                assert probabilities_BTK is not None
                for i, own_TK in zip(chosen, probabilities_BTK, strict=True):
                    said[i].append(own_TK[: len(sentences[i])])
        return said

    def scores(self, sentences: Sequence[Sequence[str]]) -> list[list[Float32s]]:
        """For each sentence, the scores of its words in each column, (T, S), as the decoder takes them."""
        found: list[list[Float32s]] = [[] for _ in sentences]
        for chosen, scores in self._begin_all(sentences):
            for scores_BTS in scores():
                for i, own_TS in zip(chosen, scores_BTS, strict=True):
                    found[i].append(own_TS[: len(sentences[i])])
        return found

    def _begin_all(
        self, sentences: Sequence[Sequence[str]]
    ) -> list[tuple[Sequence[int], Callable[[], list[Float32s]]]]:
        """Begins to read the sentences in batches: for each the numbers of its sentences, and what waits for scores."""
        rows, table = self._vectors.of(sentences) if sentences else ([], np.zeros((1, 0), np.float32))
        begun: list[tuple[Sequence[int], Callable[[], list[Float32s]]]] = []
        for chosen in batches_by_length(list(map(len, rows)), rows=BATCH_SENTENCES, padded_total=BATCH_WORDS):
            batch, words = [rows[i] for i in chosen], [sentences[i] for i in chosen]
            is_long = len(batch) == 1 and len(batch[0]) > LONGEST
            begin = self._begin_long(batch[0], words[0], table) if is_long else self._begin(batch, words, table)
            begun.append((chosen, begin))
        return begun

    # The threads do nothing but run the network: whatever else they did they would have to wait for Python's one lock.

    def _begin(self, rows: list[Rows], sentences: list[Sequence[str]], table: Float32s) -> Callable[[], list[Float32s]]:
        """Begins to read sentences, and returns what waits for the scores of each column, (B, T, S)."""
        return self._pool.submit(self._scores, rows, sentences, table).result

    def _begin_long(self, row: Rows, sentence: Sequence[str], table: Float32s) -> Callable[[], list[Float32s]]:
        """Does the same for one sentence, in parts that overlap; what the margins give is thrown away."""
        parts = list[_Part]()
        for start in range(0, len(row), LONGEST):
            place = slice(max(start - MARGIN, 0), start + LONGEST + MARGIN)
            parts.append(_Part(row[place], sentence[place], min(start, MARGIN)))
        begun = []
        for first in range(0, len(parts), PARTS):
            some = parts[first : first + PARTS]
            begun.append(self._begin([part.row for part in some], [part.words for part in some], table))

        def scores() -> list[Float32s]:
            columns = zip(*(wait() for wait in begun), strict=True)
            return [np.concatenate(list(map(_own, parts, chain.from_iterable(column))))[None] for column in columns]

        return scores

    def _scores(self, rows: list[Rows], sentences: list[Sequence[str]], table: Float32s) -> list[Float32s]:
        lengths_B = np.array([len(row) for row in rows])
        rows_BT = np.zeros((len(rows), lengths_B.max()), np.intp)
        rows_BT[np.arange(rows_BT.shape[1]) < lengths_B[:, None]] = np.concatenate(rows)
        size = self._network.vector_size
        vectors_TBD = table[:, :size][rows_BT.T]
        if self._states is not None:
            vectors_TBD = np.concatenate([vectors_TBD, self._states.of(sentences)], axis=2)
        scores = self._network.scores(vectors_TBD, lengths_B)
        if self._linear is not None and self._vectors.has_additions:
            scores = self._linear.add_to(scores, table[:, size:], rows_BT.T)
        elif self._linear is not None:
            scores = self._linear.add_to_words(scores, sentences, self.lexicon.knows)
        return [scores_TBS.transpose(1, 0, 2) for scores_TBS in scores]

    def _decoded(
        self,
        scores: list[Float32s],
        lengths_B: npt.NDArray[np.intp],
        options: TagOptions,
        masks: Sequence[Masks] | None,
    ) -> list[list[Annotation]]:
        by_column = []
        for name in self.columns if options.columns is None else options.columns:
            column = self.columns.index(name)
            decoder, tags = self._decoders[column], self._tags[column]
            allowed_BTK = None if masks is None else allowed_tags(name, masks, scores[column].shape[1], len(tags))
            by_column.append(_decoded(name, decoder, tags, scores[column], lengths_B, options, allowed_BTK))
        return [list(annotations) for annotations in zip(*by_column, strict=True)]


class _Part(NamedTuple):
    """A part of a long sentence."""

    row: Rows
    """The rows of its words, and of those of its margins."""
    words: Sequence[str]
    margin: int
    """How many words come before the first of its own."""


def _own(part: _Part, scores_TS: Float32s) -> Float32s:
    return scores_TS[part.margin : len(part.row)][:LONGEST]


def _decoded(
    column: str,
    decoder: Decoder,
    tags: npt.NDArray[np.object_],
    scores_BTS: Float32s,
    lengths_B: npt.NDArray[np.intp],
    options: TagOptions,
    allowed_BTK: Allowed | None,
) -> list[Annotation]:
    """For each sentence of a batch, what the decoder says of its words in one column.

    `tags` has the tags by their ids. Among equally likely alternatives the one with the lower id comes first.
    """
    needs_probabilities = options.probabilities or options.alternatives > 0
    decoding = decoder.decode(scores_BTS, lengths_B, probabilities=needs_probabilities, allowed_BTK=allowed_BTK)
    lengths = lengths_B.tolist()
    chosen = [row[:length].tolist() for row, length in zip(tags[decoding.tags_BT], lengths, strict=True)]
    if decoding.probabilities_BTK is None:
        return [Annotation(column, names) for names in chosen]
    every_BTK = decoding.probabilities_BTK
    own_BT = np.take_along_axis(every_BTK, decoding.tags_BT[..., None].astype(np.intp), 2)[..., 0]
    probabilities = [row[:length].tolist() for row, length in zip(own_BT, lengths, strict=True)]
    alternatives: list[list[list[tuple[str, float]]] | None] = [None] * len(lengths)
    if count := min(options.alternatives, len(tags)):
        ranked_BTK = every_BTK if allowed_BTK is None else np.where(allowed_BTK, every_BTK, -1)
        best_BTN = np.argsort(-ranked_BTK, axis=2, kind="stable")[..., :count]
        values_BTN = np.take_along_axis(ranked_BTK, best_BTN, 2)
        alternatives = [
            [
                [(name, p) for name, p in zip(names, values, strict=True) if p >= 0]  # -1 is not allowed
                for names, values in zip(best[:n].tolist(), value[:n].tolist(), strict=True)
            ]
            for best, value, n in zip(tags[best_BTN], values_BTN, lengths, strict=True)
        ]
    return [
        Annotation(column, names, own if options.probabilities else None, others)
        for names, own, others in zip(chosen, probabilities, alternatives, strict=True)
    ]
