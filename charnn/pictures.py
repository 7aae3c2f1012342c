"""What `charnn plot` draws: from models to the numbers of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from charnn import api
from charnn.checkpoint.directory import ModelDirectory
from charnn.errors import ModelError, UsageError
from charnn.plots.curves import LearningCurve
from charnn.plots.gradients import Reach

By = Literal["time", "steps", "epochs"]
X_AXES: dict[By, tuple[str, str]] = {
    "time": ("seconds", "seconds of training"),
    "steps": ("step", "steps of training"),
    "epochs": ("epoch", "times through the data"),
}
"""For each choice the key in history.jsonl, and what the axis is called."""


def learning_curves(models: Sequence[ModelDirectory], by: By) -> tuple[list[LearningCurve], str]:
    """The learning curve of each model, and the unit of their figures.

    Raises UsageError for models of different tasks, and ModelError for one without a validation in its history.
    """
    tasks = {api.task_of(model).name for model in models}
    if len(tasks) > 1:
        raise UsageError(
            f"{' and '.join(str(model.path) for model in models)}: models of different tasks have no common figure",
            hint="name models of one task",
        )
    measure = api.task_of(models[0]).measure
    return [_learning_curve(model, by) for model in models], measure.unit


def _learning_curve(model: ModelDirectory, by: By) -> LearningCurve:
    measure, key = api.task_of(model).measure, X_AXES[by][0]
    try:
        rows = [(entry[key], measure.of(entry), entry["training_nats"]) for entry in model.history()]
        x_N, held_out_N, training_N = np.array(rows, np.float64).reshape(-1, 3).T
    except (KeyError, TypeError, ValueError):
        raise ModelError(f"{model.path / 'history.jsonl'}: not the history of a run") from None
    if not np.isfinite(held_out_N).any():
        raise ModelError(f"{model.path}: no validation in its history, so there is nothing to draw")
    return LearningCurve(model.path.name, x_N, held_out_N, training_N if measure.has_training else None)


def gradient_reaches(
    models: Sequence[ModelDirectory], text: str | None, *, steps: int, seed: int, fresh: bool
) -> list[Reach]:
    """How far back the gradient reaches in each model, and with `fresh` in the same network before it was trained."""
    from charnn.tasks.language_model.directory import LanguageModelDirectory
    from charnn.tasks.language_model.learn.gradients import gradient_norms

    reaches = []
    for model in models:
        directory = LanguageModelDirectory(model.path)
        name, cell = model.path.name, directory.config().network.cell
        name = name if cell in name else f"{name} ({cell})"
        for is_fresh in (False, True) if fresh else (False,):
            norms_K = gradient_norms(directory, text, steps=steps, seed=seed, fresh=is_fresh)
            reaches.append(Reach(name, norms_K, is_fresh))
    return reaches


def as_json(value: Any) -> Any:
    """Numbers of a picture as JSON has them: rounded to six significant digits, and null for what is not finite."""
    if isinstance(value, np.ndarray | list | tuple):
        return [as_json(one) for one in value]
    if isinstance(value, float | np.floating):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value
