"""`charnn compare`: trains several cells on the same data, and shows how they learned."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from charnn.cli import options, processes
from charnn.cli.options import given_options, with_options
from charnn.cli.train import PANELS, run_in_view
from charnn.errors import INTERRUPTED, UsageError
from charnn.tasks.options import FIRST, RESULT, union
from charnn.tasks.table import TASKS

if TYPE_CHECKING:
    from charnn.experiments.comparison import ComparedRun
    from charnn.training.loop import Outcome
    from charnn.training.session import Session

LEFT_OUT = frozenset({"cell", "folds", "start_from", "forget"})
"""Options of training that a comparison does not have."""
OPTIONS = [one for one in union([task.training_options for task in TASKS.values()]) if one.name not in LEFT_OUT]


@with_options(OPTIONS, panels=(*PANELS, RESULT))
def compare(
    context: typer.Context,
    corpus: Annotated[
        list[str] | None,
        options.training_data("Learn from these data, as `charnn train` does."),
    ] = None,
    cells: Annotated[
        str,
        typer.Option(
            "--cells", metavar="CELL,...", help="Train a network of each of these cells.", rich_help_panel=FIRST
        ),
    ] = "rnn,gru,lstm",
    out: Annotated[
        str,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Draw their learning curves to this file, as PNG or as SVG, by its end.",
            rich_help_panel=FIRST,
        ),
    ] = "compare.png",
    by: Annotated[
        Literal["time", "steps", "epochs"],
        typer.Option(
            "--by",
            help="Draw the curves over seconds of training, over steps, or over times through the data.",
            rich_help_panel=RESULT,
            show_default="epochs where the budget is --epochs, steps where it is --steps, or else time",
        ),
    ] = "time",
    dark: Annotated[bool, options.dark(RESULT)] = False,
    folder: Annotated[
        Path,
        typer.Option(
            "--in",
            metavar="DIR",
            help="Write the models into this folder, each with its cell after the name of the corpus.",
            rich_help_panel=RESULT,
        ),
    ] = Path("checkpoints"),
    task: Annotated[str | None, options.training_task()] = None,
    overwrite: Annotated[bool, options.overwrite("Replace models of these names.")] = False,
    as_json: Annotated[bool, options.as_json("Print one JSON object for each cell on stdout.", panel=RESULT)] = False,
    **values: Any,
) -> None:
    """Train networks of several cells on the same data, one after the other, and draw how they learned.

    Each gets the same --time, and then a faster cell reads more; or the same
    --epochs, and then all read the same characters. With --time the width
    of each network is chosen to suit its speed, unless --hidden fixes it. A
    row for each says its parameters, its best validation, the characters
    that it read, the seconds that took and how many processors it kept
    busy: what shares a processor with other programs learns less in a time.
    N-grams beside a network, or a linear model, hide how well it learned by
    itself: where a model has some, the row says first what the network
    reaches alone, as the curves do, and then what the model does.

    charnn compare corpus.txt --epochs 4 --hidden 128
    charnn compare corpus.txt --cells gru,lstm --time 2m -o cells.svg
    """
    from charnn.cli.notices import say_that_it_loads

    say_that_it_loads()
    from charnn.cli import console
    from charnn.cli.plot.shared import write_picture
    from charnn.experiments.comparison import compare as compared
    from charnn.models import pictures
    from charnn.plots import canvas
    from charnn.plots.training import draw_curves
    from charnn.readable import aligned
    from charnn.training import hardware

    hardware.keep_freed_memory()
    canvas.format_of(out)
    joined = context.with_resource(processes.joined(context))
    if joined.size > 1:
        raise UsageError("charnn compare trains in one process", hint="start charnn itself, without torchrun")
    wanted = given_options(context, values)
    if not given_options(context, {"by": None}):
        by = "epochs" if "epochs" in wanted else "steps" if "steps" in wanted else "time"

    def run(session: Session[Any], cell: str) -> Outcome:
        for line in session.description():
            console.notice(line)
        return run_in_view(session, joined, title=cell)

    found: list[ComparedRun] = []
    for one in compared(
        corpus or [], task, wanted, [cell.strip() for cell in cells.split(",")], run, folder=folder,
        overwrite=overwrite, processes=joined, thread_counts=hardware.thread_counts(),
    ):  # fmt: skip
        found.append(one)
        if as_json:
            console.write_json(one.to_json())
    if found[-1].outcome == "interrupt":
        console.notice(f"interrupted: the runs before {found[-1].cell} are whole, and no picture is drawn")
        raise typer.Exit(INTERRUPTED)
    curves, unit = pictures.learning_curves([one.model for one in found], by)
    if not as_json:
        console.write("".join(f"{line.rstrip()}\n" for line in aligned(_rows(found), left=True)))
    write_picture(
        lambda look: draw_curves(curves, look, x_label=pictures.X_AXES[by][1], unit=unit), out, "compare", dark=dark,
        says=not as_json,
    )  # fmt: skip


def _rows(found: list[ComparedRun]) -> list[list[str]]:
    has_more = any(one.has_more_than_network for one in found)
    scores = ["network alone", "model as it is used"] if has_more else ["best validation"]
    rows = [["cell", "parameters", *scores, "characters", "seconds", "processors", "model"]]
    for one in found:
        best = ["-" if score is None else score.summary for score in (one.alone, one.result)]
        figures = [f"{one.characters:,.0f}", f"{one.seconds:.1f}", f"{one.processors:.2f}"]
        rows.append([one.cell, f"{one.parameters:,}", *best[: len(scores)], *figures, str(one.model.path)])
    return rows
