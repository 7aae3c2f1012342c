"""What labels are found and mistaken for which, as tables of plain text, of at most 120 columns on a terminal."""

from __future__ import annotations

from collections.abc import Mapping

from charnn.confusions import Confusions, PrecisionRecall
from charnn.readable import aligned, percent, width

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
    labels, counts_KK = score.matrix()
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
