"""Turns the options of tasks (`charnn.tasks.options`) into parameters of a command, and finds which ones were given."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, TypeVar

import typer

from charnn.tasks.options import Option

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
