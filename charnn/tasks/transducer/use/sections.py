"""What a report shows of a transducer: how well it writes, where it looks, what it takes for what, and its mistakes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from charnn.errors import UsageError
from charnn.evaluation.page import confusion
from charnn.pages.page import Html, Maker, as_html, element, heatmap, paragraph, shade_of, table
from charnn.readable import percent
from charnn.tasks.transducer.options import TransducerEvaluationOptions
from charnn.tasks.transducer.use.evaluation import NOTHING, LineError, TransducerEvaluation
from charnn.tasks.transducer.use.model import Transducer

MOST_MISTAKES = 60
MOST_LINES = 4
"""Lines of which it is shown where the model looked."""
LONGEST = 24
"""A line is shown if its source has no more characters."""


def sections(model: Transducer, files: Sequence[str], *, encoding: str) -> Mapping[str, Maker]:
    @cache
    def evaluated() -> tuple[TransducerEvaluation, list[LineError]]:
        options = TransducerEvaluationOptions(errors=True)
        evaluation = TransducerEvaluation(model, files, options, encoding=encoding, threads=model.threads)
        return evaluation, list(evaluation.run())

    return {
        "How well it writes": lambda: _scores(evaluated()[0]),
        "Where it looks": lambda: _attention(model, *evaluated()),
        "What it takes for what": lambda: confusion(evaluated()[0].confusions, "symbol", "place"),
        "Its mistakes": lambda: _mistakes(evaluated()[1]),
    }


def _scores(evaluation: TransducerEvaluation) -> Iterator[Html]:
    names = {"all": "all", "seen": "seen in training", "unseen": "not seen"}
    body = []
    for name, score in evaluation.figures.items():
        of = score.to_json()
        if score.lines:
            body.append((names[name], f"{score.lines:,}", percent(of["accuracy"]), percent(of["symbol_error_rate"])))
    yield table(["sources", "lines", "% right", "% of symbols wrong"], body, "How well whole lines are written",
                numbers=3)  # fmt: skip


def _attention(model: Transducer, evaluation: TransducerEvaluation, errors: Sequence[LineError]) -> Iterator[Html]:
    wrong = [(one.source, one.features) for one in errors]
    every = [(one.source, one.features) for one in evaluation.references]
    right = [one for one in every if one not in set(wrong)]
    chosen = [one for one in [*right[:: max(len(right) // 3, 1)], *wrong[:2]] if 0 < len(one[0]) <= LONGEST]
    yield paragraph(
        "Each row is a symbol that it wrote, and each column one that it read; the darker a cell, the more it looked "
        "there, in percent."
    )
    for source, features in dict.fromkeys(chosen[-MOST_LINES:]):
        try:
            found = model.attention(f"{source}\t{features}" if features else source)
        except UsageError as error:
            yield paragraph(f"{error}.")
            return
        weights = found.weights_TS.tolist()
        cells = [[f"{100 * weight:.0f}" if weight >= 0.01 else "" for weight in row] for row in weights]
        shades = [[shade_of(-weight) for weight in row] for row in weights]
        mistake = ", which is wrong" if (source, features) in wrong else ""
        yield heatmap(found.target, found.source, cells, shades,
                      f"{source} {features}: it wrote {''.join(found.target[:-1])}{mistake}")  # fmt: skip


def _mistakes(errors: Sequence[LineError]) -> Iterator[Html]:
    if not errors:
        yield paragraph("There are none.")
        return
    body = [
        (f"{one.source} {one.features}".strip(), _written(one), one.reference, "seen" if one.seen else "")
        for one in errors[:MOST_MISTAKES]
    ]
    caption = f"The first {len(body):,} of {len(errors):,}" if len(errors) > len(body) else f"All {len(errors):,}"
    yield table(["source", "it wrote", "right is", "in training"], body, caption)


def _written(one: LineError) -> Html:
    """What was written, with the symbols that are wrong marked."""
    joint = " " if any(len(edit.written or "") > 1 for edit in one.edits) else ""
    parts = [
        as_html(edit.written or "") if edit.written == edit.reference else element("strong", edit.written or NOTHING)
        for edit in one.edits
    ]
    return Html(joint.join(parts))
