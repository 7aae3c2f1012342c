"""The commands there are, and the application that reads a command line, made of those that it names."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Annotated, Any, NamedTuple

import typer

from charnn.cli import console, processes
from charnn.cli.everywhere import LogFile, Quiet, everywhere
from charnn.tasks.options import RESULT
from charnn.version import __version__


class Command(NamedTuple):
    """Where a command is: the function of its name, in a module of its own that is imported once it is asked for."""

    module: str
    has_view: bool = False
    """Whether it trains, and so has a view of its own, and the panel of results in its help."""


COMMANDS = {
    "train": Command("charnn.cli.train", has_view=True),
    "compare": Command("charnn.cli.compare", has_view=True),
    "sample": Command("charnn.cli.sample"),
    "tag": Command("charnn.cli.tag"),
    "classify": Command("charnn.cli.classify"),
    "transduce": Command("charnn.cli.transduce"),
    "forecast": Command("charnn.cli.forecast"),
    "recall": Command("charnn.cli.recall"),
    "score": Command("charnn.cli.score"),
    "eval": Command("charnn.cli.evaluate"),
    "novelty": Command("charnn.cli.novelty"),
    "report": Command("charnn.cli.report"),
    "info": Command("charnn.cli.info"),
    "cache": Command("charnn.cli.cache"),
}
"""The commands, in the order in which the help names them."""
GROUPS = {"models": "charnn.cli.models", "plot": "charnn.cli.plot"}
"""The commands that have commands of their own; each module has an `app`."""
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
    for name, command in COMMANDS.items():
        if name in names or not names:
            module = import_module(command.module)
            function = getattr(module, command.module.rpartition(".")[2])
            app.command(name)(everywhere(function, RESULT if command.has_view else None, has_view=command.has_view))
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
    """The name of the command that a command line begins with: none where options with values are before it, or where
    it is unknown, and then every command is looked at."""
    first = next((argument for argument in arguments if argument not in FLAGS), None)
    return [first] if first in COMMANDS or first in GROUPS else []


def trains(names: Sequence[str]) -> bool:
    """Whether one of these commands trains."""
    return any(COMMANDS[name].has_view for name in names if name in COMMANDS)
