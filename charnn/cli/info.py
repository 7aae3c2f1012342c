"""`charnn info`: describes a model."""

from __future__ import annotations

from typing import Any

from charnn.cli import options


def info(
    name: options.Described = None,
    model: options.Model = None,
    as_json: options.AsJson = False,
) -> None:
    """Describe a model: its network, its training, its scores and its size."""
    from charnn.checkpoint.locate import find_model
    from charnn.cli import console
    from charnn.readable import size
    from charnn.tasks import choosing
    from charnn.tasks.description import description_of, status

    found = find_model(options.named_once(name, model), None)
    task = choosing.task_of(found)
    directory = task.directory(found.path)
    config = directory.config()
    directory.check_network()
    description = description_of(task, directory)
    needed, training_state = directory.size_on_disk()
    if as_json:
        parameters = sum(weight.size for weight in directory.weights().values())
        document: dict[str, Any] = {"model": str(directory.path), "parameters": parameters, "bytes": needed}
        console.write_json({**document, "training_bytes": training_state, **description.learned, **config.to_json()})
        return
    rows = [
        ("model", str(directory.path)),
        ("task", config.task),
        *([("status", unfinished)] if (unfinished := status(config.record, str(found.path))) else []),
        *description.rows,
        ("size", f"{size(needed)}, and {size(training_state)} for resuming"),
    ]
    console.write("".join(f"{label:<11} {text}\n" for label, text in rows))
