"""Counts which labels are taken for which and how well each label is found, and says so in tables of plain text.

The tables have at most 120 columns on a terminal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from charnn.arrays import Int64s
from charnn.readable import aligned, percent, width


class PrecisionRecall(NamedTuple):
    """How well one label was found. A quotient of nothing is None, never 0."""

    precision: float | None
    """The fraction of the words predicted to have the tag that have it; None where it was never predicted."""
    recall: float | None
    """The fraction of the words that have the tag that were predicted to; None where no word has it."""
    f1: float
    """Twice the words found over `reference + predicted`. It is the harmonic mean of precision and recall where both
    exist, and 0 where one of them does not, for then the tag was wrong wherever it occurred."""
    reference: int
    """How many words have the tag."""
    predicted: int
    """How many words are predicted to have it."""

    def to_json(self) -> dict[str, Any]:
        """The figures by name, in which the reference is called gold, as linguists do."""
        return {"gold" if name == "reference" else name: value for name, value in self._asdict().items()}


class Confusion(NamedTuple):
    """A mistake, and how many words it was made on."""

    reference: str
    predicted: str
    words: int


@dataclass(frozen=True, slots=True)
class Confusions:
    """How predicted labels, such as tags, agree with those of the reference."""

    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many words have each pair of reference and predicted tag, equal or not; every count is above zero."""

    @property
    def tags(self) -> dict[str, PrecisionRecall]:
        """How well each tag was found that any word has or is predicted to have, in the order of `matrix`."""
        reference, predicted = self._totals()
        tags = {}
        for tag in _by_frequency(reference, predicted):
            found = self.pairs[tag, tag]
            tags[tag] = PrecisionRecall(
                precision=ratio(found, predicted[tag]),
                recall=ratio(found, reference[tag]),
                f1=2 * found / (reference[tag] + predicted[tag]),
                reference=reference[tag],
                predicted=predicted[tag],
            )
        return tags

    def confusions(self) -> list[Confusion]:
        """The mistakes, most frequent first; those of one frequency in alphabetical order."""
        mistakes = [Confusion(*pair, words) for pair, words in self.pairs.items() if pair[0] != pair[1]]
        return sorted(mistakes, key=lambda mistake: (-mistake.words, mistake))

    def matrix(self, most: int | None = None) -> tuple[list[str], Int64s, Int64s]:
        """The K tags, how many words have each reference tag (row) and predicted tag (column), (K, K), and how many
        words of each row are right, (K,).

        The tag of most words comes first; tags that are only ever predicted come last, with a row of zeros. Where there
        are more tags than `most`, those after so many share one more row and column.
        """
        labels = _by_frequency(*self._totals())
        last = len(labels) - 1 if most is None else most
        place = {tag: min(index, last) for index, tag in enumerate(labels)}
        size = min(len(labels), last + 1)
        counts_KK = np.zeros((size, size), dtype=np.int64)
        right_K = np.zeros(size, dtype=np.int64)
        for (reference, predicted), words in self.pairs.items():
            counts_KK[place[reference], place[predicted]] += words
            right_K[place[reference]] += words * (reference == predicted)
        return labels, counts_KK, right_K

    def _totals(self) -> tuple[Counter[str], Counter[str]]:
        """How many words have each tag, and how many are predicted to have it."""
        reference_totals: Counter[str] = Counter()
        predicted_totals: Counter[str] = Counter()
        for (reference, predicted), words in self.pairs.items():
            reference_totals[reference] += words
            predicted_totals[predicted] += words
        return reference_totals, predicted_totals


def ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _by_frequency(reference: Counter[str], predicted: Counter[str]) -> list[str]:
    """Every tag of either, the most frequent of the reference first, then of the predicted ones, then by alphabet."""
    return sorted(reference.keys() | predicted.keys(), key=lambda tag: (-reference[tag], -predicted[tag], tag))


WIDTH = 120
MOST_LABELS = 40
"""Labels that have a row; of more, the most frequent."""
MOST_IN_MATRIX = 20
MOST_CONFUSIONS = 20
_LONGEST_LABEL = 76


def precision_table(name: str, labels: Mapping[str, PrecisionRecall], kind: str, unit: str) -> list[str]:
    """Precision, recall and F1 of each label; `kind` is what labels are called, and `unit` what has them."""
    rows = [
        [as_cell(label), percent(of.precision), percent(of.recall), percent(of.f1), f"{of.reference:,}"]
        for label, of in list(labels.items())[:MOST_LABELS]
    ]
    lines = aligned([[name, "precision", "recall", "F1", "gold"], *rows])
    if len(labels) > MOST_LABELS:
        words = sum(of.reference for of in list(labels.values())[MOST_LABELS:])
        lines.append(f"({len(labels) - MOST_LABELS:,} rarer {kind}s, of {words:,} {unit}s together: see --json)")
    return lines


def confusion_table(name: str, score: Confusions, kind: str, unit: str) -> list[str]:
    """The matrix where it is small enough; else its largest numbers."""
    confusions = score.confusions()
    if not confusions:
        return []
    labels, counts_KK, _ = score.matrix(MOST_IN_MATRIX)
    if len(labels) <= MOST_IN_MATRIX:
        shown = list(map(as_cell, labels))
        cells = [[str(words or ".") for words in row] for row in counts_KK.tolist()]
        rows = [[name, *shown], *([label, *row] for label, row in zip(shown, cells, strict=True))]
        for gap in ("  ", " "):
            matrix = aligned(rows, gap)
            if width(matrix[0]) <= WIDTH:
                return [f"{name}: gold {kind}s in rows, predicted {kind}s in columns", *matrix]
    digits = len(f"{confusions[0].words:,}")
    lines = [f"{name}: gold {kind} -> predicted {kind}, the most frequent mistakes"]
    lines += [
        f"{of.words:{digits},}  {_shown(of.reference)} -> {_shown(of.predicted)}" for of in confusions[:MOST_CONFUSIONS]
    ]
    if len(confusions) > MOST_CONFUSIONS:
        words = sum(of.words for of in confusions[MOST_CONFUSIONS:])
        lines.append(f"({len(confusions) - MOST_CONFUSIONS:,} rarer ones, of {words:,} {unit}s together)")
    return lines


def _shown(label: str) -> str:
    """The label, in Python's notation if it could not be seen or could be taken for the space around it."""
    return label if label.isprintable() and label.strip() == label != "" else repr(label)


def as_cell(label: str) -> str:
    """The label as it is shown in a table, with the middle of a long one cut out."""
    shown = _shown(label)
    half = _LONGEST_LABEL // 2
    return shown if len(shown) <= _LONGEST_LABEL else f"{shown[: half - 1]}…{shown[-half:]}"
