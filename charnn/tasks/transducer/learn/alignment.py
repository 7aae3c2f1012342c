"""Aligns sources with targets by expectation maximization (Jiampojamarn et al. 2007).

Every graphone has a probability, and that of a pair is the sum, over all ways to align it, of the products of those of
the graphones. Each round gives a graphone the share of the uses that it had, by the probabilities of the round before;
the likelihood of the pairs never falls.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from charnn.arrays import Float64s, Int32s
from charnn.corpora.progress import tell
from charnn.tasks.transducer.graphones import NONE, SHAPES, Graphones, Ids, PaddedPairs, arrivals, codes_by_row

ROUNDS = 10
BATCH = 512
"""The pairs that are aligned side by side."""
FEW = 64
"""The same where they may have hundreds of symbols, and nothing is learned from them."""
MOST_GRAPHONES = 500
"""Few graphones are in many words, and the fewer there are, the longer can n-grams of them be."""
LEAST_SHARE = 1e-9
"""A graphone whose probability falls below this is one no more."""


@dataclass(frozen=True)
class Aligned:
    """What aligning has found."""

    graphones: Graphones
    log_likelihoods: list[float]
    """Those of all pairs that can be aligned, by the probabilities that each round began with."""
    paths: list[Ids | None]
    """The likeliest sequence of graphones of each pair, as their numbers; None where there is none."""


@dataclass(frozen=True)
class _Batch:
    numbers: Ids
    pairs: PaddedPairs
    counts_N: Float64s


def align(
    sources: Sequence[Sequence[int]],
    targets: Sequence[Sequence[int]],
    counts: Sequence[int],
    *,
    inputs: int,
    outputs: int,
    rounds: int = ROUNDS,
    most: int = MOST_GRAPHONES,
    others: Sequence[tuple[Sequence[int], Sequence[int]]] = (),
    interrupted: Callable[[], bool] = lambda: False,
) -> Aligned:
    """Aligns pairs that come so often each. Sources have ids below `inputs`, and targets below `outputs`. Where there
    are more than `most` graphones, all but the most used are dropped half way, and with them the pairs that need them.
    The round in which `interrupted()` begins to say yes is the last one. Nothing is learned from `others`, which have
    paths after those of the pairs as far as they are of the same graphones.
    """
    batches = list(_batches(sources, targets, counts))
    every = [np.unique(codes) for one in batches for codes in codes_by_row(one.pairs, inputs, outputs)]
    found = np.unique(np.concatenate([np.array([NONE]), *every]))
    graphones = Graphones(found[found != NONE], inputs, outputs)
    places = [[numbers.astype(np.int32) for numbers in graphones.rows(batch.pairs)] for batch in batches]
    # The last of the probabilities is that of NONE.
    p = np.append(np.full(len(graphones), 1 / max(len(graphones), 1)), 0.0)
    log_likelihoods = []
    for number in range(rounds):
        tell("aligning pairs", number, rounds)
        uses, log_likelihood = np.zeros(len(p)), 0.0
        for batch, rows in zip(batches, places, strict=True):
            log_likelihood += _expect(batch, rows, p, uses)
        log_likelihoods.append(log_likelihood)
        uses[NONE] = 0.0
        p = uses / max(uses.sum(), 1e-300)
        p[p < LEAST_SHARE] = 0.0
        if interrupted():
            break
        if number == rounds // 2 and len(graphones) > most:
            p[p < np.partition(p, -most)[-most]] = 0.0
    paths: list[Ids | None] = [None] * len(sources)
    with np.errstate(divide="ignore"):
        log_p = np.log(p)
    for batch, rows in zip(batches, places, strict=True):
        for number, path in zip(batch.numbers, _best(batch, rows, log_p), strict=True):
            paths[number] = path
    paths += _paths(others, graphones, log_p, interrupted)
    return _without_unused(graphones, log_likelihoods, paths)


def _paths(
    pairs: Sequence[tuple[Sequence[int], Sequence[int]]],
    graphones: Graphones,
    log_p: Float64s,
    interrupted: Callable[[], bool],
) -> Iterator[Ids | None]:
    """The likeliest path of each pair, best those of like lengths one after the other; None once `interrupted()` says
    yes."""
    for first in range(0, len(pairs), FEW):
        sources, targets = zip(*pairs[first : first + FEW], strict=True)
        if interrupted():
            yield from [None] * len(sources)
            continue
        tell("aligning longer pairs", first, len(pairs))
        batch = _Batch(np.arange(0), PaddedPairs(sources, targets), np.zeros(0))
        yield from _best(batch, [numbers.astype(np.int32) for numbers in graphones.rows(batch.pairs)], log_p)


def _batches(
    sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], counts: Sequence[int]
) -> Iterator[_Batch]:
    order = sorted(range(len(sources)), key=lambda number: (len(sources[number]), len(targets[number])))
    for first in range(0, len(order), BATCH):
        numbers = order[first : first + BATCH]
        pairs = PaddedPairs([sources[n] for n in numbers], [targets[n] for n in numbers])
        counts_N = np.array([counts[n] for n in numbers], np.float64)
        yield _Batch(np.array(numbers), pairs, counts_N)


def _first_row(pairs: PaddedPairs, first: float, others: float) -> Float64s:
    row_NJ = np.full((len(pairs.source_lengths), pairs.targets_NJ.shape[1] + 1), others)
    row_NJ[:, 0] = first
    return row_NJ


def _ends(pairs: PaddedPairs, rows: Sequence[Float64s]) -> Float64s:
    """What the last cell of each pair has (N,)."""
    everything = np.arange(len(pairs.source_lengths))
    found: Float64s = np.stack(rows)[pairs.source_lengths, everything, pairs.target_lengths]
    return found


def _expect(batch: _Batch, places: Sequence[Int32s], p: Float64s, uses: Float64s) -> float:
    """Adds how often each graphone is expected to be used, and gives the log-likelihood."""
    forward = [_first_row(batch.pairs, 1.0, 0.0)]
    weights = [p[numbers_NJK] for numbers_NJK in places]
    before = []
    for weight_NJK in weights:
        before.append(arrivals(forward[-2:], 0.0))
        forward.append((before[-1] * weight_NJK).sum(2))
    total_N = _ends(batch.pairs, forward)
    is_aligned_N = total_N > 0
    share_N = np.where(is_aligned_N, batch.counts_N / np.where(is_aligned_N, total_N, 1.0), 0.0)
    backward = [np.zeros_like(row) for row in forward]
    everything = np.arange(len(total_N))
    for i, row_NJ in enumerate(backward):
        ends_here = batch.pairs.source_lengths == i
        row_NJ[everything[ends_here], batch.pairs.target_lengths[ends_here]] = share_N[ends_here]
    for i in range(len(weights), 0, -1):
        flow_NJK = weights[i - 1] * backward[i][..., None]
        uses += np.bincount(
            np.where(places[i - 1] == NONE, len(p) - 1, places[i - 1]).ravel(),
            (before[i - 1] * flow_NJK).ravel(),
            minlength=len(p),
        )
        for k, (taken, given) in enumerate(SHAPES):
            if taken <= i:
                backward[i - taken][:, : flow_NJK.shape[1] - given] += flow_NJK[:, given:, k]
    return float((batch.counts_N[is_aligned_N] * np.log(total_N[is_aligned_N])).sum())


def _best(batch: _Batch, places: Sequence[Int32s], log_p: Float64s) -> Iterator[Ids | None]:
    """The likeliest path of each pair of a batch (Viterbi 1967)."""
    rows, choices = [_first_row(batch.pairs, 0.0, -math.inf)], []
    for numbers_NJK in places:
        total_NJK = arrivals(rows[-2:], -math.inf) + log_p[numbers_NJK]
        choices.append(total_NJK.argmax(2))
        rows.append(total_NJK.max(2))
    is_aligned_N = np.isfinite(_ends(batch.pairs, rows))
    lengths = zip(batch.pairs.source_lengths.tolist(), batch.pairs.target_lengths.tolist(), strict=True)
    for row, (i, j) in enumerate(lengths):
        path = []
        while is_aligned_N[row] and i:
            k = int(choices[i - 1][row, j])
            path.append(int(places[i - 1][row, j, k]))
            i, j = i - SHAPES[k][0], j - SHAPES[k][1]
        yield np.array(path[::-1], np.int64) if is_aligned_N[row] else None


def _without_unused(graphones: Graphones, log_likelihoods: list[float], paths: list[Ids | None]) -> Aligned:
    """The same with those graphones alone that the paths have."""
    used = np.unique(np.concatenate([path for path in paths if path is not None] or [np.zeros(0, np.int64)]))
    kept = Graphones(graphones.codes[used], graphones.inputs, graphones.outputs)
    return Aligned(kept, log_likelihoods, [None if path is None else np.searchsorted(used, path) for path in paths])
