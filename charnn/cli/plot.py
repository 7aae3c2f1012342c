"""`charnn plot`: pictures of how models learned and of what they learned."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from charnn.cli import completion, console, options, recall
from charnn.cli.everywhere import everywhere
from charnn.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from charnn.checkpoint.directory import ModelDirectory
    from charnn.plots.canvas import Look

STDOUT = "-"
MOST_ENERGIES = 8
"""Lines whose energies are drawn."""

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
ModelName = Annotated[
    str | None,
    typer.Argument(
        metavar="[MODEL]",
        help="Draw this model: a name under checkpoints/, or a model directory.",
        show_default="the default model",
        autocompletion=completion.models,
    ),
]
Labelled = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[FILE]...", help="Measure the model on these data.", show_default="what was held out in training"
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


@app.command("neurons")
@everywhere
def neurons(
    text: Annotated[
        str | None,
        typer.Argument(metavar="[TEXT]", help="Let the model read this text.", show_default="what --text names"),
    ] = None,
    file: Annotated[
        str | None,
        typer.Option("--text", metavar="FILE", help="Let the model read this file; - is stdin.", show_default=False),
    ] = None,
    model: options.Model = None,
    units: Annotated[
        str | None,
        typer.Option(
            "--units",
            metavar="LAYER:UNIT,...",
            help="Draw these hidden units, counted from 1.",
            show_default="those that follow something best",
        ),
    ] = None,
    count: Annotated[
        int, typer.Option("--count", metavar="N", min=1, max=12, help="Draw the N units that follow something best.")
    ] = 4,
    out: Out = None,
    dark: Dark = False,
    as_json: Numbers = False,
) -> None:
    """Draw what single hidden units do along a text, and find those that follow something a reader sees.

    Each character stands on the colour of the unit's value once the model has
    read it. Without --units those are drawn that go best with quotes, the
    place in the line, capitals, spaces, vowels and the like. The picture has
    the first lines of a text; the search reads all of it.

    charnn plot neurons '"Well," said the Fox, "how is it done?"'
    charnn plot neurons --text letters.txt --units 1:17,2:4 -o units.svg
    """
    from charnn import pictures
    from charnn.plots.neurons import draw_neurons

    if (text is None) == (file is None):
        raise UsageError("give a TEXT, or name a file with --text", hint="see `charnn plot neurons --help`")
    (found,) = _found(None if model is None else [model], "language-model")
    read = text if text is not None else _text(file) or ""
    strips, title = pictures.neurons(found, read, units.split(",") if units else [], count)
    if as_json:
        for strip in strips:
            _print(model=str(found.path), unit=strip.title, values=strip.values_T)
        return
    _write(lambda look: draw_neurons(read, strips, look, title=title), out, "neurons", dark=dark)


@app.command("embeddings")
@everywhere
def embeddings(
    model: ModelName = None,
    out: Out = None,
    dark: Dark = False,
    as_json: Numbers = False,
) -> None:
    """Draw the symbols of a model in the plane, near each other where the model takes them alike.

    They are the rows of its embedding, seen along the two directions in which
    they differ most.

    charnn plot embeddings -o symbols.svg
    """
    from charnn import pictures
    from charnn.plots.embeddings import draw_embeddings

    (directory,) = _found(None if model is None else [model])
    found = pictures.embeddings(directory)
    if as_json:
        for symbol, place in zip(found.symbols, found.in_plane()[0], strict=True):
            _print(model=str(directory.path), symbol=symbol, place=place)
        return
    _write(lambda look: draw_embeddings(found, look), out, "embeddings", dark=dark)


@app.command("temperature")
@everywhere
def temperature(
    model: ModelName = None,
    temperatures: Annotated[
        str, typer.Option("--temps", metavar="X,X,...", help="Sample at these temperatures.")
    ] = "0.2,0.4,0.6,0.8,1,1.2,1.4",
    characters: Annotated[
        int, typer.Option("--characters", metavar="N", min=100, help="Draw N characters at each temperature.")
    ] = 10_000,
    at_least: Annotated[
        int, typer.Option("--at-least", metavar="N", min=1, help="Count a run of N characters as copied.")
    ] = 20,
    seed: options.Seed = None,
    out: Out = None,
    dark: Dark = False,
    as_json: Numbers = False,
) -> None:
    """Draw what becomes of samples as the temperature rises, to choose one.

    Bits per character say how surprising the model itself finds its samples.
    Words are known, and runs are copied, where the text that it learned from
    has them.

    charnn plot temperature
    charnn plot temperature poems --temps 0.5,0.7,0.9 --characters 50000
    """
    from charnn import pictures
    from charnn.plots.temperature import draw_temperature

    (directory,) = _found(None if model is None else [model], "language-model")
    found = pictures.at_temperatures(
        directory, _numbers("--temps", temperatures), characters=characters, at_least=at_least, seed=seed or 0
    )
    if as_json:
        for one in found:
            _print(model=str(directory.path), seed=seed or 0, **vars(one))
        return
    _write(lambda look: draw_temperature(found, look, at_least=at_least), out, "temperature", dark=dark)


@app.command("lengths")
@everywhere
def lengths(
    model: ModelName = None,
    at: Annotated[float, typer.Option("--temp", metavar="X", min=0.01, help="Sample at this temperature.")] = 1.0,
    number: Annotated[
        int, typer.Option("--number", "-n", metavar="N", min=2, help="Let the model write so many texts or lines.")
    ] = 200,
    seed: options.Seed = None,
    out: Out = None,
    dark: Dark = False,
    as_json: Numbers = False,
) -> None:
    """Draw how long the texts are that a model writes, beside those that it learned from.

    They are documents where the model has learned where one ends (--documents
    line or paragraph, several files), and otherwise lines.

    charnn plot lengths names -n 1000
    """
    from charnn import pictures
    from charnn.plots.lengths import draw_lengths

    (directory,) = _found(None if model is None else [model], "language-model")
    unit, real, written = pictures.lengths(directory, temperature=at, number=number, seed=seed or 0)
    if as_json:
        _print(model=str(directory.path), seed=seed or 0, unit=unit, learned_from=real, written=written)
        return
    _write(lambda look: draw_lengths(real, written, look, unit=unit), out, "lengths", dark=dark)


@app.command("calibration")
@everywhere
def calibration(
    files: Labelled = None,
    model: options.Model = None,
    out: Out = None,
    dark: Dark = False,
    as_json: Numbers = False,
) -> None:
    """Draw whether a classifier's probabilities come true: how often it is right, over how sure it was.

    On the dotted line a label that gets 80% is right 8 times of 10; above it
    the model is too careful, and below it too sure.

    charnn plot calibration
    charnn plot calibration new-reviews.tsv --model reviews
    """
    from charnn import pictures
    from charnn.plots.calibration import binned, draw_calibration

    (directory,) = _found(None if model is None else [model], "classifier")
    sure, right = pictures.confidences(directory, files or [])
    if as_json:
        probability, fraction, texts = binned(sure, right)
        _print(model=str(directory.path), probability=probability, right=fraction, texts=texts)
        return
    _write(lambda look: draw_calibration(sure, right, look), out, "calibration", dark=dark)


@app.command("confusion")
@everywhere
def confusion(
    files: Labelled = None,
    model: options.Model = None,
    out: Annotated[
        str,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Write the picture to this file, as PNG; {column} in it makes one for each column of a tagger.",
        ),
    ] = "confusion.png",
) -> None:
    """Draw which tags, labels or symbols are taken for which, as `charnn eval --confusion` does.

    charnn plot confusion
    charnn plot confusion test.conllu -o '{column}.png'
    """
    from charnn import pictures

    (directory,) = _found(None if model is None else [model])
    pictures.write_confusion(directory, files or [], out)
    console.write(f"{out}\n")


@app.command("energy")
@everywhere
def energy(
    lines: recall.Lines = None,
    files: options.Files = None,
    modern: recall.Modern = None,
    learning: recall.LearnBy = None,
    updates: recall.UpdateBy = None,
    units: recall.Units = 2048,
    out: Out = None,
    dark: Dark = False,
    as_json: Numbers = False,
) -> None:
    """Draw the energy of garbled lines as a Hopfield network settles them to the nearest lines of a list.

    The options are those of recall, and up to eight lines are drawn. One unit
    after another, the energy falls with each unit that changes; all at once,
    it may rise.

    echo Lazentsew | charnn plot energy names.txt
    charnn plot energy names.txt garbled.txt --updates synchronous -o energy.svg
    """
    from charnn.errors import CorpusError
    from charnn.memory.stream import lines_as_they_come

    memory = recall.memory_of(lines, files, modern=modern, learning=learning, updates=updates, units=units)
    options.announce_terminal(files)
    read = lines_as_they_come(files or ["-"], encoding="utf-8", on_error="fail")
    garbled = islice((line for some in read for line in some if line.strip()), MOST_ENERGIES)
    found = [one for one in memory.recall(garbled) if one is not None]
    if not found:
        raise CorpusError("there is no line to settle", hint="give garbled lines in a FILE or on stdin")
    if as_json:
        for one in found:
            _print(source=one.source, line=one.line, energies=one.energies, form=memory.form)
        return
    from charnn.plots.memories import draw_energy

    one_at_a_time = memory.form == "classical" and memory.updates == "asynchronous"
    step = "units that have changed" if one_at_a_time else "updates of all units"
    _write(lambda look: draw_energy(found, look, step=step), out, "energy", dark=dark)


@app.command("capacity")
@everywhere
def capacity(
    units: Annotated[
        int, typer.Option("--units", metavar="N", min=50, max=5000, help="Take networks of N units.")
    ] = 500,
    garbled: Annotated[
        float,
        typer.Option("--garbled", metavar="P", min=0, max=0.5, help="Turn each unit round with this probability."),
    ] = 0.1,
    seed: options.Seed = None,
    out: Out = None,
    dark: Dark = False,
    as_json: Numbers = False,
) -> None:
    """Draw how many patterns a classical Hopfield network holds: about 0.14 for each unit by Hebb's rule.

    Random patterns are stored, garbled and recalled, at growing loads, by
    Hebb's rule and by the pseudo-inverse. It takes some seconds.

    charnn plot capacity
    charnn plot capacity --units 1000 --garbled 0 -o capacity.svg
    """
    from charnn.memory import capacity as memory

    found = [
        at
        for learning in ("hebbian", "pseudo-inverse")
        for at in memory.capacity(memory.LOADS, learning, units=units, garbled=garbled, seed=seed or 0)
    ]
    if as_json:
        for at in found:
            _print(learning=at.learning, load=at.load, recalled=at.recalled, overlap=at.overlap)
        return
    from charnn.plots.memories import draw_capacity

    _write(lambda look: draw_capacity(found, look, garbled=garbled), out, "capacity", dark=dark)


def _numbers(option: str, given: str) -> list[float]:
    try:
        values = [float(one) for one in given.split(",")]
    except ValueError:
        values = []
    if not values or not all(0 < value < 100 for value in values):
        raise UsageError(f"{option} {given}: give numbers above 0 with commas between them, as in 0.5,1")
    return sorted(set(values))


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
