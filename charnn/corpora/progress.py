"""Tells whoever watches how far the reading of a long text is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Watcher = Callable[[str, float], None]
"""It is told what is being done, and the fraction of it that is done."""
_watcher: ContextVar[Watcher | None] = ContextVar("reading_watcher", default=None)


@contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    """Within the context, `watcher` is told."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)


def tell(what: str, done: int, total: int) -> None:
    """Tells the watcher, if there is one, that so much of the total is done."""
    if (watcher := _watcher.get()) is not None:
        watcher(what, min(done / max(total, 1), 1.0))
