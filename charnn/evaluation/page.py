"""The parts of a page that say how well labels, tags or symbols are found, and what is taken for what."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from charnn.evaluation.confusions import Confusions, PrecisionRecall, as_cell
from charnn.pages.page import LEVELS, Html, heatmap, paragraph, table
from charnn.readable import percent

MOST_LABELS = 40
MOST_IN_MATRIX = 24
MOST_CONFUSIONS = 20
LEAST = 0.001
"""A mistake with this fraction of a row has the palest shade."""


def precision_recall(labels: Mapping[str, PrecisionRecall], kind: str, unit: str) -> Html:
    """How well each label is found; `kind` is what labels are called, and `unit` what has them."""
    body = [
        (as_cell(label), percent(of.precision), percent(of.recall), percent(of.f1), f"{of.reference:,}")
        for label, of in list(labels.items())[:MOST_LABELS]
    ]
    more = f"; {len(labels) - MOST_LABELS:,} rarer ones are left out" if len(labels) > MOST_LABELS else ""
    caption = f"How well each {kind} is found, in percent{more}"
    return table([kind, "precision", "recall", "F1", f"{unit}s"], body, caption, numbers=4)


def confusion(score: Confusions, kind: str, unit: str) -> Iterator[Html]:
    """The matrix of the most frequent labels, and the most frequent mistakes of all."""
    mistakes = score.confusions()
    if not mistakes:
        yield paragraph(f"It made no mistake: no {kind} was taken for another.")
        return
    labels, counts_KK, _ = score.matrix(MOST_IN_MATRIX)
    shown, counts_KK = [as_cell(label) for label in labels[:MOST_IN_MATRIX]], counts_KK[:MOST_IN_MATRIX]
    total_K = counts_KK.sum(1)
    counts_KK = counts_KK[:, :MOST_IN_MATRIX]
    cells = [[f"{count:,}" if count else "" for count in row] for row in counts_KK.tolist()]
    shades = [
        [_shade(count / max(total, 1), is_right=place == column) for column, count in enumerate(row)]
        for place, (row, total) in enumerate(zip(counts_KK.tolist(), total_K.tolist(), strict=True))
    ]
    more = f"; the {MOST_IN_MATRIX} most frequent of {len(labels):,}" if len(labels) > MOST_IN_MATRIX else ""
    caption = f"How many {unit}s that have the {kind} of a row got that of a column{more}. Blue is right, orange wrong"
    yield heatmap(shown, shown, cells, shades, caption)
    body = [(as_cell(one.reference), as_cell(one.predicted), f"{one.words:,}") for one in mistakes[:MOST_CONFUSIONS]]
    yield table([f"the {kind}", "taken for", f"{unit}s"], body, "The most frequent mistakes", numbers=1)


def _shade(fraction: float, *, is_right: bool) -> int:
    """Blue is as dark as the fraction is large, and orange on a logarithmic scale: rare mistakes are worth seeing."""
    if not fraction:
        return 0
    if is_right:
        return -max(round(fraction * 3), 1)
    return max(round(LEVELS * (1 - math.log(fraction) / math.log(LEAST))), 1)
