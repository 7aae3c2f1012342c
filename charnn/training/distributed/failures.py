"""Why several processes end, said once.

One that fails tells it where they met and leaves, which wakes those that wait for it. The first process speaks for all:
of a failure of its own, else of one that it was told of. Another one speaks only where the first does not.
"""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from datetime import timedelta
from typing import Any, Protocol

from charnn.errors import CharnnError, TrainingError

GRACE = timedelta(seconds=5)
"""For the first process to speak, before another one does."""
INTERRUPTED = 130
SAID = "said"


class WorkerLost(TrainingError):
    """Another process does not answer any more."""

    def __init__(self) -> None:
        super().__init__("another of the processes that train together was lost")


class Store(Protocol):
    """torch.distributed's: what processes share beside their collectives. Raises RuntimeError where it is gone."""

    def set(self, key: str, value: str) -> None: ...

    def get(self, key: str) -> bytes: ...

    def add(self, key: str, amount: int) -> int:
        """The sum so far."""

    def check(self, keys: list[str]) -> bool: ...

    def wait(self, keys: list[str], timeout: timedelta) -> Any:
        """Raises RuntimeError where they do not come in time."""


class FailureReport:
    def __init__(self, store: Store, rank: int, size: int) -> None:
        """`store` is where the processes met; it may be gone by now."""
        self._store, self._rank, self._size = store, rank, size

    def tell(self, error: BaseException) -> None:
        """For the first process to hear; a lost worker is nothing new to it."""
        if isinstance(error, WorkerLost):
            return
        message, hint, code = _described(error, self._rank)
        with suppress(RuntimeError):
            self._store.set(f"failed/{self._rank}", json.dumps([message, hint, code]))

    def to_say(self, error: BaseException) -> BaseException | None:
        """What this process ends with, where `error` ended it; None where another one has said why. May wait for it."""
        try:
            return self._first_says(error) if self._rank == 0 else self._other_says(error)
        except RuntimeError:  # where they met is gone too
            return error

    def _first_says(self, error: BaseException) -> BaseException | None:
        # torchrun sends SIGTERM to all where one of them ends, so an interruption may be another's failure too.
        told = self._told() if isinstance(error, WorkerLost | KeyboardInterrupt) else None
        is_said = self._store.add(SAID, 1) > 1
        if told is None:
            return error
        message, hint, code = told
        if code == INTERRUPTED:
            return KeyboardInterrupt()
        return None if is_said else _failure(message, hint or getattr(error, "hint", None), code)

    def _other_says(self, error: BaseException) -> BaseException | None:
        if isinstance(error, KeyboardInterrupt):
            return error
        try:
            self._store.wait([SAID], GRACE)
        except RuntimeError:
            if self._store.add(SAID, 1) == 1:
                return _failure(*_described(error, self._rank))
        return None

    def _told(self) -> tuple[str, str | None, int] | None:
        """What another process told: an interruption only where none told of anything else."""
        keys = [key for rank in range(1, self._size) if self._store.check([key := f"failed/{rank}"])]
        told = [json.loads(self._store.get(key)) for key in keys]
        return min(told, key=lambda failure: failure[2] == INTERRUPTED, default=None)


def worker(rank: int) -> str:
    return f"worker {rank} on {socket.gethostname()}"


def first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]


def _described(error: BaseException, rank: int) -> tuple[str, str | None, int]:
    """Message, hint and exit code."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", None, INTERRUPTED
    if isinstance(error, CharnnError):
        return f"{worker(rank)}: {error}", error.hint, error.exit_code
    return f"{worker(rank)}: {type(error).__name__}: {first_line(error)}", None, 1


def _failure(message: str, hint: str | None, code: int) -> TrainingError:
    failure = TrainingError(message, hint=hint)
    failure.exit_code = code
    return failure
