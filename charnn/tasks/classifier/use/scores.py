"""The score of a classifier, as counts that texts are added to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from charnn.evaluation.confusions import Confusions, PrecisionRecall, ratio

NONE = ""
"""Stands for no label, where a text that may have several lacks one, or gets one too many."""


class LabelScore:
    """How predicted labels agree with those of the data."""

    def __init__(self, known: Sequence[str]) -> None:
        self.confusions = Confusions()
        self.texts = self.correct = 0
        self.unknown: list[str] = []
        """The labels of the data that the model does not know."""
        self._known = set(known)

    def add(self, reference: Sequence[str], predicted: Sequence[str]) -> None:
        """Adds a text. Where it has one label and gets one, that is a pair; otherwise labels pair with themselves, and
        what is missing or too much with no label."""
        self.texts += 1
        self.correct += set(reference) == set(predicted)
        self.unknown += [label for label in reference if label not in self._known and label not in self.unknown]
        pairs = self.confusions.pairs
        if len(reference) == len(predicted) == 1:
            pairs[reference[0], predicted[0]] += 1
            return
        for label in reference:
            pairs[label, label if label in predicted else NONE] += 1
        for label in predicted:
            if label not in reference:
                pairs[NONE, label] += 1

    @property
    def accuracy(self) -> float | None:
        """Texts whose labels are all right, over texts."""
        return ratio(self.correct, self.texts)

    @property
    def labels(self) -> dict[str, PrecisionRecall]:
        """How well each label was found, the most frequent first."""
        return {label: figures for label, figures in self.confusions.tags.items() if label != NONE}

    @property
    def macro_f1(self) -> float | None:
        """The mean of the labels' F1, each of which weighs the same."""
        every = [figures.f1 for figures in self.labels.values()]
        return sum(every) / len(every) if every else None

    @property
    def micro_f1(self) -> float | None:
        """F1 over all decisions together. Where each text has one label and gets one, it is the accuracy."""
        every = self.labels
        found = sum(self.confusions.pairs[label, label] for label in every)
        return ratio(2 * found, sum(figures.reference + figures.predicted for figures in every.values()))

    def to_json(self) -> dict[str, Any]:
        return {
            "accuracy": self.accuracy,
            "macro_f1": self.macro_f1,
            "micro_f1": self.micro_f1,
            "texts": self.texts,
            "labels": {label: figures.to_json() for label, figures in self.labels.items()},
            "confusions": [
                {"gold": of.reference, "predicted": of.predicted, "texts": of.words}
                for of in self.confusions.confusions()
            ],
        }
