"""The forms in which `charnn classify` writes its result: columns, JSON, a shaded text, the texts of some labels."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from charnn.arrays import Float64s
from charnn.cli.confidence import Threshold
from charnn.cli.console import SHADES
from charnn.corpora.decoding import BYTE_ORDER_MARK
from charnn.readable import escaped
from charnn.tasks.classifier.calibration import THRESHOLD

if TYPE_CHECKING:
    from charnn.tasks.classifier.use.model import Classifier, WeightedPart
    from charnn.tasks.classifier.use.stream import InputUnit, Item

DECIMALS = 6
NO_LABEL = "-"
"""Stands in the column of labels for a text that gets none."""
STRONGEST = 5
"""The parts that the column of --why has."""
WEIGHTS = (0.1, 0.3, 1.0, 2.0, 4.0)
"""The nats at which each shade but the first begins."""


class View(Protocol):
    """One form of the result. A view belongs to one output, and is given its texts in order."""

    def text(self, chunk: Sequence[Item], p_NK: Float64s) -> str:
        """What is written for these texts."""


class _Decider:
    """Says which labels texts get, with their probabilities."""

    def __init__(self, model: Classifier, threshold: Threshold) -> None:
        self._model, self._threshold = model, threshold
        self.names = model.labels

    def labels(self, p_NK: Float64s) -> list[list[tuple[str, float]]]:
        """The labels of each text. One that gets none has a list without any."""
        names, shown = self.names, self._threshold.in_line
        if not self._model.multiple:
            best_N, p_N = p_NK.argmax(1).tolist(), p_NK.max(1).tolist()
            return [[(shown(names[best], p), p)] for best, p in zip(best_N, p_N, strict=True)]
        result = []
        for p_K in p_NK.tolist():
            found = sorted(((p, -k) for k, p in enumerate(p_K) if p >= THRESHOLD), reverse=True)
            result.append([(shown(names[-k], p), p) for p, k in found])
        return result

    def best(self, p_K: Float64s, count: int) -> list[tuple[str, float]]:
        """The most probable labels."""
        order = (-p_K).argsort(kind="stable")[:count].tolist()
        return [(self.names[place], float(p_K[place])) for place in order]


def with_labels(
    only: Sequence[str], chunk: Sequence[Item], p_NK: Float64s, model: Classifier, threshold: Threshold
) -> tuple[list[Item], Float64s]:
    """The texts that get one of these labels, and their probabilities."""
    labels_N = _Decider(model, threshold).labels(p_NK)
    rows = [row for row, labels in enumerate(labels_N) if any(label in only for label, _ in labels)]
    return [chunk[row] for row in rows], p_NK[rows]


class UnchangedView:
    """Writes the texts as they came, and rows after the header of their table."""

    def __init__(self) -> None:
        self._lacks_end = False
        self._header = ""

    def text(self, chunk: Sequence[Item], p_NK: Float64s) -> str:
        parts = []
        for item in chunk:
            if item.header != self._header:
                self._header = item.header
                parts.append(item.header)
            parts += ["\n" * self._lacks_end, item.source]
            self._lacks_end = not item.source.endswith(("\n", "\r"))
        return "".join(parts)


class TableView:
    """Writes labels, probabilities and the text between tabs. A text of several lines is written on one, escaped."""

    def __init__(
        self,
        model: Classifier,
        threshold: Threshold,
        count: int | None,
        *,
        why: bool,
        shaded: bool,
        unit: InputUnit,
    ) -> None:
        self._model, self._decider, self._count = model, _Decider(model, threshold), count
        self._why, self._shaded, self._unit = why, shaded, unit

    def text(self, chunk: Sequence[Item], p_NK: Float64s) -> str:
        figures, shown = self._figures(p_NK), self._shown(chunk)
        if self._why:
            strongest = (_strongest(self._model.explain(item.text)) for item in chunk)
            figures = [f"{one}\t{parts}" for one, parts in zip(figures, strongest, strict=True)]
        return "".join([f"{one}\t{text}\n" for one, text in zip(figures, shown, strict=True)])

    def _figures(self, p_NK: Float64s) -> list[str]:
        """The labels of each text with their probabilities."""
        if self._count is not None:
            best = (self._decider.best(p_K, self._count) for p_K in p_NK)
            return ["\t".join(f"{label}\t{p:.4f}" for label, p in pairs) for pairs in best]
        labels_N = self._decider.labels(p_NK)
        if not self._model.multiple:
            return [f"{label}\t{p:.4f}" for ((label, p),) in labels_N]
        return [
            f"{','.join(label for label, _ in labels)}\t{','.join(f'{p:.4f}' for _, p in labels)}"
            if labels
            else f"{NO_LABEL}\t{p_K.max():.4f}"
            for labels, p_K in zip(labels_N, p_NK, strict=True)
        ]

    def _shown(self, chunk: Sequence[Item]) -> list[str]:
        """How each text is written."""
        if self._shaded:
            return [shaded(item.text, self._model.explain(item.text)) for item in chunk]
        if self._unit == "line":
            return [_as_last_cell(item) for item in chunk]
        return [item.file if self._unit == "file" else escaped(item.text) for item in chunk]


class ObjectsView:
    """Writes a JSON object for each text."""

    def __init__(self, model: Classifier, threshold: Threshold, count: int | None, *, why: bool) -> None:
        """Labels that are not probable enough and have no name are null, and among several they are left out."""
        self._model, self._decider, self._count, self._why = model, _Decider(model, threshold), count, why
        self._threshold = threshold

    def text(self, chunk: Sequence[Item], p_NK: Float64s) -> str:
        every = zip(chunk, self._decider.labels(p_NK), p_NK, strict=True)
        objects = (json.dumps(self._object(*one), ensure_ascii=False) + "\n" for one in every)
        return "".join(objects).encode("utf-8", "backslashreplace").decode("utf-8")

    def _object(self, item: Item, labels: list[tuple[str, float]], p_K: Float64s) -> dict[str, Any]:
        result: dict[str, Any] = {"file": item.file, "line": item.line, "text": item.text}
        result["model"] = str(self._model.path)
        if self._model.multiple:
            result["labels"] = {}
            for label, p in labels:  # several may not be sure enough, and the most probable of these stands for them
                if (named := self._threshold.in_json(label, p)) is not None:
                    result["labels"].setdefault(named, round(p, DECIMALS))
        else:
            ((label, p),) = labels
            result |= {"label": self._threshold.in_json(label, p), "probability": round(p, DECIMALS)}
        if self._count is not None:
            best = self._decider.best(p_K, self._count)
            result["probabilities"] = {label: round(p, DECIMALS) for label, p in best}
        if self._why:
            spans = self._model.explain(item.text)
            result["why"] = [
                {
                    "start": s.start,
                    "end": s.end,
                    "text": item.text[s.start : s.end],
                    "weight": round(s.weight, DECIMALS),
                }
                for s in spans
            ]
        return result


def _as_last_cell(item: Item) -> str:
    """The line as the end of a row. A byte order mark is for the start of a file, and is left out."""
    line = item.source.removesuffix("\n")
    return line if item.text.startswith(BYTE_ORDER_MARK) else line.removeprefix(BYTE_ORDER_MARK)


def shaded(text: str, spans: Sequence[WeightedPart]) -> str:
    """The text with the parts that spoke for the label in shades, the darker the more."""
    parts, end = [], 0
    for span in spans:
        shade = SHADES[bisect_right(WEIGHTS, span.weight)]
        parts.append(escaped(text[end : span.start], but="\\"))
        inside = escaped(text[span.start : span.end], but="\\")
        parts.append(f"\x1b[{shade}m{inside}\x1b[0m" if shade else inside)
        end = span.end
    return "".join((*parts, escaped(text[end:], but="\\")))


def _strongest(spans: Sequence[WeightedPart]) -> str:
    best = sorted((span for span in spans if span.weight > 0), key=lambda span: -span.weight)[:STRONGEST]
    return " ".join(f"{span.start}-{span.end}={span.weight:.2f}" for span in best) or NO_LABEL
