"""Keeps graphs that were made on this machine in the user's cache folder, by what they were made of.

Nothing of a model directory is ever kept here, so a graph that is found may be run: this charnn has written it.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

from charnn.checkpoint.files import write_atomic

LARGEST = 1 << 29
"""The graphs that were not used for longest are removed where all have more than so many bytes."""
VARIABLE = "CHARNN_CACHE"
"""The variable that names another folder; where it is empty, nothing is kept."""


def folder() -> Path | None:
    """The folder of the graphs; None where nothing is to be kept, or where the user has no home."""
    named = os.environ.get(VARIABLE)
    if named is not None:
        return Path(named) / "graphs" if named else None
    try:
        if sys.platform == "win32":
            root = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        elif sys.platform == "darwin":
            root = Path.home() / "Library" / "Caches"
        else:
            root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        return None
    return root / "charnn" / "graphs" if root.is_absolute() else None


def found(key: str) -> Path | None:
    """The graph that was kept under the key, if there is one."""
    kept = folder()
    if kept is None or not _is_own(kept):
        return None
    path = kept / f"{key}.onnx"
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return None
        os.utime(path)
    except OSError:
        return None
    return path


def keep(key: str, graph: bytes) -> None:
    """Keeps a graph under the key. Where that cannot be, it is not kept."""
    kept = folder()
    if kept is None or len(graph) > LARGEST // 4:
        return
    with suppress(OSError):
        kept.mkdir(parents=True, exist_ok=True, mode=0o700)
        if _is_own(kept):
            write_atomic(kept / f"{key}.onnx", graph)
            _remove_oldest(kept)


def _is_own(path: Path) -> bool:
    """Whether only the user can have put something there."""
    try:
        status = path.lstat()
    except OSError:
        return False
    if not hasattr(os, "getuid"):
        return stat.S_ISDIR(status.st_mode)
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o022


def _remove_oldest(path: Path) -> None:
    with os.scandir(path) as entries:  # which there may be thousands of, after each that is kept
        files = [(status.st_mtime, status.st_size, entry.path) for entry in entries for status in [entry.stat()]]
    total = sum(size for _, size, _ in files)
    if total <= LARGEST:
        return
    for _, size, file in sorted(files):
        Path(file).unlink(missing_ok=True)
        total -= size
        if total <= LARGEST:
            return
