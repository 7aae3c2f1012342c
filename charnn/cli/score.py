"""`charnn score`: says how well a model predicts each line of a stream."""

from __future__ import annotations

import math
from collections import deque
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from charnn.cli import options
from charnn.errors import UsageError
from charnn.readable import file_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from charnn.cli.score_views import LinePlace
    from charnn.corpora.decoding import OnError
    from charnn.tasks.language_model.use.lines import LineModel, ScoredLine


def score(
    files: options.Files = None,
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            metavar="NAME|PATH",
            help="Score with this model: a model directory, or the name of one under checkpoints/. Repeatable: each "
            "model scores every line, and the best one is named.",
            show_default=options.DEFAULT_MODEL,
            autocompletion=options.complete_model,
        ),
    ] = None,
    ends: Annotated[
        bool,
        typer.Option(
            "--ends",
            help="Score the line end as one more character of its line. A model that was trained with --documents line "
            "is also scored for ending the text there.",
        ),
    ] = False,
    label: Annotated[
        str | None,
        typer.Option(
            "--label",
            metavar="LABEL",
            help="Score each line as a text with this label, for a model that was trained with --conditioned; "
            "LABEL=0.7,LABEL=0.3 mixes several.",
            show_default="the label is unknown: the mean over all labels, each as often as it was seen",
        ),
    ] = None,
    labels: Annotated[
        bool,
        typer.Option(
            "--labels",
            help="Score each line under every label of a model that was trained with --conditioned, and name the most "
            "probable one: a row has the label, its probability, the bits per character under it, characters, the "
            "line.",
        ),
    ] = False,
    adapt: Annotated[
        bool,
        typer.Option(
            "--adapt",
            help="Let the model learn from each line after it has been scored, and expect what it has read to come "
            "again. The model on the disk stays as it is. This needs what training needs, and takes a single model "
            "without labels.",
        ),
    ] = False,
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold",
            metavar="BITS",
            help="Write only the lines that cost more bits per character than this, unchanged and without figures.",
            show_default=False,
        ),
    ] = None,
    keep: Annotated[
        Literal["above", "below"],
        typer.Option(
            "--keep", help="Write the lines above --threshold, or with below all the other lines, empty ones too."
        ),
    ] = "above",
    per_character: Annotated[
        bool,
        typer.Option(
            "--per-character",
            help="Write a row for each symbol: the number of its line, its place in the line, the symbol, its nats. "
            "This takes a single model.",
        ),
    ] = False,
    units: Annotated[
        str | None,
        typer.Option(
            "--units",
            metavar="LAYER:UNIT,...",
            help="Write a row for each character: the number of its line, its place in the line, the character, and "
            "the values of these hidden units once the model has read it. Units are counted from 1, and all writes all "
            "of them. This takes a single model of characters.",
            show_default=False,
        ),
    ] = None,
    color: Annotated[
        bool,
        typer.Option(
            "--color",
            help="Write the text in colours: the darker a character, the more it surprised the model. This takes a "
            "single model.",
        ),
    ] = False,
    encoding: options.Encoding = "utf-8",
    on_error: options.OnError = "fail",
    precision: options.Precision = "fp32",
    as_json: options.AsJson = False,
) -> None:
    """Score lines: say how well a model predicts each of them.

    A line costs few bits where the model expects it, and many where it is
    surprised. Each line is read by itself and written with its figures, with
    tabs between them: nats, bits per character, characters, the line. (A
    bit is 0.693 nats.) With several models a row has the name of the model
    with the fewest bits, the nats and bits of each model, characters, the
    line. A line ends in \\n, \\r\\n or \\r. Lines keep their order; on a slow pipe each is written as soon as
    it is scored.

    charnn score names.txt | sort -n | cut -f4-
    tail -f app.log | charnn score --threshold 2.5
    charnn score names.txt --units 1:3,2:17 --json
    charnn score -m english -m french letter.txt | cut -f1 | sort | uniq -c
    """
    from charnn.cli import console, notices, score_views
    from charnn.corpora.sources import check_encoding
    from charnn.tasks.language_model.use.lines import LineScorer, score_stream
    from charnn.tasks.language_model.use.model import LanguageModel

    _check_threshold(keep, threshold)
    given = {
        "--label": label is not None,
        "--labels": labels,
        "--per-character": per_character,
        "--units": units is not None,
        "--color": color,
        "--ends": ends,
        "--adapt": adapt,
        "--json": as_json,
    }
    _check([option for option, is_given in given.items() if is_given], several=len(models or []) > 1)
    if models and (again := [name for number, name in enumerate(models) if name in models[:number]]):
        raise UsageError(f"--model {again[0]}: given twice")
    wanted: Sequence[str | None] = models or [None]
    loaded = [LanguageModel.find(name, precision=precision) for name in wanted]
    names = models or [str(loaded[0].path)]
    if labels and not loaded[0].labels:
        raise UsageError(
            f"--labels: {loaded[0].path} learned texts without labels", hint="charnn train --conditioned learns them"
        )
    if adapt:
        from charnn.tasks.language_model.task import LanguageModelTask

        LanguageModelTask().let_learn(loaded[0])
    readers = [model.line_model(ends=ends, label=label) for model in loaded]
    any_bytes = all(reader.tokenizer.kind == "bytes" for reader in readers)
    check_encoding(encoding, any_bytes)
    write = console.write if any_bytes or as_json else console.Output(encoding).write
    known = score_views.LabelsView(loaded[0].labels, readers[0].label_probabilities) if labels else None
    view: score_views.View
    if units is not None:
        view = score_views.UnitsView(loaded[0], units, as_json=as_json)
    elif as_json:
        view = score_views.ObjectsView(
            names, str(loaded[0].path), readers[0].tokenizer if per_character else None, known
        )
    elif per_character:
        view = score_views.SymbolsView(readers[0].tokenizer)
    elif color:
        view = score_views.ShadedView(readers[0].tokenizer)
        console.notice(score_views.legend())
    else:
        view = score_views.PlainView() if threshold is not None else known or score_views.TableView(names)
    unseen = _Unseen(names, readers)
    options.announce_terminal(files)
    for name, each in zip(wanted, loaded, strict=True):
        notices.announce(each.directory, name)
    with_labels = any(model.labels for model in loaded)
    read = _Lines(files or ["-"], encoding, on_error, any_bytes=any_bytes, with_labels=with_labels)
    with closing(LineScorer(readers, ends=ends, threads=1 if adapt else options.processors())) as scorer:
        for chunk in score_stream(read, scorer):
            unseen.warn(chunk)
            numbered = [(read.places.popleft(), line) for line in chunk]
            if threshold is not None:
                above = keep == "above"
                numbered = [pair for pair in numbered if (score_views.least_bits(pair[1]) > threshold) == above]
            if text := view.text(numbered):
                write(text)


