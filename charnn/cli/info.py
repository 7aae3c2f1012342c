"""`charnn info`: describes a model."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from charnn.cli import options
from charnn.errors import UsageError


def info(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME|PATH]", help="Describe this model.", show_default="$CHARNN_MODEL, else the newest one"
        ),
    ] = None,
    model: options.Model = None,
    as_json: options.AsJson = False,
) -> None:
    """Describe a model: its network, its training, its scores and its size."""
    from charnn import api
    from charnn.checkpoint.locate import find_model
    from charnn.cli import console
    from charnn.readable import size

    if name is not None and model is not None:
        raise UsageError(f"{name} and --model {model}: give one of them")
    found = find_model(name or model, None)
    task = api.task_of(found)
    directory = task.directory(found.path)
    config, description = directory.config(), task.describe(directory)
    parameters = sum(weight.size for weight in directory.weights().values())
    needed, training_state = directory.size_on_disk()
    if as_json:
        document: dict[str, Any] = {"model": str(directory.path), "parameters": parameters, "bytes": needed}
        console.write_json({**document, "training_bytes": training_state, **description.learned, **config.to_json()})
        return
    rows = [
        ("model", str(directory.path)),
        ("task", config.task),
        *((k, f"{text}; {parameters:,} parameters" if k == "network" else text) for k, text in description.rows),
        ("size", f"{size(needed)}, and {size(training_state)} for resuming"),
    ]
    console.write("".join(f"{label:<11} {text}\n" for label, text in rows))
