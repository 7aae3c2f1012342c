"""Finds the model that a command means, a path for a new one, and those that a person fixed as the defaults."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from charnn.checkpoint.directory import CONFIG, ModelDirectory, has_config, refuse_file
from charnn.checkpoint.files import open_regular, write_atomic
from charnn.config.as_json import json_text
from charnn.errors import ModelError, ModelFormatError, ModelNotFoundError, UsageError
from charnn.readable import nearest_names

ROOT = Path("checkpoints")
VARIABLE = "CHARNN_MODEL"


def find_model(name: str | None, task: str | None) -> ModelDirectory:
    """The model that `name` means: a path, or a name under ./checkpoints/.

    Without a name it is $CHARNN_MODEL, and without that the default of `task` under ./checkpoints/ (`default_model`).
    Any task will do where `task` is None. Raises ModelNotFoundError where there is none, ModelError where the named
    one is damaged or does another task, and UsageError for an empty name.
    """
    if name is None:
        name = os.environ.get(VARIABLE) or None
    if name is None:
        return default_model(task)
    model = named_model(name)
    if task not in (None, found := model.task()):
        raise wrong_task(model, found, str(task))
    return model


def named_model(name: str) -> ModelDirectory:
    """The model of that name or path, which may be damaged. Raises ModelNotFoundError where there is none, and
    UsageError for an empty name."""
    if not name:
        raise UsageError("the name of the model is empty", hint="give one, or leave it out")
    path = _resolve(name)
    refuse_file(path)
    if not has_config(path) and (near := _nearest(name)) is not None:
        raise ModelNotFoundError(f"{path}: no model here (no {CONFIG})", hint=f"did you mean {near}?")
    return ModelDirectory.open(path)


def default_model(task: str | None, root: Path = ROOT) -> ModelDirectory:
    """The model that is meant where none is named: the one that was fixed for `task`, else the one whose training ended
    last. A run that has not finished is none, unless it was fixed.

    Where any task will do, it is the one that was fixed last of all.
    """
    fixed = read_defaults(root)
    name = fixed.get(task) if task is not None else next(reversed(fixed.values()), None)
    if name is not None:
        if not has_config(root / name):
            raise ModelNotFoundError(
                f"{root / name}: fixed as the default in {root / DEFAULTS}, and there is no model",
                hint="charnn models --default NAME fixes another one, and charnn models --newest none",
            )
        return ModelDirectory(root / name)
    finished, unfinished = list[ModelDirectory](), list[ModelDirectory]()
    for model in models_in(root):
        try:
            if model.task() == task or task is None:
                (unfinished if model.unfinished() else finished).append(model)
        except ModelError:
            continue  # a damaged model is no reason not to find a sound one
    if finished:
        return min(finished, key=ModelDirectory.age_order)
    if unfinished:
        path = unfinished[0].path
        raise ModelNotFoundError(
            f"no finished {task or 'model'} under {root}/: {path}: {unfinished[0].unfinished()}",
            hint=f"name it with -m {shlex.quote(path.name)}, or finish it with "
            f"`charnn train --resume {shlex.quote(str(path))}`",
        )
    train = f"charnn train CORPUS --task {task}" if task else "charnn train CORPUS"
    raise ModelNotFoundError(
        f"no {task or 'model'} under {root}/", hint=f"train one with `{train}`, or name one with --model"
    )


def models_in(root: Path) -> Iterator[ModelDirectory]:
    """The models of all tasks in a folder, by their names. Some may be damaged."""
    for file in sorted(root.glob(f"*/{CONFIG}")):
        if not file.parent.name.startswith("."):
            yield ModelDirectory(file.parent)


def names() -> list[str]:
    """The names of the models under ./checkpoints/."""
    return [model.path.name for model in models_in(ROOT)]


def _nearest(name: str) -> str | None:
    """The name under ./checkpoints/ that is most like this one, whatever its case; None where none is like it."""
    return next(iter(nearest_names(name.removeprefix(f"{ROOT}/"), names())), None)


def option_for(model: ModelDirectory) -> str:
    """What a command line needs to mean this model: nothing where it is the default of its task, else ` -m NAME`."""
    under_root = os.path.abspath(model.path.parent) == os.path.abspath(ROOT)
    try:
        default = None if os.environ.get(VARIABLE) else default_model(model.task())
    except ModelError:
        default = None
    if default is not None and os.path.samefile(default.path, model.path):
        return ""
    name = model.path.name if under_root and not has_config(Path(model.path.name)) else str(model.path)
    return f" -m {shlex.quote(name)}"


def why(name: str | None, model: ModelDirectory) -> str:
    """Why a command has taken this model, in a word or two; nothing where it was named."""
    if name:
        return ""
    if os.environ.get(VARIABLE):
        return f"${VARIABLE}"
    return "the default" if model.path.name in read_defaults(model.path.parent).values() else "the latest"


def wrong_task(model: ModelDirectory, found: str, needed: str) -> ModelError:
    return ModelError(
        f"{model.path}: this is a {found.replace('-', ' ')}, and a {needed.replace('-', ' ')} is needed",
        hint=f"name another one with --model; charnn train FILE --task {needed} makes one",
    )


def is_named(name: str | None) -> bool:
    """Whether `name` or else $CHARNN_MODEL says which model is meant, so that none has to be looked for."""
    return bool(name or os.environ.get(VARIABLE))


def new_model_paths(stem: str) -> Iterator[Path]:
    """Those of checkpoints/<stem>, checkpoints/<stem>-2, -3, ... that do not exist."""
    names = (f"{stem}-{number}" if number > 1 else stem for number in count(1))
    return (path for name in names if not (path := ROOT / name).exists())


def _resolve(name: str) -> Path:
    """`name` as a path where a model is there, otherwise the model of that name under ROOT where there is one.

    Where there is neither, it is `name` as a path, which the error message then names.
    """
    path = Path(name)
    return path if has_config(path) or not has_config(ROOT / name) else ROOT / name


DEFAULTS = "default.json"
LARGEST_DEFAULTS = 1 << 20
"""The most bytes of that file."""


def read_defaults(root: Path) -> dict[str, str]:
    """The fixed default of each task by the task's name, the one that was fixed last at the end.

    Raises ModelFormatError where the file is damaged.
    """
    path = root / DEFAULTS
    try:
        with open_regular(path, LARGEST_DEFAULTS) as file:
            found = json.loads(file.read())
    except (ModelError, ValueError, RecursionError):
        if not os.path.lexists(path):
            return {}
        found = None
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found.values()):
        raise ModelFormatError(f"{path}: damaged", hint="charnn models --newest removes it")
    return dict(found)


def fix_default(root: Path, task: str, name: str) -> None:
    """From now on the model `name` under `root` is the default of its task, until another is fixed."""
    others = {other: fixed for other, fixed in read_defaults(root).items() if other != task}
    write_defaults(root, {**others, task: name})


def write_defaults(root: Path, defaults: dict[str, str]) -> None:
    """Writes the file, which goes where there are no defaults."""
    path = root / DEFAULTS
    if defaults:
        write_atomic(path, json_text(defaults, indent=2).encode())
    else:
        path.unlink(missing_ok=True)
