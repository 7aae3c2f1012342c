"""What a person is told on a terminal while a command works: which model it uses, and how far it is."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from charnn.cli import console
from charnn.corpora.progress import watched_by

if TYPE_CHECKING:
    from charnn.checkpoint.directory import ModelDirectory


def announce(model: ModelDirectory, name: str | None, *, seed: int | None = None) -> None:
    """Says on a terminal which model was taken and why, and with which seed; `name` is what the command was given.

    Where the model's training has not ended, it is said everywhere.
    """
    from charnn.checkpoint.directory import UNFINISHED
    from charnn.checkpoint.locate import why

    reason = why(name, model)
    parts = [f"model {model.path}" + (f" ({reason}; -m names another)" if reason else "")]
    if seed is not None:
        parts.append(f"seed {seed}")
    console.aside(", ".join(parts))
    if unfinished := model.unfinished():
        resume = f"charnn train --resume {shlex.quote(str(model.path))}"
        once = " once it has stopped" if unfinished == UNFINISHED["running"] else ""
        console.warn(f"{model.path}: {unfinished}; `{resume}` goes on{once}")


PATIENCE = 1.0
"""What is done within so many seconds is not shown."""
INTERVAL = 0.1


@contextmanager
def reading_shown() -> Iterator[None]:
    """Within the context, a line on stderr says how far reading is, where that is a terminal."""
    if not console.may_redraw() or console.is_quiet():
        yield
        return
    line = _Line()
    try:
        with watched_by(line.show):
            yield
    finally:
        console.transient("")


def say_that_it_loads() -> None:
    """Says on a terminal that PyTorch is loaded, which takes a second or more, until something else is written."""
    if console.may_redraw() and not console.is_quiet():
        console.transient("loading PyTorch ...")


class _Line:
    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._shown: float | None = None
        self._what, self._since, self._from = "", self._begun, 0.0

    def show(self, what: str, done: float) -> None:
        now = time.monotonic()
        if what != self._what or done < self._from:
            self._what, self._since, self._from = what, now, done
        if now - self._begun < PATIENCE or (self._shown is not None and now - self._shown < INTERVAL):
            return
        self._shown = now
        console.transient(f"{what}: {done:.0%}{self._left(now, done)}")

    def _left(self, now: float, done: float) -> str:
        """How long the rest takes at the pace so far, once that can be told."""
        if now - self._since < PATIENCE or done <= self._from:
            return ""
        from charnn.readable import duration  # rich takes a while, and most commands show nothing

        return f", {duration((now - self._since) * (1 - done) / (done - self._from))} left"
