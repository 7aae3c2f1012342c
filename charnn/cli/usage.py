"""Says in charnn's own words what is wrong with a command line that the parser of options refuses."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from typer.exceptions import TyperException

from charnn.readable import nearest_names

SHOWN = 60
"""The most characters of a wrong value that a message shows."""
OTHER_WORDS = {
    "delete": "models remove",
    "fit": "train",
    "generate": "sample",
    "learn": "train",
    "list": "models",
    "test": "eval",
    "write": "sample",
}
"""What other tools, and this one's own texts, call what a command does."""
_REFUSED_VALUE = re.compile(r"(?P<value>.*?) is not (?:a valid|one of|in the range)", re.DOTALL)


def explained(failure: TyperException, arguments: Sequence[str]) -> tuple[str, str]:
    """The message for a failure of the parser and a hint; the message is empty where the help was shown instead.

    The parser's exceptions are told apart by what they know, since their classes are private to Typer.
    """
    context = getattr(failure, "ctx", None)
    command = "charnn"
    if context is not None and context.parent is not None:
        between = "" if context.parent.parent is None else f"{context.parent.info_name} "
        command = f"charnn {between}{context.info_name}"
    hint = f"see `{command} --help`"
    if command == "charnn sample" and (prompt := _dashed_prompt(arguments)) is not None:
        return f"{prompt!r} begins with a dash, as an option does", f"put -- before it: charnn sample -- {prompt!r}"
    if (parameter := getattr(failure, "param", None)) is not None:
        if hasattr(failure, "param_type"):  # as what is missing has, and no wrong value
            return _missing(parameter), hint
        return _wrong_value(parameter, failure.message), hint
    if (name := getattr(failure, "option_name", None)) is not None:
        if hasattr(failure, "possibilities"):
            near = nearest_names(name.lstrip("-"), _long_options(context))
            return f"{name}: no such option" + (f"; did you mean --{near[0]}?" if near else ""), hint
        takes_none = failure.message.endswith("does not take a value.")
        return f"{name}: " + ("takes no value" if takes_none else "a value must follow"), hint
    if (unknown := re.match(r"No such command '(.*)'", failure.message, re.DOTALL)) is not None:
        return _no_command(unknown[1].partition("'. Did you mean ")[0], command, context, hint)
    if (
        extra := re.match(r"Got unexpected extra argument(?:s|\(s\))? \((.*)\)", failure.message, re.DOTALL)
    ) is not None:
        too_many = f"{_shown(extra[1])}: more than the command takes; quote what has spaces in it"
        if command == "charnn sample" and context is not None and (first := context.params.get("prompt")):
            return f"{too_many}: charnn sample {shlex.quote(_shown(f'{first} {extra[1]}'))}", hint
        return too_many, hint
    return failure.format_message().rstrip("."), hint


def _no_command(name: str, command: str, context: Any, hint: str) -> tuple[str, str]:
    """The message and the hint for a command that there is not."""
    if command == "charnn" and (Path(name).suffix or "/" in name or os.path.exists(name) or name == "-"):
        return f"{_shown(name)}: no such command", f"did you mean `charnn train {shlex.quote(_shown(name))}`?"
    known = getattr(getattr(context, "command", None), "commands", {})
    within = [f"{group} {name}" for group in known if name in getattr(known[group], "commands", {})]
    other = [OTHER_WORDS[name]] if command == "charnn" and name in OTHER_WORDS else []
    if meant := within or other or nearest_names(name, known):
        return f"{_shown(name)}: no such command; did you mean `{command} {meant[0]}`?", hint
    return f"{_shown(name)}: no such command", hint


def _long_options(context: Any) -> list[str]:
    """The options of a command that begin with --, without that."""
    parameters = [] if context is None else context.command.get_params(context)
    every = [name for one in parameters for name in (*one.opts, *one.secondary_opts)]
    return [name.removeprefix("--") for name in every if name.startswith("--")]


def _missing(parameter: Any) -> str:
    flag = "" if parameter.param_type_name == "argument" else f"{max(parameter.opts, key=len)} "
    return f"{flag}{parameter.metavar or parameter.name} is missing"


def _wrong_value(parameter: Any, message: str) -> str:
    flag = max(parameter.opts, key=len)
    found = _REFUSED_VALUE.match(message)
    value = "" if found is None else " " + _shown(found["value"].removeprefix("'").removesuffix("'"))
    kind = parameter.type
    choices = getattr(kind, "choices", None)
    if choices is not None:
        return f"{flag}{value}: choose {_or([str(choice) for choice in choices])}"
    kinds = getattr(kind, "types", [kind])
    numbers = "whole number" if kinds[0].name.startswith("int") else "number"
    if len(kinds) > 1:
        return f"{flag}{value}: give {len(kinds)} {numbers}s"
    return f"{flag}{value}: give a {numbers}{_range(getattr(kind, 'min', None), getattr(kind, 'max', None))}"


def _range(least: float | None, most: float | None) -> str:
    if least is not None and most is not None:
        return f" from {least:g} to {most:g}"
    return f" of at least {least:g}" if least is not None else f" of at most {most:g}" if most is not None else ""


def _or(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]


def _shown(value: str) -> str:
    return value if len(value) <= SHOWN else f"{value[:SHOWN]}..."


def _dashed_prompt(arguments: Sequence[str]) -> str | None:
    """The argument that begins with a dash and has a space in it, as no option does."""
    return next((argument for argument in arguments if re.match(r"-[^=]*\s", argument)), None)
