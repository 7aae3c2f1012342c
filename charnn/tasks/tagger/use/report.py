"""The scores of a tagger as tables of plain text, of at most 120 columns on a terminal."""

from __future__ import annotations

from charnn.readable import aligned, percent, width
from charnn.tasks.tagger.config import Level
from charnn.tasks.tagger.use.evaluation import TagFigures
from charnn.tasks.tagger.use.scores import TagScore

WIDTH = 120
MOST_TAGS = 40
"""Tags that have a row; of more, the most frequent."""
MOST_IN_MATRIX = 20
MOST_CONFUSIONS = 20
_LONGEST_LABEL = 76
_RULE = "feats agree as in the UD evaluation script, where their universal features do"


def report(figures: TagFigures, *, model: str, treebank: str, level: Level) -> str:
    """Ends in a line end."""
    together = figures.together
    unknown = f"{together.unknown_words:,} of them never seen in training"
    parts = [
        [
            f"model     {model}",
            f"treebank  {treebank}: {together.words:,} {level}s, {unknown}; {together.sentences:,} sentences",
            *([f"left out  {left_out}"] if (left_out := figures.left_out(level)) else []),
        ],
        _accuracies(figures),
    ]
    for column, score in figures.columns.items():
        parts += [_entities(column, figures), _tags(column, score), _confusions(column, score)]
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
    return lines


def _entities(column: str, figures: TagFigures) -> list[str]:
    """The precision, recall and F1 of entities, where the tags of the column mark any."""
    score = figures.entities.get(column)
    totals = score.totals if score is not None else None
    if score is None or totals is None:
        return []
    of_types = [("all types", totals.overall), *((_label(name), of) for name, of in totals.types.items() if name)]
    rows = [
        [name, percent(of.precision), percent(of.recall), percent(of.f1), f"{of.reference:,}"]
        for name, of in of_types[: 1 + MOST_TAGS]
    ]
    lines = aligned([[f"{column}: entities", "precision", "recall", "F1", "gold"], *rows])
    if len(of_types) > 1 + MOST_TAGS:
        lines.append(f"({len(of_types) - 1 - MOST_TAGS:,} rarer types: see --json)")
    lines.append("(an entity counts where all its words and its type are right; the F1 of all types is what to quote)")
    if score.reference_is_of_another_scheme:
        ours, theirs = figures.schemes[column], score.reference_scheme
        lines.append(f"(the treebank has {theirs} tags and the model {ours}: compare entities, not words)")
    return lines


def _tags(column: str, score: TagScore) -> list[str]:
    tags = score.tags
    rows = [
        [_label(tag), percent(of.precision), percent(of.recall), percent(of.f1), f"{of.reference:,}"]
        for tag, of in list(tags.items())[:MOST_TAGS]
    ]
    lines = aligned([[column, "precision", "recall", "F1", "gold"], *rows])
    if len(tags) > MOST_TAGS:
        words = sum(of.reference for of in list(tags.values())[MOST_TAGS:])
        lines.append(f"({len(tags) - MOST_TAGS:,} rarer tags, of {words:,} words together: see --json)")
    return lines


def _confusions(column: str, score: TagScore) -> list[str]:
    """The matrix where it is small enough; else its largest numbers."""
    confusions = score.confusions()
    if not confusions:
        return []
    labels, counts_KK = score.matrix()
    if len(labels) <= MOST_IN_MATRIX:
        shown = list(map(_label, labels))
        cells = [[str(words or ".") for words in row] for row in counts_KK.tolist()]
        rows = [[column, *shown], *([label, *row] for label, row in zip(shown, cells, strict=True))]
        for gap in ("  ", " "):
            matrix = aligned(rows, gap)
            if width(matrix[0]) <= WIDTH:
                return [f"{column}: gold tags in rows, predicted tags in columns", *matrix]
    digits = len(f"{confusions[0].words:,}")
    lines = [f"{column}: gold tag -> predicted tag, the most frequent mistakes"]
    lines += [
        f"{of.words:{digits},}  {_shown(of.reference)} -> {_shown(of.predicted)}" for of in confusions[:MOST_CONFUSIONS]
    ]
    if len(confusions) > MOST_CONFUSIONS:
        words = sum(of.words for of in confusions[MOST_CONFUSIONS:])
        lines.append(f"({len(confusions) - MOST_CONFUSIONS:,} rarer ones, of {words:,} words together)")
    return lines


def _shown(tag: str) -> str:
    """The tag, in Python's notation if it could not be seen or could be taken for the space around it."""
    return tag if tag.isprintable() and tag.strip() == tag != "" else repr(tag)


def _label(tag: str) -> str:
    """The tag as a label in a table, with the middle of a long one cut out."""
    shown = _shown(tag)
    half = _LONGEST_LABEL // 2
    return shown if len(shown) <= _LONGEST_LABEL else f"{shown[: half - 1]}…{shown[-half:]}"
