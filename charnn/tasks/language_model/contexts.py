"""The contexts that a text has among what was counted: those of its n-grams, and of its words where these are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from charnn.arrays import Float32s, Float64s, Floats, Integers
from charnn.ngrams.model import Facts, NgramModel, States
from charnn.ngrams.packing import Ids
from charnn.ngrams.word_model import Found, WordModel
from charnn.ngrams.words import LEVELS as WORD_LEVELS

LOGARITHMS = 3
"""How many logarithms the powers depend on, besides the length of the context."""
LARGEST_POWER = 4.0
"""No power is above it, and none is below 0."""
WORDED = np.dtype([("symbols", np.int32), ("words", np.uint64, (WORD_LEVELS,))])
"""A context among n-grams, and a place among words."""
WORD_FACTS = 1 + LOGARITHMS
"""How many numbers the powers depend on for each kind of context with words: whether there is one, and the
logarithms."""

Contexts = npt.NDArray[Any]
"""What has been read: states of n-grams, or with words values of `WORDED`."""


class CountedContexts:
    """What was counted of a text: n-grams, and beside them what was met in words, where that is known."""

    def __init__(self, model: NgramModel, words: WordModel | None = None) -> None:
        """Raises ValueError where they are not of the same vocabulary."""
        if words is not None and words.vocabulary_size != model.vocabulary_size:
            raise ValueError("its words are of another vocabulary")
        self.model, self.words = model, words

    def initial(self, batch: int) -> Contexts:
        """The contexts of `batch` lanes that have read nothing."""
        return np.zeros(batch, np.int32 if self.words is None else WORDED)

    def symbols(self, contexts: Contexts) -> States:
        """The states among the n-grams alone."""
        return contexts if self.words is None else contexts["symbols"]

    def advance(self, contexts_B: Contexts, ids_B: Ids) -> Contexts:
        """The contexts after one more id each."""
        if self.words is None:
            return self.model.advance(contexts_B, ids_B)
        after = self.words.symbols.after
        if len(ids_B) == 1:
            state, place = self.model.advance(contexts_B["symbols"], ids_B)[0], contexts_B["words"][0].tolist()
            return np.array([(state, after(place, int(ids_B[0])))], WORDED)
        found = np.empty(len(ids_B), WORDED)
        found["symbols"] = self.model.advance(contexts_B["symbols"], ids_B)
        places = zip(contexts_B["words"].tolist(), ids_B.tolist(), strict=True)
        found["words"] = np.array([after(place, id_) for place, id_ in places], np.uint64)
        return found

    def states(self, contexts_B: Contexts, ids_BT: Ids) -> Contexts:
        """The contexts (B, T) after each id."""
        if self.words is None:
            return self.model.states(contexts_B, ids_BT)
        found = np.empty(ids_BT.shape, WORDED)
        found["symbols"] = self.model.states(contexts_B["symbols"], ids_BT)
        for row, (place, ids_T) in enumerate(zip(contexts_B["words"], ids_BT, strict=True)):
            found["words"][row] = self.words.symbols.along(place, ids_T)
        return found

    def log_probabilities(self, contexts_N: Contexts, symbols_NV: Floats | None = None) -> list[Float32s]:
        """ln p (N, V) of each id by the n-grams, and with words before that by these as they change the n-grams.
        `symbols_NV` is p by the n-grams alone, where that is known already."""
        return self.found(contexts_N, symbols_NV)[0]

    def found(self, contexts_N: Contexts, symbols_NV: Floats | None = None) -> tuple[list[Float32s], list[Found]]:
        """What `log_probabilities` gives, and the contexts with words."""
        if symbols_NV is None:
            symbols_NV = self.model.probabilities(self.symbols(contexts_N))
        by_symbols_NV = np.log(symbols_NV)
        if self.words is None:
            return [by_symbols_NV], []
        found = self.words.find(contexts_N["words"])
        return [np.log(self.words.extended(symbols_NV, found)), by_symbols_NV], found

    def known(self, contexts_N: Contexts) -> Float64s:
        """What the powers in each context (N, F) depend on."""
        known_NF = known_of(self.model.facts, self.symbols(contexts_N), self.model.longest)
        if self.words is None:
            return known_NF
        of_words_NF = np.zeros((len(contexts_N), WORD_LEVELS, WORD_FACTS))
        for level, (rows, contexts) in enumerate(self.words.find(contexts_N["words"])):
            of_words_NF[rows, level, 0] = 1
            of_words_NF[rows, level, 1:] = np.stack(logarithms(self.words.facts, contexts), 1)
        return np.column_stack([known_NF, of_words_NF.reshape(len(contexts_N), -1)])

    @property
    def plain_size(self) -> int:
        """On how many numbers the powers depend that are known of the n-grams alone."""
        return self.model.longest + 1 + LOGARITHMS

    @property
    def size(self) -> int:
        """F, on how many numbers the powers depend."""
        return self.plain_size if self.words is None else self.plain_size + WORD_LEVELS * WORD_FACTS


def known_of(facts: Facts, contexts_N: States, longest: int) -> Float64s:
    """What the powers in each context (N, F) depend on. The contexts have at most `longest` symbols."""
    lengths_NL = facts.lengths_S[contexts_N, np.newaxis] == np.arange(longest + 1)
    return np.column_stack([lengths_NL, *logarithms(facts, contexts_N)]).astype(np.float64)


def logarithms(facts: Facts, contexts_N: Integers | slice = slice(None)) -> list[Float32s]:
    """The logarithms (N,) of how many symbols were met after each context, of what it leaves to shorter ones, and of
    the probability of the likeliest."""
    known = (facts.followers_S, facts.left_S, facts.largest_S)
    return [np.log(values_S[contexts_N].astype(np.float32)) for values_S in known]
