"""Learns n-grams of aligned pairs, and how far they are to be trusted beside the network."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch

from charnn.corpora.pairs import Pair
from charnn.ngrams.counting import count
from charnn.ngrams.table import NgramTable
from charnn.tasks.transducer.config import PairNgramsConfig
from charnn.tasks.transducer.dataset import Reference
from charnn.tasks.transducer.directory import Lookup
from charnn.tasks.transducer.graphones import MOST_SYMBOLS, Graphones
from charnn.tasks.transducer.learn.alignment import align
from charnn.tasks.transducer.pair_ngrams import Floats, PairNgrams
from charnn.tasks.transducer.symbols import Symbols
from charnn.tasks.transducer.use.line_transducer import Target
from charnn.tasks.transducer.use.ranking import as_rows, mixed, pair_scores, relative

ORDER = 6
"""The most graphones of an n-gram."""
MOST_NGRAMS = 1_000_000
MOST_PAIRS = 250_000
"""Where there are more pairs, some of them at even distances are looked at."""
MOST_CELLS = 2_000_000
"""The most symbols of sources times symbols of targets that are aligned, which takes some five seconds. Where pairs
have more, some of them at even distances are aligned."""
CELLS_A_SECOND = 40_000
"""The same for each second of a budget: a tenth of it, or less."""
FLOORS = (1e-2, 1e-4, 1e-6, 1e-9)
"""What the n-grams say of targets that they hold impossible is one of these."""
ALIKE = 1.0
"""Floors that differ by less than so many nats are alike, and the one with which most lines are right is taken."""
LEAST_GAIN = 3.0
"""By so many nats all right targets of the validation must become likelier."""
CAUTION = 0.5
"""The weights cost half the square of how far they are from those of the network alone, times this, in nats."""


def learn_pair_ngrams(
    pairs: Sequence[Pair],
    symbols: Symbols,
    seconds: float | None = None,
    interrupted: Callable[[], bool] = lambda: False,
) -> PairNgrams | None:
    """The n-grams of these pairs, each as often as it comes, learned within a small part of so many seconds, and less
    well once `interrupted()` says yes. None where pairs have features, which decide of a form but stand at no place of
    it, and where there is nothing to align."""
    inputs, outputs = symbols.inputs, symbols.outputs
    if symbols.features or not Graphones.can_be(inputs, outputs):
        return None
    some = pairs[:: max(math.ceil(len(pairs) / MOST_PAIRS), 1)]
    counts = Counter((pair.source, pair.target) for pair in some)
    encoded = [
        (symbols.encode_source(source).ids[:-1], symbols.encode_target(target)[:-1], often)
        for (source, target), often in counts.items()
    ]
    short = [one for one in encoded if len(one[0]) + len(one[1]) <= MOST_SYMBOLS]
    cells = sum((len(source) + 1) * (len(target) + 1) for source, target, _ in short)
    most = MOST_CELLS if seconds is None else min(MOST_CELLS, CELLS_A_SECOND * seconds)
    short = short[:: max(math.ceil(cells / most), 1)]
    if not short:
        return None
    sources, targets, often = zip(*short, strict=True)
    aligned = align(sources, targets, often, inputs=inputs, outputs=outputs, interrupted=interrupted)
    boundary = len(aligned.graphones)
    sequences = [
        np.append(path, boundary)
        for path, times in zip(aligned.paths, often, strict=True)
        if path is not None
        for _ in range(times)
    ]
    if not sequences:
        return None
    levels = count(sequences, boundary + 1, ORDER, before=boundary, most=MOST_NGRAMS)
    return PairNgrams(aligned.graphones, NgramTable.of(levels, boundary + 1))


def trusted(
    ngrams: PairNgrams,
    symbols: Symbols,
    references: Sequence[Reference],
    found: Sequence[Sequence[Target]],
    lookup: Lookup,
) -> PairNgramsConfig | None:
    """How far the n-grams are trusted, which is what makes the right ones likeliest among the targets that a search has
    found for held-out sources. None where that is no clear gain, or where fewer lines would be right.
    """
    network_NC = as_rows([[target.log_probability for target in targets] for targets in found])
    is_right_NC = np.zeros(network_NC.shape, np.bool_)
    for row, one, targets in zip(is_right_NC, references, found, strict=True):
        row[: len(targets)] = [target.text in one.targets for target in targets]
    sources = [symbols.encode_source(one.source) for one in references]
    pairs_NC = pair_scores(ngrams, sources, [[symbols.encode_target(t.text)[:-1] for t in ts] for ts in found])
    alone, _ = _fitted(network_NC, np.zeros_like(network_NC), is_right_NC)
    fits = [(floor, *_fitted(network_NC, relative(pairs_NC, floor), is_right_NC)) for floor in FLOORS]
    rows = np.arange(len(found))
    right = {
        floor: is_right_NC[rows, mixed(network_NC, relative(pairs_NC, floor), *weights).argmax(1)]
        for floor, _, weights in fits
    }
    likeliest = max(gained for _, gained, _ in fits)
    alike = [fit for fit in fits if fit[1] > likeliest - ALIKE]
    floor, gained, (network_weight, weight) = max(alike, key=lambda fit: (right[fit[0]].sum(), fit[1]))
    right_N, right_alone_N = right[floor], is_right_NC[rows, network_NC.argmax(1)]
    if gained - alone < LEAST_GAIN or right_N.sum() < right_alone_N.sum():
        return None
    known = [lookup.find(one.source, one.features) for one in references]
    with_lookup_N = [
        bool(is_right) if target is None else target in one.targets
        for is_right, target, one in zip(right_N, known, references, strict=True)
    ]
    return PairNgramsConfig(
        network_weight=round(network_weight, 4),
        weight=round(weight, 4),
        floor=floor,
        accuracy=float(right_N.mean()),
        accuracy_alone=float(right_alone_N.mean()),
        accuracy_with_lookup=float(np.mean(with_lookup_N)),
    )


def _fitted(
    network_NC: Floats, pairs_NC: Floats, is_right_NC: npt.NDArray[np.bool_]
) -> tuple[float, tuple[float, float]]:
    """The log-likelihood of the right ones among the targets of each source that has some, less what weights cost, and
    the two weights, neither below 0, that make it largest."""
    has_right_N = is_right_NC.any(1)
    scores_NC2 = torch.from_numpy(np.stack([network_NC, pairs_NC], 2)[has_right_N])
    is_there_NC = torch.isfinite(scores_NC2[..., 0])
    scores_NC2 = scores_NC2.masked_fill(~is_there_NC[..., None], 0.0)
    is_wrong_NC = torch.from_numpy(~is_right_NC[has_right_N])
    alone = torch.tensor([1.0, 0.0], dtype=torch.float64)
    roots = torch.tensor([1.0, 0.5], dtype=torch.float64, requires_grad=True)  # so that no weight falls below 0
    optimizer = torch.optim.LBFGS([roots], max_iter=100, line_search_fn="strong_wolfe")

    def cost() -> torch.Tensor:
        weights = roots**2
        z_NC = (scores_NC2 @ weights).masked_fill(~is_there_NC, -math.inf)
        right_N = z_NC.masked_fill(is_wrong_NC, -math.inf).logsumexp(1)
        nats = (z_NC.logsumexp(1) - right_N).sum()
        return nats + CAUTION / 2 * ((weights - alone) ** 2).sum()

    def closure() -> float:
        optimizer.zero_grad()
        nats = cost()
        nats.backward()  # type: ignore[no-untyped-call]
        return nats.item()

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    network_weight, weight = (root**2 for root in roots.tolist())
    return -cost().item(), (network_weight, weight)
