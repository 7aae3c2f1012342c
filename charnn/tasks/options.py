"""Declares each option once. The command line, the Python API, the documentation and the checks are made from it.

A task's options are the fields of a frozen dataclass, each made by `option`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from charnn.errors import UsageError

O = TypeVar("O")  # noqa: E741

FIRST, NETWORK, TEXTS, LABELLED, TREEBANKS, PAIRS, SERIES, MISTAKES, TRAINING, BUDGET, RESULT = (
    "What most people need",
    "The network (what you leave out is chosen to suit the data and the time)",
    "Texts",
    "Texts with labels",
    "Treebanks",
    "Lists of pairs, a source and a target on each line",
    "Series of numbers",
    "Mistakes",
    "How it learns",
    "How long it learns",
    "Where to, and what is printed",
)
"""The panels of `charnn train --help`."""
DATA = frozenset((TEXTS, LABELLED, TREEBANKS, PAIRS, SERIES))
"""The panels whose options say how data are read."""


@dataclass(frozen=True)
class Option:
    name: str
    """The keyword in Python."""
    type: Any
    """The annotation of its value. It includes None where the task chooses a value that is not given."""
    default: Any
    help: str
    """One or two sentences that say what happens when one gives the option."""
    panel: str
    metavar: str | None
    minimum: float | None
    maximum: float | None
    shown_default: str | None
    """The words for the default in the help, where that is not the value itself; "" shows none."""
    flag: str
    """The option as it is written on the command line."""

    def check(self, value: Any) -> None:
        """Raises UsageError for a value that the option does not take. The command line has checked its own."""
        kinds = [
            kind for kind in (get_args(self.type) if _is_union(self.type) else (self.type,)) if kind is not type(None)
        ]
        choices = [choice for kind in kinds if get_origin(kind) is Literal for choice in get_args(kind)]
        if choices:
            if value not in choices:
                raise UsageError(f"{self.flag} {value}: choose {', '.join(map(str, choices))}")
            return
        accepted = tuple(get_origin(kind) or kind for kind in kinds)
        accepted += (int,) if float in accepted else ()
        if not isinstance(value, accepted) or (isinstance(value, bool) and bool not in accepted):
            wanted = " or ".join(_NAMES.get(kind, kind.__name__) for kind in accepted[:1])
            raise UsageError(f"{self.flag} {value}: give {wanted}")
        if isinstance(value, float) and math.isnan(value):
            raise UsageError(f"{self.flag} {value}: give {_NAMES[accepted[0]]}")
        low, high = self.minimum, self.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            limits = f"of at least {low:g}" if high is None else f"from {low:g} to {high:g}"
            raise UsageError(f"{self.flag} {value}: give {_NAMES[accepted[0]]} {limits}")


_NAMES = {int: "a whole number", float: "a number", str: "a text", bool: "True or False", list: "a list of texts"}


def _is_union(kind: Any) -> bool:
    return get_origin(kind) in (Union, UnionType)


def option(
    default: Any,
    help: str,
    *,
    panel: str,
    metavar: str | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
    shown_default: str | None = None,
    flag: str | None = None,
) -> Any:
    """A field of a class of options. `flag` is needed where it is not simply the field's name with dashes."""
    described = {
        "help": help,
        "panel": panel,
        "metavar": metavar,
        "minimum": minimum,
        "maximum": maximum,
        "shown_default": shown_default,
        "flag": flag,
    }
    return field(default=default, metadata={"option": described})


_FOUND: dict[type[Any], tuple[Option, ...]] = {}
"""What `options_of` has given. It is asked often, and takes 2 ms."""


def options_of(kind: type[Any]) -> tuple[Option, ...]:
    """The options that a class has, in the order of its fields."""
    if kind in _FOUND:
        return _FOUND[kind]
    hints = get_type_hints(kind)
    found = []
    for declared in dataclasses.fields(kind):
        described = dict(declared.metadata["option"])
        described["flag"] = described["flag"] or "--" + declared.name.replace("_", "-")
        found.append(Option(declared.name, hints[declared.name], declared.default, **described))
    return _FOUND.setdefault(kind, tuple(found))


def union(kinds: list[type[Any]]) -> tuple[Option, ...]:
    """The options that any of the classes has, each once, by panel in the order in which panels first come."""
    every = {one.name: one for kind in kinds for one in options_of(kind)}
    panels = dict.fromkeys(one.panel for one in every.values())
    return tuple(one for panel in panels for one in every.values() if one.panel == panel)


def options_from(kind: type[O], values: Mapping[str, Any]) -> O:
    """The options with these values; what is None takes the default. All of them are options of `kind`."""
    return kind(**{name: value for name, value in values.items() if value is not None})


@dataclass(frozen=True)
class NoOptions:
    """The options of a task that has none for a command."""
