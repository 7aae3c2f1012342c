"""Options, said once: the command line, the Python API, the documentation and the checks are made from these.

A task's options are the fields of a frozen dataclass, each made by `option`. What two tasks share they inherit from
one class, so that an option means the same wherever it is.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_type_hints

from charnn.cells import CELLS
from charnn.config import Budget, Device, Optimizer, Precision, TrainingConfig
from charnn.errors import UsageError

O = TypeVar("O")  # noqa: E741

FIRST, NETWORK, TEXTS, TREEBANKS, TRAINING, BUDGET, RESULT = (
    "What most people need",
    "The network (what you leave out is chosen for the data and the time)",
    "Texts",
    "Treebanks",
    "How it learns",
    "How long it learns",
    "Where to, and what is printed",
)
"""The panels of `charnn train --help`."""


@dataclass(frozen=True)
class Option:
    name: str
    """The keyword in Python."""
    type: Any
    """The annotation of its value; None is part of it where the task chooses what is left out."""
    default: Any
    help: str
    """What happens when one gives it, in one or two sentences."""
    panel: str
    metavar: str | None
    minimum: float | None
    maximum: float | None
    shown_default: str | None
    """What the help says of the default, where that is not the value itself; "" for nothing."""
    flag: str
    """How it is written on the command line."""


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
    """A field of a class of options; `flag` is for a keyword that is not simply the flag without its dashes."""
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


def options_of(kind: type[Any]) -> tuple[Option, ...]:
    """The options that a class has, in the order of its fields."""
    hints = get_type_hints(kind)
    found = []
    for declared in dataclasses.fields(kind):
        described = dict(declared.metadata["option"])
        described["flag"] = described["flag"] or "--" + declared.name.replace("_", "-")
        found.append(Option(declared.name, hints[declared.name], declared.default, **described))
    return tuple(found)


def union(kinds: list[type[Any]]) -> tuple[Option, ...]:
    """The options that any of the classes has, each once, by panel in the order in which panels first come."""
    every = {one.name: one for kind in kinds for one in options_of(kind)}
    panels = dict.fromkeys(one.panel for one in every.values())
    return tuple(one for panel in panels for one in every.values() if one.panel == panel)


def made(kind: type[O], values: Mapping[str, Any]) -> O:
    """The options with these values; what is None takes the default. All of them are options of `kind`."""
    return kind(**{name: value for name, value in values.items() if value is not None})


@dataclass(frozen=True)
class NoOptions:
    """For a command that needs to be told nothing about a task."""


@dataclass(frozen=True)
class TrainingOptions:
    """What every task can be told when it learns."""

    time: str | None = option(
        None,
        "Train for so long; a longer time gives a larger network and a better model.",
        panel=FIRST,
        metavar="3m",
        shown_default="what suits the length of the data",
    )
    valid: list[str] | None = option(
        None,
        "Validate with this file instead of a held-out part of the data. Repeatable.",
        panel=FIRST,
        metavar="FILE",
        shown_default="the last tenth, a million characters at most",
    )
    epochs: float | None = option(None, "Read the data so many times, instead of --time.", panel=BUDGET)
    steps: int | None = option(None, "Take so many training steps, instead of --time.", panel=BUDGET, minimum=1)
    patience: int | None = option(
        None,
        "End the run early after so many validations without a better one; the learning rate falls to its last value "
        "first. 0 never ends it early.",
        panel=BUDGET,
        minimum=0,
        shown_default=f"{TrainingConfig.patience}, for taggers 0",
    )
    encoding: str = option("utf-8", "The encoding of the files.", panel=TRAINING)
    precision: Precision = option(
        "auto", "The precision of products; auto is bf16 where the hardware is fast at it, else fp32.", panel=TRAINING
    )
    device: Device = option("auto", "Where to train; auto takes a GPU where there is one.", panel=TRAINING)
    seed: int = option(
        0, "Start the random numbers here; the same seed gives the same model.", panel=TRAINING, minimum=0
    )

    @property
    def budget(self) -> Budget | None:
        """None where the task chooses. Raises UsageError where two budgets were given."""
        given = [value for value in (self.time, self.epochs, self.steps) if value is not None]
        if not given:
            return None
        if len(given) > 1:
            raise UsageError("--time, --epochs and --steps: give one of them")
        return Budget(seconds=None if self.time is None else seconds(self.time), epochs=self.epochs, steps=self.steps)


@dataclass(frozen=True)
class RecurrentTrainingOptions(TrainingOptions):
    """What every task can be told that fits a recurrent network with the shared optimizers."""

    cell: str | None = option(
        None, "Build the layers from this recurrent cell.", panel=NETWORK, metavar="|".join(CELLS), shown_default="lstm"
    )
    layers: int | None = option(
        None, "Put so many recurrent layers on top of each other.", panel=NETWORK, minimum=1, shown_default="chosen"
    )
    hidden: int | None = option(
        None, "Give each layer so many units.", panel=NETWORK, minimum=1, shown_default="chosen"
    )
    embedding: int | None = option(
        None,
        "Give each symbol (a tagger: each word) a vector of so many numbers.",
        panel=NETWORK,
        minimum=1,
        shown_default="chosen",
    )
    dropout: float | None = option(
        None,
        "Drop units with this probability while training, the same ones at every step of a window.",
        panel=NETWORK,
        minimum=0,
        maximum=0.99,
        shown_default="chosen",
    )
    batch: int | None = option(
        None,
        "Learn from so many places of a text (a tagger: sentences) side by side.",
        panel=TRAINING,
        minimum=1,
        shown_default="chosen",
    )
    window: int | None = option(
        None,
        "Let gradients flow back through so many steps (a tagger: cut sentences that have more words).",
        panel=TRAINING,
        minimum=1,
        shown_default="64; 256 words",
    )
    learning_rate: float | None = option(
        None, "Use this learning rate at the top of the schedule.", panel=TRAINING, shown_default="0.008; taggers 0.004"
    )
    optimizer: Optimizer | None = option(
        None,
        "adamw fits everything with AdamW; muon fits the recurrent matrices with Muon and the rest with AdamW.",
        panel=TRAINING,
        shown_default="muon, for taggers adamw",
    )
    clip: float | None = option(
        None,
        "Shorten a gradient whose norm is larger than this.",
        panel=TRAINING,
        shown_default=f"{TrainingConfig.clip_norm:g}",
    )
    clip_value: float | None = option(
        None, "Cut each value of a gradient to this size, instead of --clip.", panel=TRAINING, shown_default=""
    )

    def __post_init__(self) -> None:
        if self.cell is not None and self.cell not in CELLS:
            raise UsageError(f"--cell {self.cell}: no such cell", hint=f"there are {', '.join(CELLS)}")

    def training_settings(self, *, patience: int) -> dict[str, Any]:
        """What TrainingConfig is told of these options besides its sizes; `patience` is the task's default.

        Raises UsageError where options contradict each other.
        """
        if self.clip is not None and self.clip_value is not None:
            raise UsageError("--clip and --clip-value: give one of them")
        settings: dict[str, Any] = {"precision": self.precision, "device": self.device, "seed": self.seed}
        settings["patience"] = patience if self.patience is None else self.patience
        if self.optimizer is not None:
            settings["optimizer"] = self.optimizer
        if self.clip_value is not None:
            settings |= {"clip_norm": None, "clip_value": self.clip_value}
        elif self.clip is not None:
            settings["clip_norm"] = self.clip
        return settings

    @property
    def sizes(self) -> dict[str, Any]:
        """The sizes that were asked for, named as the overrides of a task name them; None where the task chooses."""
        return {
            "layers": self.layers,
            "hidden_size": self.hidden,
            "dropout": self.dropout,
            "batch_size": self.batch,
            "window_length": self.window,
            "learning_rate": self.learning_rate,
            "budget": self.budget,
        }


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(text: str) -> float:
    """The seconds in `90`, `90s`, `3m`, `1.5h`, `1h30m`. Raises UsageError."""
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd]?)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise UsageError(f"--time {text}: not a duration", hint="write it like 90s, 3m, 1.5h or 1h30m")
    return sum(float(number) * _UNITS[unit or "s"] for number, unit in parts)
