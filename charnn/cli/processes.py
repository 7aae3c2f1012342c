"""How `charnn train` lives among processes: Ctrl-C and SIGTERM are a request that training honours at its next step;
where `torchrun` started several processes, one speaks for all."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self

import typer

if TYPE_CHECKING:
    from charnn.training.distributed.processes import Processes

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Within the context, the first signal is only noted; the second acts as it always did."""

    def __init__(self) -> None:
        self._requested = False
        self._before: dict[signal.Signals, Any] = {}

    def requested(self) -> bool:
        return self._requested

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._requested = True
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


@contextmanager
def joined(context: typer.Context) -> Iterator[Processes]:
    """The processes that this one is one of. One of them says the error that ends them all."""
    from charnn.training.distributed.processes import Processes

    with Processes.from_environment() as processes:
        try:
            yield processes
        except typer.Exit:
            raise
        except (Exception, KeyboardInterrupt) as error:
            if processes.size > 1:  # torchrun ends the others where one has ended, and this one has a last word to say
                for number in SIGNALS:
                    signal.signal(number, signal.SIG_IGN)
            raised = processes.error_to_raise(error)
            if raised is error:
                raise
            if raised is not None:
                raise raised from error
            if context.find_root().params.get("debug"):
                traceback.print_exc()
            raise typer.Exit(getattr(error, "exit_code", 1)) from None


def speaks() -> bool:
    """Whether this process says what is wrong with the command line, which is the same for all of them."""
    return os.environ.get("RANK", "0") == "0" or "MASTER_ADDR" not in os.environ


def end(code: int) -> NoReturn:
    """Ends the process with this exit code.

    As one of several it does not wait for Python to take itself down: a thread of gloo that lets go of a tensor
    meanwhile would abort it, after all is done and saved.
    """
    if os.environ.get("WORLD_SIZE", "1") == "1":
        sys.exit(code)
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)
