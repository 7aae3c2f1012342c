"""`charnn plot`: pictures of how models learned and of what they learned."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from charnn.cli import completion, console, options
from charnn.cli.everywhere import everywhere
from charnn.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from charnn.checkpoint.directory import ModelDirectory
    from charnn.plots.canvas import Look

STDOUT = "-"

app = typer.Typer(name="plot", no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})

Models = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[MODEL]...",
        help="Draw these models: names under checkpoints/, or model directories.",
        show_default="the default model",
        autocompletion=completion.models,
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
Dark = Annotated[bool, typer.Option("--dark", help="Draw on a dark background.")]
Numbers = Annotated[
    bool, typer.Option("--json", help="Print the numbers of the picture as JSON, an object for each line of it.")
]
TextFile = Annotated[
    str | None,
    typer.Option("--text", metavar="FILE", help="Read this text.", show_default="what the model learned from"),
]


@app.callback()
def plot() -> None:
    """Draw how models learned, and what they learned, as a picture.

    Each picture is a file, PNG or SVG, and says in its title what it shows.
    It takes the extra `plots`: pip install 'charnn[plots]'.

    charnn plot curves
    charnn plot curves rnn gru lstm -o cells.svg --dark
    charnn plot gradients rnn lstm
    """


@app.command("curves")
@everywhere
def curves(
    models: Models = None,
    by: Annotated[
        Literal["time", "steps", "epochs"],
        typer.Option("--by", help="Draw them over seconds of training, over steps, or over times through the data."),
    ] = "time",
    out: Out = None,
    dark: Dark = False,
    as_json: Numbers = False,
) -> None:
    """Draw learning curves: the loss on held-out data, and on what was learned from, as training goes on.

    It also works while a run goes on. The dot is the best validation, whose
    weights are kept. Several models of one task are drawn together.

    charnn plot curves
    charnn plot curves rnn gru lstm --by steps -o cells.svg
    """
    from charnn import pictures
    from charnn.plots.curves import draw_curves

    found, unit = pictures.learning_curves(_found(models), by)
    if as_json:
        for curve in found:
            training = [] if curve.training_N is None else pictures.as_json(curve.training_N)
            held_out = pictures.as_json(curve.held_out_N)
            _print(model=curve.name, unit=unit, **{by: curve.x_N}, held_out=held_out, training=training)
        return
    _write(lambda look: draw_curves(found, look, x_label=pictures.X_AXES[by][1], unit=unit), out, "curves", dark=dark)


@app.command("gradients")
@everywhere
def gradients(
    models: Models = None,
    text: TextFile = None,
    steps: Annotated[int, typer.Option("--steps", metavar="K", min=1, help="Follow the gradient K steps back.")] = 100,
    fresh: Annotated[
        bool, typer.Option("--untrained", help="Draw each network also as it was before training, dashed.")
    ] = False,
    seed: options.Seed = None,
    out: Out = None,
    dark: Dark = False,
    as_json: Numbers = False,
) -> None:
    """Draw how large the gradient is that reaches back k steps: vanishing and exploding gradients.

    It is the norm of dL_t / dh_(t-k): how much the state k steps ago has to
    do with the loss now, where the state is all that is carried from step to
    step, an LSTM's cell too. Where it vanishes, nothing is learned about what
    lies further back. It takes PyTorch, and a model of a text.

    charnn plot gradients rnn lstm gru --untrained
    charnn plot gradients --steps 300 --text other.txt -o far.svg
    """
    from charnn import pictures
    from charnn.plots.gradients import draw_gradients

    found = pictures.gradient_reaches(
        _found(models, "language-model"), _text(text), steps=steps, seed=seed or 0, fresh=fresh
    )
    if as_json:
        for reach in found:
            _print(model=reach.name, untrained=reach.is_fresh, seed=seed or 0, norms=reach.norms_K)
        return
    _write(lambda look: draw_gradients(found, look), out, "gradients", dark=dark)


def _found(names: Iterable[str] | None, task: str | None = None) -> list[ModelDirectory]:
    """The models of these names, or the default one; each is said on a terminal."""
    from charnn.checkpoint.locate import find_model
    from charnn.cli.chosen import announce

    found: list[ModelDirectory] = []
    wanted: list[str | None] = [*(names or ())] or [None]
    for name in wanted:
        found.append(find_model(name, task))
        announce(found[-1], name)
    return found


def _text(file: str | None) -> str | None:
    """The text of a file in UTF-8; `-` is stdin."""
    from charnn.corpora.sources import read

    return None if file is None else read(file)[0]


def _print(**values: Any) -> None:
    from charnn import pictures

    console.write_json({name: pictures.as_json(value) for name, value in values.items()})


def _write(draw: Callable[[Look], Figure], out: str | None, name: str, *, dark: bool) -> None:
    """Writes a picture, and its path to stdout."""
    from charnn.plots import canvas

    path = out or f"{name}.png"
    if path == STDOUT:
        if console.stdout_is_terminal():
            raise UsageError("a picture is no text for a terminal", hint="name a file with -o FILE, or use a pipe")
        console.write_bytes(canvas.rendered(draw, dark=dark))
        return
    canvas.write(canvas.rendered(draw, canvas.format_of(path), dark=dark), path)
    console.write(f"{path}\n")
