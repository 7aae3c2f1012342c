"""Draws how long texts are, those that were learned from beside those that the model writes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, StrMethodFormatter

from charnn.plots.canvas import Look, blank, panel

BINS = 24


def draw_lengths(real: Sequence[int], written: Sequence[int], look: Look, *, unit: str) -> Figure:
    """Outlines of both histograms over a logarithmic scale. `unit` is what is counted, such as lines."""
    figure = blank()
    axes = panel(figure, finding(real, written, unit), "characters in each", f"% of the {unit}")
    low, high = min(*real, *written), max(*real, *written)
    edges = np.unique(np.round(np.geomspace(max(low, 1), max(high, 1) + 1, BINS + 1)))
    for lengths, colour, filled in ((real, look.lines[0], True), (written, look.lines[1], False)):
        counts, _ = np.histogram(np.maximum(lengths, 1), edges)
        share = 100 * counts / max(len(lengths), 1)
        axes.stairs(share, edges, color=colour, fill=filled, alpha=0.35 if filled else 1.0, linewidth=2.2)
        if filled:
            axes.stairs(share, edges, color=colour, linewidth=1.4)
        axes.axvline(float(np.median(lengths)), color=colour, linewidth=1.2, linestyle=":")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    rows = (("learned from", 0), ("written by the model", 1))
    for row, (name, number) in enumerate(rows):
        axes.annotate(
            name, (1.0, 1.0), (6, -6 - 14 * row), xycoords="axes fraction", textcoords="offset points",
            color=look.lines[number], fontsize=9.5, va="top", annotation_clip=False,
        )  # fmt: skip
    axes.annotate(
        "dotted: median", (1.0, 1.0), (6, -6 - 28), xycoords="axes fraction", textcoords="offset points",
        color=look.faint, fontsize=8.5, va="top", annotation_clip=False,
    )  # fmt: skip
    return figure


def finding(real: Sequence[int], written: Sequence[int], unit: str) -> str:
    """What the picture shows, in a sentence."""
    median_real, median_written = float(np.median(real)), float(np.median(written))
    ratio = median_written / max(median_real, 1.0)
    about = "about as long as" if 0.9 <= ratio <= 1.1 else "longer than" if ratio > 1 else "shorter than"
    return (
        f"The model writes {unit} {about} those that it learned from: "
        f"{median_written:,.0f} characters against {median_real:,.0f} (medians)"
    )
