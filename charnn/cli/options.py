"""The options that mean the same in every command, and how the options of tasks become parameters of a command."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, TypeVar

import typer

from charnn.cli import console
from charnn.config.model import InferencePrecision
from charnn.corpora.decoding import OnError as DecodingErrors
from charnn.errors import UsageError
from charnn.tasks.options import RESULT, Option

DEFAULT_MODEL = "$CHARNN_MODEL, else that of `charnn models --default`, else the one there whose training ended last"

Files = Annotated[
    list[str] | None,
    typer.Argument(metavar="[FILE]...", help="Read these files; - is stdin.", show_default="stdin"),
]


def complete_model(incomplete: str) -> list[str]:
    """The names of the models under checkpoints/ that begin so, for the shell that completes one; never an error."""
    from charnn.checkpoint.locate import names

    try:
        return [name for name in names() if name.startswith(incomplete)]
    except OSError:
        return []


Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME|PATH",
        help="Use this model: a model directory, or the name of one under checkpoints/.",
        show_default=DEFAULT_MODEL,
        autocompletion=complete_model,
    ),
]
Described = Annotated[
    str | None,
    typer.Argument(
        metavar="[MODEL]",
        help="Describe this model: a model directory, or the name of one under checkpoints/.",
        show_default="that of --model",
        autocompletion=complete_model,
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
OnError = Annotated[
    DecodingErrors,
    typer.Option(
        "--on-error",
        help="Do this where a line has bytes that are not in the encoding: end with an error once the lines before it "
        "are done (fail), warn and leave the line out (skip), or warn and read each such byte as U+FFFD (replace).",
    ),
]
Precision = Annotated[
    InferencePrecision,
    typer.Option(
        "--precision",
        help="Compute in this precision. int8 is faster and a little less exact than fp32, and its figures differ in "
        "the fourth decimal with what is read together; auto takes int8 where it was found to be worth it when the "
        "model was trained.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON, one object on each line.")]


def dark(panel: str | None = None) -> Any:
    return typer.Option("--dark", help="Draw on a dark background.", rich_help_panel=panel)


def as_json(help: str, *, panel: str | None = None) -> Any:
    return typer.Option("--json", help=help, rich_help_panel=panel)


def task(help: str, told_by: str, *, panel: str | None = None) -> Any:
    """`--task`, where the task is `told_by` what is named so unless it is given."""
    from charnn.tasks.table import TASKS

    return typer.Option(
        "--task", metavar="|".join(TASKS), help=help, rich_help_panel=panel, show_default=f"told by {told_by}"
    )


def training_task() -> Any:
    return task("Train this kind of model.", "the options and by what the data look like", panel=RESULT)


def overwrite(help: str) -> Any:
    return typer.Option("--overwrite", help=help, rich_help_panel=RESULT)


def training_data(help: str) -> Any:
    return typer.Argument(metavar="CORPUS...", help=help, show_default=False)


def processors() -> int:
    """The number of processors that this process may use. Scoring and tagging use them all."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def announce_terminal(files: list[str] | None) -> None:
    """Says on stderr that the command waits for what is typed, where it is about to read a terminal."""
    if not files and console.is_terminal() and sys.stdin is not None and sys.stdin.isatty():
        console.notice("reading the terminal; Ctrl-D ends it")


def cannot_change(option: str) -> UsageError:
    return UsageError(f"{option} cannot change in a run that is resumed")


F = TypeVar("F", bound=Callable[..., None])


def with_options(options: Sequence[Option], *, panels: Sequence[str] = ()) -> Callable[[F], F]:
    """A decorator that adds these options to those of a command, which is called with them as keyword arguments.

    `--help` shows the options without a panel first, and then the panels in the order of `panels`.
    """

    def give(command: F) -> F:
        own = [
            parameter
            for parameter in inspect.signature(command, eval_str=True).parameters.values()
            if parameter.kind is not inspect.Parameter.VAR_KEYWORD
        ]
        every = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
        every += [parameter_of(option) for option in options]
        order = {panel: place for place, panel in enumerate(panels)}
        every.sort(key=lambda parameter: order.get(_panel(parameter), -1))
        command.__signature__ = inspect.Signature(every)  # type: ignore[attr-defined]
        return command

    return give


def parameter_of(option: Option) -> inspect.Parameter:
    shown: bool | str = True
    if option.shown_default is not None:
        shown = option.shown_default or False
    declared = typer.Option(
        option.flag,
        help=option.help,
        rich_help_panel=option.panel,
        metavar=option.metavar,
        min=option.minimum,
        max=option.maximum,
        show_default=shown,
    )
    return inspect.Parameter(
        option.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=option.default,
        annotation=Annotated[option.type, declared],
    )


def named_once(argument: str | None, option: str | None) -> str | None:
    """The model that is named, as an argument or by --model. Raises UsageError where both name one."""
    if argument is not None and option is not None:
        raise UsageError(f"{argument} and --model {option}: give one of them")
    return argument or option


def given_options(context: typer.Context, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the `values` that were given on the command line, without the defaults, in the order of `values`."""
    return {name: value for name, value in values.items() if is_given(context, name)}


def is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _panel(parameter: inspect.Parameter) -> str:
    for part in getattr(parameter.annotation, "__metadata__", ()):
        if isinstance(part, typer.models.ParameterInfo):
            return part.rich_help_panel or ""
    return ""
