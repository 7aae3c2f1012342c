"""How far n-grams of the text are believed beside the network, context by context.

The probability of each symbol is in proportion to that of the network to some power, times that of the n-grams to
another. Such a product is sharper than a mean of the two: what either holds unlikely stays unlikely. The powers depend
on the context which the n-grams know: on its length, on how many symbols were met after it, on what it leaves to
shorter contexts, and on how likely the likeliest of them is. They are linear in these, and their weights are learned
from text that neither has seen. What the context ends in may add to them (`endings`).

Where words are known, too, there is a third factor: what was met after the beginning of a word, and after that and the
words before it, changes what the n-grams expect. All three powers depend on these contexts, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from charnn.arrays import Bools, Float32s, Float64s, Floats, Integers
from charnn.ngrams.model import Facts, NgramModel, States
from charnn.ngrams.table import NgramTable
from charnn.ngrams.word_model import WordModel
from charnn.ngrams.word_table import WordTable
from charnn.ngrams.words import LEVELS as WORD_LEVELS
from charnn.ngrams.words import NOTHING
from charnn.tasks.language_model.contexts import LARGEST_POWER, WORD_FACTS, Contexts, CountedContexts, logarithms
from charnn.tasks.language_model.endings import Endings
from charnn.tasks.language_model.single import SingleContext

LARGEST_ADDED = 1e6
"""No part of a power is larger, so that sums of them are finite."""
POWER_WEIGHTS = "power.weights"
"""The name of the weights among the arrays of the table. There is a row of them for the power of the network, for
that of words where there are any, and for that of the n-grams."""


def weighted(weights_EF: Float32s, facts: Facts, lengths: int) -> Float32s:
    """What the product of these weights and what `known_of` gives is for each context, (E, S), without the many zeros
    of the lengths, of which there are so many from 0 on."""
    powers_ES = weights_EF[:, facts.lengths_S]
    with np.errstate(over="ignore", invalid="ignore"):
        for weights_E, values_S in zip(weights_EF.T[lengths:], logarithms(facts), strict=True):
            powers_ES += weights_E[:, np.newaxis] * values_S
    finite: Float32s = np.nan_to_num(powers_ES)
    return finite


class MixedNgrams:
    """N-grams that know how far they are to be believed in each context. They never change."""

    def __init__(
        self,
        table: NgramTable,
        weights_EF: Float32s,
        vocabulary_size: int,
        words: WordTable | None = None,
        endings: Endings | None = None,
    ) -> None:
        """`weights_EF` are those of the powers of the network, of words where there are any, and of the n-grams, to
        which `endings` may add something. Raises ValueError where the table is not sound, or the weights are not those
        of its contexts."""
        self.table, self.weights_EF, self.endings = table, weights_EF, endings
        self.model = NgramModel(table, vocabulary_size)
        self.contexts = CountedContexts(self.model, None if words is None else WordModel(words))
        shape = 2 if words is None else 3, self.contexts.size
        if weights_EF.dtype != np.float32 or weights_EF.shape != shape or not np.isfinite(weights_EF).all():
            raise ValueError("its powers are none")
        plain_EF, of_words_EF = np.split(weights_EF, [self.contexts.plain_size], axis=1)
        powers_ES = weighted(plain_EF, self.model.facts, self.model.longest + 1)
        powers_ES += self.added(np.arange(powers_ES.shape[1], dtype=np.int32))
        self.unbounded_SE = np.ascontiguousarray(powers_ES.clip(-LARGEST_ADDED, LARGEST_ADDED).T)
        """What the powers after each context of symbols are before they are bounded and what words add."""
        self.powers_ES = self.unbounded_SE.clip(0, LARGEST_POWER).T
        """The powers after each context of symbols where none with words is known."""
        self.added_SE = np.zeros((0, len(weights_EF)), np.float32)
        """What each context with words adds to the powers."""
        if found := self.contexts.words:
            of_words_EKF = of_words_EF.reshape(len(weights_EF), WORD_LEVELS, WORD_FACTS)
            kinds_S = found.facts.lengths_S
            added_ES = of_words_EKF[:, kinds_S, 0]
            with np.errstate(over="ignore", invalid="ignore"):
                for number, values_S in enumerate(logarithms(found.facts), 1):
                    added_ES += of_words_EKF[:, kinds_S, number] * values_S
            self.added_SE = np.ascontiguousarray(np.nan_to_num(added_ES).clip(-LARGEST_ADDED, LARGEST_ADDED).T)

    def added(self, states_N: States) -> Float32s:
        """What the endings of contexts add to the power of each model (E, N) in these states."""
        if self.endings is None:
            return np.zeros((len(self.weights_EF), len(states_N)), np.float32)
        return self.endings.added(self.model, states_N)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        words = self.contexts.words
        of_words = {} if words is None else words.table.arrays()
        of_endings = {} if self.endings is None else self.endings.arrays()
        return {**self.table.arrays(), **of_words, **of_endings, POWER_WEIGHTS: self.weights_EF}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]], vocabulary_size: int) -> Self:
        """Raises ValueError for anything else than what `arrays` gives."""
        words = WordTable.from_arrays(arrays, vocabulary_size)
        endings = Endings.from_arrays(arrays, vocabulary_size, 2 if words is None else 3)
        weights_EF = arrays.get(POWER_WEIGHTS, np.zeros(0))
        return cls(NgramTable.from_arrays(arrays), weights_EF, vocabulary_size, words, endings)

    def logits(self, contexts_N: Contexts, network_NV: Floats, symbols_NV: Floats | None = None) -> Floats:
        """The logits (N, V) of what follows each context, where `network_NV` are those by the network. `symbols_NV` is
        p by the n-grams alone, where that is known already."""
        if len(contexts_N) == 1:  # arrays of one power each would take longer than all the rest
            return self._logits_of_one(contexts_N, network_NV, symbols_NV)
        counted, found = self.contexts.found(contexts_N, symbols_NV)
        states_N = self.contexts.symbols(contexts_N)
        logits_NV: Floats
        powers_EN = self.powers_ES[:, states_N]
        if found:
            powers_NE = self.unbounded_SE[states_N]
            for rows, contexts in found:
                powers_NE[rows] += self.added_SE[contexts]
            powers_EN = powers_NE.clip(0, LARGEST_POWER).T
        logits_NV = network_NV * powers_EN[0, :, np.newaxis]
        for by_NV, powers_N in zip(counted, powers_EN[1:], strict=True):
            logits_NV += by_NV * powers_N[:, np.newaxis]
        return logits_NV

    def _logits_of_one(self, contexts_1: Contexts, network_1V: Floats, symbols_1V: Floats | None) -> Floats:
        """The logits (1, V) in a single context."""
        symbols, words = self.contexts.symbols(contexts_1), self.contexts.words
        place = NOTHING if words is None else tuple(contexts_1["words"][0].tolist())
        if symbols_1V is None:
            symbols_1V = self.model.probabilities(symbols)
        single, logits_1V = SingleContext(self), np.empty(network_1V.shape, np.float32)
        single.read(int(symbols[0]), place, symbols_1V[0])
        single.logits(network_1V, logits_1V)
        return logits_1V


STEPS = 30
CAUTION = 100.0
"""Each weight costs so many times half the square of how far it is from the usual one, in nats, beside the text that
the weights are learned from."""
ENOUGH = 1e-6
"""Nats for each symbol. A step that brings less is the last one."""


def learn_powers(
    known_NF: Floats,
    log_p_ENV: Sequence[Floats],
    ids_N: Integers,
    *,
    usual_EF: Floats,
) -> Float32s:
    """The weights (E, F) of the powers that make N symbols likeliest, by ln p of all symbols in their places according
    to E models, the network first, where those that are usual are `usual_EF`.

    It is a softmax regression, by Newton's steps, each halved until it brings something. It is concave but for the
    bounds of the powers, at which a power changes no more with its weights.
    """
    shape = len(log_p_ENV), known_NF.shape[1]
    weights_EF = usual_EF.astype(np.float64)

    def gain(tried_EF: Floats) -> float:
        distance_EF = tried_EF - usual_EF
        nats = symbol_nats(tried_EF @ known_NF.T, log_p_ENV, ids_N)
        return float(-nats.sum() - CAUTION / 2 * (distance_EF * distance_EF).sum())

    now = gain(weights_EF)
    for _ in range(STEPS):
        powers_EN = weights_EF @ known_NF.T
        p_NV = np.exp(log_mixed(powers_EN, log_p_ENV))
        is_free_EN = (powers_EN >= 0) & (powers_EN <= LARGEST_POWER)
        gradient_EF, curvature = slopes(known_NF, log_p_ENV, p_NV, ids_N, is_free_EN)
        gradient_EF -= CAUTION * (weights_EF - usual_EF)
        curvature += CAUTION * np.eye(weights_EF.size)
        step_EF = np.linalg.solve(curvature, gradient_EF.reshape(-1)).reshape(shape)
        while (then := gain(weights_EF + step_EF)) < now and np.abs(step_EF).max() > ENOUGH:
            step_EF /= 2
        if then <= now:
            break
        weights_EF, brought, now = weights_EF + step_EF, then - now, then
        if brought < ENOUGH * len(ids_N):
            break
    return weights_EF.astype(np.float32)


def slopes(
    known_NF: Floats,
    log_p_ENV: Sequence[Floats],
    p_NV: Floats,
    ids_N: Integers,
    is_free_EN: Bools | None = None,
) -> tuple[Float64s, Float64s]:
    """How ln p of N symbols changes with the weights of the powers, (E, F), and how fast that change falls, (E F, E F),
    where `p_NV` are the probabilities by all E models together. Powers that are not free do not change."""
    rows_N, models, size = np.arange(len(ids_N)), len(log_p_ENV), known_NF.shape[1]
    free_EN = np.ones((models, len(ids_N))) if is_free_EN is None else is_free_EN.astype(np.float64)
    expected_EN = np.stack([(p_NV * by_NV).sum(1) for by_NV in log_p_ENV])
    observed_EN = np.stack([by_NV[rows_N, ids_N] for by_NV in log_p_ENV]).astype(np.float64)
    curvature = np.empty((models * size, models * size))
    for one, one_NV in enumerate(log_p_ENV):
        for other, other_NV in enumerate(log_p_ENV):
            covariance_N = (p_NV * one_NV * other_NV).sum(1) - expected_EN[one] * expected_EN[other]
            covariance_N = covariance_N * free_EN[one] * free_EN[other]
            part = np.s_[one * size : (one + 1) * size, other * size : (other + 1) * size]
            curvature[part] = (known_NF * covariance_N[:, np.newaxis]).T @ known_NF
    return (free_EN * (observed_EN - expected_EN)) @ known_NF, curvature


def symbol_nats(powers_EN: Floats, log_p_ENV: Sequence[Floats], ids_N: Integers) -> Floats:
    """-ln p (N,) of each symbol, with these powers before they are bounded."""
    log_p_NV = log_mixed(powers_EN, log_p_ENV)
    found: Floats = -log_p_NV[np.arange(len(ids_N)), ids_N].astype(np.float64)
    return found


def mixed(powers_EN: Floats, log_p_ENV: Sequence[Floats]) -> Float32s:
    """The logits (N, V) by E models together, with these powers before they are bounded."""
    powers_EN = powers_EN.clip(0, LARGEST_POWER).astype(np.float32)
    logits_NV: Float32s = powers_EN[0, :, np.newaxis] * log_p_ENV[0].astype(np.float32)
    for powers_N, by_NV in zip(powers_EN[1:], log_p_ENV[1:], strict=True):
        logits_NV += powers_N[:, np.newaxis] * by_NV
    return logits_NV


def log_mixed(powers_EN: Floats, log_p_ENV: Sequence[Floats]) -> Floats:
    """ln p (N, V) by E models together, with these powers before they are bounded."""
    log_p_NV: Floats = mixed(powers_EN, log_p_ENV)
    log_p_NV -= log_p_NV.max(1, keepdims=True)
    log_p_NV -= np.log(np.exp(log_p_NV).sum(1, keepdims=True))
    return log_p_NV
