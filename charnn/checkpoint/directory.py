"""Reads and writes the files of a model directory, by their names."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import warnings
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
    cut_history,
    dump_config,
    exchange,
    is_temporary,
    load_config,
    open_regular,
    read_arrays,
    read_history,
    write_arrays,
    write_atomic,
)
from charnn.checkpoint.lock import LOCK, TRAINING, FolderLock, refuse_if_held
from charnn.config import ModelConfig
from charnn.errors import CharnnWarning, ModelError, ModelFormatError, ModelNotFoundError, UsageError

CONFIG = "config.json"
WEIGHTS = "weights.safetensors"
GRAPH = "model.onnx"
QUANTIZED_GRAPH = "model.int8.onnx"
HISTORY = "history.jsonl"
ENDED = "ended.json"
TRAINING_STATE = f"{TRAINING}/state.safetensors"
NAMES = frozenset({CONFIG, WEIGHTS, GRAPH, QUANTIZED_GRAPH, HISTORY, ENDED, TRAINING})
"""The files and folders that a model of any task may have."""

UNFINISHED = {"interrupt": "its training was interrupted", "running": "its training goes on or was cut off"}
"""What is said of a model whose run has not ended by itself, by what config.json says of how it ended."""

LARGEST_FILE = 1 << 28
"""The most bytes of a file that is read as a whole: all but weights and training states."""
LONGEST_NAME = 255
"""The most bytes of a file's name."""
BEFORE_FIRST_SAVE, REPLACED = ".new", ".old"
"""The ends of the hidden names of a model that has not been saved yet, and of one that is being replaced."""


class ModelDirectory:
    """Reads and writes one model. config.json is written last at every save: a directory that has it has the rest.

    A new model is written to a folder beside the one that it will be, and takes its name at once, with its first whole
    save. Until then a model of that name stays as it is.
    """

    files: ClassVar[frozenset[str]] = frozenset()
    """The names of the files that a model of this kind has besides NAMES."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.folder = path
        """Where the files are: at `path`, but for a new model that has not been saved yet."""
        self._lock: FolderLock | None = None
        self._made: tuple[Path, ...] = ()
        self._names: frozenset[str] = frozenset()
        self._is_whole = False

    @classmethod
    def create(cls, path: Path, *, overwrite: bool = False, names: Collection[str] = ()) -> Self:
        """A new model directory, which is at `path` once it has been saved (`publish`). Nobody else can train there.

        Raises ModelBusyError where a training goes on, and UsageError where something else is in the way. With
        `overwrite` a model directory or an empty one is replaced, and UsageError is raised for anything else. `names`
        are the files that models of other kinds have.
        """
        model = cls(path)
        model._names = NAMES.union(cls.files, names)
        model.folder = beside(path, BEFORE_FIRST_SAVE)
        try:
            restore_replaced(path)
            model._check_place(overwrite)
            above = [directory for directory in path.parents if not directory.exists()]
            model._lock = FolderLock.acquire(model.folder, path)
            model._made = tuple(above)
            refuse_if_held(path, path)
            model._check_place(overwrite)  # again, since it may have been taken until the folder was locked
            if model._holds_leftovers():
                warnings.warn(
                    f"{path}: an earlier run was cut off before its first save; what it left is removed",
                    CharnnWarning,
                    stacklevel=2,
                )
                model._clear()
        except OSError as error:
            model.discard_unsaved()
            raise ModelError(f"{path}: the model directory cannot be made: {error.strerror}") from None
        except BaseException:
            model.discard_unsaved()
            raise
        return model

    @classmethod
    def open(cls, path: Path) -> Self:
        """Raises ModelNotFoundError where `path` is no model directory."""
        if not has_config(path):
            with suppress(OSError):
                restore_replaced(path)
        if not has_config(path):
            raise ModelNotFoundError(
                f"{path}: no model here (no {CONFIG})", hint="name a directory that `charnn train` wrote"
            )
        return cls(path)

    # The following methods are for who trains in the directory.

    def claim(self) -> None:
        """Lets nobody else train here until `release`, and removes what a killed run has not finished writing.

        Raises ModelBusyError where another training goes on here or is about to replace this model, and ModelError
        where nothing can be written here.
        """
        try:
            self._lock = FolderLock.acquire(self.folder, self.path)
            refuse_if_held(beside(self.path, BEFORE_FIRST_SAVE), self.path)
            for folder in (self.folder, self.folder / TRAINING):
                for entry in folder.iterdir():
                    if is_temporary(entry.name, NAMES.union(self.files, {Path(TRAINING_STATE).name})):
                        entry.unlink()
        except OSError as error:
            self.release()
            raise ModelError(f"{self.path}: nothing can be written here: {error.strerror}") from None
        except BaseException:
            self.release()
            raise

    def publish(self) -> None:
        """Gives a new model, which has been saved whole now, its name. What had it before is removed.

        Raises OSError where that cannot be, because something came in the way.
        """
        if self.folder == self.path:
            return
        self._is_whole = True
        old = beside(self.path, REPLACED)
        if not self._is_in_the_way() or not any(self.path.iterdir()):
            os.rename(self.folder, self.path)
        elif not _may_be_replaced(self.path, self._names) and not _is_unfinished(self.path, self._names):
            raise FileExistsError(errno.EEXIST, "something else is there now", str(self.path))
        elif exchange(self.folder, self.path):
            old = self.folder
        else:
            os.rename(self.path, old)
            os.rename(self.folder, self.path)
        self.folder = self.path
        if self._lock is not None:
            self._lock.folder = self.path
        shutil.rmtree(old, ignore_errors=True)

    def restore_folder(self) -> None:
        """Makes the folder again where somebody has removed it. Raises OSError, and ModelBusyError as `create`."""
        if not self.folder.is_dir():
            self.release()
            self._lock = FolderLock.acquire(self.folder, self.path)

    def discard_unsaved(self) -> None:
        """Removes what `create` made, where training never saved anything, and lets others train there."""
        if self.folder != self.path and self._lock is not None and not self._is_whole:
            shutil.rmtree(self.folder, ignore_errors=True)
            for directory in self._made:
                with suppress(OSError):
                    directory.rmdir()
        self.release()

    def take_over(self, claimed: ModelDirectory) -> None:
        """Holds from now on what `claimed`, the same directory, has claimed."""
        self._lock, claimed._lock = claimed._lock, None

    def release(self) -> None:
        """Lets others train here."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _is_in_the_way(self) -> bool:
        return self.path.exists() or self.path.is_symlink()

    def _check_place(self, overwrite: bool) -> None:
        """Raises UsageError where something at `path` is not to be replaced."""
        if not self._is_in_the_way() or _is_unfinished(self.path, self._names):
            return
        if not overwrite:
            raise UsageError(f"{self.path} exists", hint="give --overwrite to replace it, or another --out")
        if not _may_be_replaced(self.path, self._names):
            raise UsageError(f"{self.path} is not a model directory, so --overwrite leaves it alone")

    def _holds_leftovers(self) -> bool:
        """Whether the folder of a new model has something in it but the lock.

        Raises UsageError where it is not what a run has left.
        """
        found = {entry.name for entry in self.folder.iterdir()}
        if self.folder.is_symlink() or any(n not in self._names and not is_temporary(n, self._names) for n in found):
            self._is_whole = True
            raise UsageError(f"{self.folder} is in the way", hint="a run that begins has that name; move it elsewhere")
        return found != {TRAINING} or {entry.name for entry in (self.folder / TRAINING).iterdir()} != {Path(LOCK).name}

    def _clear(self) -> None:
        """Empties the folder, but for the lock."""
        for entry in [*self.folder.iterdir(), *(self.folder / TRAINING).iterdir()]:
            if entry.is_dir() and not entry.is_symlink() and entry.name != TRAINING:
                shutil.rmtree(entry)
            elif entry.name not in (TRAINING, Path(LOCK).name):
                entry.unlink()

    def remove(self, names: Collection[str] = ()) -> None:
        """Removes the directory. `names` are the files that models of all kinds have.

        Raises UsageError where it has anything but a model in it, or is only a link to one, and ModelBusyError where a
        training goes on in it.
        """
        refuse_if_held(self.path, self.path)
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

    def existing(self, name: str) -> Path:
        """The path of a file that must be there. Raises ModelFormatError where it is not."""
        path = self.folder / name
        if not path.is_file():
            raise ModelFormatError(f"{path}: missing")
        return path

    # The following methods are for weights and graphs.

    def weights(self) -> dict[str, Array]:
        """The best weights by name, fp32."""
        arrays, _ = read_arrays(self.folder / WEIGHTS)
        return self._fp32(arrays)

    def _fp32(self, arrays: dict[str, Array]) -> dict[str, Array]:
        for name, array in arrays.items():
            if array.dtype != np.float32:
                raise ModelFormatError(f"{self.folder / WEIGHTS}: {name!r} is {array.dtype}, not float32")
        return arrays

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
            data = file.read()
        arrays = arrays_in(data, str(self.folder / WEIGHTS))
        return hashlib.blake2b(data).hexdigest(), self._fp32(arrays)

    def write_weights(self, weights: Mapping[str, Array]) -> None:
        write_arrays(self.folder / WEIGHTS, weights)

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


