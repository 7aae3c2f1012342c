"""How `charnn train` treats signals and other processes.

Ctrl-C, SIGTERM and a terminal that closes ask training to end, which it does after its next step. Where `torchrun` has
started several processes, one of them speaks for all.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self

import typer

if TYPE_CHECKING:
    from charnn.training.distributed.processes import Processes

SIGNALS = (signal.SIGINT, signal.SIGTERM)
CLOSED_TERMINAL = (signal.SIGHUP,) if hasattr(signal, "SIGHUP") else ()
"""What tells a process that its terminal has closed, where the system has it. nohup turns it off, and it stays so."""


def listen() -> None:
    """Lets all of these signals act as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for number in _heard(CLOSED_TERMINAL):
        signal.signal(number, signal.default_int_handler)


def _heard(numbers: Iterable[signal.Signals]) -> list[signal.Signals]:
    return [number for number in numbers if signal.getsignal(number) != signal.SIG_IGN]


class Interruption:
    """Within the context, the first of these signals is only noted, and a second one acts as it does elsewhere."""

    def __init__(self, say: Callable[[], None] = lambda: None) -> None:
        """`say` is called once, when someone first asks whether there was one, and there was."""
        self._requested = False
        self._say: Callable[[], None] | None = say
        self._before: dict[signal.Signals, Any] = {}

    def requested(self) -> bool:
        if self._requested and self._say is not None:
            say, self._say = self._say, None
            say()
        return self._requested

    def __enter__(self) -> Self:
        noted = (*SIGNALS, *_heard(CLOSED_TERMINAL))
        self._before = {number: signal.signal(number, self._note) for number in noted}
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
    """Joins the processes that train together. If an error ends them all, one of them prints it."""
    from charnn.training.distributed.processes import Processes

    with Processes.from_environment() as processes:
        try:
            yield processes
        except typer.Exit:
            raise
        except (Exception, KeyboardInterrupt) as error:
            if processes.size > 1:  # torchrun ends the others once one has ended, and this one still has to report
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


def reports_usage_errors() -> bool:
    """Whether this is the process that reports a mistake in the command line, which all of them were given."""
    return os.environ.get("RANK", "0") == "0" or "MASTER_ADDR" not in os.environ


def end(code: int) -> NoReturn:
    """Ends the process with this exit code. All is done and said, so that no signal has anything left to interrupt:
    it would show a traceback of what libraries do last.

    One of several processes ends at once, without Python's own shutdown: a thread of gloo that released a tensor
    during the shutdown would abort the process, although everything has been done and saved.
    """
    for number in (*SIGNALS, *CLOSED_TERMINAL):
        signal.signal(number, signal.SIG_IGN)
    if os.environ.get("WORLD_SIZE", "1") == "1":
        sys.exit(code)
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)
