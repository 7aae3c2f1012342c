"""What a network has learned inside: its hidden units along a text, and its symbols in the plane."""

from __future__ import annotations

from typing import Annotated

import typer

from charnn.cli import options
from charnn.cli.plot.shared import (
    Dark,
    ModelName,
    Numbers,
    Out,
    found_models,
    named_model,
    print_numbers,
    text_of,
    write_picture,
)
from charnn.errors import UsageError


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
    from charnn.models import pictures
    from charnn.plots.network import draw_neurons

    if (text is None) == (file is None):
        raise UsageError("give a TEXT, or name a file with --text", hint="see `charnn plot neurons --help`")
    (found,) = found_models(None if model is None else [model], "language-model")
    read = text if text is not None else text_of(file) or ""
    strips, title = pictures.neurons(found, read, units.split(",") if units else [], count)
    if as_json:
        for strip in strips:
            print_numbers(model=str(found.path), unit=strip.title, values=strip.values_T)
        return
    write_picture(lambda look: draw_neurons(read, strips, look, title=title), out, "neurons", dark=dark)


def embeddings(
    name: ModelName = None,
    model: options.Model = None,
    out: Out = None,
    dark: Dark = False,
    as_json: Numbers = False,
) -> None:
    """Draw the symbols of a model in the plane, near each other where the model takes them alike.

    They are the rows of its embedding, seen along the two directions in which
    they differ most.

    charnn plot embeddings -o symbols.svg
    """
    from charnn.models import pictures
    from charnn.plots.network import draw_embeddings

    directory = named_model(name, model)
    found = pictures.embeddings(directory)
    if as_json:
        for symbol, place in zip(found.symbols, found.in_plane()[0], strict=True):
            print_numbers(model=str(directory.path), symbol=symbol, place=place)
        return
    write_picture(lambda look: draw_embeddings(found, look), out, "embeddings", dark=dark)
