"""The options that every command has: how much is said on stderr, and what is kept of it in a file."""

from __future__ import annotations

import functools
import inspect
import math
import re
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Annotated, Any

import typer

from charnn.cli import console, processes
from charnn.cli.notices import reading_shown
from charnn.errors import UsageError

_PLACE = re.compile("PATH|FILE|DIR|LIST|LINES|MODEL|CORPUS")
"""What stands in the help for a file, a folder or a model."""


def quiet_option(panel: str | None = None) -> Any:
    return typer.Option(
        "--quiet",
        "-q",
        help="Say nothing on stderr but warnings and errors, and show no progress.",
        rich_help_panel=panel,
    )


def log_option(panel: str | None = None) -> Any:
    return typer.Option(
        "--log",
        metavar="FILE",
        help="Add what is said on stderr to this file, as JSON lines with times: when the command began, notices, "
        "warnings, validations, an error, the exit code.",
        rich_help_panel=panel,
        show_default=False,
    )


Quiet = Annotated[bool, quiet_option()]
LogFile = Annotated[str | None, log_option()]


def everywhere(
    command: Callable[..., None], panel: str | None = None, *, has_view: bool = False
) -> Callable[..., None]:
    """The command with these options besides its own, in that panel of its help.

    On a terminal it shows how far it is where it takes long, unless it has a view of its own.
    """

    @functools.wraps(command)
    def with_both(*arguments: Any, quiet: bool = False, log: str | None = None, **values: Any) -> None:
        _refuse_names({**values, "log": log}, places)
        _refuse_what_is_no_number(values, flags)
        # Where several processes train together, one of them keeps the log.
        console.begin(quiet=quiet, log=log if processes.reports_usage_errors() else None)
        with nullcontext() if has_view else reading_shown():
            command(*arguments, **values)

    own = inspect.signature(command, eval_str=True)
    flags = _flags(own)
    places = {"log": "--log", **_places(own, flags)}
    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, default, annotation in (
            ("quiet", False, Annotated[bool, quiet_option(panel)]),
            ("log", None, Annotated[str | None, log_option(panel)]),
        )
    ]
    parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own.parameters.values()]
    with_both.__signature__ = own.replace(parameters=[*parameters, *more])  # type: ignore[attr-defined]
    return with_both


def _flags(signature: inspect.Signature) -> dict[str, str]:
    """What messages call each parameter that Typer is told of."""
    found = {}
    for name, parameter in signature.parameters.items():
        for info in getattr(parameter.annotation, "__metadata__", ()):
            declared = (getattr(info, "default", None), *(getattr(info, "param_decls", None) or ()))
            flags = [one for one in declared if isinstance(one, str) and one.startswith("-")]  # Typer has the first as
            metavar = (getattr(info, "metavar", None) or name).strip("[].")  # the default
            found[name] = max(flags, key=len, default=metavar)
    return found


def _places(signature: inspect.Signature, flags: Mapping[str, str]) -> dict[str, str]:
    """Those of the parameters that name a file, a folder or a model."""
    return {
        name: flags[name]
        for name, parameter in signature.parameters.items()
        for info in getattr(parameter.annotation, "__metadata__", ())
        if _PLACE.search(getattr(info, "metavar", None) or "")
    }


def _refuse_names(values: Mapping[str, Any], places: Mapping[str, str]) -> None:
    """Raises UsageError for the name of a file or a model that is empty, as a variable of the shell is that was never
    set. To take the default then, or the model that was trained last, would not be what was meant. Nor is standard
    input read twice: the second time there is nothing."""
    for name, place in places.items():
        value = values.get(name)
        several = value if isinstance(value, list | tuple) else [value]
        if "" in several:
            raise UsageError(f"{place}: the name is empty", hint="give one, or leave it out")
        if several.count("-") > 1:
            raise UsageError(f"{place}: - stands for standard input, which can be read once", hint="name it once")


def _refuse_what_is_no_number(values: Mapping[str, Any], flags: Mapping[str, str]) -> None:
    """Raises UsageError for the number NaN, with which every comparison is false, and so every limit met."""
    for name, value in values.items():
        if isinstance(value, float) and math.isnan(value):
            raise UsageError(f"{flags.get(name, name)} {value}: give a number")
