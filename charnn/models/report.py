"""The report on a model: one page that says what it is, how it learned and what it does."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from charnn.checkpoint.directory import ModelDirectory
from charnn.errors import CharnnError, CharnnWarning
from charnn.models.pictures import X_AXES, learning_curves
from charnn.pages.page import Html, Maker, Section, element, folded, items, page, paragraph, picture, rows, table
from charnn.plots.canvas import inline_svg
from charnn.plots.training import curves_finding, draw_curves
from charnn.tasks import choosing
from charnn.tasks.description import GENERAL, description_of, status
from charnn.version import __version__


def report(
    model: ModelDirectory, files: Sequence[str], *, encoding: str, seed: int, begin: Callable[[str], None]
) -> bytes:
    """The page on a model, measured on these files, or without any on what was held out when it was trained.

    `begin` is called with the title of each section before it is made. A section that cannot be made, because the data
    are gone, say, has the reason in its place, and a CharnnWarning says so, too.
    """
    task = choosing.task_of(model)
    directory = task.directory(model.path)
    directory.check()
    loaded = task.load(directory, precision="fp32")
    makers: dict[str, Maker] = {
        "What it is": lambda: _description(model),
        "How it learned": lambda: _curves(model),
        **task.sections(loaded, files, encoding=encoding, seed=seed),
    }
    sections, left_out = [], defaultdict[str, list[str]](list)
    for title, make in makers.items():
        begin(title)
        try:
            parts = list(make())
        except CharnnError as error:
            reason = f"{error}; {error.hint}" if error.hint else str(error)
            left_out[reason].append(title)
            parts = [paragraph(f"This is left out: {reason}.")]
        sections.append(Section(title, parts))
    for reason, titles in left_out.items():
        warnings.warn(f"left out: {', '.join(titles)}: {reason}", CharnnWarning, stacklevel=2)
    result = directory.config().result
    measured = f" Its best validation: {result}." if result is not None else ""
    lead = f"A {task.title}: it {task.summary}.{measured}"
    footer = f"Made by charnn {__version__}. This page is one file and loads nothing from anywhere."
    return page(model.path.resolve().name, lead, sections, footer)


def _description(model: ModelDirectory) -> Iterator[Html]:
    task = choosing.task_of(model)
    directory = task.directory(model.path)
    description = description_of(task, directory)
    unfinished = status(directory.config().record, str(model.path))
    groups: Iterable[tuple[str, Sequence[tuple[str, str]]]] = [
        ("Model", description.network),
        ("Data", description.data),
        ("Training", [*description.training, *([("status", unfinished)] if unfinished else [])]),
        ("Scores", description.scores),
    ]
    for title, pairs in groups:
        if pairs:
            yield element("h3", title)
            yield rows(pairs)
    yield element("h3", "Limits")
    yield items([*description.limits, *GENERAL])


def _curves(model: ModelDirectory) -> Iterator[Html]:
    (curve,), unit = learning_curves([model], "time")
    svg = inline_svg(lambda look: draw_curves([curve], look, x_label=X_AXES["time"][1], unit=unit))
    norms = "" if curve.gradient_norm_N is None else " Below is how large the gradient was, before it was limited."
    caption = f"The dot is the validation whose weights are kept.{norms}"
    yield picture(Html(svg), f"Learning curve. {curves_finding([curve], unit)}.", caption)
    header, columns = ["seconds", f"held out, {unit}"], [curve.x_N, curve.held_out_N]
    if curve.training_N is not None:
        header, columns = [*header, "learned from"], [*columns, curve.training_N]
    if curve.gradient_norm_N is not None:
        header, columns = [*header, "gradient's norm"], [*columns, curve.gradient_norm_N]
    body = [[f"{value:.4g}" for value in row] for row in zip(*columns, strict=True)]
    yield folded("The picture in numbers", table(header, body, "Validations", numbers=len(header) - 1))
