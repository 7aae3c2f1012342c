"""Draws Hopfield networks: the energy of lines that settle, and how many patterns come back as the load grows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from charnn.memory.hopfield import HEBBIAN_CAPACITY, LoadResult
from charnn.memory.memory import Recalled
from charnn.plots.canvas import Look, blank, label_ends, panel, shown_label

MOSTLY = 0.9
"""The title of the capacity names the highest load at which so many of the patterns still come back."""


def draw_energy(found: Sequence[Recalled], look: Look, *, step: str) -> Figure:
    """The energy of each line over the steps in which it settles; `step` says what a step is."""
    figure = blank()
    axes = panel(figure, energy_finding(found), step, "E, the energy")
    ends = []
    for number, recalled in enumerate(found):
        colour = look.lines[number % len(look.lines)]
        steps = np.arange(len(recalled.energies))
        axes.plot(steps, recalled.energies, color=colour, linewidth=2.2)
        axes.plot(steps[-1:], recalled.energies[-1:], color=colour, marker="o")
        name = shown_label(f"{recalled.source} → {recalled.line}")
        ends.append((float(steps[-1]), recalled.energies[-1], name, colour))
    axes.set_ylim(axes.get_ylim())  # labels find their places by the limits, which are not final before
    axes.set_xlim(left=0)
    label_ends(axes, ends)
    return figure


def energy_finding(found: Sequence[Recalled]) -> str:
    """What the picture shows, in a sentence."""
    most = max(recalled.steps for recalled in found)
    if any(later > earlier for one in found for earlier, later in zip(one.energies, one.energies[1:], strict=False)):
        return "The energy can rise where all units are updated at once"
    if not most:
        return "Nothing moves: the lines are memories already"
    return f"The energy falls at every step until the line has settled, {most:,} at most"


def draw_capacity(found: Sequence[LoadResult], look: Look, *, garbled: float) -> Figure:
    """The share of random patterns that come back, over the load, a line for each kind of learning."""
    figure = blank()
    x = f"patterns for each unit; recalled with {garbled:.0%} of their units turned round"
    axes = panel(figure, capacity_finding(found), x, "% of the patterns recalled")
    ends = []
    for number, learning in enumerate(dict.fromkeys(at.learning for at in found)):
        own = [at for at in found if at.learning == learning]
        shares = [100 * at.recalled for at in own]
        colour = look.lines[number % len(look.lines)]
        axes.plot([at.load for at in own], shares, color=colour, linewidth=2.2, marker="o")
        ends.append((own[-1].load, shares[-1], learning, colour))
    axes.axvline(HEBBIAN_CAPACITY, color=look.faint, linewidth=1.0, linestyle=":")
    axes.annotate(
        f"{HEBBIAN_CAPACITY} N", (HEBBIAN_CAPACITY, 0), (4, 4), textcoords="offset points", color=look.faint, fontsize=9
    )
    axes.set_ylim(-3, 103)
    label_ends(axes, ends)
    return figure


def capacity_finding(found: Sequence[LoadResult]) -> str:
    """What the picture shows, in a sentence."""
    parts = []
    for learning in dict.fromkeys(at.learning for at in found):
        held = [at.load for at in found if at.learning == learning and at.recalled >= MOSTLY]
        parts.append(f"up to {max(held):.2f} N by {learning} learning" if held else f"nowhere by {learning} learning")
    return f"{MOSTLY:.0%} of the patterns come back {', '.join(parts)}"
