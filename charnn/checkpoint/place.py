"""Where a model is: made beside its name until it has been saved, and trained in by one process at a time."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import warnings
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Self

from charnn.checkpoint.files import exchange, is_temporary
from charnn.checkpoint.lock import LOCK, TRAINING, FolderLock, refuse_if_held
from charnn.errors import CharnnWarning, ModelError, UsageError

CONFIG = "config.json"
WEIGHTS = "weights.safetensors"
GRAPH = "model.onnx"
QUANTIZED_GRAPH = "model.int8.onnx"
HISTORY = "history.jsonl"
ENDED = "ended.json"
FOLDS = "folds.json"
CARD = "README.md"
"""The model card, which is for people: nothing reads it."""
TRAINING_STATE = f"{TRAINING}/state.safetensors"
NAMES = frozenset({CONFIG, WEIGHTS, GRAPH, QUANTIZED_GRAPH, HISTORY, ENDED, FOLDS, CARD, TRAINING})
"""The files and folders that a model of any task may have."""

LONGEST_NAME = 255
"""The most bytes of a file's name."""
BEFORE_FIRST_SAVE, REPLACED = ".new", ".old"
"""The ends of the hidden names of a model that has not been saved yet, and of one that is being replaced."""


class Place:
    """The path of a model, and the folder of its files.

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

        Raises ModelBusyError where a training goes on, and UsageError where something else is in the way, or where
        whoever asks is in that directory or below it, since it would be gone from under them. With
        `overwrite` a model directory or an empty one is replaced, and UsageError is raised for anything else. `names`
        are the files that models of other kinds have.
        """
        model = cls(path)
        model._names = NAMES.union(cls.files, names)
        try:
            if _is_around_us(path):
                raise UsageError(f"{path}: no model can take the place of where you are", hint="name a new directory")
            model.folder = beside(path, BEFORE_FIRST_SAVE)
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
        elif not may_be_replaced(self.path, self._names) and not _is_unfinished(self.path, self._names):
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

    def take_over(self, claimed: Place) -> None:
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
        if not may_be_replaced(self.path, self._names):
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


def _is_around_us(path: Path) -> bool:
    """Whether the working directory is this one, or below it."""
    try:
        here = Path(os.path.realpath(os.curdir))
    except OSError:  # it has been removed
        return False
    return here.is_relative_to(os.path.realpath(path))


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


def may_be_replaced(path: Path, names: Collection[str]) -> bool:
    """Whether `path` is an empty directory, or one with a model and nothing else. A link to one is not."""
    if path.is_symlink() or not path.is_dir():
        return False
    found = {entry.name for entry in path.iterdir() if not entry.name.startswith(".")}
    return not any(path.iterdir()) or {CONFIG, WEIGHTS} <= found <= set(names)
