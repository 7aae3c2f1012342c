"""The models in a folder: what each of them is, and how they are renamed, removed, sent and taken in."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from charnn.checkpoint.archive import pack, unpack
from charnn.checkpoint.directory import CARD, NAMES, ModelDirectory, has_config
from charnn.checkpoint.files import write_atomic
from charnn.checkpoint.locate import default_model, fix_default, models_in, named_model, read_defaults, write_defaults
from charnn.checkpoint.lock import refuse_if_held
from charnn.config import ModelConfig
from charnn.errors import CharnnError, ModelError, OutputError, UsageError
from charnn.evaluation.known_data import sources_of
from charnn.tasks import choosing
from charnn.tasks.description import card_bytes, write_card
from charnn.tasks.directory import TaskDirectory
from charnn.tasks.table import TASKS

ACCEPTED_NAME = re.compile(r"[^\W.-][^/\\\x00-\x1f\x7f-\x9f]*")


@dataclass(frozen=True)
class CatalogEntry:
    """A model of a catalog."""

    path: Path
    task: str
    is_default: bool
    """Whether it is meant where a model of its task is needed and none is named."""
    ended: datetime
    bytes: int
    """The number of bytes that using it needs."""
    config: ModelConfig | None = None
    status: str = ""
    """Why it is not a finished model, or what is wrong with it; empty for a sound one."""

    @property
    def corpus(self) -> list[str]:
        """The paths of the files that it learned from."""
        return [] if self.config is None else [source.path for source in learned_from(self.config)]

    @property
    def score(self) -> str:
        """Its best validation in a few words."""
        return "" if self.config is None or self.config.result is None else self.config.result.summary

    def to_json(self) -> dict[str, Any]:
        scores = None if self.config is None or self.config.result is None else self.config.result.to_json()
        return {
            "model": str(self.path), "name": self.path.name, "task": self.task, "bytes": self.bytes, "scores": scores,
            "corpus": self.corpus, "ended": self.ended.isoformat(), "finished": not self.status,
            "status": self.status or "finished", "default": self.is_default,
        }  # fmt: skip


def learned_from(config: ModelConfig) -> list[Any]:
    return [source for field, source in sources_of(config) if not field.startswith("validation")]


def catalog(root: Path) -> Iterator[CatalogEntry]:
    """The models in a folder, the one whose training ended last first. A damaged one says what is wrong with it."""
    defaults = set[Path]()
    for name in TASKS:
        try:
            defaults.add(default_model(name, root).path)
        except ModelError:
            continue
    for model in sorted(models_in(root), key=ModelDirectory.age_order):
        needed, _ = model.size_on_disk()
        try:
            task = choosing.task_of(model)
            config = task.directory(model.path).config()
            status = model.unfinished()
        except CharnnError as error:
            yield CatalogEntry(model.path, "-", False, model.ended(), needed, status=f"damaged: {error}")
            continue
        yield CatalogEntry(model.path, task.name, model.path in defaults, model.ended(), needed, config, status)


def make_default(model: ModelDirectory, root: Path) -> str:
    """Fixes a model in the folder `root` as the default of its task, and gives the task's title."""
    if model.path.resolve().parent != root.resolve():
        raise UsageError(f"{model.path}: not in {root}/, where defaults are looked for", hint="move it there first")
    task = choosing.task_of(model)
    fix_default(root, task.name, model.path.resolve().name)
    return task.title


def rename(name: str, new: str) -> Path:
    """Renames a model, which stays the default where it was fixed, and gives its new path."""
    model = named_model(name)
    check_name(new)
    refuse_if_held(model.path, model.path)
    target = model.path.parent / new
    if target.exists() or target.is_symlink():
        raise UsageError(f"{target} exists", hint="choose another name")
    refuse_if_held(model.path, model.path)
    root, old = model.path.parent, model.path.name
    try:
        model.path.rename(target)
    except OSError as error:
        raise ModelError(f"{model.path}: cannot be renamed: {error.strerror}") from None
    fixed = read_defaults(root)
    if old in fixed.values():
        write_defaults(root, {task: new if one == old else one for task, one in fixed.items()})
    return target


def remove(model: ModelDirectory) -> None:
    """Removes a model. Raises UsageError where its directory has other things in it, or is only a link, and
    ModelBusyError where it is being trained."""
    root, name = model.path.parent, model.path.name
    refuse_if_held(model.path, model.path)
    model.remove(choosing.all_files())
    fixed = read_defaults(root)
    if name in fixed.values():
        write_defaults(root, {task: one for task, one in fixed.items() if one != name})


def export(model: ModelDirectory, file: IO[bytes], *, training: bool) -> None:
    """Writes a model, which must be sound, into a zip file. One of an early version gets a card."""
    directory = check(model)
    made = {CARD: card_bytes(choosing.task_of(model), directory)}
    pack(model, file, NAMES | choosing.all_files(), training=training, made=made)


def export_graphs(model: ModelDirectory, folder: Path) -> list[Path]:
    """Writes the graphs of a model into a folder, which is made where it is missing, and gives their paths.

    Raises OutputError where they cannot be written.
    """
    directory = choosing.task_of(model).directory(model.path)
    written = []
    for name in directory.graph_makers():
        graph = directory.graph_named(name)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_atomic(folder / name, graph if isinstance(graph, bytes) else graph.read_bytes())
        except OSError as error:
            raise OutputError(f"{folder / name}: {(error.strerror or str(error)).lower()}") from None
        written.append(folder / name)
    return written


def take_in(file: IO[bytes], file_name: str, root: Path, name: str | None) -> Path:
    """Unpacks a model from a zip file, checks it, and puts it in the folder `root`; gives its path.

    Without a `name` it has the one that it was packed under. Raises ModelFormatError for whatever is not a sound model,
    and UsageError where there is one of that name already; nothing is left behind then. The card is written anew, so
    that it says what the model is, and not what somebody wrote.
    """
    if name is not None:
        check_name(name)
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=".import.") as folder:
        unpacked = Path(folder) / "model"
        unpacked.mkdir()
        packed_as = unpack(file, file_name, unpacked, NAMES | choosing.all_files())
        try:
            model = ModelDirectory(unpacked)
            write_card(choosing.task_of(model), check(model))
        except CharnnError as error:
            error.args = (str(error).replace(str(unpacked), f"{file_name}: {packed_as}"),)
            raise
        if name is None:
            check_name(packed_as)
        target = root / (name or packed_as)
        if target.exists() or target.is_symlink():
            raise UsageError(f"{target} exists", hint="give the model another name with --as NAME")
        os.rename(unpacked, target)
    return target


def check(model: ModelDirectory) -> TaskDirectory[Any]:
    """Reads what using the model reads. Raises ModelFormatError where something is missing or damaged."""
    task = choosing.task_of(model)
    directory = task.directory(model.path)
    directory.check()
    task.describe(directory)
    return directory


def check_name(name: str) -> None:
    """Raises UsageError for what cannot be the name of a model."""
    if not ACCEPTED_NAME.fullmatch(name) or has_config(Path(name)):
        raise UsageError(f"{name}: cannot be the name of a model", hint="choose a plain name, such as poems-2")
