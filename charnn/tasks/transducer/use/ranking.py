"""Ranks the targets of a search, and those that n-grams of aligned pairs propose, by both them and the network.

Shapes: N sources; C targets that were found for each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from charnn.arrays import Bools, Float64s
from charnn.tasks.transducer.config import PairNgramsConfig
from charnn.tasks.transducer.pair_model import PairModel
from charnn.tasks.transducer.symbols import EncodedSource, Symbols
from charnn.tasks.transducer.use.ctc import FramedDecoder
from charnn.tasks.transducer.use.decoding import FoundTarget, SearchOptions, SteppedDecoder
from charnn.tasks.transducer.use.proposals import proposed


class RankingWeights(NamedTuple):
    """How far each is trusted that ranks targets."""

    network: float
    """The power of its probabilities."""
    ngrams: float
    """The same of the n-grams."""
    known: float
    """The nats that a target gains which training had."""


class TrustedNgrams:
    """N-grams of aligned pairs, and how far they are trusted beside the network."""

    def __init__(self, ngrams: PairModel, config: PairNgramsConfig, symbols: Symbols, known: AbstractSet[str]) -> None:
        """`known` are the targets that training had."""
        self._ngrams, self._config, self._symbols, self._known = ngrams, config, symbols, known
        self._proposer = ngrams.proposer() if config.proposals else None

    def best(
        self,
        decoder: SteppedDecoder | FramedDecoder,
        sources: Sequence[EncodedSource],
        found: Sequence[Sequence[FoundTarget]],
        options: SearchOptions,
    ) -> list[list[FoundTarget]]:
        """The targets that the decoder has found for each source when it was asked for `options`, and those that the
        n-grams propose, no more of these than it had beams; the best first, with what is their log-probability now."""
        if self._proposer is not None:
            most = min(self._config.proposals, options.beams)
            more = proposed(self._proposer, decoder, sources, found, options, most)
            found = [[*targets, *others] for targets, others in zip(found, more, strict=True)]
        return self.ranked(sources, found)

    def ranked(
        self, sources: Sequence[EncodedSource], found: Sequence[Sequence[FoundTarget]]
    ) -> list[list[FoundTarget]]:
        """These targets of each source, the best first, with what is their log-probability now."""
        several = [row for row, targets in enumerate(found) if len(targets) > 1]
        if not several:
            return [list(targets) for targets in found]
        chosen = [found[row] for row in several]
        pairs_NC = pair_scores(self._ngrams, [sources[row] for row in several], [[t.ids for t in ts] for ts in chosen])
        network_NC = as_rows([[target.log_probability for target in targets] for targets in chosen])
        is_known_NC = np.zeros(network_NC.shape, np.bool_)
        if self._config.known_weight:
            texts = [texts_of(self._symbols, sources[row], found[row]) for row in several]
            is_known_NC = known_among(texts, self._known)
        log_p_NC = shared_anew(network_NC, pairs_NC, is_known_NC, self._config)
        result = [list(targets) for targets in found]
        for row, targets, log_p_C in zip(several, chosen, log_p_NC.tolist(), strict=True):
            anew = [replace(target, log_probability=log_p) for target, log_p in zip(targets, log_p_C, strict=False)]
            result[row] = sorted(anew, key=lambda target: -target.log_probability)
        return result


def pair_scores(
    ngrams: PairModel, sources: Sequence[EncodedSource], targets: Sequence[Sequence[Sequence[int]]]
) -> Float64s:
    """ln p (N, C) of each source with each of its targets, -inf where there is no target."""
    return as_rows(ngrams.scores(sources, targets))


def texts_of(symbols: Symbols, source: EncodedSource, found: Sequence[FoundTarget]) -> list[str]:
    """The targets of a source as texts, with what is copied for unknown symbols."""
    return [symbols.decode(one.ids, [source.texts[place] for place in one.places]) for one in found]


def known_among(texts: Sequence[Sequence[str]], known: AbstractSet[str]) -> Bools:
    """Whether each target (N, C) is one that training had."""
    is_known_NC = np.zeros((len(texts), max(map(len, texts), default=0)), np.bool_)
    for row, some in zip(is_known_NC, texts, strict=True):
        row[: len(some)] = [text in known for text in some]
    return is_known_NC


def as_rows(values: Sequence[Sequence[float]]) -> Float64s:
    """Values (N, C), -inf where a row has fewer than the longest."""
    rows = np.full((len(values), max(map(len, values), default=0)), -math.inf)
    for row, some in zip(rows, values, strict=True):
        row[: len(some)] = some
    return rows


def relative(log_p_NC: Float64s, floor: float) -> Float64s:
    """The logarithm (N, C) of the share that each target has in the probability of all targets of its source, plus
    `floor`, so that what the n-grams have never seen is unlikely, and not impossible."""
    with np.errstate(invalid="ignore"):
        share_NC = np.exp(log_p_NC - np.logaddexp.reduce(log_p_NC, 1, keepdims=True))
    found: Float64s = np.log(np.nan_to_num(share_NC) + floor)
    return found


def mixed(network_NC: Float64s, relative_NC: Float64s, is_known_NC: Bools, weights: RankingWeights) -> Float64s:
    """The weighted sum (N, C) of the logarithms and of what known targets gain, -inf where there is no target."""
    is_there_NC = np.isfinite(network_NC)
    mixed_NC = weights.network * np.where(is_there_NC, network_NC, 0.0) + weights.ngrams * relative_NC
    mixed_NC += weights.known * is_known_NC
    return np.where(is_there_NC, mixed_NC, -math.inf)


def shared_anew(network_NC: Float64s, pairs_NC: Float64s, is_known_NC: Bools, config: PairNgramsConfig) -> Float64s:
    """ln p (N, C) of the targets that were found for each source, from ln p by the network and by the n-grams.

    What the network gives them together stays; the shares of it are those of a log-linear mixture of the two. Where
    there is no target, ln p by the network is -inf.
    """
    weights = RankingWeights(config.network_weight, config.weight, config.known_weight)
    mixed_NC = mixed(network_NC, relative(pairs_NC, config.floor), is_known_NC, weights)
    together_N1, total_N1 = (np.logaddexp.reduce(array_NC, 1, keepdims=True) for array_NC in (network_NC, mixed_NC))
    with np.errstate(invalid="ignore"):
        return together_N1 + mixed_NC - total_N1
