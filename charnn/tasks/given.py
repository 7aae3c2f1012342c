"""What a program gives to `charnn.train` and `charnn.load`, as the command line has it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from charnn.errors import UsageError
from charnn.tasks.choosing import every_option
from charnn.tasks.options import Option


def path_given(path: Any, method: str) -> str:
    """The path as text. Raises UsageError for what is none."""
    if not isinstance(path, str | os.PathLike):
        raise UsageError(
            f"{method}: {path!r:.60} is no path",
            hint='each file is an argument of its own: charnn.train("a.txt", "b.txt")' if method == "train" else None,
        )
    return os.fspath(path)


def corpus_given(corpus: Sequence[str | os.PathLike[str]]) -> list[str]:
    """The paths of the data in Python as the command has them. Raises UsageError for what is no path."""
    return [path_given(path, "train") for path in corpus]


def options_given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of `charnn.train` as those of the command. Raises UsageError for a value that an option does not
    take."""
    every = every_option(lambda task: task.training_options)
    # What is no option at all is said with what else is wrong.
    return {name: _value(every[name], value) if name in every else value for name, value in options.items()}


def _value(option: Option, value: Any) -> Any:
    """The value as the command has it: a single path where several may be named is a list of one, and paths are text.

    Raises UsageError for a value that the option does not take.
    """
    if value is None:
        return None
    if option.type == (list[str] | None):
        several = value if isinstance(value, list | tuple) else [value]
        value = [path_given(path, option.flag) for path in several]
    elif isinstance(value, os.PathLike):
        value = os.fspath(value)
    elif option.name == "time" and isinstance(value, int | float):
        return f"{value:g}"
    option.check(value)
    return value