def has_config(path: Path) -> bool:
    try:
        return (path / CONFIG).is_file()
    except OSError:  # a name longer than names can be
        return False


def beside(path: Path, end: str) -> Path:
    """The hidden path beside a model that ends so."""
    path = path if path.name not in ("", "..") else Path(os.path.abspath(path))
    name = f".{path.name}{end}"
    if len(os.fsencode(name)) > LONGEST_NAME:
        name = f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()}{end}"
    return path.with_name(name)


def restore_replaced(path: Path) -> None:
    """Gives a model its name back whose replacement was killed between taking the name away and giving it anew.

    Only where a directory cannot be exchanged for another at one stroke can that be. Raises OSError.
    """
    old = beside(path, REPLACED)
    if has_config(old) and not path.exists() and not path.is_symlink():
        os.rename(old, path)


def _is_unfinished(path: Path, names: Collection[str]) -> bool:
    """Whether `path` has nothing but what a run of an early version left that was killed before its first save."""
    if path.is_symlink() or not path.is_dir():
        return False
    found = [entry.name for entry in path.iterdir()]
    is_cut = any(is_temporary(name, names) for name in found)
    return is_cut and CONFIG not in found and all(name in names or is_temporary(name, names) for name in found)


def _may_be_replaced(path: Path, names: Collection[str]) -> bool:
    """Whether `path` is an empty directory, or one with a model and nothing else. A link to one is not."""
    if path.is_symlink() or not path.is_dir():
        return False
    found = {entry.name for entry in path.iterdir() if not entry.name.startswith(".")}
    return not any(path.iterdir()) or {CONFIG, WEIGHTS} <= found <= set(names)
