"""What is counted beside the network of a single text that is written symbol by symbol, in as few operations as it
takes: an operation on the probabilities of all symbols costs little more than its call."""

from __future__ import annotations

from struct import Struct
from typing import Protocol

import numpy as np

from charnn.arrays import Float32s, Floats
from charnn.ngrams.model import NgramModel
from charnn.ngrams.words import NOTHING
from charnn.tasks.language_model.contexts import LARGEST_POWER, Contexts, CountedContexts

Place = tuple[int, int, int]
STATE, STATE_AND_PLACE = Struct("=i"), Struct("=iQQQ")
"""How a context without words, and with words, lies in memory (`contexts.WORDED`)."""


def view_of(numbers: Float32s) -> memoryview[float]:
    """Sees an array as Python does, one number after the other."""
    return numbers.reshape(-1).data.cast("B").cast("f")


class Remembers(Protocol):
    """Knows what n-grams of symbols say."""

    def of_one(self, context: int) -> Float32s:
        """p (V,) of each id after a context, which must not be changed."""


class Counted(Protocol):
    """What `mixing.MixedNgrams` has: the contexts of what was counted, and what the powers after each of them are."""

    model: NgramModel
    contexts: CountedContexts
    unbounded_SE: Float32s
    added_SE: Float32s


class SingleContext:
    """Gives the logits of `MixedNgrams.logits` for one context at a time, in arrays that it makes once."""

    def __init__(self, ngrams: Counted) -> None:
        self._words, self._models = ngrams.contexts.words, ngrams.unbounded_SE.shape[1]
        # Python reads single numbers from these several times as fast as from the arrays.
        self._unbounded, self._added = ngrams.unbounded_SE.reshape(-1).data, ngrams.added_SE.reshape(-1).data
        self._row = Struct(f"={self._models}f")
        self._counted_CV = np.empty((self._models - 1, ngrams.model.vocabulary_size), np.float32)
        """ln p by words where there are any, then by n-grams, each times its power."""
        self._each_V = list(self._counted_CV)
        self._by_words_V = self._counted_CV[0]
        self._by_words = self._by_words_V.data
        powers_E = np.empty(self._models, np.float32)
        # NumPy multiplies by an array without axes in half the time that it takes by a number.
        self._powers, (self._power, *each_power) = view_of(powers_E), [powers_E[n, ...] for n in range(self._models)]
        self._counted = list(zip(self._each_V, each_power, strict=True))

    def read(self, state: int, place: Place, symbols_V: Float32s) -> None:
        """Takes the context whose logits are wanted, and p (V,) by the n-grams of symbols after it."""
        powers, words = self._powers, self._words
        own = self._row.unpack_from(self._unbounded, state * self._row.size)
        self._counted_CV[:] = symbols_V
        if words is not None and (found := words.extend_one(self._by_words_V, self._by_words, place)):
            first, second, third = own
            for context in found:
                one, two, three = self._row.unpack_from(self._added, context * self._row.size)
                first, second, third = first + one, second + two, third + three
            own = first, second, third
        for number, power in enumerate(own):
            powers[number] = 0.0 if power < 0 else LARGEST_POWER if power > LARGEST_POWER else power
        np.log(self._counted_CV, self._counted_CV)
        for counted_V, of_it in self._counted:
            np.multiply(counted_V, of_it, counted_V)

    def logits(self, network_1V: Floats, out_1V: Float32s) -> None:
        """Sets `out_1V` to the logits after the context that was read, by the network and what was counted."""
        out_V = out_1V[0]
        np.multiply(network_1V[0], self._power, out_V)
        for counted_V in self._each_V:
            np.add(out_V, counted_V, out_V)


class SingleText:
    """The same along a text, whose context is read from an array and put back there at each step."""

    def __init__(self, ngrams: Counted, remembered: Remembers, contexts_1: Contexts) -> None:
        words = ngrams.contexts.words
        self._after, self._of_one = ngrams.model.after, remembered.of_one
        self._word_after = None if words is None else words.symbols.after
        self._bytes = contexts_1.view(np.uint8).data
        self._single = SingleContext(ngrams)
        self._logits_1V = np.empty((1, ngrams.model.vocabulary_size), np.float32)

    def read(self, id_: int) -> None:
        """Goes on to the context after one more id."""
        if self._word_after is None:
            (state,), place = STATE.unpack_from(self._bytes), NOTHING
            state = self._after(state, id_)
            STATE.pack_into(self._bytes, 0, state)
        else:
            state, run, last, earlier = STATE_AND_PLACE.unpack_from(self._bytes)
            state, place = self._after(state, id_), self._word_after((run, last, earlier), id_)
            STATE_AND_PLACE.pack_into(self._bytes, 0, state, *place)
        self._single.read(state, place, self._of_one(state))

    def logits(self, network_1V: Floats) -> Float32s:
        """The logits (1, V) of what follows, where `network_1V` are those by the network; valid until the next call."""
        self._single.logits(network_1V, self._logits_1V)
        return self._logits_1V
