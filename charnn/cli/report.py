"""`charnn report`: writes a page that shows what a model is and does."""

from __future__ import annotations

from typing import Annotated

import typer

from charnn.cli import options
from charnn.errors import UsageError

STDOUT = "-"


def report(
    name: options.Described = None,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE]...", help="Measure the model on these data.", show_default="what was held out in training"
        ),
    ] = None,
    out: Annotated[
        str,
        typer.Option("--out", "-o", metavar="FILE.html", help="Write the page to this file; - is stdout."),
    ] = "report.html",
    model: options.Model = None,
    seed: options.Seed = None,
    encoding: options.Encoding = "utf-8",
) -> None:
    """Write one page that shows what a model is, how it learned and what it does.

    For a language model it has samples at several temperatures with what they
    copied, a text in shades of surprise with what else the model had in mind,
    and its hidden units along that text; for the others their scores, what is
    taken for what, mistakes, and where a transducer looked. The page is one
    file for any browser: it needs no network, follows the reader's choice of
    light or dark, and can be read on a phone and by keyboard.

    charnn report
    charnn report poems -o poems.html
    charnn report tags test.conllu -o - > tags.html
    charnn report test.conllu --model tags
    """
    from pathlib import Path

    from charnn.checkpoint.files import write_output
    from charnn.checkpoint.locate import find_model
    from charnn.cli import console
    from charnn.cli.notices import announce
    from charnn.errors import OutputError
    from charnn.models.report import report as made_report

    if name is not None and model is not None:  # then all that is not the value of an option is data
        files = [name, *(files or ())]
        name = None
    named = options.named_once(name, model)
    if out == STDOUT and console.stdout_is_terminal():
        raise UsageError("a page is for a browser, not for a terminal", hint="name a file with -o FILE, or use a pipe")
    found = find_model(named, None)
    announce(found, named, seed=seed or 0)
    page = made_report(
        found, files or [], encoding=encoding, seed=seed or 0, begin=lambda title: console.aside(f"{title} ...")
    )
    if out == STDOUT:
        console.write_bytes(page)
        return
    try:
        write_output(Path(out), page)
    except OSError as error:
        raise OutputError(f"{out}: {(error.strerror or str(error)).lower()}") from None
    console.write(f"{out}\n")
