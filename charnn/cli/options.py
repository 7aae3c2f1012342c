"""Options that mean the same in every command, and what every command asks of the machine."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from charnn.cli import console
from charnn.errors import UsageError
from charnn.tasks.task import InferencePrecision

Files = Annotated[
    list[str] | None,
    typer.Argument(metavar="[FILE]...", help="Read these files; - is stdin.", show_default="stdin"),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME|PATH",
        help="Use this model: a model directory, or the name of one under checkpoints/.",
        show_default="$CHARNN_MODEL, else the newest one there",
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed",
        metavar="N",
        min=0,
        help="Start the random numbers from N; the same N gives the same result.",
        show_default="another number every time",
    ),
]
Encoding = Annotated[
    str, typer.Option("--encoding", metavar="NAME", help="Read text in this encoding, and write it in the same one.")
]
Precision = Annotated[
    InferencePrecision,
    typer.Option(
        "--precision",
        help="Compute in this precision. int8 is faster and a little less exact than fp32; auto takes int8 where it "
        "was found to be worth it when the model was trained.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON, one object on each line.")]


def processors() -> int:
    """The number of processors that this process may use. Scoring and tagging use them all."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def announce_terminal(files: list[str] | None) -> None:
    """Says on stderr that the command waits for what is typed, where it is about to read a terminal."""
    if not files and console.is_terminal() and sys.stdin is not None and sys.stdin.isatty():
        console.notice("reading the terminal; Ctrl-D ends it")


def cannot_change(option: str) -> UsageError:
    return UsageError(f"{option} cannot change in a run that is resumed")
