"""What stands on the command line of `charnn train`, as opposed to what has a default; and what goes with what."""

from __future__ import annotations

import typer

from charnn.cli import options
from charnn.config.training import Budget
from charnn.errors import UsageError

OF_TEXTS = (
    *("documents", "tokenizer", "vocabulary_size", "min_count", "start_from"),
    *("residual", "recurrent_depth", "weight_drop", "embedding_dropout", "gradient_flow", "stopping"),
)
"""Parameters that mean something for a language model only."""
OF_TREEBANKS = ("columns", "format", "level", "tags", "words_from", "decoder")
"""And for a tagger only."""


def budget(time: str | None, epochs: float | None, steps: int | None) -> Budget | None:
    given = [value for value in (time, epochs, steps) if value is not None]
    if not given:
        return None
    if len(given) > 1:
        raise UsageError("--time, --epochs and --steps: give one of them")
    return Budget(seconds=options.seconds(time) if time is not None else None, epochs=epochs, steps=steps)


def task(context: typer.Context, path: str, encoding: str) -> str:
    """What the options that were given belong to; where they do not tell, what the first file is."""
    from charnn.corpora.sources import beginning
    from charnn.tasks.tagger.formats.recognition import recognize

    of_texts, of_treebanks = (
        [p.opts[0] for name in names for p in context.command.params if p.name == name and is_given(context, name)]
        for names in (OF_TEXTS, OF_TREEBANKS)
    )
    if of_texts and of_treebanks:
        raise UsageError(f"{of_texts[0]} is for texts and {of_treebanks[0]} for treebanks: give one of them")
    if of_texts or of_treebanks:
        return "tagger" if of_treebanks else "language-model"
    return "language-model" if recognize(beginning(path, encoding=encoding)) == "lines" else "tagger"


def is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def refuse_others(context: typer.Context, allowed: set[str]) -> None:
    """A resumed run is the run that it was: only what `allowed` names can be given."""
    for parameter in context.command.params:
        name = parameter.name or ""
        if name not in allowed and is_given(context, name):
            raise UsageError(f"{parameter.opts[0]} cannot change in a run that is resumed")
