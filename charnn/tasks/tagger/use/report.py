"""The scores of a tagger as tables of plain text, of at most 120 columns on a terminal."""

from __future__ import annotations

from charnn.evaluation.confusions import MOST_LABELS, as_cell, confusion_table, precision_table
from charnn.readable import aligned, counted, percent
from charnn.tasks.tagger.config import Level
from charnn.tasks.tagger.use.figures import TagFigures

_RULE = "feats agree as in the UD evaluation script, where their universal features do"


def report(figures: TagFigures, *, model: str, treebank: str, level: Level) -> str:
    """Ends in a line end."""
    together = figures.together
    unknown = f"{together.unknown_words:,} of them never seen in training"
    parts = [
        [
            f"model     {model}",
            f"treebank  {treebank}: {counted(together.words, level)}, {unknown}; "
            f"{counted(together.sentences, 'sentence')}",
            *([f"left out  {left_out}"] if (left_out := figures.left_out(level)) else []),
        ],
        _accuracies(figures),
    ]
    for column, score in figures.columns.items():
        parts += [
            _entities(column, figures),
            precision_table(column, score.tags, "tag", "word"),
            confusion_table(column, score, "tag", "word"),
        ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _accuracies(figures: TagFigures) -> list[str]:
    rows = list(figures.columns.items())
    if len(rows) > 1:
        rows.append(("all columns", figures.together))
    accuracies = [
        [label, *map(percent, (s.accuracy, s.known_accuracy, s.unknown_accuracy, s.sentence_accuracy))]
        for label, s in rows
    ]
    lines = aligned([["% right", "all words", "known", "unknown", "sentences"], *accuracies])
    if figures.feats_as_written is not None:
        lines.append(f"({_RULE}; as they are written: {percent(figures.feats_as_written.accuracy)})")
    return lines + (figures.raw_text.lines() if figures.raw_text else [])


def _entities(column: str, figures: TagFigures) -> list[str]:
    """The precision, recall and F1 of entities, where the tags of the column mark any."""
    score = figures.entities.get(column)
    totals = score.totals if score is not None else None
    if score is None or totals is None:
        return []
    of_types = [("all types", totals.overall), *((as_cell(name), of) for name, of in totals.types.items() if name)]
    rows = [
        [name, percent(of.precision), percent(of.recall), percent(of.f1), f"{of.reference:,}"]
        for name, of in of_types[: 1 + MOST_LABELS]
    ]
    lines = aligned([[f"{column}: entities", "precision", "recall", "F1", "gold"], *rows])
    if len(of_types) > 1 + MOST_LABELS:
        lines.append(f"({len(of_types) - 1 - MOST_LABELS:,} rarer types: see --json)")
    lines.append("(an entity counts where all its words and its type are right; the F1 of all types is what to quote)")
    if score.reference_is_of_another_scheme:
        ours, theirs = figures.schemes[column], score.reference_scheme
        lines.append(f"(the treebank has {theirs} tags and the model {ours}: compare entities, not words)")
    return lines
