"""A signal may end a process between any two lines: the lock of a folder is then let go, once."""

from __future__ import annotations

import gc
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from charnn.checkpoint import lock
from charnn.checkpoint.lock import FolderLock


class Signalled(BaseException):
    """Stands for what the handler of a signal raises."""


class Signal:
    """Raises at the `line`-th of the lines of the module that are run."""

    def __init__(self, line: int) -> None:
        self.left = line

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Signal | None:
        if frame.f_code.co_filename != lock.__file__:
            return None
        if event == "line":
            self.left -= 1
            if self.left == 0:
                raise Signalled
        return self


def held_and_let_go(folder: Path, signal: Signal) -> None:
    before = sys.gettrace()
    sys.settrace(signal)
    try:
        FolderLock.acquire(folder, folder).release()
    finally:
        sys.settrace(before)


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_a_lock_is_let_go_once_wherever_a_signal_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ignored = list[object]()
    monkeypatch.setattr(sys, "unraisablehook", ignored.append)
    lines = 0
    while True:
        lines += 1
        signal = Signal(lines)
        with suppress(Signalled):
            held_and_let_go(tmp_path / "m", signal)
        assert not ignored
        FolderLock.acquire(tmp_path / "m", tmp_path / "m").release()
        if signal.left > 0:
            break
    assert lines > 20


def test_a_lock_that_nobody_has_any_more_is_let_go_without_a_word(tmp_path: Path) -> None:
    """As that of a session that never runs, which things in circles hold."""
    held: list[object] = [FolderLock.acquire(tmp_path / "m", tmp_path / "m")]
    held.append(held)
    del held
    gc.collect()
    FolderLock.acquire(tmp_path / "m", tmp_path / "m").release()
