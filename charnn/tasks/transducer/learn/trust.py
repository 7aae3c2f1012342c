"""Decides by held-out pairs how far n-grams of aligned pairs are trusted beside the network, whether they propose
targets of their own, and how much likelier a target is that training had. Where no pairs are held out, it is as usual.

Shapes: N sources; C targets that were found or proposed for each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from charnn.arrays import Bools, Float64s
from charnn.streaming import batches_by_length
from charnn.tasks.transducer.config import DEFAULT_BEAM, PairNgramsConfig, TransducerConfig
from charnn.tasks.transducer.dataset import Reference
from charnn.tasks.transducer.directory import TransducerDirectory
from charnn.tasks.transducer.line_words import LineWords
from charnn.tasks.transducer.lookup import Lookup
from charnn.tasks.transducer.pair_model import PairModel
from charnn.tasks.transducer.symbols import Symbols
from charnn.tasks.transducer.use.ctc import FramedDecoder
from charnn.tasks.transducer.use.decoding import SearchOptions, SteppedDecoder
from charnn.tasks.transducer.use.line_transducer import PADDING, Target
from charnn.tasks.transducer.use.model import Transducer
from charnn.tasks.transducer.use.proposals import proposed
from charnn.tasks.transducer.use.ranking import (
    RankingWeights,
    as_rows,
    known_among,
    mixed,
    pair_scores,
    relative,
    texts_of,
)
from charnn.tasks.transducer.use.scoring import nearest
from charnn.tasks.transducer.use.search import find_targets

USUAL, USUAL_FLOOR = RankingWeights(network=0.6, ngrams=0.4, known=0.5), 1e-2
"""What validations decide about kinds of pairs that n-grams help, roughly."""
USUAL_OF_LINES, USUAL_FLOOR_OF_LINES = RankingWeights(network=0.1, ngrams=0.9, known=0.0), 1e-9
"""The same where they are of words in lines, which propose targets then: a network learns lines slowly."""
LONG = 24
"""The mean number of characters from which on targets are long. Hardly any is right as a whole then, and it is judged
by how many of its characters are wrong."""
FLOORS = (1e-2, 1e-4, 1e-6, 1e-9)
"""What the n-grams say of targets that they hold impossible is one of these."""
ALIKE = 1.0
"""Floors that differ by less than so many nats are alike, and the one with which most lines are right is taken."""
LEAST_GAIN = 3.0
"""By so many nats all right targets of the validation must become likelier."""
CAUTION = 0.5
"""The weights cost half the square of how far they are from those of the network alone, times this, in nats."""
CLEARLY = 2.0
"""By so many standard deviations, if it were chance alone, more lines must become right than wrong by proposals."""
PROPOSALS = 2
"""So many targets the n-grams propose, or none."""
ITERATIONS = 100
"""The most steps until the weights are found."""
BATCH_SOURCES = 64
"""The sources that are searched side by side."""


@dataclass(frozen=True)
class CandidateTargets:
    """What may be the targets of held-out sources."""

    found: list[list[Target]]
    """What a beam of the network finds for each, with log-probabilities by the network alone."""
    proposed: list[list[Target]]
    """What the n-grams propose beside it, with the same."""

    @classmethod
    def of(
        cls,
        config: TransducerConfig,
        symbols: Symbols,
        decoder: SteppedDecoder | FramedDecoder,
        ngrams: PairModel,
        references: Sequence[Reference],
    ) -> CandidateTargets:
        sources = [symbols.encode_source(one.source, one.features) for one in references]
        bounds = [config.corpus.length_bound(len(source.ids)) for source in sources]
        proposer, unknown = ngrams.proposer(), symbols.target.unknown_id
        options = SearchOptions(DEFAULT_BEAM, unknown, config.network.copies, DEFAULT_BEAM)
        candidates = cls([[] for _ in references], [[] for _ in references])
        lengths = [len(source.ids) for source in sources]
        for chosen in batches_by_length(lengths, rows=BATCH_SOURCES, padding=PADDING):
            batch = [sources[n] for n in chosen]
            found = find_targets(decoder, batch, [bounds[n] for n in chosen], options)
            more = proposed(proposer, decoder, batch, found, options, PROPOSALS)
            for into, some in ((candidates.found, found), (candidates.proposed, more)):
                for n, targets in zip(chosen, some, strict=True):
                    texts = texts_of(symbols, sources[n], targets)
                    into[n] = [
                        Target(text, target.log_probability) for text, target in zip(texts, targets, strict=True)
                    ]
        return candidates


def candidates_of(
    directory: TransducerDirectory, ngrams: PairModel, references: Sequence[Reference]
) -> CandidateTargets:
    """What a beam of the network finds for these sources, and what the n-grams propose."""
    with Transducer(directory, precision="fp32") as model:
        decoder = model.line_transducer.decoder
        return CandidateTargets.of(model.config, model.symbols, decoder, ngrams, references)


def trusted(
    ngrams: PairModel,
    symbols: Symbols,
    references: Sequence[Reference],
    candidates: CandidateTargets,
    lookup: Lookup,
) -> PairNgramsConfig | None:
    """How far the n-grams are trusted, which is what makes the right ones likeliest among the targets that a search has
    found for held-out sources, or among these and those that the n-grams propose. The latter take longer, and are taken
    only where more lines are right with them, by more than is chance. None where neither is a clear gain, or where
    fewer lines would be right. Long targets need not be right: the nearest to what is right is taken to be so, and a
    line is better with what is nearer.
    """
    both = [[*found, *more] for found, more in zip(candidates.found, candidates.proposed, strict=True)]
    alone, ranking = _mixtures(ngrams, symbols, references, candidates.found, lookup)
    _, union = _mixtures(ngrams, symbols, references, both, lookup)
    best = alone
    if ranking.nats - alone.nats >= LEAST_GAIN and ranking.wrong_N.sum() <= alone.wrong_N.sum():
        best = ranking
    gained, lost = (union.wrong_N < best.wrong_N).sum(), (best.wrong_N < union.wrong_N).sum()
    if gained - lost >= max(1.0, CLEARLY * math.sqrt(gained + lost)):
        best = union
    if best is alone:
        return None
    known = [lookup.find(one.source, one.features) for one in references]
    with_lookup_N = [
        bool(is_right) if target is None else target in one.targets
        for is_right, target, one in zip(best.right_N, known, references, strict=True)
    ]
    return PairNgramsConfig(
        network_weight=round(best.weights.network, 4),
        weight=round(best.weights.ngrams, 4),
        floor=best.floor,
        accuracy=float(best.right_N.mean()),
        accuracy_alone=float(alone.right_N.mean()),
        accuracy_with_lookup=float(np.mean(with_lookup_N)),
        proposals=PROPOSALS if best is union else 0,
        known_weight=round(best.weights.known, 4),
        **_symbols_wrong(references, best, alone),
    )


def _symbols_wrong(references: Sequence[Reference], best: _Mixture, alone: _Mixture) -> dict[str, float]:
    """The fractions of symbols that are wrong, where targets are judged by these."""
    if not is_long(references):
        return {}
    size = sum(len(one.targets[0]) for one in references)
    by_name = {"symbol_error_rate": best, "symbol_error_rate_alone": alone}
    return {name: round(float(one.wrong_N.sum()) / size, 6) for name, one in by_name.items()}


def usually_trusted(ngrams: PairModel) -> PairNgramsConfig:
    """How far they are trusted where nothing is held out that tells."""
    is_of_lines = isinstance(ngrams, LineWords)
    weights = USUAL_OF_LINES if is_of_lines else USUAL
    return PairNgramsConfig(
        network_weight=weights.network,
        weight=weights.ngrams,
        floor=USUAL_FLOOR_OF_LINES if is_of_lines else USUAL_FLOOR,
        accuracy=None,
        accuracy_alone=None,
        accuracy_with_lookup=None,
        proposals=PROPOSALS if is_of_lines else 0,
        known_weight=weights.known,
    )


@dataclass(frozen=True, eq=False)
class _Mixture:
    """How the two are weighed, and what comes of it."""

    nats: float
    """The log-likelihood of the right ones among the targets, less what weights cost."""
    floor: float
    weights: RankingWeights
    wrong_N: Float64s
    """How wrong the best target of each source is, as `_wrong` says."""

    @property
    def right_N(self) -> Bools:
        """Whether it is right."""
        found: Bools = self.wrong_N == 0
        return found


def _mixtures(
    ngrams: PairModel,
    symbols: Symbols,
    references: Sequence[Reference],
    found: Sequence[Sequence[Target]],
    lookup: Lookup,
) -> tuple[_Mixture, _Mixture]:
    """The network alone, and the best mixture of it with the n-grams."""
    network_NC = as_rows([[target.log_probability for target in targets] for targets in found])
    wrong_NC = _wrong(references, found)
    is_right_NC = wrong_NC == 0
    if is_long(references):
        is_right_NC = np.isfinite(wrong_NC) & (wrong_NC == wrong_NC.min(1, keepdims=True))
    sources = [symbols.encode_source(one.source, one.features) for one in references]
    pairs_NC = pair_scores(ngrams, sources, [[symbols.encode_target(t.text)[:-1] for t in ts] for ts in found])
    known_NC = known_among([[target.text for target in targets] for targets in found], lookup.targets)
    rows = np.arange(len(found))

    def mixture(ngrams_NC: Float64s, is_known_NC: Bools, floor: float) -> _Mixture:
        nats, weights = _fitted(network_NC, ngrams_NC, is_known_NC, is_right_NC)
        wrong_N = wrong_NC[rows, mixed(network_NC, ngrams_NC, is_known_NC, weights).argmax(1)]
        return _Mixture(nats, floor, weights, wrong_N)

    alone = mixture(np.zeros_like(network_NC), np.zeros_like(known_NC), 1.0)
    mixtures = [mixture(relative(pairs_NC, floor), known_NC, floor) for floor in FLOORS]
    likeliest = max(one.nats for one in mixtures)
    alike = [one for one in mixtures if one.nats > likeliest - ALIKE]
    return alone, max(alike, key=lambda one: (-one.wrong_N.sum(), one.nats))


def is_long(references: Sequence[Reference]) -> bool:
    """Whether targets are too long to be judged as wholes."""
    return sum(len(one.targets[0]) for one in references) > LONG * len(references)


def _wrong(references: Sequence[Reference], found: Sequence[Sequence[Target]]) -> Float64s:
    """How wrong each target (N, C) is: 0 for one that is right, and else 1, or where targets are long the edits to the
    nearest reference. It is infinite where there is no target."""
    long = is_long(references)

    def wrong(one: Reference, target: Target) -> float:
        if target.text in one.targets:
            return 0.0
        return float(nearest(one.targets, target.text)[0]) if long else 1.0

    return -as_rows([[-wrong(one, target) for target in some] for one, some in zip(references, found, strict=True)])


def _fitted(
    network_NC: Float64s, pairs_NC: Float64s, is_known_NC: Bools, is_right_NC: Bools
) -> tuple[float, RankingWeights]:
    """The log-likelihood of the right ones among the targets of each source that has some, less what weights cost, and
    the weights that make it largest, where those of the network and of the n-grams are not below 0."""
    has_right_N = is_right_NC.any(1)
    scores_NC3 = torch.from_numpy(np.stack([network_NC, pairs_NC, is_known_NC], 2)[has_right_N])
    is_there_NC = torch.isfinite(scores_NC3[..., 0])
    scores_NC3 = scores_NC3.masked_fill(~is_there_NC[..., None], 0.0)
    is_wrong_NC = torch.from_numpy(~is_right_NC[has_right_N])
    alone = torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64)
    roots = torch.tensor([1.0, 0.5], dtype=torch.float64, requires_grad=True)  # so that no weight falls below 0
    known = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([roots, known], max_iter=ITERATIONS, line_search_fn="strong_wolfe")

    def cost() -> torch.Tensor:
        weights = torch.cat([roots**2, known])
        z_NC = (scores_NC3 @ weights).masked_fill(~is_there_NC, -math.inf)
        right_N = z_NC.masked_fill(is_wrong_NC, -math.inf).logsumexp(1)
        nats = (z_NC.logsumexp(1) - right_N).sum()
        return nats + CAUTION / 2 * ((weights - alone) ** 2).sum()

    def closure() -> float:
        optimizer.zero_grad()
        nats = cost()
        nats.backward()  # type: ignore[no-untyped-call]
        return nats.item()

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    network, ngrams = (root**2 for root in roots.tolist())
    return -cost().item(), RankingWeights(network, ngrams, known.item())
