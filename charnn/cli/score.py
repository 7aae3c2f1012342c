"""`charnn score`: what each line of a stream costs a model."""

from __future__ import annotations

import math
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from charnn.cli import options
from charnn.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from charnn.tasks.language_model.directory import LanguageModelDirectory
    from charnn.tasks.language_model.use.line_stream import ScoredLine
    from charnn.tasks.language_model.use.lines import LineModel

SHOWN = 5
"""Characters that a model has never seen which are named in a warning."""


def score(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE]...", help="What to score, - for stdin. Default: stdin.")
    ] = None,
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            metavar="NAME|PATH",
            help="A model directory, or its name under checkpoints/. Default: $CHARNN_MODEL, else the newest one "
            "there. Repeatable: each scores every line, and the best is named.",
            show_default=False,
        ),
    ] = None,
    ends: Annotated[
        bool,
        typer.Option(
            "--ends",
            help="Score line ends, too, as characters of their lines; of a model trained with --documents line also "
            "that it would have stopped there.",
        ),
    ] = False,
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold",
            metavar="BITS",
            help="Write only the lines that cost more bits per character than this, just as they came.",
        ),
    ] = None,
    keep: Annotated[
        Literal["above", "below"],
        typer.Option("--keep", help="Of --threshold. below: all the other lines, the empty ones too."),
    ] = "above",
    per_character: Annotated[
        bool,
        typer.Option(
            "--per-character", help="A row for each symbol: number of the line, place in it, symbol, nats. One model."
        ),
    ] = False,
    color: Annotated[
        bool, typer.Option("--color", help="Show the text itself, shaded by surprise. One model.")
    ] = False,
    encoding: Annotated[str, typer.Option("--encoding", help="Of FILE, and of what is written.")] = "utf-8",
    precision: Annotated[options.InferencePrecision, typer.Option("--precision", help="Of inference.")] = "fp32",
    as_json: options.AsJson = False,
) -> None:
    """Score lines: what each costs a model that reads it by itself.

    Columns between tabs: nats, bits per character, characters, the line.
    With several models: the one with the fewest bits, nats and bits of
    each, characters, the line. Lines keep their order; on a slow pipe each
    is written as soon as it is scored.

    charnn score names.txt | sort -n | cut -f4-
    tail -f app.log | charnn score --threshold 2.5
    charnn score -m english -m french letter.txt | cut -f1 | sort | uniq -c
    """
    from charnn.cli import console, inference, score_forms
    from charnn.corpora.sources import check_encoding
    from charnn.tasks.language_model.directory import LanguageModelDirectory
    from charnn.tasks.language_model.use.line_stream import score_stream
    from charnn.tasks.language_model.use.lines import LineScorer

    several = len(models or []) > 1
    _check(keep, threshold, several=several, per_character=per_character, color=color, as_json=as_json)
    if models and (again := [name for number, name in enumerate(models) if name in models[:number]]):
        raise UsageError(f"--model {again[0]}: given twice")
    wanted: Sequence[str | None] = models or [None]
    directories = [LanguageModelDirectory.find(name) for name in wanted]
    names = models or [str(directories[0].path)]
    readers = [_reader(directory, precision, ends=ends) for directory in directories]
    any_bytes = all(reader.tokenizer.kind == "bytes" for reader in readers)
    check_encoding(encoding, any_bytes)
    write = console.write if any_bytes or as_json else console.Output(encoding).write
    form: score_forms.Form
    if as_json:
        form = score_forms.Objects(names, readers[0].tokenizer if per_character else None)
    elif per_character:
        form = score_forms.Symbols(readers[0].tokenizer)
    elif color:
        form = score_forms.Shaded(readers[0].tokenizer)
        console.notice(score_forms.legend())
    else:
        form = score_forms.Plain() if threshold is not None else score_forms.Table(names)
    unseen = _Unseen(names, readers)
    if not files and console.is_terminal() and sys.stdin is not None and sys.stdin.isatty():
        console.notice("reading the terminal; Ctrl-D ends it")
    number = 0
    scorer = LineScorer(readers, ends=ends, threads=inference.processors())
    with closing(scorer):
        for chunk in score_stream(_lines(files or ["-"], encoding, any_bytes), scorer):
            unseen.warn(chunk)
            numbered = list(enumerate(chunk, start=number + 1))
            number += len(chunk)
            if threshold is not None:
                above = keep == "above"
                numbered = [pair for pair in numbered if (score_forms.least_bits(pair[1]) > threshold) == above]
            if text := form.text(numbered):
                write(text)


def _check(
    keep: str, threshold: float | None, *, several: bool, per_character: bool, color: bool, as_json: bool
) -> None:
    """Raises UsageError where options do not go together."""
    if threshold is not None and math.isnan(threshold):
        raise UsageError("--threshold nan: not a number of bits")
    if keep != "above" and threshold is None:
        raise UsageError(f"--keep {keep}: is about --threshold BITS", hint="give that too")
    for option, given in (("--per-character", per_character), ("--color", color)):
        if given and several:
            raise UsageError(f"{option} is for one model, and several are named")
    for option, given in (("--per-character", per_character), ("--json", as_json)):
        if color and given:
            raise UsageError(f"--color shows the text, and {option} columns or objects: give one of them")


def _reader(directory: LanguageModelDirectory, precision: options.InferencePrecision, *, ends: bool) -> LineModel:
    from charnn.cli import inference
    from charnn.tasks.language_model.use.lines import LineModel
    from charnn.tokenizers.base import first_ids

    corpus = directory.config().corpus
    tokenizer = directory.tokenizer()
    network = inference.load_language_model(directory, precision, threads=1)
    return LineModel(
        network,
        tokenizer,
        first_ids(tokenizer, ends_are_learned=corpus.ends_are_learned),
        stops=ends and corpus.document == "line" and corpus.ends_are_learned,
    )


def _lines(files: Sequence[str], encoding: str, any_bytes: bool) -> Iterator[list[str]]:
    r"""Lines with their ends as they are complete, and none at a pause. Only \n ends a line, or its file."""
    from charnn.corpora.lines import Lines
    from charnn.corpora.streams import stream

    for file in files:
        lines = Lines()
        for piece in stream(file, encoding=encoding, any_bytes=any_bytes):
            whole = lines.push(piece)
            if whole or not piece:
                yield whole
        if rest := lines.flush():
            yield rest


class _Unseen:
    """A warning for each model that meets characters which it has never seen: at the first of them, then no more."""

    def __init__(self, names: Sequence[str], readers: Sequence[LineModel]) -> None:
        self._waiting = {name: reader.tokenizer for name, reader in zip(names, readers, strict=True)}
        self._several = len(names) > 1

    def warn(self, chunk: Sequence[ScoredLine]) -> None:
        from charnn.cli import console

        text = "".join(line.text for line in chunk) if self._waiting else ""
        for name, tokenizer in list(self._waiting.items()):
            if unknown := tokenizer.unknown_characters(text):
                more = " and others" if len(unknown) > SHOWN else ""
                who = name if self._several else "the model"
                shown = ", ".join(map(repr, unknown[:SHOWN]))
                console.warn(f"{who} has never seen {shown}{more}: scored as the unknown token")
                del self._waiting[name]
