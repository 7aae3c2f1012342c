"""The powers that suit held-out symbols, and what they bring there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from charnn.arrays import Bools, Float32s, Float64s, Int64s, Integers
from charnn.tasks.language_model.config import LanguageModelNgrams
from charnn.tasks.language_model.learn.ending_powers import learn_added
from charnn.tasks.language_model.mixing import learn_powers, symbol_nats

LEAST_GAIN = 0.002
"""The nats per character that n-grams must bring beside a network."""
LEAST_GAIN_OF_ENDINGS = 0.002
"""Those that what contexts end in must bring beside them."""


class Measured(NamedTuple):
    """The powers that suit some symbols, and what they bring."""

    weights_EF: Float32s
    added: list[Float32s] | None
    """What each ending of a context adds to them, (E, ...); None where that brings too little."""
    figures: LanguageModelNgrams
    nats_without_endings: float
    """What a character costs where endings add nothing."""


def measured(
    known_NF: Float64s,
    log_p_ENV: Sequence[Float32s],
    ids_N: Integers,
    half_N: Integers,
    *,
    usual_EF: Float32s,
    learns: bool = True,
    characters_each: float,
    apart: float = 0.0,
    endings_GN: Sequence[Int64s] = (),
) -> Measured | None:
    """The powers that suit N symbols, from ln p in their places by E models, the network first and n-grams, of labels
    where there are any, last; and what these bring. None where they bring too little. Those that are usual are
    `usual_EF`, and they are taken as they are where nothing is learned. What the contexts end in adds to them, in each
    of G ways, where that brings something.

    What they bring is measured on each half of the symbols, 0 or 1, with the weights that the other half decides. A
    symbol has so many characters on average, and costs so many nats `apart` from what is said here.
    """

    def weights(chosen_N: Bools) -> Float32s:
        if not learns:
            return usual_EF
        chosen = [by_NV[chosen_N] for by_NV in log_p_ENV]
        return learn_powers(known_NF[chosen_N], chosen, ids_N[chosen_N], usual_EF=usual_EF)

    def added(chosen_N: Bools, weights_EF: Float32s) -> list[Float32s]:
        groups, chosen = [numbers_N[chosen_N] for numbers_N in endings_GN], [by_NV[chosen_N] for by_NV in log_p_ENV]
        sizes = [int(numbers_N.max()) + 1 for numbers_N in endings_GN]
        return learn_added(weights_EF @ known_NF[chosen_N].T, groups, sizes, chosen, ids_N[chosen_N])

    by_powers_N, with_endings_N = np.empty((2, len(ids_N)))
    for half in (0, 1):
        scored = half_N == half
        own, weights_EF = [by_NV[scored] for by_NV in log_p_ENV], weights(~scored)
        powers_EN = weights_EF @ known_NF[scored].T
        by_powers_N[scored] = symbol_nats(powers_EN, own, ids_N[scored])
        if endings_GN:
            for added_EK, numbers_N in zip(added(~scored, weights_EF), endings_GN, strict=True):
                powers_EN = powers_EN + added_EK[:, numbers_N[scored]]
            with_endings_N[scored] = symbol_nats(powers_EN, own, ids_N[scored])
    gain = float((by_powers_N - with_endings_N).mean()) if endings_GN else 0.0
    has_endings = gain >= LEAST_GAIN_OF_ENDINGS * characters_each
    places = np.arange(len(ids_N))
    by_ngrams, by_network, by_powers, by_both = (
        round((float(each_N.mean(dtype=np.float64)) + apart) / characters_each, 6)
        for each_N in (
            -log_p_ENV[-1][places, ids_N],
            -log_p_ENV[0][places, ids_N],
            by_powers_N,
            with_endings_N if has_endings else by_powers_N,
        )
    )
    if learns and by_both > by_network - LEAST_GAIN:
        return None
    figures = LanguageModelNgrams(
        ngrams=0,
        characters=round(len(ids_N) * characters_each),
        nats_by_ngrams=by_ngrams,
        nats_by_network=by_network,
        nats_per_character=by_both,
    )
    everywhere = np.ones(len(ids_N), np.bool_)
    weights_EF = weights(everywhere)
    return Measured(weights_EF, added(everywhere, weights_EF) if has_endings else None, figures, by_powers)
