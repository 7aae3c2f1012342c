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
        help="Use this model: a directory, or its name under checkpoints/.",
        show_default="$CHARNN_MODEL, else the newest one there",
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed",
        min=0,
        help="Start the random numbers here; the same seed gives the same result.",
        show_default="another one every time",
    ),
]
Encoding = Annotated[str, typer.Option("--encoding", help="The encoding of what is read; what is written has it too.")]
Precision = Annotated[
    InferencePrecision,
    typer.Option(
        "--precision",
        help="Run the network in this precision. auto is int8 where the model's own measurement found it worth it.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON, one object a line.")]


def processors() -> int:
    """The number of processors that this process may use; reading whole sequences uses them all."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def announce_terminal(files: list[str] | None) -> None:
    """Says that what is typed is read, where a command begins to wait for it."""
    if not files and console.is_terminal() and sys.stdin is not None and sys.stdin.isatty():
        console.notice("reading the terminal; Ctrl-D ends it")


def cannot_change(option: str) -> UsageError:
    return UsageError(f"{option} cannot change in a run that is resumed")
