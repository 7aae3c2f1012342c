"""docs/options.md, made from the commands themselves: `python -m charnn.cli.reference > docs/options.md`.

A test compares the file with what this makes, so that the two cannot drift apart.
"""

from __future__ import annotations

import inspect
import textwrap
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import typer

from charnn.tasks.options import options_of
from charnn.tasks.table import TASKS

INTRODUCTION = """# Options

This page is made from the commands themselves (`make docs`); `charnn COMMAND --help` says the same on a terminal.
Where an option belongs to one kind of model alone, that is said; another kind refuses it.
"""


def reference() -> str:
    """The page in Markdown, which ends in a line end."""
    from charnn.cli.commands import application

    app = application()
    parts = [INTRODUCTION]
    parts += ["\n".join(_command(str(command.name), command.callback)) for command in app.registered_commands]
    for group in app.registered_groups:
        of_group = group.typer_instance
        assert of_group is not None
        name = str(of_group.info.name)
        if of_group.registered_callback is not None:
            parts.append("\n".join(_command(name, of_group.registered_callback.callback)))
        parts += ["\n".join(_command(f"{name} {one.name}", one.callback)) for one in of_group.registered_commands]
    return "\n".join(parts)


def _command(name: str, callback: Any) -> Iterator[str]:
    summary, *rest = textwrap.dedent("    " + inspect.cleandoc(callback.__doc__ or "")).strip().split("\n\n")
    yield f"## charnn {name}\n\n{summary}\n"
    for part in rest:
        is_example = part.startswith(("charnn ", "zcat ", "tail ", "echo "))
        yield ("\n".join(f"    {line}" for line in part.splitlines()) if is_example else part) + "\n"
    panel = None
    for parameter in inspect.signature(callback, eval_str=True).parameters.values():
        for declared in getattr(parameter.annotation, "__metadata__", ()):
            own = declared.rich_help_panel or "For every use"
            if own != panel:
                yield f"{'' if panel is None else chr(10)}**{own}**\n"
                panel = own
            kind = get_args(parameter.annotation)[0]
            yield f"- {_names(parameter.name, declared, kind)}: {_help(name, parameter, declared)}"
    yield ""


def _names(name: str, declared: Any, kind: Any) -> str:
    if isinstance(declared, typer.models.ArgumentInfo):
        return f"`{declared.metavar or name.upper()}`"
    value = "" if bool in (kind, *get_args(kind)) else f" {declared.metavar or _value(kind)}"
    return ", ".join(f"`{flag}{value}`" for flag in (declared.default, *(declared.param_decls or ())))


def _value(kind: Any) -> str:
    """The placeholder for the value of an option."""
    is_union = get_origin(kind) in (types.UnionType, Union)
    kinds = [one for one in get_args(kind) if one is not type(None)] if is_union else [kind]
    if get_origin(kinds[0]) is Literal:
        return "|".join(map(str, get_args(kinds[0])))
    return {int: "N", float: "X", Path: "PATH"}.get(kinds[0], "TEXT")


def _help(command: str, parameter: inspect.Parameter, declared: Any) -> str:
    text, shown = " ".join((declared.help or "").split()), declared.show_default
    if isinstance(shown, str):
        text += f" [{shown}]"
    elif shown and parameter.default not in (None, "") and parameter.default is not False:
        text += f" [{parameter.default}]"
    return text + _owners(command, parameter.name)


def _owners(command: str, name: str) -> str:
    """Says which tasks have the option, where some do not."""
    kinds = {
        task.title: {"train": task.training_options, "eval": task.evaluation_options}.get(command)
        for task in TASKS.values()
    }
    owners = [title for title, kind in kinds.items() if kind and name in {option.name for option in options_of(kind)}]
    return f" ({' and '.join(owners)} only)" if 0 < len(owners) < len(TASKS) else ""


if __name__ == "__main__":
    print(reference(), end="")
