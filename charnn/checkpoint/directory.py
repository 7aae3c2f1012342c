"""Reads and writes the files of a model directory, by their names."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from charnn.checkpoint.files import (
    Array,
    append_history,
    arrays_in,
    check_extent,
    cut_history,
    dump_config,
    load_config,
    open_regular,
    read_arrays,
    read_history,
    write_arrays,
    write_atomic,
)
from charnn.checkpoint.lock import TRAINING, refuse_if_held
from charnn.checkpoint.place import (
    CARD,
    CONFIG,
    ENDED,
    FOLDS,
    GRAPH,
    HISTORY,
    NAMES,
    QUANTIZED_GRAPH,
    TRAINING_STATE,
    WEIGHTS,
    Place,
    has_config,
    may_be_replaced,
    restore_replaced,
)
from charnn.config import ModelConfig
from charnn.errors import ModelError, ModelFormatError, ModelNotFoundError, UsageError

__all__ = [
    "CARD",
    "CONFIG",
    "ENDED",
    "FOLDS",
    "GRAPH",
    "HISTORY",
    "NAMES",
    "QUANTIZED_GRAPH",
    "TRAINING_STATE",
    "WEIGHTS",
    "ModelDirectory",
    "has_config",
]

UNFINISHED = {"interrupt": "its training was interrupted", "running": "its training goes on or was cut off"}
"""What is said of a model whose run has not ended by itself, by what config.json says of how it ended."""

LARGEST_FILE = 1 << 28
"""The most bytes of a file that is read as a whole: all but weights and training states."""


def refuse_file(path: Path) -> None:
    """Raises ModelNotFoundError, which says what to name instead, for a path of a file and not of a directory."""
    try:
        if not path.is_file():
            return
    except OSError:  # a name longer than names can be
        return
    hint = "name one that `charnn train` wrote"
    if has_config(path.parent):
        hint = f"name the one that it is in: {path.parent}"
    elif path.suffix.lower() == ".zip":
        hint = f"take it out first: charnn models import {shlex.quote(str(path))}"
    raise ModelNotFoundError(f"{path}: a file, and a model is a directory", hint=hint)


class ModelDirectory(Place):
    """Reads and writes one model. config.json is written last at every save: a directory that has it has the rest."""

    half_weights: ClassVar[frozenset[str]] = frozenset({"features.weight", "likelihoods.weight"})
    """The names of the weights that are stored as fp16, in a model of any task."""
    single_before: ClassVar[frozenset[str]] = frozenset({"features.weight"})
    """Those of them that earlier versions stored as fp32."""

    @classmethod
    def open(cls, path: Path) -> Self:
        """Raises ModelNotFoundError where `path` is no model directory."""
        if not has_config(path):
            with suppress(OSError):
                restore_replaced(path)
        if not has_config(path):
            refuse_file(path)
            raise ModelNotFoundError(
                f"{path}: no model here (no {CONFIG})", hint="name a directory that `charnn train` wrote"
            )
        return cls(path)

    def remove(self, names: Collection[str] = ()) -> None:
        """Removes the directory. `names` are the files that models of all kinds have.

        Raises UsageError where it has anything but a model in it, or is only a link to one, and ModelBusyError where a
        training goes on in it.
        """
        refuse_if_held(self.path, self.path)
        if not may_be_replaced(self.path, NAMES.union(self.files, names)):
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
        return load_config(self.read(CONFIG), str(self.folder / CONFIG))

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
        with open_regular(self.folder / name, LARGEST_FILE) as file:
            return file.read()

    def write(self, name: str, data: bytes) -> None:
        """Writes a file, which is then there as a whole or not at all (`write_atomic`)."""
        write_atomic(self.folder / name, data)

    # The following methods are for weights and graphs.

    def weights(self) -> dict[str, Array]:
        """The best weights by name, as fp32. Some are stored as fp16."""
        arrays, _ = read_arrays(self.folder / WEIGHTS)
        return self._fp32(arrays)

    def _fp32(self, arrays: dict[str, Array]) -> dict[str, Array]:
        for name, array in arrays.items():
            expected = np.float16 if name in self.half_weights else np.float32
            if array.dtype != expected and not (array.dtype == np.float32 and name in self.single_before):
                raise ModelFormatError(
                    f"{self.folder / WEIGHTS}: {name!r} is {array.dtype}, not {np.dtype(expected).name}"
                )
        return {name: array.astype(np.float32, copy=False) for name, array in arrays.items()}

    def weights_size(self) -> int:
        """The number of bytes of the file of weights."""
        with open_regular(self.folder / WEIGHTS) as file:
            return os.fstat(file.fileno()).st_size

    def weights_digest(self) -> str:
        """A hash of the file of weights."""
        digest = hashlib.blake2b()
        with open_regular(self.folder / WEIGHTS) as file:
            while part := file.read(1 << 20):
                digest.update(part)
        return digest.hexdigest()

    def weights_and_digest(self) -> tuple[str, dict[str, Array]]:
        """That hash, and the weights of the very bytes that were hashed."""
        with open_regular(self.folder / WEIGHTS) as file:
            check_extent(file, self.folder / WEIGHTS)
            data = file.read()
        arrays = arrays_in(data, str(self.folder / WEIGHTS))
        return hashlib.blake2b(data).hexdigest(), self._fp32(arrays)

    def write_weights(self, weights: Mapping[str, Array]) -> None:
        halves = {name: weights[name].astype(np.float16) for name in self.half_weights & weights.keys()}
        write_arrays(self.folder / WEIGHTS, {**weights, **halves})

    def has_quantized_graph(self) -> bool:
        """Whether there is a graph in int8 beside the one in fp32."""
        return False

    # The following methods say how training went, and keep what resuming it needs.

    def history(self) -> list[dict[str, Any]]:
        return read_history(self.folder / HISTORY)

    def append_history(self, *entries: Mapping[str, Any]) -> None:
        append_history(self.folder / HISTORY, *entries)

    def cut_history(self, step: int) -> None:
        cut_history(self.folder / HISTORY, step)

    def training_state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """The arrays and JSON values that `write_training_state` was given. Raises ModelNotFoundError without them."""
        path = self.folder / TRAINING_STATE
        if not path.is_file():
            raise ModelNotFoundError(f"{self.folder}: nothing to resume (no {TRAINING_STATE})")
        arrays, metadata = read_arrays(path)
        try:
            values = json.loads(metadata["values"])
        except (KeyError, ValueError, RecursionError):
            values = None
        if not isinstance(values, dict):
            raise ModelFormatError(f"{path}: damaged: no object of values in its metadata")
        return arrays, values

    def has_training_state(self) -> bool:
        return (self.folder / TRAINING_STATE).is_file()

    def write_training_state(self, arrays: Mapping[str, Array], values: Mapping[str, Any]) -> None:
        (self.folder / TRAINING).mkdir(exist_ok=True)
        write_arrays(self.folder / TRAINING_STATE, arrays, {"values": json.dumps(values)})

    def size_on_disk(self) -> tuple[int, int]:
        """The number of bytes that using the model needs, and the number of bytes in training/."""
        total = sum(f.stat().st_size for f in self.folder.rglob("*") if f.is_file())
        training = sum(f.stat().st_size for f in self.folder.rglob(f"{TRAINING}/**/*") if f.is_file())
        return total - training, training
