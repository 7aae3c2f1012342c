"""What a report shows of a tagger: how well it tags, what it takes for what, and its mistakes in their sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from charnn.evaluation.page import confusion, precision_recall
from charnn.pages.page import Html, Maker, as_html, element, paragraph, table
from charnn.readable import counted, percent
from charnn.tasks.tagger.options import TaggerEvaluationOptions
from charnn.tasks.tagger.use.evaluation import TaggerEvaluation
from charnn.tasks.tagger.use.figures import TagError
from charnn.tasks.tagger.use.model import Tagger

MOST_MISTAKES = 60
CONTEXT = 8
"""The words on each side of a mistake that are shown."""


def sections(model: Tagger, files: Sequence[str], *, encoding: str) -> Mapping[str, Maker]:
    @cache
    def evaluated() -> tuple[TaggerEvaluation, list[TagError]]:
        evaluation = TaggerEvaluation(
            model, files, TaggerEvaluationOptions(errors=True), encoding=encoding, threads=model.threads
        )
        return evaluation, list(evaluation.run())

    return {
        "How well it tags": lambda: _scores(evaluated()[0], model.config.corpus.level),
        "What it takes for what": lambda: _confusions(evaluated()[0], model.config.corpus.level),
        "Its mistakes": lambda: _mistakes(evaluated()[1], model.config.corpus.level),
    }


def _scores(evaluation: TaggerEvaluation, level: str) -> Iterator[Html]:
    figures = evaluation.figures
    together = figures.together
    yield paragraph(
        f"Measured on {counted(together.words, level)} in {counted(together.sentences, 'sentence')}, "
        f"{together.unknown_words:,} of them {level}s that it never saw in training."
    )
    columns = list(figures.columns.items())
    if len(columns) > 1:
        columns.append(("all columns", together))
    body = [
        (name, *map(percent, (s.accuracy, s.known_accuracy, s.unknown_accuracy, s.sentence_accuracy)))
        for name, s in columns
    ]
    yield table(["column", f"all {level}s", "known", "unknown", "sentences"], body, "How many are right, in percent",
                numbers=4)  # fmt: skip
    for name, score in figures.columns.items():
        if len(figures.columns) > 1:
            yield element("h3", name)
        yield precision_recall(score.tags, "tag", level)


def _confusions(evaluation: TaggerEvaluation, level: str) -> Iterator[Html]:
    for name, score in evaluation.figures.columns.items():
        if len(evaluation.figures.columns) > 1:
            yield element("h3", name)
        yield from confusion(score, "tag", level)


def _mistakes(errors: Sequence[TagError], level: str) -> Iterator[Html]:
    if not errors:
        yield paragraph("There are none.")
        return
    body = [(_in_context(one), one.column, one.gold, one.predicted, "" if one.known else "never seen")
            for one in errors[:MOST_MISTAKES]]  # fmt: skip
    caption = f"The first {len(body):,} of {len(errors):,}" if len(errors) > len(body) else f"All {len(errors):,}"
    yield table([level, "column", "is", "taken for", ""], body, caption)


def _in_context(one: TagError) -> Html:
    joint = " " if one.level == "word" else ""
    before, after = one.words[max(one.place - CONTEXT, 0) : one.place], one.words[one.place + 1 :][:CONTEXT]
    parts = joint.join(before) + joint * bool(before), element("strong", one.words[one.place])
    return Html("".join(map(as_html, (*parts, joint * bool(after) + joint.join(after)))))
