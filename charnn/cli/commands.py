"""The commands there are. Each is imported once a command line names it; until then its summary stands for it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Sequence
from importlib import import_module
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperGroup

from charnn.cli import console, processes
from charnn.cli.everywhere import LogFile, Quiet, everywhere
from charnn.tasks.options import RESULT
from charnn.version import __version__


class Command(NamedTuple):
    """Where a command is, and what the help of charnn itself says of it."""

    module: str
    """Its module has a function with the last part of the module's name; that of a group has an `app`."""
    summary: str
    """The first paragraph of its help."""
    has_view: bool = False
    """Whether it trains, and so has a view of its own, and the panel of results in its help."""


COMMANDS = {
    "train": Command(
        "charnn.cli.train",
        "Train a model: learn a text, tags of a treebank, labels of texts, pairs of lines or series of numbers.",
        has_view=True,
    ),
    "compare": Command(
        "charnn.cli.compare",
        "Train networks of several cells on the same data, one after the other, and draw how they learned.",
        has_view=True,
    ),
    "sample": Command("charnn.cli.sample", "Generate text, and write it to stdout as it is made."),
    "tag": Command("charnn.cli.tag", "Tag text: write each sentence with a tag for each of its words."),
    "classify": Command("charnn.cli.classify", "Classify texts: write each with its label and how probable that is."),
    "transduce": Command(
        "charnn.cli.transduce",
        "Write the target of each line: its sound, its inflected form, its modern spelling or whatever else was "
        "learned.",
    ),
    "forecast": Command("charnn.cli.forecast", "Forecast how a series of numbers goes on, with intervals."),
    "recall": Command(
        "charnn.cli.recall",
        "Put garbled lines back to a list: write, for each line, the nearest of the lines in LINES.",
    ),
    "score": Command("charnn.cli.score", "Score lines: say how well a model predicts each of them."),
    "eval": Command("charnn.cli.evaluate", "Score a model on data that it has not learned from."),
    "novelty": Command("charnn.cli.novelty", "Find what a text has copied from the training text."),
    "report": Command(
        "charnn.cli.report", "Write one page that shows what a model is, how it learned and what it does."
    ),
    "info": Command("charnn.cli.info", "Describe a model: its network, its training, its scores and its size."),
    "cache": Command(
        "charnn.cli.cache", "List what is kept to be made only once: graphs of models, ids of long texts."
    ),
}
"""The commands, in the order in which the help names them."""
GROUPS = {
    "models": Command(
        "charnn.cli.models",
        "List the models under checkpoints/: task, size, score, corpus, when training ended, which is the default.",
    ),
    "plot": Command("charnn.cli.plot", "Draw how models learned, and what they learned, as a picture."),
}
"""The commands that have commands of their own, which come after the others."""


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


class _OnDemand(TyperGroup):
    """The commands, of which the one that a command line names is imported; where it names none of them all are, which
    a message about it looks at.

    All of them take four times as long to import as one does.
    """

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        for name in (args[0],) if args[0] in self.commands else (*COMMANDS, *GROUPS):
            if name in COMMANDS or name in GROUPS:
                self.commands[name] = imported(name)
        return super().resolve_command(ctx, args)


def _application(names: Collection[str], kind: type[TyperGroup] = TyperGroup) -> typer.Typer:
    """The application with these commands and groups, imported, and what it is by itself."""
    app = typer.Typer(
        name="charnn",
        cls=kind,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(charnn)
    for name, command in COMMANDS.items():
        if name in names:
            function = getattr(import_module(command.module), command.module.rpartition(".")[2])
            app.command(name)(everywhere(function, RESULT if command.has_view else None, has_view=command.has_view))
    for name, group in GROUPS.items():
        if name in names:
            app.add_typer(import_module(group.module).app)
    return app


def application() -> typer.Typer:
    """The application with all commands, imported."""
    app = _application((*COMMANDS, *GROUPS))
    app.command("help")(show_help)
    return app


@functools.cache
def imported(name: str) -> Any:
    """The command or group of this name, as Typer runs it."""
    return typer.main.get_group(_application([name])).commands[name]


@functools.cache
def command_line() -> Callable[..., Any]:
    """What reads a command line, and runs the command that it names."""
    app = _application((), _OnDemand)
    for name, command in COMMANDS.items():
        app.command(name, help=command.summary)(_until_imported)
    app.command("help")(show_help)
    for name, group in GROUPS.items():
        app.command(name, help=group.summary)(_until_imported)
    return typer.main.get_command(app)


def _until_imported() -> None:
    """Stands for a command in the help of charnn itself."""


def named(arguments: Sequence[str]) -> Command | None:
    """The first command that is named in a command line, though it may be the value of an option; None where there is
    none. A group is none."""
    return next((COMMANDS[argument] for argument in arguments if argument in COMMANDS), None)
