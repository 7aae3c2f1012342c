"""`charnn train` as one of several processes that `torchrun` started: what they cannot do, and which of them speaks."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NoReturn

import typer

from charnn.cli.signals import SIGNALS
from charnn.errors import UsageError

if TYPE_CHECKING:
    from charnn.training.distributed.processes import Processes


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
            said = processes.error_to_raise(error)
            if said is error:
                raise
            if said is not None:
                raise said from error
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


def check(processes: Processes, task: str, paths: Sequence[str]) -> None:
    """Raises UsageError for what several processes cannot do."""
    if processes.size == 1:
        return
    if task == "tagger":
        raise UsageError("taggers train in one process", hint="start charnn itself, without torchrun")
    for path in paths:
        if path == "-" or (os.path.exists(path) and not os.path.isfile(path)):
            name = "standard input" if path == "-" else path
            raise UsageError(f"{name}: several processes cannot read it", hint="name a file, which each of them reads")
