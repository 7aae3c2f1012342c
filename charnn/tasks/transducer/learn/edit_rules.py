"""Learns the edits of pairs with features."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from charnn.corpora.pairs import Pair
from charnn.corpora.progress import tell
from charnn.tasks.transducer.edit_rules import EditRules, Key, as_targets, beginning, ending
from charnn.tasks.transducer.edits import Edits, edits_between
from charnn.tasks.transducer.symbols import Symbols

MOST_PAIRS = 250_000
"""Where there are more pairs, some of them at even distances are looked at."""
MOST_CELLS = 10_000_000
"""The most symbols of sources times symbols of targets that are compared, which takes some five seconds. Where pairs
have more, some of them at even distances are."""
CELLS_A_SECOND = 100_000
"""The same for each second of a budget: a tenth of it, or less."""
LONGEST = 200
"""The most symbols of a pair, both sides counted, that is compared."""
EVERY = 1000
"""So many pairs are compared before anyone is told, or asked whether the run is interrupted."""


def learn_edit_rules(
    pairs: Sequence[Pair],
    symbols: Symbols,
    seconds: float | None = None,
    interrupted: Callable[[], bool] = lambda: False,
) -> EditRules | None:
    """The edits of these pairs, each as often as it comes, learned within a small part of so many seconds, and of fewer
    pairs once `interrupted()` says yes. None where sources and targets have other kinds of symbols, so that nothing of
    a source can stay, and where all pairs are too long."""
    if not symbols.can_copy:
        return None
    counts = Counter((pair.source, pair.features, pair.target) for pair in pairs[:: _step(len(pairs) / MOST_PAIRS)])
    short = [(pair, times) for pair, times in counts.items() if len(pair[0]) + len(pair[2]) <= LONGEST]
    cells = sum((len(source) + 1) * (len(target) + 1) for (source, _, target), _ in short)
    most = MOST_CELLS if seconds is None else min(MOST_CELLS, CELLS_A_SECOND * seconds)
    short = short[:: _step(cells / most)]
    bundles, numbers = dict[Key, int](), dict[Edits, int]()
    rows: Counter[Key] = Counter()
    for done, ((source, features, target), times) in enumerate(short):
        if done % EVERY == 0:
            tell("comparing pairs", done, len(short))
            if done and interrupted():
                break
        encoded = symbols.encode_source(source, features)
        read, written = as_targets(encoded, symbols.outputs), symbols.encode_target(target)[:-1]
        first, later = (numbers.setdefault(edits, len(numbers)) for edits in edits_between(read, written))
        bundle = bundles.setdefault(encoded.bundle, len(bundles))
        rows[bundle, later, first, *ending(read), *beginning(read)] += times
    if not rows:
        return None
    met = sorted((*row[:3], times, *row[3:]) for row, times in rows.items())
    return EditRules(list(bundles), list(numbers), np.array(met, np.int32), symbols.outputs)


def _step(share: float) -> int:
    """From one that is looked at to the next, so that at most one in `share` is."""
    return max(math.ceil(share), 1)
