"""Learns n-grams of aligned pairs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from charnn.corpora.pairs import Pair
from charnn.ngrams.counting import count
from charnn.ngrams.table import NgramTable
from charnn.tasks.transducer.graphones import MOST_SYMBOLS, Graphones
from charnn.tasks.transducer.learn.alignment import align
from charnn.tasks.transducer.pair_ngrams import PairNgrams
from charnn.tasks.transducer.symbols import Symbols

ORDER = 6
"""The most graphones of an n-gram."""
MOST_NGRAMS = 1_000_000
MOST_PAIRS = 250_000
"""Where there are more pairs, some of them at even distances are looked at."""
SHORT = 64
"""How pairs are aligned is learned from those of at most so many symbols, both sides counted: the likelihoods of longer
ones are too small for numbers, and there are more ways to align them wrongly."""
MOST_CELLS = 2_000_000
"""The most symbols of sources times symbols of targets that this is learned from, which takes some five seconds. Where
pairs have more, some of them at even distances are taken."""
CELLS_A_SECOND = 40_000
"""The same for each second of a budget: a tenth of it, or less."""
FURTHER = 8
"""So many times as many are aligned besides, once that is learned, which takes about as long."""


Encoded = tuple[list[int], list[int], int]
"""A source, its target, and how often they come together."""


def _some(pairs: Sequence[Encoded], most: float) -> Sequence[Encoded]:
    """Those at even distances, so that they have about so many symbols of sources times symbols of targets."""
    cells = sum((len(source) + 1) * (len(target) + 1) for source, target, _ in pairs)
    return pairs[:: max(math.ceil(cells / most), 1)]


def learn_pair_ngrams(
    pairs: Sequence[Pair],
    symbols: Symbols,
    seconds: float | None = None,
    interrupted: Callable[[], bool] = lambda: False,
) -> PairNgrams | None:
    """The n-grams of these pairs, each as often as it comes, learned within a small part of so many seconds, and less
    well once `interrupted()` says yes. None where pairs have features, which decide of a form but stand at no place of
    it (`edit_rules` is for these), and where there is nothing to align."""
    inputs, outputs = symbols.inputs, symbols.outputs
    if symbols.features or not Graphones.can_be(inputs, outputs):
        return None
    some = pairs[:: max(math.ceil(len(pairs) / MOST_PAIRS), 1)]
    counts = Counter((pair.source, pair.target) for pair in some)
    encoded = [
        (symbols.encode_source(source).ids[:-1], symbols.encode_target(target)[:-1], often)
        for (source, target), often in counts.items()
    ]
    most = MOST_CELLS if seconds is None else min(MOST_CELLS, CELLS_A_SECOND * seconds)
    learned = _some([one for one in encoded if len(one[0]) + len(one[1]) <= SHORT], most)
    if not learned:
        return None
    longer = [one for one in encoded if SHORT < len(one[0]) + len(one[1]) <= MOST_SYMBOLS]
    others = sorted(_some(longer, FURTHER * most), key=lambda one: len(one[0]))
    sources, targets, _ = zip(*learned, strict=True)
    aligned = align(
        sources,
        targets,
        [often for _, _, often in learned],
        inputs=inputs,
        outputs=outputs,
        others=[(source, target) for source, target, _ in others],
        interrupted=interrupted,
    )
    boundary = len(aligned.graphones)
    sequences = [
        np.append(path, boundary)
        for path, (_, _, often) in zip(aligned.paths, [*learned, *others], strict=True)
        if path is not None
        for _ in range(often)
    ]
    if not sequences:
        return None
    levels = count(sequences, boundary + 1, ORDER, before=boundary, most=MOST_NGRAMS)
    return PairNgrams(aligned.graphones, NgramTable.of(levels, boundary + 1))
