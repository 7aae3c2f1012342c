"""Reports to the user, once, why several processes end.

A process that fails leaves a report in the store that they share, and ends. This wakes those that wait for it. The
first process speaks for all: it reports a failure of its own, or else one that it finds in the store. Another process
speaks only where the first one does not.
"""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from datetime import timedelta
from typing import Any, Protocol

from charnn.errors import INTERRUPTED, CharnnError, TrainingError, first_line

GRACE = timedelta(seconds=5)
"""The first process has this long to speak before another one does."""
REPORTED = "reported"
"""The key of the store that counts who has spoken to the user."""


class WorkerLost(TrainingError):
    """Raised where another process does not answer any more."""

    def __init__(self) -> None:
        super().__init__("another of the processes that train together was lost")


class Store(Protocol):
    """The store of torch.distributed, which the processes share. Its methods raise RuntimeError where it is gone."""

    def set(self, key: str, value: str) -> None: ...

    def get(self, key: str) -> bytes: ...

    def add(self, key: str, amount: int) -> int:
        """Adds to the number under a key, and gives the sum."""

    def check(self, keys: list[str]) -> bool: ...

    def wait(self, keys: list[str], timeout: timedelta) -> Any:
        """Waits until all keys are there. Raises RuntimeError where they do not come in time."""


class FailureReport:
    """Reports the failure of one of several processes: it sends the error, and then says which error to raise."""

    def __init__(self, store: Store, rank: int, size: int) -> None:
        """`store` is the one through which the processes met. It may be gone by now."""
        self._store, self._rank, self._size = store, rank, size

    def send(self, error: BaseException) -> None:
        """Leaves the error for the first process to find, unless it only says that another process was lost."""
        error = _what_was_interrupted(error)
        if isinstance(error, WorkerLost):
            return
        message, hint, code = _described(error, self._rank)
        with suppress(RuntimeError):
            self._store.set(f"failed/{self._rank}", json.dumps([message, hint, code]))

    def error_to_raise(self, error: BaseException) -> BaseException | None:
        """The error that this process has to raise after `error` ended it, or None where another process reports why.
        It may wait for that."""
        error = _what_was_interrupted(error)
        try:
            return self._raised_by_first(error) if self._rank == 0 else self._raised_by_other(error)
        except RuntimeError:  # the store is gone, too
            return error

    def _raised_by_first(self, error: BaseException) -> BaseException | None:
        # torchrun sends SIGTERM to all where one of them ends, so an interruption may be another's failure too.
        received = self._received() if isinstance(error, WorkerLost | KeyboardInterrupt) else None
        is_reported = self._store.add(REPORTED, 1) > 1
        if received is None:
            return error
        message, hint, code = received
        if code == INTERRUPTED:
            return KeyboardInterrupt()
        return None if is_reported else _failure(message, hint or getattr(error, "hint", None), code)

    def _raised_by_other(self, error: BaseException) -> BaseException | None:
        if isinstance(error, KeyboardInterrupt):
            return error
        try:
            self._store.wait([REPORTED], GRACE)
        except RuntimeError:
            if self._store.add(REPORTED, 1) == 1:
                return _failure(*_described(error, self._rank))
        return None

    def _received(self) -> tuple[str, str | None, int] | None:
        """The message, hint and exit code that another process sent. An interruption counts only if none sent more."""
        keys = [key for rank in range(1, self._size) if self._store.check([key := f"failed/{rank}"])]
        received = [json.loads(self._store.get(key)) for key in keys]
        return min(received, key=lambda failure: failure[2] == INTERRUPTED, default=None)


def _what_was_interrupted(error: BaseException) -> BaseException:
    """The loss of another process that an interruption came upon, or else `error` itself.

    torchrun answers the end of one process by SIGTERM to the others, and one that has noticed the end by then is still
    on its way out.
    """
    before: BaseException | None = error
    while isinstance(before, KeyboardInterrupt):
        before = before.__context__
    return before if isinstance(before, WorkerLost) else error


def worker(rank: int) -> str:
    """The name of a process for the user."""
    return f"worker {rank} on {socket.gethostname()}"


def _described(error: BaseException, rank: int) -> tuple[str, str | None, int]:
    """The message, the hint and the exit code of an error."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", None, INTERRUPTED
    if isinstance(error, CharnnError):
        return f"{worker(rank)}: {error}", error.hint, error.exit_code
    return f"{worker(rank)}: {type(error).__name__}: {first_line(error)}", None, 1


def _failure(message: str, hint: str | None, code: int) -> TrainingError:
    failure = TrainingError(message, hint=hint)
    failure.exit_code = code
    return failure
