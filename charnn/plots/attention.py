"""Draws attention as a picture, which shows where in its source each symbol of a target comes from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from charnn.plots.canvas import check_png, plain_png, shown_label, write


def save_attention(
    source: Sequence[str], target: Sequence[str], weights_TS: npt.NDArray[np.float32], path: Path, *, title: str
) -> None:
    """Writes attention to `path` as PNG: the places of a source in columns, the symbols of its target in rows. The
    darker a cell, the more of the attention was at that place for that symbol; a row is 1 as a whole.

    Raises UsageError where `path` ends as another type of file does, OutputError where it cannot be written.
    """
    check_png(path, "attention")
    columns, rows = list(map(shown_label, source)), list(map(shown_label, target))
    write(plain_png(lambda: _attention(columns, rows, weights_TS, title)), path)


def _attention(columns: Sequence[str], rows: Sequence[str], weights_TS: npt.NDArray[np.float32], title: str) -> Figure:
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
