"""`charnn info`: describes a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from charnn.cli import completion, options
from charnn.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from charnn.config.model import TrainingRecord


def info(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME|PATH]",
            help="Describe this model.",
            show_default="that of --model",
            autocompletion=completion.models,
        ),
    ] = None,
    model: options.Model = None,
    as_json: options.AsJson = False,
) -> None:
    """Describe a model: its network, its training, its scores and its size."""
    from charnn.checkpoint.locate import find_model
    from charnn.cli import console
    from charnn.readable import size
    from charnn.tasks import choosing

    if name is not None and model is not None:
        raise UsageError(f"{name} and --model {model}: give one of them")
    found = find_model(name or model, None)
    task = choosing.task_of(found)
    directory = task.directory(found.path)
    config = directory.config()
    directory.check_network()
    description = task.describe(directory)
    parameters = sum(weight.size for weight in directory.weights().values())
    needed, training_state = directory.size_on_disk()
    if as_json:
        document: dict[str, Any] = {"model": str(directory.path), "parameters": parameters, "bytes": needed}
        console.write_json({**document, "training_bytes": training_state, **description.learned, **config.to_json()})
        return
    rows = [
        ("model", str(directory.path)),
        ("task", config.task),
        *([("status", status)] if (status := _status(found.path, config.record)) else []),
        *((k, f"{text}; {parameters:,} parameters" if k == "network" else text) for k, text in description.rows),
        ("size", f"{size(needed)}, and {size(training_state)} for resuming"),
    ]
    console.write("".join(f"{label:<11} {text}\n" for label, text in rows))


def _status(path: Path, record: TrainingRecord) -> str:
    """What is said of a run that has not come to its end, and nothing of another."""
    go_on = f"charnn train --resume {path}"
    if record.stopped_by == "interrupt":
        return f"interrupted at step {record.steps:,}; {go_on} goes on from there"
    if record.stopped_by == "running":
        return (
            f"the run goes on or was cut off: last saved at step {record.steps:,}; once cut off, {go_on} goes on there"
        )
    return ""
