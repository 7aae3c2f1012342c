"""What the pictures of `charnn plot` share: their arguments, the models they are of, and how they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from charnn.cli import console, options
from charnn.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from charnn.checkpoint.directory import ModelDirectory
    from charnn.plots.canvas import Look

STDOUT = "-"

Models = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[MODEL]...",
        help="Draw these models: names under checkpoints/, or model directories.",
        show_default="the default model",
        autocompletion=options.complete_model,
    ),
]
ModelName = Annotated[
    str | None,
    typer.Argument(
        metavar="[MODEL]",
        help="Draw this model: a name under checkpoints/, or a model directory.",
        show_default="the default model",
        autocompletion=options.complete_model,
    ),
]
MoreModels = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME|PATH",
        help="Draw this model, too: a model directory, or the name of one under checkpoints/. Repeatable.",
        show_default=False,
        autocompletion=options.complete_model,
    ),
]
Labelled = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[FILE]...",
        help="Measure the model on these data; - is stdin, which is not read without it.",
        show_default="what was held out in training",
    ),
]
Out = Annotated[
    str | None,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE",
        help="Write the picture to this file, as PNG or as SVG, by its end; - writes a PNG to stdout.",
        show_default="the command's name with .png, in this folder",
    ),
]
Dark = Annotated[bool, options.dark()]
Numbers = Annotated[bool, options.as_json("Print the numbers of the picture as JSON, an object for each line of it.")]
TextFile = Annotated[
    str | None,
    typer.Option("--text", metavar="FILE", help="Read this text.", show_default="what the model learned from"),
]


def found_models(names: Iterable[str] | None, task: str | None = None) -> list[ModelDirectory]:
    """The models of these names, or the default one; each is said on a terminal."""
    from charnn.checkpoint.locate import find_model
    from charnn.cli.notices import announce

    found: list[ModelDirectory] = []
    wanted: list[str | None] = [*(names or ())] or [None]
    for name in wanted:
        found.append(find_model(name, task))
        announce(found[-1], name)
    return found


def every_name(arguments: list[str] | None, given: list[str] | None) -> list[str]:
    """The names of models that stand as arguments, and then those of --model."""
    return [*(arguments or ()), *(given or ())]


def named_model(argument: str | None, option: str | None, task: str | None = None) -> ModelDirectory:
    """The model that is named as an argument or by --model, or the default one. Raises UsageError where both name
    one."""
    named = options.named_once(argument, option)
    return found_models(None if named is None else [named], task)[0]


def text_of(file: str | None) -> str | None:
    """The text of a file in UTF-8; `-` is stdin."""
    from charnn.corpora.sources import read

    return None if file is None else read(file)[0]


def print_numbers(**values: Any) -> None:
    from charnn.models import pictures

    console.write_json({name: pictures.as_json(value) for name, value in values.items()})


def write_picture(draw: Callable[[Look], Figure], out: str | None, name: str, *, dark: bool, says: bool = True) -> None:
    """Writes a picture, and unless it `says` nothing its path to stdout."""
    from charnn.plots import canvas

    path = out or f"{name}.png"
    if path == STDOUT:
        if console.stdout_is_terminal():
            raise UsageError("a picture is no text for a terminal", hint="name a file with -o FILE, or use a pipe")
        console.write_bytes(canvas.rendered(draw, dark=dark))
        return
    canvas.write(canvas.rendered(draw, canvas.format_of(path), dark=dark), path)
    if says:
        console.write(f"{path}\n")