ONE_MODEL = ("--per-character", "--color", "--units", "--labels", "--adapt")
APART = (
    ("--color", ("--per-character", "--json"), "shows the text, and {} columns or objects: give one of them"),
    (
        "--units",
        ("--labels", "--per-character", "--color", "--ends", "--adapt"),
        "writes what hidden units do, and {} is about something else",
    ),
    (
        "--labels",
        ("--label", "--per-character", "--color"),
        "scores under every label, and {} under one: give one of them",
    ),
)
"""Options, those that do not go with them, and why."""


def _check_threshold(keep: str, threshold: float | None) -> None:
    if threshold is not None and math.isnan(threshold):
        raise UsageError("--threshold nan: not a number of bits")
    if keep != "above" and threshold is None:
        raise UsageError(f"--keep {keep}: is about --threshold BITS", hint="give that too")


def _check(given: Sequence[str], *, several: bool) -> None:
    """Raises UsageError where the options that were given do not go together, or with several models."""
    for option in ONE_MODEL:
        if several and option in given:
            raise UsageError(f"{option} is for one model, and several are named")
    for option, others, why in APART:
        if option in given and (beside := [other for other in others if other in given]):
            raise UsageError(f"{option} {why.format(beside[0])}")


class _Lines:
    """The lines of files. Iterating gives those that are complete by now, with their ends; an empty list at a pause.
    Where a model has learned texts `with_labels`, it warns of lines which have labels beside their texts."""

    def __init__(
        self, files: Sequence[str], encoding: str, on_error: OnError, *, any_bytes: bool, with_labels: bool
    ) -> None:
        self.places: deque[LinePlace] = deque()
        """Where each line that was given stands. Who has used a line takes its place."""
        self._files, self._encoding, self._on_error, self._any_bytes = files, encoding, on_error, any_bytes
        self._with_labels = with_labels

    def __iter__(self) -> Iterator[list[str]]:
        from charnn.cli.score_views import LinePlace
        from charnn.corpora.streams import stream_lines

        before = 0
        for file in self._files:
            number = 0
            for lines in stream_lines(
                file, encoding=self._encoding, any_bytes=self._any_bytes, on_error=self._on_error
            ):
                self.places.extend(LinePlace(file_name(file), number, before + number) for number, _ in lines)
                if self._with_labels and lines and lines[0][0] == 1:
                    self._warn_of_labels(file, [line for _, line in lines])
                yield [line for _, line in lines]
                number = lines[-1][0] if lines else number
            before += number

    @staticmethod
    def _warn_of_labels(file: str, lines: Sequence[str]) -> None:
        from charnn.corpora.structured import warn_of_structure

        warn_of_structure(file_name(file), lines, "scored", with_labels=True)


class _Unseen:
    """Warns once for each model that meets characters which it has never seen."""

    def __init__(self, names: Sequence[str], readers: Sequence[LineModel]) -> None:
        self._waiting = {name: reader.tokenizer for name, reader in zip(names, readers, strict=True)}
        self._several = len(names) > 1

    def warn(self, chunk: Sequence[ScoredLine]) -> None:
        from charnn.cli import console
        from charnn.corpora.unseen import known_writing, shown

        text = "".join(line.text for line in chunk) if self._waiting else ""
        for name, tokenizer in list(self._waiting.items()):
            if unknown := tokenizer.unknown_characters(text):
                who = name if self._several else "the model"
                otherwise = known_writing(text, tokenizer.unknown_characters)
                console.warn(f"{who} has never seen {shown(unknown)}: scored as the unknown token{otherwise}")
                del self._waiting[name]
