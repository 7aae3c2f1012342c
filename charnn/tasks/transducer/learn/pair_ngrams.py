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
MOST_CELLS = 2_000_000
"""The most symbols of sources times symbols of targets that are aligned, which takes some five seconds. Where pairs
have more, some of them at even distances are aligned."""
CELLS_A_SECOND = 40_000
"""The same for each second of a budget: a tenth of it, or less."""


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
