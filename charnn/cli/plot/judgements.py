"""How a model of labels, tags or pairs judges: whether its probabilities come true, and what it takes for what."""

from __future__ import annotations

from typing import Annotated

import typer

from charnn.cli import console, options
from charnn.cli.plot.shared import (
    Dark,
    Labelled,
    Numbers,
    Out,
    found_models,
    print_numbers,
    write_picture,
)
from charnn.cli.unread import warn_of_unread_input


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
    from charnn.models import pictures
    from charnn.plots.judgements import binned, draw_calibration

    (directory,) = found_models(None if model is None else [model], "classifier")
    sure, right = pictures.confidences(directory, files or [])
    if not files:
        warn_of_unread_input("charnn plot calibration -")
    if as_json:
        probability, fraction, texts = binned(sure, right)
        print_numbers(model=str(directory.path), probability=probability, right=fraction, texts=texts)
        return
    write_picture(lambda look: draw_calibration(sure, right, look), out, "calibration", dark=dark)


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
    from charnn.models import pictures

    (directory,) = found_models(None if model is None else [model])
    drawn, notices = pictures.write_confusion(directory, files or [], out)
    if not files:
        warn_of_unread_input("charnn plot confusion -")
    for line in notices:
        console.notice(line)
    console.write("".join(f"{path}\n" for path in drawn))
