"""How far n-grams of the text are believed beside the network, context by context.

The probability of each symbol is in proportion to that of the network to some power, times that of the n-grams to
another. Such a product is sharper than a mean of the two: what either holds unlikely stays unlikely. The powers depend
on the context which the n-grams know: on its length, on how many symbols were met after it, on what it leaves to
shorter contexts, and on how likely the likeliest of them is. They are linear in these, and their weights are learned
from text that neither has seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from charnn.ngrams.model import Facts, NgramModel, States
from charnn.ngrams.table import NgramTable

Floats = npt.NDArray[np.floating]
LARGEST_POWER = 4.0
"""No power is above it, and none is below 0."""
LOGARITHMS = 3
"""How many logarithms the powers depend on, besides the length of the context."""
POWER_WEIGHTS = "power.weights"
"""The name of the weights among the arrays of the table. There are two rows of them: for the power of the network, and
for that of the n-grams."""


def known_of(facts: Facts, contexts_N: States, longest: int) -> npt.NDArray[np.float64]:
    """What the powers in each context (N, F) depend on. The contexts have at most `longest` symbols."""
    lengths_NL = facts.lengths_S[contexts_N, np.newaxis] == np.arange(longest + 1)
    return np.column_stack([lengths_NL, *logarithms(facts, contexts_N)]).astype(np.float64)


def logarithms(facts: Facts, contexts_N: States | slice = slice(None)) -> list[npt.NDArray[np.float32]]:
    """The logarithms (N,) of how many symbols were met after each context, of what it leaves to shorter ones, and of
    the probability of the likeliest."""
    known = (facts.followers_S, facts.left_S, facts.largest_S)
    return [np.log(values_S[contexts_N].astype(np.float32)) for values_S in known]


def weighted(weights_EF: npt.NDArray[np.float32], facts: Facts, lengths: int) -> npt.NDArray[np.float32]:
    """What the product of these weights and what `known_of` gives is for each context, (E, S), without the many zeros
    of the lengths, of which there are so many from 0 on."""
    powers_ES = weights_EF[:, facts.lengths_S]
    with np.errstate(over="ignore", invalid="ignore"):
        for weights_E, values_S in zip(weights_EF.T[lengths:], logarithms(facts), strict=True):
            powers_ES += weights_E[:, np.newaxis] * values_S
    finite: npt.NDArray[np.float32] = np.nan_to_num(powers_ES)
    return finite


class MixedNgrams:
    """N-grams that know how far they are to be believed in each context. They never change."""

    def __init__(self, table: NgramTable, weights_2F: npt.NDArray[np.float32], vocabulary_size: int) -> None:
        """Raises ValueError where the table is not sound, or the weights are not those of its contexts."""
        self.table, self.weights_2F = table, weights_2F
        self.model = NgramModel(table, vocabulary_size)
        facts, lengths = self.model.facts, self.model.longest + 1
        if (
            weights_2F.dtype != np.float32
            or weights_2F.shape != (2, lengths + LOGARITHMS)
            or not np.isfinite(weights_2F).all()
        ):
            raise ValueError("its powers are none")
        self.network_powers_S, self.own_powers_S = weighted(weights_2F, facts, lengths).clip(0, LARGEST_POWER)
        """The powers after each context."""

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        return {**self.table.arrays(), POWER_WEIGHTS: self.weights_2F}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]], vocabulary_size: int) -> Self:
        """Raises ValueError for anything else than what `arrays` gives."""
        return cls(NgramTable.from_arrays(arrays), arrays.get(POWER_WEIGHTS, np.zeros(0)), vocabulary_size)

    def logits(self, contexts_N: States, network_NV: Floats) -> Floats:
        """The logits (N, V) of what follows each context, where `network_NV` are those by the network."""
        return self.mixed(contexts_N, np.log(self.model.probabilities(contexts_N)), network_NV)

    def mixed(self, contexts_N: States, own_NV: Floats, network_NV: Floats) -> Floats:
        """The logits, where `own_NV` are ln p by the n-grams."""
        alone: Floats
        if len(contexts_N) == 1:  # arrays of one power each would take longer than all the rest
            alone = network_NV * self.network_powers_S[contexts_N[0]]
            alone += own_NV * self.own_powers_S[contexts_N[0]]
            return alone
        found: Floats = network_NV * self.network_powers_S[contexts_N, np.newaxis]
        found += own_NV * self.own_powers_S[contexts_N, np.newaxis]
        return found


STEPS = 30
CAUTION = 1.0
"""Each weight costs half the square of how far it is from that of the network alone, in nats, beside the text that the
weights are learned from."""
ENOUGH = 1e-6
"""Nats for each symbol. A step that brings less is the last one."""


def learn_powers(
    known_NF: Floats, log_p_ENV: Sequence[Floats], ids_N: npt.NDArray[np.integer], *, lengths: int
) -> npt.NDArray[np.float32]:
    """The weights (E, F) of the powers that make N symbols likeliest, by ln p of all symbols in their places according
    to E models, the network first. The first `lengths` of what is known say how long a context is: one of them is 1.

    It is a softmax regression, which is concave; by Newton's steps, each halved until it brings something.
    """
    shape = len(log_p_ENV), known_NF.shape[1]
    alone_EF = np.zeros(shape)
    alone_EF[0, :lengths] = 1  # whatever the length of the context is
    weights_EF = alone_EF.copy()

    def gain(tried_EF: Floats) -> float:
        distance_EF = tried_EF - alone_EF
        nats = symbol_nats(known_NF, tried_EF, log_p_ENV, ids_N)
        return float(-nats.sum() - CAUTION / 2 * (distance_EF * distance_EF).sum())

    now = gain(weights_EF)
    for _ in range(STEPS):
        p_NV = np.exp(_log_probabilities(known_NF, weights_EF, log_p_ENV))
        gradient_EF, curvature = slopes(known_NF, log_p_ENV, p_NV, ids_N)
        gradient_EF -= CAUTION * (weights_EF - alone_EF)
        curvature += np.eye(len(curvature)) * CAUTION
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
    known_NF: Floats, log_p_ENV: Sequence[Floats], p_NV: Floats, ids_N: npt.NDArray[np.integer]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """How ln p of N symbols changes with the weights of the powers, (E, F), and how fast that change falls, (E F, E F),
    where `p_NV` are the probabilities by all E models together."""
    rows_N, models, size = np.arange(len(ids_N)), len(log_p_ENV), known_NF.shape[1]
    expected_EN = np.stack([(p_NV * by_NV).sum(1) for by_NV in log_p_ENV])
    observed_EN = np.stack([by_NV[rows_N, ids_N] for by_NV in log_p_ENV]).astype(np.float64)
    curvature = np.empty((models * size, models * size))
    for one, one_NV in enumerate(log_p_ENV):
        for other, other_NV in enumerate(log_p_ENV):
            covariance_N = (p_NV * one_NV * other_NV).sum(1) - expected_EN[one] * expected_EN[other]
            part = np.s_[one * size : (one + 1) * size, other * size : (other + 1) * size]
            curvature[part] = (known_NF * covariance_N[:, np.newaxis]).T @ known_NF
    return (observed_EN - expected_EN) @ known_NF, curvature


def symbol_nats(
    known_NF: Floats, weights_EF: Floats, log_p_ENV: Sequence[Floats], ids_N: npt.NDArray[np.integer]
) -> Floats:
    """-ln p (N,) of each symbol, with the arguments of `learn_powers`."""
    log_p_NV = _log_probabilities(known_NF, weights_EF, log_p_ENV)
    found: Floats = -log_p_NV[np.arange(len(ids_N)), ids_N].astype(np.float64)
    return found


def mixed(known_NF: Floats, weights_EF: Floats, log_p_ENV: Sequence[Floats]) -> npt.NDArray[np.float32]:
    """The logits (N, V) by E models together."""
    powers_EN = (weights_EF @ known_NF.T).clip(0, LARGEST_POWER).astype(np.float32)
    logits_NV: npt.NDArray[np.float32] = powers_EN[0, :, np.newaxis] * log_p_ENV[0].astype(np.float32)
    for powers_N, by_NV in zip(powers_EN[1:], log_p_ENV[1:], strict=True):
        logits_NV += powers_N[:, np.newaxis] * by_NV
    return logits_NV


def _log_probabilities(known_NF: Floats, weights_EF: Floats, log_p_ENV: Sequence[Floats]) -> Floats:
    log_p_NV: Floats = mixed(known_NF, weights_EF, log_p_ENV)
    log_p_NV -= log_p_NV.max(1, keepdims=True)
    log_p_NV -= np.log(np.exp(log_p_NV).sum(1, keepdims=True))
    return log_p_NV
