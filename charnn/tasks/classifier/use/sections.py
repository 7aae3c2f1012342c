"""What a report shows of a classifier: how well it labels and how sure it may be, its mistakes, what spoke for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import numpy as np

from charnn.evaluation.page import confusion, precision_recall
from charnn.pages.page import Html, Maker, Mark, element, paragraph, picture, rows, shade_of, shaded, table
from charnn.readable import percent
from charnn.tasks.classifier.options import ClassifierEvaluationOptions
from charnn.tasks.classifier.use.evaluation import ClassifierEvaluation, LabelError
from charnn.tasks.classifier.use.model import Classifier, WeightedPart, explain

MOST_MISTAKES = 40
MOST_TEXTS = 6
"""Texts of which it is shown what spoke for their labels."""
LONGEST = 400
"""The most characters of a text that are shown."""


def sections(model: Classifier, files: Sequence[str], *, encoding: str) -> Mapping[str, Maker]:
    @cache
    def evaluated() -> tuple[ClassifierEvaluation, list[LabelError]]:
        options = ClassifierEvaluationOptions(errors=True)
        evaluation = ClassifierEvaluation(model, files, options, encoding=encoding, threads=model.threads)
        return evaluation, list(evaluation.run())

    return {
        "How well it labels": lambda: _scores(evaluated()[0]),
        "What it takes for what": lambda: confusion(evaluated()[0].score.confusions, "label", "text"),
        "Whether it is as right as it is sure": lambda: _calibration(evaluated()[0]),
        "What speaks for a label": lambda: _explained(model, *evaluated()),
        "Its mistakes": lambda: _mistakes(evaluated()[1]),
    }


def _scores(evaluation: ClassifierEvaluation) -> Iterator[Html]:
    score, error = evaluation.score, evaluation.calibration_error
    yield rows(
        [
            ("texts", f"{score.texts:,}"),
            ("right", f"{percent(score.accuracy)}%"),
            ("macro-F1", percent(score.macro_f1)),
            ("micro-F1", percent(score.micro_f1)),
            ("calibration error", "-" if error is None else f"{error:.3f}"),
        ]
    )
    yield precision_recall(score.labels, "label", "text")


def _calibration(evaluation: ClassifierEvaluation) -> Iterator[Html]:
    from charnn.plots.canvas import inline_svg
    from charnn.plots.judgements import binned, calibration_finding, draw_calibration

    sure_N, right_N = evaluation.confidences
    svg = inline_svg(lambda look: draw_calibration(sure_N, right_N.astype(np.bool_), look))
    said = f"How often it is right, over how sure it is. {calibration_finding(sure_N, right_N.astype(np.bool_))}."
    yield picture(Html(svg), said, "On the dotted line a label that gets 80% is right 8 times of 10.")
    body = [
        (f"{100 * sure:.0f}%", f"{100 * right:.0f}%", f"{count:,}")
        for sure, right, count in zip(*binned(sure_N, right_N.astype(np.bool_)), strict=True)
        if count
    ]
    yield table(["it was sure by", "and right by", "texts"], body, "The picture in numbers", numbers=2)


def _explained(model: Classifier, evaluation: ClassifierEvaluation, errors: Sequence[LabelError]) -> Iterator[Html]:
    """What spoke for the labels of mistakes and of other texts, half and half as far as there are any."""
    wrong = {one.text for one in errors}
    right = [(one.text, one.labels) for one in evaluation.texts if one.text not in wrong and one.text.strip()]
    mistaken = [(one.text, one.gold) for one in errors if one.text.strip()][: MOST_TEXTS // 2]
    shown = [*right[: MOST_TEXTS - len(mistaken)], *mistaken]
    yield paragraph(
        "Orange parts spoke for the label that it gave, and blue ones against it: how much its log-odds change when "
        "the part is left out. Point at one, touch it, or go along with the arrow keys."
    )
    for text, labels in shown:
        cut = text[:LONGEST]
        (said,) = model.classify([cut])
        verdict = " It is wrong." if set(said.labels) != set(labels) else ""
        yield element("h3", f"{', '.join(said.labels) or 'no label'} by {said.probability:.0%}.{verdict}")
        yield shaded(_marks(cut, explain(model, cut, None)), "No part is chosen yet.", scale="weight")


def _marks(text: str, spans: Sequence[WeightedPart]) -> Iterator[Mark]:
    largest = max((abs(span.weight) for span in spans), default=0.0) or 1.0
    before = 0
    for span in spans:
        if span.start > before:
            yield Mark(text[before : span.start], 0)
        part = text[span.start : span.end]
        which = "for" if span.weight >= 0 else "against"
        yield Mark(part, shade_of(span.weight / largest), f"“{part}” speaks {which} it by {abs(span.weight):.2f} nats.")
        before = span.end
    if before < len(text):
        yield Mark(text[before:], 0)


def _mistakes(errors: Sequence[LabelError]) -> Iterator[Html]:
    if not errors:
        yield paragraph("There are none.")
        return
    surest = sorted(errors, key=lambda one: -one.probability)[:MOST_MISTAKES]
    body = [
        (one.text[:LONGEST], ", ".join(one.gold) or "-", ", ".join(one.predicted) or "-", f"{one.probability:.0%}")
        for one in surest
    ]
    caption = f"{len(body):,} of {len(errors):,}, those first of which it was surest"
    yield table(["text", "is", "taken for", "sure by"], body, caption, numbers=1)
