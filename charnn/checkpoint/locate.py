"""Finds the model that a command means, and a path for a new one."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path

from charnn.checkpoint.directory import CONFIG, ModelDirectory, has_config
from charnn.errors import ModelError, ModelNotFoundError

ROOT = Path("checkpoints")
VARIABLE = "CHARNN_MODEL"


def find_model(name: str | None, task: str | None) -> ModelDirectory:
    """The model that `name` means: a path, or a name under ./checkpoints/.

    Without a name it is $CHARNN_MODEL, and without that the newest model of `task` under ./checkpoints/. Any task will
    do where `task` is None. Raises ModelNotFoundError where there is none, and ModelError where the named one is
    damaged or does another task.
    """
    name = name or os.environ.get(VARIABLE) or None
    if name is None:
        return _newest(task)
    model = ModelDirectory.open(_resolve(name))
    if task not in (None, found := model.task()):
        raise wrong_task(model, found, str(task))
    return model


def wrong_task(model: ModelDirectory, found: str, needed: str) -> ModelError:
    return ModelError(
        f"{model.path}: this is a {found}, and a {needed} is needed",
        hint=f"name another one with --model; charnn train FILE --task {needed} makes one",
    )


def is_named(name: str | None) -> bool:
    """Whether `name` or else $CHARNN_MODEL says which model is meant, so that none has to be looked for."""
    return bool(name or os.environ.get(VARIABLE))


def new_model_path(stem: str) -> Path:
    """checkpoints/<stem>, or the first of checkpoints/<stem>-2, -3, ... that does not exist."""
    names = (f"{stem}-{number}" if number > 1 else stem for number in count(1))
    return next(path for name in names if not (path := ROOT / name).exists())


def _resolve(name: str) -> Path:
    """`name` as a path where a model is there, otherwise the model of that name under ROOT where there is one.

    Where there is neither, it is `name` as a path, which the error message then names.
    """
    path = Path(name)
    return path if has_config(path) or not has_config(ROOT / name) else ROOT / name


def _newest(task: str | None) -> ModelDirectory:
    found = sorted(ROOT.glob(f"*/{CONFIG}"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in found:
        model = ModelDirectory(file.parent)
        try:
            if model.task() == task or task is None:
                return model
        except ModelError:
            continue  # a damaged model is no reason not to find a sound one
    train = f"charnn train CORPUS --task {task}" if task else "charnn train CORPUS"
    raise ModelNotFoundError(
        f"no {task or 'model'} under {ROOT}/", hint=f"train one with `{train}`, or name one with --model"
    )
