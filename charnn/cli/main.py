"""Runs a command line. This is the one place where an error becomes a line on stderr and an exit code."""

from __future__ import annotations

import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.exceptions import TyperException

from charnn.cli import console, processes, this_process
from charnn.cli.commands import command_line, named
from charnn.cli.limits import limit_met
from charnn.cli.usage import explained
from charnn.errors import INTERRUPTED, CharnnError, CharnnWarning, first_line
from charnn.extras import missing_packages_explained


def main() -> None:
    """Does what the arguments of this process say, and ends it."""
    arguments = sys.argv[1:]
    this_process.let_waiting_threads_sleep()
    this_process.start_no_threads_without_end()
    this_process.pass_over_no_width()
    if (command := named(arguments)) is not None and not command.has_view:
        this_process.look_for_circles_less_often()
    processes.listen()
    this_process.occupy_closed_descriptors()
    processes.end(run(arguments))


def run(arguments: list[str]) -> int:
    """Runs one command line and gives its exit code. No exception leaves it, but for Python's own SystemExit."""
    code = _run(arguments)
    console.end(code)
    return code


def _run(arguments: list[str]) -> int:
    debug = "--debug" in arguments[: _first_command(arguments)]
    try:
        with missing_packages_explained(), _warnings_printed():
            outcome = command_line()(arguments, standalone_mode=False)
        return outcome if isinstance(outcome, int) else 0
    except TyperException as failure:
        return _usage_error(failure, arguments)
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except console.ReaderGone:
        console.drop(sys.stdout)
        return 0
    except SystemExit as end:
        if not isinstance(end.__context__, BrokenPipeError):
            raise
        console.drop(sys.stdout)  # nobody reads on in the help, which Typer writes
        return 0
    except CharnnError as failure:
        if debug:
            traceback.print_exc()
        console.report(failure)
        return failure.exit_code
    except Exception as failure:
        if _is_interrupted_import(failure):
            return INTERRUPTED
        if debug:
            traceback.print_exc()
        details = "run it as `charnn --debug ...` for the details"
        console.error(*(limit_met(failure) or (f"{type(failure).__name__}: {first_line(failure)}", details)))
        return 1


def _is_interrupted_import(failure: Exception) -> bool:
    """Whether Ctrl-C came while a library was imported. One written in C++ makes an ImportError of that."""
    return isinstance(failure, ImportError) and isinstance(failure.__cause__ or failure.__context__, KeyboardInterrupt)


@contextmanager
def _warnings_printed() -> Iterator[None]:
    """Within the context, every warning of charnn's is printed as a line on stderr. What is said of a file that is read
    twice is said once."""
    said = set[str]()
    with warnings.catch_warnings():
        warnings.simplefilter("always", CharnnWarning)
        others = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
            if issubclass(category, CharnnWarning):
                if str(message) not in said:
                    console.warn(str(message))
                said.add(str(message))
            else:
                others(message, category, *place, **more)

        warnings.showwarning = show
        yield


def _first_command(arguments: list[str]) -> int:
    return next((i for i, argument in enumerate(arguments) if not argument.startswith("-")), len(arguments))


def _usage_error(failure: TyperException, arguments: list[str]) -> int:
    message, hint = explained(failure, arguments)
    path = getattr(getattr(failure, "ctx", None), "command_path", "charnn")
    is_told_by_another = path.endswith(" train") and not processes.reports_usage_errors()
    if message and not is_told_by_another:  # `charnn` alone has shown the help instead
        console.error(message, hint)
    return failure.exit_code
