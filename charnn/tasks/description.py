"""What is said of a model to people: the rows of `charnn info`, and the model card, README.md in its directory.

The card is written for whoever gets the directory, and nothing reads it. Names in it, such as paths and labels, may be
anything, so they stand in indented blocks, where Markdown takes nothing for markup.
"""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Iterable
from typing import Any

from charnn.checkpoint.directory import CARD, ENDED, WEIGHTS, ModelDirectory
from charnn.config import ModelConfig
from charnn.config.model import SourceFile, TrainingRecord
from charnn.readable import counted, duration, escaped, size
from charnn.tasks.directory import TaskDirectory
from charnn.tasks.folds import read_folds
from charnn.tasks.task import UNMEASURED, Description, DescriptionRows, Task

INDENT = " " * 4
"""Markdown takes a line that begins so for code."""
HERE = "THIS-DIRECTORY"
"""Stands in the card's commands for the directory, which may have any name by the time that they are read."""


def description_of(task: Task[Any], directory: TaskDirectory[Any]) -> Description:
    """The task's description, with the number of parameters in its row of the network, and what a cross-validation
    found."""
    description = task.describe(directory)
    parameters = parameters_of(directory)
    network = [(k, f"{text}; {parameters:,} parameters" if k == "network" else text) for k, text in description.network]
    folds = read_folds(directory)
    scores = [*description.scores, *([("folds", str(folds))] if folds is not None else [])]
    limits = [limit for limit in description.limits if folds is None or not limit.startswith(UNMEASURED)]
    return dataclasses.replace(description, network=network, scores=scores, limits=limits)


def parameters_of(directory: ModelDirectory) -> int:
    """How many numbers a model has learned, what is solved beside its network counted."""
    return sum(weight.size for weight in directory.weights().values())


def status(record: TrainingRecord, path: str) -> str:
    """What is said of a run that has not come to its end, and nothing of another."""
    go_on = f"charnn train --resume {shlex.quote(path)}"
    if record.stopped_by == "interrupt":
        return f"interrupted at step {record.steps:,}; {go_on} goes on from there"
    if record.stopped_by == "running":
        return (
            f"the run goes on or was cut off: last saved at step {record.steps:,}; once cut off, {go_on} goes on there"
        )
    return ""


def card(task: Task[Any], directory: TaskDirectory[Any]) -> str:
    """The model card, in Markdown. Raises ModelFormatError for a model that is damaged."""
    description, config = description_of(task, directory), directory.config()
    ended = f"It was trained until {directory.ended():%Y-%m-%d}. " if (directory.path / ENDED).is_file() else ""
    use = [*task.uses(config, f" -m {HERE}", HERE), f"charnn info -m {HERE}"]
    unfinished = status(config.record, HERE)
    scores = description.scores or [("scores", "not measured yet")]
    not_ended = ["Its training has not come to its end."] if unfinished else []
    parts = [
        f"# A {task.title}, made with charnn",
        "charnn is a command-line tool that learns from sequences on one's own machine. "
        f"A {task.title} {task.summary}. "
        f"{ended}`charnn info` shows what is below, as it is now; this file is for people, and charnn never reads it.",
        _block(use),
        "## Model",
        _table([*description.network, ("weights", f"{WEIGHTS}, {size(directory.weights_size())}")]),
        "## Data",
        _table(description.data),
        "## Training",
        _table([*description.training, *([("status", unfinished)] if unfinished else [])]),
        "## Scores",
        _table(scores),
        "## Limits",
        "\n".join(f"- {limit}" for limit in (*not_ended, *description.limits, *GENERAL)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


GENERAL = (
    "Whoever has the model can find out much of what it learned from: share it as you would share its data.",
    "The scores are of data of the same kind as what it learned from. On other data it does worse; `charnn eval FILE` "
    "says how much.",
)
"""What is true of the models of all tasks."""


def write_card(task: Task[Any], directory: TaskDirectory[Any]) -> None:
    """Writes the card of a model that has been saved. Raises OSError."""
    directory.write(CARD, card_bytes(task, directory))


def card_bytes(task: Task[Any], directory: TaskDirectory[Any]) -> bytes:
    return card(task, directory).encode("utf-8", "backslashreplace")


def _table(rows: DescriptionRows) -> str:
    return _block(f"{label:<11} {text}".rstrip() for label, text in rows)


def _block(lines: Iterable[str]) -> str:
    return "\n".join(f"{INDENT}{escaped(line)}" for line in lines)


def file_rows(name: str, sources: Iterable[SourceFile]) -> DescriptionRows:
    return [(name, f"{source.path}: {source.characters:,} characters") for source in sources]


def training_row(config: ModelConfig, batch: str, *further: str) -> tuple[str, str]:
    """How long the run took and how it was made, where `batch` says what a batch has; with `further` remarks."""
    record = config.record
    how = ", ".join([f"{record.precision} on {record.device}", *further])
    return (
        "training",
        f"{duration(record.seconds)}, {counted(record.steps, 'step')}, {record.epochs:.1f} epochs, {batch} a batch, "
        f"{how}; seed {config.training.seed}; {record.ending}",
    )


def score_rows(config: ModelConfig, *, held_out: bool) -> DescriptionRows:
    """The scores of the weights that were kept; none where there was no validation."""
    result = config.result
    if result is None:
        return []
    return [("best" if held_out else "own data", f"{result}, after {duration(result.seconds)}")]


def int8_row(speed_ratio: float, cost: str, *, used: bool, use: str, alone: bool = False) -> tuple[str, str]:
    """How fast int8 is and what it costs, and whether it is used for `use`. `alone` says that both were measured by the
    network alone, though something stands beside it."""
    measured = f"{speed_ratio:.1f} times as fast, {cost}{', both by the network alone' * alone}"
    return ("int8", f"{measured}; {'used' if used else 'not used'} for {use}")


def rights_lost(lost: float, units: str) -> str:
    """How many more or fewer of all `units` are right, where such a fraction of them was lost."""
    percent = f"{100 * abs(lost):.2f}%"
    if percent == "0.00%":
        return f"as many {units} right"
    return f"{percent} {'fewer' if lost > 0 else 'more'} of all {units} right"


def rise(amount: float, figure: str) -> str:
    """How much worse or better a figure is, which is better the lower it is, where it rose by an amount."""
    size = f"{abs(amount):.4f}"
    return f"the same {figure}" if size == "0.0000" else f"{figure} {'worse' if amount > 0 else 'better'} by {size}"
