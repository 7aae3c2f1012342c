"""Counts the n-grams of a text, and finds out how far they are to be believed beside a network that has learned it."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from charnn.arrays import Float32s, Integers
from charnn.errors import UsageError
from charnn.generation.model import conditions_at
from charnn.ngrams.counting import count
from charnn.ngrams.model import NgramModel
from charnn.ngrams.table import NgramTable
from charnn.ngrams.word_model import WordModel
from charnn.ngrams.word_table import WordTable
from charnn.ngrams.words import WordSymbols
from charnn.softmax import log_softmax
from charnn.tasks.language_model.config import LanguageModelNetworkConfig, LanguageModelNgrams
from charnn.tasks.language_model.contexts import CountedContexts
from charnn.tasks.language_model.endings import Endings, ending_of, kinds_of
from charnn.tasks.language_model.halting import going_on, without_end
from charnn.tasks.language_model.learn.data import EncodedCorpus
from charnn.tasks.language_model.learn.powers import measured
from charnn.tasks.language_model.learn.usual import usual_powers
from charnn.tasks.language_model.mixing import MixedNgrams
from charnn.tasks.language_model.use.mixed import Network
from charnn.tokenizers.base import STOP_ID, Tokenizer

ORDER = 7
"""The most symbols of an n-gram. On a megabyte of text, eight bring half a thousandth of a nat, and half as many again
must be kept."""
MOST_COUNTED = 5_000_000
"""A longer text has so many of its symbols counted, the last ones."""
MOST_KEPT = 1_500_000
"""The most n-grams that are kept, which are some 4 MB."""
MOST_OF_WORDS = 2_000_000
"""In the words of a longer text only so many of its symbols are counted, the last ones."""
MOST_WORD_NGRAMS = 500_000
"""The most symbols after words that are kept, which are some 3 MB. From a megabyte of text they leave out what was
met after a word once, which costs less than a thousandth of a nat."""
FEWEST_HELD_OUT = 200
"""With fewer characters held out nothing can be learned about how far n-grams are to be believed, and they are as is
usual."""
MEASURED = 50_000
"""What they bring is measured on the first so many characters that are held out."""
LEAST_GAIN_OF_WORDS = 0.005
"""The nats per character that words must bring there beside them, which are slower."""
MANY_HELD_OUT = 1000
"""With fewer characters held out whether words are kept is decided without them."""
MOST_TRIED, LOST_BY_WORDS = 200_000, 0.1
"""Words are then left out if the last tenth of so many symbols is expected by words alone so many nats less well than
by n-grams alone, as that of a dictionary is."""
MEASURED_NUMBERS = 4_000_000
"""And on no more of them than have so many probabilities of all symbols together."""
LANES, WARM_UP, WINDOW = 8, 128, 256
UNMEASURED = LanguageModelNgrams(
    ngrams=0, characters=0, nats_by_ngrams=None, nats_by_network=None, nats_per_character=None
)
"""What is known of what n-grams bring where nothing is held out."""


def order_of(asked: int | None, network: LanguageModelNetworkConfig) -> int:
    """The most symbols of the n-grams that a run counts; 0 where it counts none.

    Raises UsageError where some were `asked` for and there can be none.
    """
    has_none = network.stopping == "length" and network.labels > 0
    if asked and has_none:
        raise UsageError(
            f"--ngrams {asked}, --stopping length and --conditioned: a model that foretells lengths of texts with "
            "labels has no n-grams",
            hint="leave out one of them",
        )
    if asked is not None:
        return asked
    return 0 if has_none else ORDER


def counts_words(asked: bool | None, order: int, network: LanguageModelNetworkConfig, tokenizer: Tokenizer) -> bool:
    """Whether words are counted beside n-grams of up to `order` symbols. None asks for it where it can be.

    Raises UsageError where `asked` is what cannot be.
    """
    why = None
    if not order:
        why = "--words: words are counted beside n-grams, and this model has none"
    elif network.labels:
        why = "--words and --conditioned: words are counted of texts without labels"
    elif WordSymbols.of(tokenizer.spellings()) is None:
        why = f"--words: {tokenizer.kind} of this text are no parts of words"
    if asked and why is not None:
        raise UsageError(why)
    return why is None if asked is None else asked


class CountedNgrams:
    """The n-grams of the text to train on, what was met in its words where that is wanted, and the seconds that it took
    to count them."""

    def __init__(self, corpus: EncodedCorpus, tokenizer: Tokenizer, order: int, *, words: bool = False) -> None:
        started, self._vocabulary_size, self._order = time.perf_counter(), tokenizer.size, order
        sequences = corpus.counted
        if sequences is None:
            sequences = [corpus.training[max(0, len(corpus.training) - MOST_COUNTED) : len(corpus.training)]]
        spellings = tokenizer.spellings()
        self._symbols, self._kinds_V = WordSymbols.of(spellings) if words else None, kinds_of(spellings)
        self._table, self._words = self._tables(sequences)
        self._last_ids = np.concatenate([ids[-MOST_TRIED:] for ids in sequences])[-MOST_TRIED:]
        self.seconds = time.perf_counter() - started

    def _tables(self, sequences: Sequence[Integers]) -> tuple[NgramTable, WordTable | None]:
        """What is counted in these sequences."""
        levels = count(sequences, self._vocabulary_size, self._order, before=STOP_ID, most=MOST_KEPT)
        words = None
        if self._symbols is not None:
            last = [ids[-MOST_OF_WORDS:] for ids in sequences]
            words = WordTable.count(last, self._symbols, most=MOST_WORD_NGRAMS)
        return NgramTable.of(levels, self._vocabulary_size), words

    @cached_property
    def _contexts(self) -> list[CountedContexts]:
        """What may stand beside a network: the n-grams, and these with words."""
        model = NgramModel(self._table, self._vocabulary_size)
        with_words = [] if self._words is None else [CountedContexts(model, WordModel(self._words))]
        return [CountedContexts(model), *with_words]

    @cached_property
    def _usual_contexts(self) -> CountedContexts:
        """What stands beside a network where too little is held out that tells: the n-grams, and words with these
        unless the last tenth of the text is expected clearly less well by words, as they are counted before it."""
        cut = len(self._last_ids) * 9 // 10
        if self._words is None or cut == 0:
            return self._contexts[0]
        table, words = self._tables([self._last_ids[:cut]])
        assert words is not None
        contexts = CountedContexts(NgramModel(table, self._vocabulary_size), WordModel(words))
        most = max(MEASURED_NUMBERS // self._vocabulary_size, 1)
        before_N, ids_N = self._last_ids[cut - 1 : -1][:most], self._last_ids[cut:][:most]
        contexts_N = contexts.states(contexts.initial(1), before_N[np.newaxis])[0]
        by_words, by_symbols = (
            -float(log_p_NV[np.arange(len(ids_N)), ids_N].mean()) for log_p_NV in contexts.log_probabilities(contexts_N)
        )
        return self._contexts[by_words < by_symbols + LOST_BY_WORDS]

    def as_usual(self) -> tuple[MixedNgrams, LanguageModelNgrams]:
        """The n-grams with the powers that are usual, of which nothing is known where nothing is held out."""
        contexts = self._usual_contexts
        return self._with_powers(contexts, usual_powers(contexts), None, UNMEASURED)

    def beside(
        self, network: Network, documents: Sequence[Integers], characters: int
    ) -> tuple[MixedNgrams, LanguageModelNgrams] | None:
        """The n-grams with the powers that suit these documents, which have so many `characters` and are known to
        neither, and what they bring there. None where they bring too little. With fewer than FEWEST_HELD_OUT the powers
        are those that are usual."""
        tokens_N = np.concatenate([part for document in documents for part in (document, [STOP_ID])])
        most = max(MEASURED_NUMBERS // self._vocabulary_size, 1)
        characters = round(characters * min(1.0, most / len(tokens_N)))
        conditions_1N = network.conditions(tokens_N[np.newaxis])
        tokens_N = tokens_N[:most]
        lanes = LANES if len(tokens_N) > LANES * LANES * WARM_UP else 1
        tokens_BT = tokens_N[: len(tokens_N) // lanes * lanes].reshape(lanes, -1)
        inputs_BT = np.concatenate([np.full((lanes, 1), STOP_ID, np.int32), tokens_BT[:, :-1]], 1)
        logits, state = [], network.initial_state(lanes)
        conditions = {name: each_1N[0, : tokens_BT.size].reshape(lanes, -1) for name, each_1N in conditions_1N.items()}
        for start in range(0, inputs_BT.shape[1], WINDOW):
            window = np.s_[:, start : start + WINDOW]
            logits_BTV, state = network.sequence(inputs_BT[window], state, conditions_at(conditions, window))
            logits.append(logits_BTV)
        # Each lane but the first begins in the middle of the text, and is left out until it has read something.
        counts_BT = tokens_BT != STOP_ID
        counts_BT[1:, :WARM_UP] = False
        network_NV = log_softmax(np.concatenate(logits, 1)[counts_BT]).astype(np.float32)
        ids_N, apart_N = tokens_BT[counts_BT], np.zeros(np.count_nonzero(counts_BT))
        if network.halts:
            network_NV, apart_N = going_on(network_NV)
        elif not network.draws_stop:
            network_NV = without_end(network_NV)
        half_N = np.arange(len(ids_N)) * 2 // len(ids_N)
        learns, least = characters >= FEWEST_HELD_OUT, math.inf
        best: tuple[MixedNgrams, LanguageModelNgrams] | None = None
        has_many = characters >= MANY_HELD_OUT
        for contexts in self._contexts if has_many else [self._usual_contexts]:
            contexts_N = contexts.states(contexts.initial(lanes), inputs_BT)[counts_BT]
            counted = contexts.log_probabilities(contexts_N)
            found = measured(
                contexts.known(contexts_N),
                [network_NV, *(counted if network.draws_stop else map(without_end, counted))],
                ids_N,
                half_N,
                usual_EF=usual_powers(contexts),
                learns=learns,
                characters_each=characters / np.count_nonzero(tokens_N != STOP_ID),
                apart=float(apart_N.mean()),
                endings_GN=ending_of(contexts.model, self._kinds_V, contexts.symbols(contexts_N)) if has_many else (),
            )
            if found is None:
                continue
            if (nats := found.nats_without_endings) <= least - LEAST_GAIN_OF_WORDS:
                least, best = nats, self._with_powers(contexts, found.weights_EF, found.added, found.figures)
        return best

    def _with_powers(
        self,
        contexts: CountedContexts,
        weights_EF: Float32s,
        added: Sequence[Float32s] | None,
        figures: LanguageModelNgrams,
    ) -> tuple[MixedNgrams, LanguageModelNgrams]:
        """The n-grams with the powers that have these weights, to which endings may add something, and `figures` with
        how many there are."""
        words = None if contexts.words is None else contexts.words.table
        of_words = 0 if words is None else len(words.ids_E)
        endings = None if added is None else Endings.of(self._kinds_V, *added)
        return (
            MixedNgrams(self._table, weights_EF, self._vocabulary_size, words, endings),
            dataclasses.replace(figures, ngrams=len(self._table.ids_E), word_ngrams=of_words),
        )
