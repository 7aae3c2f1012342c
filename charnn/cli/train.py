"""`charnn train`: learns from data and writes a model directory."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from charnn.cli import options, processes
from charnn.cli.options import given_options, with_options
from charnn.errors import INTERRUPTED
from charnn.tasks.options import (
    BUDGET,
    FIRST,
    LABELLED,
    NETWORK,
    PAIRS,
    RESULT,
    SERIES,
    TEXTS,
    TRAINING,
    TREEBANKS,
    union,
)
from charnn.tasks.table import TASKS

if TYPE_CHECKING:
    from charnn.training.distributed.processes import Processes
    from charnn.training.loop import Outcome
    from charnn.training.session import Session

PANELS = (FIRST, BUDGET, NETWORK, TEXTS, LABELLED, TREEBANKS, PAIRS, SERIES, TRAINING)


@with_options(union([task.training_options for task in TASKS.values()]), panels=(*PANELS, RESULT))
def train(
    context: typer.Context,
    corpus: Annotated[
        list[str] | None,
        options.training_data(
            "Learn from these texts, treebanks, pairs or series, plain or .gz, or all in a folder; - is stdin."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Write the model to this directory.",
            rich_help_panel=FIRST,
            show_default="checkpoints/<name of the corpus>",
        ),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            "--resume",
            metavar="NAME|PATH",
            help="Go on with this run, one that was interrupted or is now given more --time, --epochs or --steps.",
            rich_help_panel=FIRST,
            show_default=False,
        ),
    ] = None,
    task: Annotated[str | None, options.training_task()] = None,
    overwrite: Annotated[bool, options.overwrite("Replace the model at --out.")] = False,
    as_json: Annotated[bool, options.as_json("Print the result as one JSON object on stdout.", panel=RESULT)] = False,
    **values: Any,
) -> None:
    """Train a model: learn a text, tags of a treebank, labels of texts, pairs of lines or series of numbers.

    A text makes a language model, which predicts the text character by
    character. A treebank (CoNLL-U, columns of tags, or word_TAG lines)
    makes a tagger, which gives each word a tag. Texts with labels
    (label<TAB>text, CSV or tables with a header, JSON lines, __label__x text,
    a folder with a folder or file for each label) make a classifier.
    Pairs of lines (source<TAB>target, source<TAB>features<TAB>target, CSV,
    JSON lines) make a transducer, which writes the target of a new source.
    Columns of numbers, with or without a column of times, make a forecaster,
    which says how they go on.

    Give a --time and a text; everything else is chosen to suit them. A longer
    time gives a larger network and a better model. Ctrl-C saves what was
    learned, and --resume goes on from there. The path of the model directory
    is printed on stdout at the end.

    charnn train corpus.txt --time 3m
    zcat letters/*.gz | charnn train - --documents paragraph
    charnn train train.conllu --valid dev.conllu --columns upos,xpos
    charnn train reviews.tsv --task classifier
    charnn train spelling-sound.tsv --valid dev.tsv
    charnn train series.csv --task forecaster --horizon 12
    charnn train treebank.conllu --folds 5 --epochs 8
    charnn train bare.txt --level character --tags accented.txt
    """
    from charnn.cli.notices import reading_shown, say_that_it_loads

    say_that_it_loads()
    from charnn import api
    from charnn.training import hardware

    hardware.keep_freed_memory()
    joined = context.with_resource(processes.joined(context))
    wanted = given_options(context, values)
    shown = reading_shown() if joined.is_first else nullcontext()
    if resume is not None:
        for name, option in (("out", "--out"), ("overwrite", "--overwrite"), ("task", "--task")):
            if given_options(context, {name: None}):
                raise options.cannot_change(option)
        with shown:
            session = api.go_on(resume, corpus or [], wanted, processes=joined, thread_counts=hardware.thread_counts())
        outcome = run_in_view(session, joined)
    else:
        where: dict[str, Any] = {"out": out, "overwrite": overwrite, "processes": joined}
        where["thread_counts"] = hardware.thread_counts()
        if "folds" in wanted:
            _cross_validate(corpus or [], task, wanted, where, as_json=as_json)
            return
        with shown:
            session = api.start(corpus or [], task, wanted, **where)
        outcome = run_in_view(session, joined)
    if joined.is_first:
        _conclude(session, outcome, as_json=as_json)
    if outcome == "interrupt":
        raise typer.Exit(INTERRUPTED)


def run_in_view(session: Session[Any], joined: Processes, *, title: str | None = None) -> Outcome:
    """Says what is about to be trained, and trains it in view. A run with a `title` is one of several."""
    from charnn.cli import console
    from charnn.cli.observers import LiveView, PlainLines
    from charnn.cli.processes import Interruption

    try:
        for line in session.description() if joined.is_first and title is None else ():
            console.notice(line)
        if title is not None:
            console.notice(title)
        is_watched = console.may_redraw() and joined.is_first and not console.is_quiet()
        measured = session.measured
        observer = LiveView(session.glimpse, session.preview_title, measured) if is_watched else PlainLines(measured)

        def say_that_it_ends() -> None:
            if joined.is_first:
                console.notice(
                    "interrupted: it ends once what is learned is saved, which may take some seconds; Ctrl-C "
                    "again ends it at once"
                )

        with Interruption(say_that_it_ends) as interruption, observer:
            return session.run(observer, interruption.requested)
    except KeyboardInterrupt:
        session.directory.discard_unsaved()
        if joined.is_first and session.directory.has_training_state():
            path = shlex.quote(str(session.directory.path))
            console.notice(f"interrupted: what was saved is whole. Go on with: charnn train --resume {path}")
        raise
    except BaseException:
        session.directory.discard_unsaved()
        raise


def _cross_validate(
    corpus: list[str], task: str | None, wanted: dict[str, Any], where: dict[str, Any], *, as_json: bool
) -> None:
    """Trains with each part of the data held out and then with all, and says what that found."""
    from charnn.cli import console
    from charnn.experiments.cross_validation import cross_validate

    described = False

    def run(session: Session[Any], title: str) -> Outcome:
        nonlocal described
        for line in session.description()[:-1] if not described else ():
            console.notice(line)
        described = True
        return run_in_view(session, where["processes"], title=title)

    session, outcome, figures = cross_validate(corpus, task, wanted, run, **where)
    if figures is None:
        console.notice("interrupted: the folds are not all measured, and nothing is kept")
        raise typer.Exit(INTERRUPTED)
    _conclude(session, outcome, as_json=as_json, more={"cross_validation": figures.to_json()})
    if outcome == "interrupt":
        raise typer.Exit(INTERRUPTED)


def _conclude(
    session: Session[Any], outcome: Outcome, *, as_json: bool, more: Mapping[str, Any] = MappingProxyType({})
) -> None:
    """Says on stderr what was reached and how to go on, and writes the path, or the result as JSON, to stdout.

    The JSON has `more` at its end.
    """
    from charnn.checkpoint.locate import option_for
    from charnn.cli import console
    from charnn.readable import duration

    path, config = session.directory.path, session.config
    if outcome == "interrupt":
        console.notice(f"interrupted: saved. Go on with: charnn train --resume {shlex.quote(str(path))}")
    elif outcome == "diverged":
        console.warn(
            "the loss broke again and again: training stopped; the best weights are kept. Try a lower --learning-rate"
        )
    task = TASKS[config.task]
    as_it_is = " as it is" if outcome == "interrupt" else ""
    reads = " < FILE" if task.reads_input else ""
    commands = task.uses(config, option_for(session.directory), str(path))
    uses = [f"use it{as_it_is}: {command}{reads}" for command in commands[:1]]
    result = config.result
    if result is None:
        console.notice("it was interrupted before it was measured for the first time")
    else:
        measured = "best validation" if session.holds_out else "on its own data"
        console.notice(f"{measured}: {result}, after {duration(result.seconds)}; ended by: {outcome}")
    for line in (session.verdict, *session.remarks, *uses):
        if line is not None:
            console.notice(line)
    if as_json:
        about = {
            "model": str(path),
            "seed": config.training.seed,
            "outcome": outcome,
            "verdict": session.verdict,
            **({} if result is None else result.to_json()),
            **more,
        }
        console.write_json(about)
    elif outcome != "interrupt":
        console.write(f"{path}\n")
