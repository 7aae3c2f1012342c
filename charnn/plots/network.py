"""Draws what a network has learned inside: its hidden units along a text, its symbols in the plane, its attention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure

from charnn.arrays import Float32s, Floats
from charnn.plots.canvas import Look, blank, check_png, panel, plain_png, shown_label, wrapped, write

COLUMNS = 80
"""The most characters of a line of the picture."""
LINES = 12
"""The most lines of text for each unit."""
CELL = 0.105, 0.2
"""The width and height of a character in inches."""
VISIBLE = {"\n": "⏎", "\t": "⇥", " ": " "}


@dataclass(frozen=True)
class UnitStrip:
    """One unit along a text."""

    title: str
    values_T: Floats
    """The unit's value at each character, from -1 to 1."""


def draw_neurons(text: str, strips: Sequence[UnitStrip], look: Look, *, title: str) -> Figure:
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


MOST_SYMBOLS = 200
"""The most symbols that are drawn."""
PAIRS = 4
"""The pairs of nearest symbols that the title names."""
SHOWN = {" ": "space", "\n": "line end", "\t": "tab"}
KINDS = ("small letters", "capitals", "digits", "others")


@dataclass(frozen=True)
class Embeddings:
    """The vectors (V, E) of some symbols."""

    symbols: list[str]
    vectors_VE: Floats

    def in_plane(self) -> tuple[Floats, float]:
        """The symbols along their two directions of largest variance (V, 2), and the share of it that these have."""
        centred_VE = self.vectors_VE - self.vectors_VE.mean(0)
        left, sizes, _ = np.linalg.svd(centred_VE, full_matrices=False)
        plane_V2 = np.zeros((len(self.symbols), 2))
        kept = min(2, len(sizes))
        plane_V2[:, :kept] = left[:, :kept] * sizes[:kept]
        return plane_V2, float((sizes[:2] ** 2).sum() / max(float((sizes**2).sum()), 1e-12))

    def nearest(self, count: int) -> list[tuple[str, str]]:
        """The pairs of symbols whose vectors have the smallest angle between them, each symbol once."""
        unit_VE = self.vectors_VE / np.maximum(np.linalg.norm(self.vectors_VE, axis=1, keepdims=True), 1e-12)
        alike_VV = np.triu(unit_VE @ unit_VE.T, 1) - 2 * np.tri(len(self.symbols))
        pairs, used = list[tuple[str, str]](), set[int]()
        for place in np.argsort(-alike_VV, axis=None):
            first, second = divmod(int(place), len(self.symbols))
            if len(pairs) == count or alike_VV[first, second] < -1:
                break
            if used.isdisjoint((first, second)):
                pairs.append((self.symbols[first], self.symbols[second]))
                used |= {first, second}
        return pairs


def draw_embeddings(found: Embeddings, look: Look) -> Figure:
    """The symbols as text, coloured by their kind."""
    plane_V2, share = found.in_plane()
    pairs = ", ".join(f"{_shown(one)} and {_shown(other)}" for one, other in found.nearest(PAIRS))
    figure = blank((8.0, 6.0))
    title = f"Symbols that the model takes most alike: {pairs}"
    axes = panel(figure, title, f"two directions with {share:.0%} of all variance", "")
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.set_yticks([])
    low_2, high_2 = plane_V2.min(0), plane_V2.max(0)
    room_2 = 0.06 * (high_2 - low_2) + 1e-6
    axes.set(xlim=(low_2[0] - room_2[0], high_2[0] + room_2[0]), ylim=(low_2[1] - room_2[1], high_2[1] + room_2[1]))
    for symbol, (x, y) in zip(found.symbols, plane_V2, strict=True):
        colour = look.lines[_kind(symbol)]
        weight = "bold" if _kind(symbol) == len(KINDS) - 1 and symbol not in SHOWN else "normal"
        size = 9.0 if symbol in SHOWN else 13.0 if weight == "bold" else 10.5 if len(symbol) < 2 else 7.5
        axes.text(x, y, _shown(symbol), color=colour, ha="center", va="center", fontsize=size, fontweight=weight)
    present = sorted({_kind(symbol) for symbol in found.symbols})
    for row, kind in enumerate(present):
        axes.annotate(
            KINDS[kind], (1.0, 1.0), (6, -6 - 14 * row), xycoords="axes fraction", textcoords="offset points",
            color=look.lines[kind], fontsize=9.5, va="top", annotation_clip=False,
        )  # fmt: skip
    return figure


def _kind(symbol: str) -> int:
    if symbol.isalpha():
        return 1 if symbol[0].isupper() else 0
    return 2 if symbol.isdigit() else 3


def _shown(symbol: str) -> str:
    return SHOWN.get(symbol) or shown_label(symbol)


def save_attention(
    source: Sequence[str], target: Sequence[str], weights_TS: Float32s, path: Path, *, title: str
) -> None:
    """Writes attention to `path` as PNG: the places of a source in columns, the symbols of its target in rows. The
    darker a cell, the more of the attention was at that place for that symbol; a row is 1 as a whole.

    Raises UsageError where `path` ends as another type of file does, OutputError where it cannot be written.
    """
    check_png(path, "attention")
    columns, rows = list(map(shown_label, source)), list(map(shown_label, target))
    write(plain_png(lambda: _attention(columns, rows, weights_TS, title)), path)


def _attention(columns: Sequence[str], rows: Sequence[str], weights_TS: Float32s, title: str) -> Figure:
    cell = min(0.4, 30.0 / max(len(columns), len(rows)))  # in inches
    points = min(11.0, 26.0 * cell)
    figure = Figure(figsize=(cell * len(columns), cell * len(rows)))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))  # labels lie outside the figure; saving it tight lets them in
    axes.imshow(weights_TS, cmap="Blues", vmin=0.0, vmax=1.0, interpolation="nearest", aspect="auto")
    axes.hlines(np.arange(1, len(rows)) - 0.5, -0.5, len(columns) - 0.5, color="0.9", linewidth=0.5)
    axes.vlines(np.arange(1, len(columns)) - 0.5, -0.5, len(rows) - 0.5, color="0.9", linewidth=0.5)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    widest = max(map(len, columns)) * 0.75 * points / 72
    axes.set_xticks(range(len(columns)), columns, fontsize=points, rotation=90 if widest > cell else 0)
    axes.set_yticks(range(len(rows)), rows, fontsize=points)
    axes.tick_params(length=0)
    axes.set_xlabel("source", fontsize=10, labelpad=6)
    axes.set_ylabel("target", fontsize=10, labelpad=6)
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold", pad=12)
    return figure
