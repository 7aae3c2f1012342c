"""`charnn forecast`: says how a series of numbers goes on."""

from __future__ import annotations

import csv
import io
from typing import Annotated

import typer

from charnn.cli import options


def forecast(
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE]",
            help="Go on from the end of this series; - is stdin, which is not read without it.",
            show_default="the series that was learned",
        ),
    ] = None,
    model: options.Model = None,
    horizon: Annotated[
        int | None,
        typer.Option(
            "--horizon",
            metavar="N",
            min=1,
            max=100_000,
            help="Forecast N steps. The intervals of steps beyond the horizon that the model has learned are "
            "too narrow.",
            show_default="as many as were learned",
        ),
    ] = None,
    encoding: options.Encoding = "utf-8",
    on_error: options.OnError = "fail",
    precision: options.Precision = "auto",
    as_json: options.AsJson = False,
) -> None:
    """Forecast how a series of numbers goes on, with intervals.

    For each step and column a row has the time, the name of the column, and
    the quantiles 0.1, 0.25, 0.5, 0.75 and 0.9: what comes is below the first
    one in a tenth of all cases, and between the first and the last in 80%.
    The output is CSV with a header.

    charnn forecast --horizon 12
    charnn forecast newer.csv --horizon 24 --json | jq '.quantiles["0.5"]'
    tail -n 500 series.csv | charnn forecast - | cut -d, -f1,5
    """
    from charnn.cli import console, notices, unread
    from charnn.corpora.sources import check_encoding
    from charnn.readable import counted
    from charnn.tasks.forecaster.use.model import Forecaster

    check_encoding(encoding)
    loaded = Forecaster.find(model, precision=precision, threads=1)
    options.announce_terminal(None if file == "-" else [file or ""])
    notices.announce(loaded.directory, model)
    series = None if file is None else loaded.read_on(file, encoding=encoding, on_error=on_error)
    learned = loaded.config.network.horizon
    if horizon is not None and horizon > learned:
        console.notice(f"it learned to forecast {counted(learned, 'step')} ahead; the intervals beyond are guesses")
    found = loaded.forecast(series, horizon=horizon)
    if file is None:
        unread.warn_of_unread_input("charnn forecast -")
    if as_json:
        for row in found.rows():
            console.write_json({**row, "model": str(loaded.directory.path)})
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["time", "column", *map(str, found.quantiles)])
    for row in found.rows():
        writer.writerow([row["time"], row["column"], *row["quantiles"].values()])
    console.write(text.getvalue())
