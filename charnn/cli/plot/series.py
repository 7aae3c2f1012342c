"""How a series goes on: a forecast in its intervals, beside what came."""

from __future__ import annotations

from typing import Annotated

import typer

from charnn.cli import options
from charnn.cli.plot.shared import Dark, Numbers, Out, found_models, print_numbers, write_picture
from charnn.cli.unread import warn_of_unread_input


def forecast(
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE]",
            help="Forecast the end of this series; - is stdin, which is not read without it.",
            show_default="that of what was learned",
        ),
    ] = None,
    model: options.Model = None,
    horizon: Annotated[
        int | None,
        typer.Option(
            "--horizon", metavar="N", min=1, max=10_000, help="Draw N steps.", show_default="as many as were learned"
        ),
    ] = None,
    column: Annotated[
        str | None, typer.Option("--column", metavar="NAME", help="Draw this column.", show_default="the first one")
    ] = None,
    ahead: Annotated[
        bool, typer.Option("--ahead", help="Go on behind the last row, where nobody knows yet what comes.")
    ] = False,
    out: Out = None,
    dark: Dark = False,
    as_json: Numbers = False,
) -> None:
    """Draw a forecast with its intervals, what came, and the better naive forecast.

    The last rows of the series are hidden from the model and forecast from
    those before them; without a FILE they are rows that it did not learn
    from, unless it learned all.

    charnn plot forecast
    charnn plot forecast newer.csv --horizon 4 -o newer.svg
    charnn plot forecast --ahead --horizon 12
    """
    from charnn.models import pictures
    from charnn.plots.forecast import draw_forecast

    (directory,) = found_models(None if model is None else [model], "forecaster")
    found = pictures.forecast(directory, file, horizon=horizon, column=column, ahead=ahead)
    if file is None:
        warn_of_unread_input("charnn plot forecast -")
    if as_json:
        print_numbers(model=str(directory.path), **vars(found))
        return
    write_picture(lambda look: draw_forecast(found, look), out, "forecast", dark=dark)
