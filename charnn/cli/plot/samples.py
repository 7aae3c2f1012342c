"""What a language model writes: over temperature, and how long its texts are."""

from __future__ import annotations

from typing import Annotated

import typer

from charnn.cli import options
from charnn.cli.plot.shared import (
    Dark,
    ModelName,
    Numbers,
    Out,
    named_model,
    print_numbers,
    write_picture,
)
from charnn.errors import UsageError


def temperature(
    name: ModelName = None,
    model: options.Model = None,
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
    from charnn.models import pictures
    from charnn.plots.samples import draw_temperature

    directory = named_model(name, model, "language-model")
    found = pictures.at_temperatures(
        directory, _numbers("--temps", temperatures), characters=characters, at_least=at_least, seed=seed or 0
    )
    if as_json:
        for one in found:
            print_numbers(model=str(directory.path), seed=seed or 0, **vars(one))
        return
    write_picture(lambda look: draw_temperature(found, look, at_least=at_least), out, "temperature", dark=dark)


def lengths(
    name: ModelName = None,
    model: options.Model = None,
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
    from charnn.models import pictures
    from charnn.plots.samples import draw_lengths

    directory = named_model(name, model, "language-model")
    unit, real, written = pictures.lengths(directory, temperature=at, number=number, seed=seed or 0)
    if as_json:
        print_numbers(model=str(directory.path), seed=seed or 0, unit=unit, learned_from=real, written=written)
        return
    write_picture(lambda look: draw_lengths(real, written, look, unit=unit), out, "lengths", dark=dark)


def _numbers(option: str, given: str) -> list[float]:
    try:
        values = [float(one) for one in given.split(",")]
    except ValueError:
        values = []
    if not values or not all(0 < value < 100 for value in values):
        raise UsageError(f"{option} {given}: give numbers above 0 with commas between them, as in 0.5,1")
    return sorted(set(values))
