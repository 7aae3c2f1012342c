"""The commands, and the one place where an error becomes a line on stderr and an exit code."""

from __future__ import annotations

import functools
import gc
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Annotated, Any, NamedTuple

import typer
from typer.exceptions import TyperException

from charnn.cli import console, processes
from charnn.cli.everywhere import LogFile, Quiet, everywhere
from charnn.cli.limits import limit_met
from charnn.cli.usage import explained
from charnn.errors import INTERRUPTED, CharnnError, CharnnWarning, first_line
from charnn.extras import missing_packages_explained
from charnn.tasks.options import RESULT
from charnn.version import __version__


class Place(NamedTuple):
    """Where a command is: the function of its name, in a module of its own that is imported once it is asked for."""

    module: str
    has_view: bool = False
    """Whether it trains, and so has a view of its own, and the panel of results in its help."""


COMMANDS = {
    "train": Place("charnn.cli.train", has_view=True),
    "compare": Place("charnn.cli.compare", has_view=True),
    "sample": Place("charnn.cli.sample"),
    "tag": Place("charnn.cli.tag"),
    "classify": Place("charnn.cli.classify"),
    "transduce": Place("charnn.cli.transduce"),
    "forecast": Place("charnn.cli.forecast"),
    "recall": Place("charnn.cli.recall"),
    "score": Place("charnn.cli.score"),
    "eval": Place("charnn.cli.evaluate"),
    "novelty": Place("charnn.cli.novelty"),
    "report": Place("charnn.cli.report"),
    "info": Place("charnn.cli.info"),
    "cache": Place("charnn.cli.cache"),
}
"""The commands, in the order in which the help names them."""
GROUPS = {"models": "charnn.cli.models", "plot": "charnn.cli.plot"}
"""The commands that have commands of their own; each module has an `app`."""
MOST_THREADS = 1024
"""A larger number of threads is a mistake."""
OBJECTS_BETWEEN = 10_000
"""So many more objects are made than have gone before those that refer to each other in circles are looked for."""
FLAGS = ("--debug", "--quiet", "-q")
"""What may stand before the name of a command and takes no value."""


def _print_version(wanted: bool) -> None:
    if wanted:
        console.write(f"charnn {__version__}\n")
        raise typer.Exit


def charnn(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", "-V", help="Show the version.", callback=_print_version, is_eager=True)
    ] = False,
    quiet: Quiet = False,
    log: LogFile = None,
) -> None:
    """Train recurrent networks on your own text, and use them in the shell.

    A language model learns a text, writes more of it and says how well it
    predicts other texts. A tagger learns the tags of a treebank, such as
    parts of speech, and tags new text. A classifier learns the labels of
    texts, and labels new ones. A transducer learns pairs of lines, such as
    a spelling and its sound, and writes the second line of a new first one.
    A forecaster learns series of numbers, and says how they go on. All of it
    happens on this machine.

    charnn train corpus.txt && charnn sample "Once upon a" --temp 0.8
    charnn train treebank.conllu && charnn tag < notes.txt | grep -c NOUN
    """
    console.begin(quiet=quiet, log=log if processes.reports_usage_errors() else None)


def show_help(
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="[COMMAND]...", help="Show the help of this command.", show_default="charnn itself"),
    ] = None,
) -> None:
    """Show the help of charnn or of a command, as --help does.

    charnn help train
    charnn help models export
    """
    command_line()([*(command or []), "--help"], standalone_mode=False)


@functools.cache
def application(*names: str) -> typer.Typer:
    """The commands and groups with these names, or without any all there are.

    A command that is used needs no other: all of them take four times as long to import as one does.
    """
    app = typer.Typer(
        name="charnn",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(charnn)
    for name, place in COMMANDS.items():
        if name in names or not names:
            module = import_module(place.module)
            function = getattr(module, place.module.rpartition(".")[2])
            app.command(name)(everywhere(function, RESULT if place.has_view else None, has_view=place.has_view))
    for name, group in GROUPS.items():
        if name in names or not names:
            app.add_typer(import_module(group).app)
    if not names:
        app.command("help")(show_help)
    return app


@functools.cache
def command_line(*names: str) -> Callable[..., Any]:
    """What reads a command line that names one of these commands, or without any whichever command."""
    return typer.main.get_command(application(*names))


def named(arguments: Sequence[str]) -> list[str]:
    """The name of the command that a command line begins with, once for all: none where options with values are before
    it, or where it is unknown, and then every command is looked at."""
    first = next((argument for argument in arguments if argument not in FLAGS), None)
    return [first] if first in COMMANDS or first in GROUPS else []


def main() -> None:
    _let_waiting_threads_sleep()
    _start_no_threads_without_end()
    _look_for_circles_less_often(named(sys.argv[1:]))
    processes.listen()
    _occupy_closed_descriptors()
    processes.end(run(sys.argv[1:]))


def _let_waiting_threads_sleep() -> None:
    """Lets PyTorch's threads sleep soon where they wait for one another, unless the user has set how they wait.

    They spin, and where another process has a core they spin long: in 12 s beside one, a training took 5 steps, and
    185 with fewer rounds. A quiet machine loses nothing (14.7 ms a step of 2 x 128, 14.8 before). The library of
    threads (GNU's) reads this when PyTorch is imported.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "3000")


def _start_no_threads_without_end() -> None:
    """Lowers the number of threads that the user has set for all programs, where it is beyond any machine: GNU's
    library of threads has a place on the stack for each, and the process dies of 100,000 of them."""
    if (asked := os.environ.get("OMP_NUM_THREADS", "").strip()).isdecimal() and int(asked) > MOST_THREADS:
        os.environ["OMP_NUM_THREADS"] = str(os.cpu_count() or 1)


def _look_for_circles_less_often(names: Sequence[str]) -> None:
    """Lets Python look for unused objects in circles less often, but where a command trains: these could be large.

    A line that is read becomes some small objects, none of them in a circle. Python looks whenever there are 700 more,
    and that took 0.11 of the 3.05 seconds of the processor in which 108,060 names are classified, and takes 0.03 now.
    """
    if names and not any(COMMANDS[name].has_view for name in names if name in COMMANDS):
        gc.set_threshold(OBJECTS_BETWEEN)


def _occupy_closed_descriptors() -> None:
    """Keeps the numbers of standard streams that are closed from files that are opened later: whatever writes to
    stdout would write into them."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


def run(arguments: list[str]) -> int:
    """Runs one command line and gives its exit code. No exception leaves it, but for Python's own SystemExit."""
    code = _run(arguments)
    console.end(code)
    return code


def _run(arguments: list[str]) -> int:
    debug = "--debug" in arguments[: _first_command(arguments)]
    try:
        with missing_packages_explained(), _warnings_printed():
            outcome = command_line(*named(arguments))(arguments, standalone_mode=False)
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
