"""Says which model a command uses, so that none is ever used silently: what a person sees of `find_model`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from charnn.cli import console

if TYPE_CHECKING:
    from charnn.checkpoint.directory import ModelDirectory


def announce(model: ModelDirectory, name: str | None, *, seed: int | None = None) -> None:
    """Says on a terminal which model was taken and why, and with which seed; `name` is what the command was given.

    Where the model's training has not ended, it is said everywhere.
    """
    from charnn.checkpoint.locate import why

    reason = why(name, model)
    parts = [f"model {model.path}" + (f" ({reason}; -m names another)" if reason else "")]
    if seed is not None:
        parts.append(f"seed {seed}")
    console.aside(", ".join(parts))
    if unfinished := model.unfinished():
        console.warn(f"{model.path}: {unfinished}; `charnn train --resume {model.path}` goes on once it has stopped")
