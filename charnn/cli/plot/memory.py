"""Hopfield networks: the energy of lines that settle, and how many patterns one holds."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

import typer

from charnn.cli import options, recall
from charnn.cli.plot.shared import (
    Dark,
    Numbers,
    Out,
    print_numbers,
    write_picture,
)

MOST_ENERGIES = 8
"""Lines whose energies are drawn."""


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
    from charnn.memory.memory import lines_as_they_come

    memory = recall.memory_of(lines, files, modern=modern, learning=learning, updates=updates, units=units)
    options.announce_terminal(files)
    read = lines_as_they_come(files or ["-"], encoding="utf-8", on_error="fail")
    garbled = islice((line.text for some in read for line in some if line.text.strip()), MOST_ENERGIES)
    found = [one for one in memory.recall(garbled) if one is not None]
    if not found:
        raise CorpusError("there is no line to settle", hint="give garbled lines in a FILE or on stdin")
    if as_json:
        for one in found:
            print_numbers(source=one.source, recalled=one.line, energies=one.energies, form=memory.form)
        return
    from charnn.plots.memories import draw_energy

    one_at_a_time = memory.form == "classical" and memory.updates == "asynchronous"
    step = "units that have changed" if one_at_a_time else "updates of all units"
    write_picture(lambda look: draw_energy(found, look, step=step), out, "energy", dark=dark)


def capacity(
    units: Annotated[
        int, typer.Option("--units", metavar="N", min=50, max=5000, help="Take networks of N units.")
    ] = 500,
    garbled: Annotated[
        float,
        typer.Option("--garbled", metavar="P", min=0, max=0.5, help="Flip each unit with this probability."),
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
    from charnn.memory import hopfield

    found = [
        at
        for learning in ("hebbian", "pseudo-inverse")
        for at in hopfield.capacity(hopfield.LOADS, learning, units=units, garbled=garbled, seed=seed or 0)
    ]
    if as_json:
        for at in found:
            print_numbers(learning=at.learning, load=at.load, recalled=at.recalled, overlap=at.overlap)
        return
    from charnn.plots.memories import draw_capacity

    write_picture(lambda look: draw_capacity(found, look, garbled=garbled), out, "capacity", dark=dark)
