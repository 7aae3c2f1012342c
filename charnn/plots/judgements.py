"""Draws how a model judges: what it takes for what, and whether its probabilities come true."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from charnn.arrays import Bools, Floats, Int64s, Integers
from charnn.plots.canvas import Look, blank, check_png, panel, plain_png, shown_label, write

MOST_LABELS = 30
"""So many labels have a row of their own. Rarer ones share one more row."""


# Blue and orange are told apart by every kind of colour blindness. The blues stay pale, so that the diagonal, which has
# nearly all the words, does not drown the mistakes. The orange scale is the same in all pictures, so that they compare,
# and logarithmic: one word in a thousand taken for another tag is worth seeing.
_RIGHT = LinearSegmentedColormap.from_list("right", colormaps["Blues"](np.linspace(0.0, 0.4, 256)))
_WRONG = LinearSegmentedColormap.from_list("wrong", colormaps["Oranges"](np.linspace(0.1, 1.0, 256)))
_RIGHT_SCALE = Normalize(0.0, 1.0)
_WRONG_SCALE = LogNorm(0.001, 1.0, clip=True)


class _Table(NamedTuple):
    """The table that is drawn: K rows of reference labels and K columns of predicted ones. The last row and column may
    stand for several labels."""

    labels: list[str]
    counts_KK: Int64s
    correct_K: Int64s
    """The number of right items in each row. It is on the diagonal unless labels share the row."""

    @property
    def reference_K(self) -> Int64s:
        reference_K: Int64s = self.counts_KK.sum(axis=1)
        return reference_K

    @property
    def predicted_K(self) -> Int64s:
        predicted_K: Int64s = self.counts_KK.sum(axis=0)
        return predicted_K


def save_confusion(labels: Sequence[str], counts_KK: Int64s, correct_K: Int64s, path: Path, *, title: str) -> None:
    """Writes a confusion matrix to `path` as PNG: reference labels, called gold, in rows, predicted ones in columns.

    `counts_KK` has how many items, such as words, have the label of the row and are predicted to have that of the
    column, and `correct_K` how many of each row are right; `labels` are in the order of rows and columns, the most
    frequent first. All but the first MOST_LABELS share one row and column, "other", whose own cell has the items that
    are right and those mistaken for one another. Cells show these numbers. Their colour is the fraction of the row's
    items: right ones are blue, mistakes orange on a logarithmic scale that is the same in every picture. Recall ends a
    row, precision a column, both in percent.

    Raises UsageError where `path` ends as another type of file does, OutputError where it cannot be written, ValueError
    for a matrix without items.
    """
    check_png(path, "a confusion matrix")
    if not counts_KK.any():
        raise ValueError("there is nothing in the confusion matrix")
    shown, rarer = [shown_label(label) for label in labels[:MOST_LABELS]], len(labels) - MOST_LABELS
    table = _Table([*shown, f"other ({rarer})"] if rarer > 0 else shown, counts_KK, correct_K)
    write(plain_png(lambda: _figure(table, title)), path)


def _figure(table: _Table, title: str) -> Figure:
    count = len(table.labels)
    cell = min(1.2, max(0.36, 5.0 / count))  # in inches, as is everything here that is not in points
    side = cell * count
    points = min(9.0, 20.0 * cell)
    figure = Figure(figsize=(side, side))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))  # labels lie outside the figure; saving it tight lets them in
    axes.set(xlim=(-0.5, count - 0.5), ylim=(count - 0.5, -0.5))
    _draw_cells(axes, table, 0.85 * points)
    _draw_labels(axes, table, cell, points)
    _draw_figures(axes, table, 0.85 * points)
    _draw_scale(figure, (0.55, 0.43), side, ScalarMappable(_RIGHT_SCALE, _RIGHT), "right, of the row")
    _draw_scale(figure, (0.02, 0.43), side, ScalarMappable(_WRONG_SCALE, _WRONG), "mistaken, of the row")
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold", pad=12)
    return figure


def _draw_cells(axes: Axes, table: _Table, points: float) -> None:
    count = len(table.labels)
    reference_K1 = np.maximum(table.reference_K, 1)[:, None]  # a label that is only ever predicted has an empty row
    colours_KK4 = _WRONG(_WRONG_SCALE(table.counts_KK / reference_K1))
    diagonal = np.arange(count)
    colours_KK4[diagonal, diagonal] = _RIGHT(_RIGHT_SCALE(table.correct_K / reference_K1[:, 0]))
    colours_KK4[table.counts_KK == 0] = 1.0
    axes.imshow(colours_KK4, interpolation="nearest", aspect="auto")
    edges = np.arange(1, count) - 0.5
    axes.hlines(edges, -0.5, count - 0.5, color="0.85", linewidth=0.5)
    axes.vlines(edges, -0.5, count - 0.5, color="0.85", linewidth=0.5)
    for row, column in np.argwhere(table.counts_KK > 0):
        items = int(table.counts_KK[row, column])
        text = _short(items)
        if row == column and (mistaken := items - int(table.correct_K[row])):
            text = f"{_short(items - mistaken)}\n+ {_short(mistaken)}"
        luminance = colours_KK4[row, column, :3] @ (0.2126, 0.7152, 0.0722)
        ink = "white" if luminance < 0.42 else "black"
        axes.text(column, row, text, ha="center", va="center", fontsize=points, color=ink)


def _draw_labels(axes: Axes, table: _Table, cell: float, points: float) -> None:
    places = range(len(table.labels))
    widest = max(map(len, table.labels)) * 0.75 * points / 72
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xticks(places, table.labels, fontsize=points, rotation=90 if widest > cell else 0)
    axes.set_yticks(places, table.labels, fontsize=points)
    axes.tick_params(length=0)
    axes.set_xlabel("predicted", fontsize=10, labelpad=6)
    axes.set_ylabel("gold", fontsize=10, labelpad=6)


def _draw_figures(axes: Axes, table: _Table, points: float) -> None:
    """Writes recall right of the rows, precision below the columns, and what two numbers in a cell mean."""
    count = len(table.labels)
    end = count - 0.5
    style: dict[str, Any] = {
        "textcoords": "offset points",
        "annotation_clip": False,
        "fontsize": points,
        "color": "0.25",
    }
    axes.annotate("recall %", (end, -0.5), (5, 4), ha="left", va="bottom", rotation=90, **style)
    axes.annotate("precision %", (-0.5, end), (-4, -5), ha="right", va="top", **style)
    for place in range(count):
        right = table.correct_K[place]
        recall, precision = _percent(right, table.reference_K[place]), _percent(right, table.predicted_K[place])
        axes.annotate(recall, (end, place), (5, 0), ha="left", va="center", **style)
        axes.annotate(precision, (place, end), (0, -5), ha="center", va="top", rotation=90, **style)
    if table.correct_K[-1] < table.counts_KK[-1, -1]:
        note = "other, in its own cell: right + mistaken for one another"
        axes.annotate(note, (-0.5, end), (0, -12 - 4 * points), ha="left", va="top", **style)


def _draw_scale(figure: Figure, span: tuple[float, float], side: float, colours: ScalarMappable, label: str) -> None:
    """Draws a colour bar right of the recalls; `span` is its lower end and its height, as fractions of `side`."""
    bottom, height = span
    bar = figure.add_axes((1 + 0.75 / side, bottom, 0.14 / side, height))
    scale = figure.colorbar(colours, cax=bar, format=FuncFormatter(lambda fraction, _: f"{100 * fraction:g}%"))
    scale.ax.tick_params(labelsize=8)
    scale.set_label(label, fontsize=8)


def _short(count: int) -> str:
    return str(count) if count < 100_000 else f"{count / 1000:.0f}k"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}" if whole else "-"


BINS = 10
CLOSE = 0.03
"""A model whose mean probability is no further from its accuracy than this is said to be calibrated."""


def draw_calibration(confidence_N: Floats, is_right_N: Bools, look: Look) -> Figure:
    """Texts of like probability share one of ten bins; below is how many texts there are in each."""
    figure = blank((6.4, 6.2))
    grid = figure.add_gridspec(2, 1, height_ratios=(3, 1), hspace=0.12)
    upper = panel(figure, calibration_finding(confidence_N, is_right_N), "", "% of labels that are right", grid[0])
    lower = panel(figure, "", "probability that the model gives its label, in %", "texts", grid[1])
    sure_B, right_B, count_B = binned(confidence_N, is_right_N)
    upper.plot([0, 100], [0, 100], color=look.faint, linewidth=1.0, linestyle=":")
    upper.annotate("as it should be", (15, 15), (10, -3), textcoords="offset points", color=look.faint, fontsize=8.5)
    used = count_B > 0
    upper.plot(100 * sure_B[used], 100 * right_B[used], color=look.lines[0], linewidth=1.4)
    sizes = 24 + 240 * count_B[used] / count_B.max()
    upper.scatter(100 * sure_B[used], 100 * right_B[used], sizes, color=look.lines[0], zorder=3)
    edges = np.linspace(0, 100, BINS + 1)
    lower.stairs(count_B, edges, fill=True, color=look.lines[0], alpha=0.5)
    for axes in (upper, lower):
        axes.set_xlim(0, 102)
    upper.set_ylim(-2, 104)
    upper.tick_params(labelbottom=False)
    return figure


def binned(confidence_N: Floats, is_right_N: Bools) -> tuple[Floats, Floats, Integers]:
    """For each bin the mean probability, the fraction of right labels (0 for an empty bin) and the number of texts."""
    bin_N = np.minimum((confidence_N * BINS).astype(int), BINS - 1)
    count_B = np.bincount(bin_N, minlength=BINS)
    sums = [np.bincount(bin_N, values, minlength=BINS) for values in (confidence_N, is_right_N.astype(np.float64))]
    sure_B, right_B = (values / np.maximum(count_B, 1) for values in sums)
    return sure_B, right_B, count_B


def calibration_finding(confidence_N: Floats, is_right_N: Bools) -> str:
    """What the picture shows, in a sentence."""
    sure, right = float(confidence_N.mean()), float(is_right_N.mean())
    texts = f"{len(confidence_N):,} texts"
    if abs(sure - right) <= CLOSE:
        return f"Its probabilities come true: it is {sure:.0%} sure on average, and {right:.0%} right, of {texts}"
    what = "too sure" if sure > right else "right more often than it thinks"
    return f"It is {what}: {sure:.0%} sure on average, and {right:.0%} right, of {texts}"
