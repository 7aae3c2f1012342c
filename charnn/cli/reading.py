"""Shows on a terminal how far the reading of a long text is."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from charnn.cli import console
from charnn.corpora.progress import watched_by

PATIENCE = 1.0
"""What is done within so many seconds is not shown."""
INTERVAL = 0.1
_CLEARED = "\r\x1b[K"


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
        line.clear()


class _Line:
    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._shown: float | None = None

    def show(self, what: str, done: float) -> None:
        now = time.monotonic()
        if now - self._begun < PATIENCE or (self._shown is not None and now - self._shown < INTERVAL):
            return
        self._shown = now
        self._write(f"{_CLEARED}{console.for_terminal(what)}: {done:.0%}")

    def clear(self) -> None:
        if self._shown is not None:
            self._write(_CLEARED)

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.write(text)
            sys.stderr.flush()
