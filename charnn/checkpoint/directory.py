"""Reads and writes the files of a model directory, by their names."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from charnn.checkpoint.files import (
    Array,
    append_history,
    cut_history,
    dump_config,
    load_config,
    places_in_file,
    read_arrays,
    read_history,
    write_arrays,
    write_atomic,
)
from charnn.config import ModelConfig
from charnn.errors import ModelError, ModelFormatError, ModelNotFoundError, UsageError

CONFIG = "config.json"
WEIGHTS = "weights.safetensors"
GRAPH = "model.onnx"
QUANTIZED_GRAPH = "model.int8.onnx"
HISTORY = "history.jsonl"
ENDED = "ended.json"
TRAINING = "training"
TRAINING_STATE = f"{TRAINING}/state.safetensors"
NAMES = frozenset({CONFIG, WEIGHTS, GRAPH, QUANTIZED_GRAPH, HISTORY, ENDED, TRAINING})
"""The files and folders that a model of any task may have."""

UNFINISHED = {"interrupt": "its training was interrupted", "running": "its training goes on or was cut off"}
"""What is said of a model whose run has not ended by itself, by what config.json says of how it ended."""


class ModelDirectory:
    """Reads and writes one model. config.json is written last at every save: a directory that has it has the rest."""

    files: ClassVar[frozenset[str]] = frozenset()
    """The names of the files that a model of this kind has besides NAMES."""

    def __init__(self, path: Path, made: tuple[Path, ...] = ()) -> None:
        self.path = path
        self._made = made

    @classmethod
    def create(cls, path: Path, *, overwrite: bool = False, names: Collection[str] = ()) -> Self:
        """A new, empty model directory at `path`.

        Raises UsageError where something is in the way. With `overwrite` a model directory or an empty one is replaced,
        and UsageError is raised for anything else. `names` are the files that models of other kinds have.
        """
        try:
            if path.exists() or path.is_symlink():
                if not overwrite:
                    raise UsageError(f"{path} exists", hint="give --overwrite to replace it, or another --out")
                if not _may_be_replaced(path, NAMES.union(cls.files, names)):
                    raise UsageError(f"{path} is not a model directory, so --overwrite leaves it alone")
                shutil.rmtree(path)
            made = tuple(directory for directory in (path, *path.parents) if not directory.exists())
            path.mkdir(parents=True)
        except OSError as error:
            raise ModelError(f"{path}: the model directory cannot be made: {error.strerror}") from None
        return cls(path, made)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Raises ModelNotFoundError where `path` is no model directory."""
        if not has_config(path):
            raise ModelNotFoundError(
                f"{path}: no model here (no {CONFIG})", hint="name a directory that `charnn train` wrote"
            )
        return cls(path)

    def discard_if_empty(self) -> None:
        """Removes the directories that `create` made, where training never saved anything in them."""
        for directory in self._made:
            if directory.is_dir() and not any(directory.iterdir()):
                directory.rmdir()

    def remove(self, names: Collection[str] = ()) -> None:
        """Removes the directory. `names` are the files that models of all kinds have.

        Raises UsageError where it has anything but a model in it, or is only a link to one.
        """
        if not _may_be_replaced(self.path, NAMES.union(self.files, names)):
            raise UsageError(f"{self.path}: not a model directory and nothing else, so it is left alone")
        try:
            shutil.rmtree(self.path)
        except OSError as error:
            raise ModelError(f"{self.path}: cannot be removed: {error.strerror}") from None

    # The following methods say what the model is.

    def document(self) -> dict[str, Any]:
        """The object in config.json, its format version taken out.

        Raises ModelFormatError where the file is missing, damaged, of another format version, or names no task.
        """
        return load_config(self.read(CONFIG), str(self.path / CONFIG))

    def task(self) -> str:
        """The name of the model's task, which may be one that this charnn does not know. Raises as `document`."""
        name: str = self.document()["task"]
        return name

    def write_config(self, config: ModelConfig) -> None:
        self.write(CONFIG, dump_config(config).encode("utf-8"))

    # The following methods say whether training has ended, and when.

    def unfinished(self) -> str:
        """Why the model is not a finished one: its run was interrupted, or it is running or was cut off. It is empty
        for a finished one. Raises as `document`."""
        record = self.document().get("record")
        if not isinstance(record, dict):
            raise ModelFormatError(f"{self.path / CONFIG}: it has no record of its training")
        return UNFINISHED.get(str(record.get("stopped_by")), "")

    def ended(self) -> datetime:
        """When training ended, as the directory says. For a model of an early version, which does not say it, it is
        when its configuration was last written."""
        try:
            ended = datetime.fromisoformat(json.loads(self.read(ENDED))["ended"])
            return ended if ended.tzinfo else ended.replace(tzinfo=UTC)
        except (ModelError, ValueError, RecursionError, TypeError, KeyError):
            return datetime.fromtimestamp((self.path / CONFIG).stat().st_mtime, UTC)

    def age_order(self) -> tuple[float, float, str]:
        """A key that sorts models by when their training ended, the latest first. A copy comes after its original."""
        written = (self.path / (ENDED if (self.path / ENDED).is_file() else CONFIG)).stat().st_ctime
        return -self.ended().timestamp(), written, self.path.name

    def write_ended(self) -> None:
        """Notes that training has ended now."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        self.write(ENDED, (json.dumps({"ended": now}) + "\n").encode())

    # The following methods read and write files of any name.

    def read(self, name: str) -> bytes:
        """Raises ModelFormatError where the file is missing, ModelError where it cannot be read."""
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            raise ModelFormatError(f"{self.path / name}: missing") from None
        except OSError as error:
            raise ModelError(f"{self.path / name}: {error.strerror}") from None

    def write(self, name: str, data: bytes) -> None:
        """Writes a file, which is then there as a whole or not at all (`write_atomic`)."""
        write_atomic(self.path / name, data)

    def existing(self, name: str) -> Path:
        """The path of a file that must be there. Raises ModelFormatError where it is not."""
        path = self.path / name
        if not path.is_file():
            raise ModelFormatError(f"{path}: missing")
        return path

    # The following methods are for weights and graphs.

    def weights(self) -> dict[str, Array]:
        """The best weights by name, fp32."""
        arrays, _ = read_arrays(self.path / WEIGHTS)
        for name, array in arrays.items():
            if array.dtype != np.float32:
                raise ModelFormatError(f"{self.path / WEIGHTS}: {name!r} is {array.dtype}, not float32")
        return arrays

    def weight_places(self) -> tuple[str, str, dict[str, tuple[int, int]]]:
        """The name of the file of weights, and then what `places_in_file` gives for it."""
        return WEIGHTS, *places_in_file(self.path / WEIGHTS)

    def write_weights(self, weights: Mapping[str, Array]) -> None:
        write_arrays(self.path / WEIGHTS, weights)

    def graph_path(self, *, quantized: bool = False) -> Path:
        return self.existing(QUANTIZED_GRAPH if quantized else GRAPH)

    def has_quantized_graph(self) -> bool:
        return (self.path / QUANTIZED_GRAPH).is_file()

    def write_graph(self, graph: bytes, *, quantized: bool = False) -> None:
        self.write(QUANTIZED_GRAPH if quantized else GRAPH, graph)

    # The following methods say how training went, and keep what resuming it needs.

    def history(self) -> list[dict[str, Any]]:
        return read_history(self.path / HISTORY)

    def append_history(self, entry: Mapping[str, Any]) -> None:
        append_history(self.path / HISTORY, entry)

    def cut_history(self, step: int) -> None:
        cut_history(self.path / HISTORY, step)

    def training_state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """The arrays and JSON values that `write_training_state` was given. Raises ModelNotFoundError without them."""
        path = self.path / TRAINING_STATE
        if not path.is_file():
            raise ModelNotFoundError(f"{self.path}: nothing to resume (no {TRAINING_STATE})")
        arrays, metadata = read_arrays(path)
        try:
            values = json.loads(metadata["values"])
        except (KeyError, ValueError, RecursionError):
            values = None
        if not isinstance(values, dict):
            raise ModelFormatError(f"{path}: damaged: no object of values in its metadata")
        return arrays, values

    def write_training_state(self, arrays: Mapping[str, Array], values: Mapping[str, Any]) -> None:
        (self.path / TRAINING).mkdir(exist_ok=True)
        write_arrays(self.path / TRAINING_STATE, arrays, {"values": json.dumps(values)})

    def size_on_disk(self) -> tuple[int, int]:
        """The number of bytes that using the model needs, and the number of bytes in training/."""
        total = sum(f.stat().st_size for f in self.path.rglob("*") if f.is_file())
        training = sum(f.stat().st_size for f in self.path.rglob(f"{TRAINING}/**/*") if f.is_file())
        return total - training, training


def has_config(path: Path) -> bool:
    try:
        return (path / CONFIG).is_file()
    except OSError:  # a name longer than names can be
        return False


def _may_be_replaced(path: Path, names: Collection[str]) -> bool:
    """Whether `path` is an empty directory, or one with a model and nothing else. A link to one is not."""
    if path.is_symlink() or not path.is_dir():
        return False
    found = {entry.name for entry in path.iterdir() if not entry.name.startswith(".")}
    return not any(path.iterdir()) or {CONFIG, WEIGHTS} <= found <= set(names)
