"""Draws a text once for each of some hidden units, each character on the colour of the unit's value there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure

from charnn.plots.canvas import Look, blank, shown_label, wrapped

COLUMNS = 80
"""The most characters of a line of the picture."""
LINES = 12
"""The most lines of text for each unit."""
CELL = 0.105, 0.2
"""The width and height of a character in inches."""
VISIBLE = {"\n": "⏎", "\t": "⇥", " ": " "}


@dataclass(frozen=True)
class Strip:
    """One unit along a text."""

    title: str
    values_T: npt.NDArray[np.floating]
    """The unit's value at each character, from -1 to 1."""


def draw_neurons(text: str, strips: Sequence[Strip], look: Look, *, title: str) -> Figure:
    """The text under each strip's title. What is beyond LINES lines of it is left out."""
    places = _places(text)
    columns = max(column for _, column in places) + 1
    lines = places[-1][0] + 1
    width, height = CELL
    head, gap = 0.3, 0.12
    block = lines * height + head + gap
    figure = blank((max(columns * width, 5.0), block * len(strips) + 1.0))
    total_width, total = figure.get_size_inches()
    heading = figure.text(0.0, 1.0, wrapped(title), fontsize=12, fontweight="bold", va="top")
    top = 0.12 + 0.22 * (heading.get_text().count("\n") + 1)
    colours = _colours(look)
    for number, strip in enumerate(strips):
        y = total - top - number * block - head - lines * height
        axes = figure.add_axes((0.0, y / total, columns * width / total_width, lines * height / total))
        grid_LC = np.full((lines, columns), np.nan)
        for (line, column), value in zip(places, strip.values_T[: len(places)], strict=True):
            grid_LC[line, column] = value
        axes.imshow(grid_LC, cmap=colours, vmin=-1.0, vmax=1.0, aspect="auto", interpolation="nearest")
        axes.set_axis_off()
        axes.set_title(strip.title, loc="left", fontsize=10, pad=5)
        for (line, column), character, value in zip(places, text, strip.values_T, strict=False):
            red, green, blue, _ = colours(Normalize(-1.0, 1.0)(value))
            ink = "#ffffff" if 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.42 else "#111111"
            shown = VISIBLE.get(character) or shown_label(character)
            if shown.strip():
                faint = ink if character not in VISIBLE else look.faint
                axes.text(
                    column, line, shown, ha="center", va="center", fontsize=8.5, color=faint, family="DejaVu Sans Mono"
                )
    bar = figure.add_axes((0.0, (total - top - len(strips) * block - 0.12) / total, 2.2 / total_width, 0.1 / total))
    scale = figure.colorbar(ScalarMappable(Normalize(-1.0, 1.0), colours), cax=bar, orientation="horizontal")
    scale.set_ticks([-1.0, 0.0, 1.0])
    scale.ax.tick_params(labelsize=8, length=2)
    scale.set_label("value of the unit once it has read the character", fontsize=8)
    return figure


def _places(text: str) -> list[tuple[int, int]]:
    """The line and column of each character, as far as LINES go."""
    places, line, column = list[tuple[int, int]](), 0, 0
    for character in text:
        if line == LINES:
            break
        places.append((line, column))
        column += 1
        if character == "\n" or column == COLUMNS:
            line, column = line + 1, 0
    return places


def _colours(look: Look) -> Colormap:
    """Colours from orange, below 0, over that of the paper to blue: every kind of colour blindness tells them apart."""
    colours = LinearSegmentedColormap.from_list("units", ["#d55e00", look.paper, "#0072b2"])
    return colours.with_extremes(bad=look.paper)
