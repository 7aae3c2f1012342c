"""Draws whether a classifier's probabilities come true: how often its labels are right, over how sure it was."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from charnn.plots.canvas import Look, blank, panel

Floats = npt.NDArray[np.floating]
BINS = 10
CLOSE = 0.03
"""A model whose mean probability is no further from its accuracy than this is said to be calibrated."""


def draw_calibration(confidence_N: Floats, is_right_N: npt.NDArray[np.bool_], look: Look) -> Figure:
    """Texts of like probability share one of ten bins; below is how many texts there are in each."""
    figure = blank((6.4, 6.2))
    grid = figure.add_gridspec(2, 1, height_ratios=(3, 1), hspace=0.12)
    upper = panel(figure, finding(confidence_N, is_right_N), "", "% of labels that are right", grid[0])
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


def binned(confidence_N: Floats, is_right_N: npt.NDArray[np.bool_]) -> tuple[Floats, Floats, npt.NDArray[np.integer]]:
    """For each bin the mean probability, the fraction of right labels (0 for an empty bin) and the number of texts."""
    bin_N = np.minimum((confidence_N * BINS).astype(int), BINS - 1)
    count_B = np.bincount(bin_N, minlength=BINS)
    sums = [np.bincount(bin_N, values, minlength=BINS) for values in (confidence_N, is_right_N.astype(np.float64))]
    sure_B, right_B = (values / np.maximum(count_B, 1) for values in sums)
    return sure_B, right_B, count_B


def finding(confidence_N: Floats, is_right_N: npt.NDArray[np.bool_]) -> str:
    """What the picture shows, in a sentence."""
    sure, right = float(confidence_N.mean()), float(is_right_N.mean())
    texts = f"{len(confidence_N):,} texts"
    if abs(sure - right) <= CLOSE:
        return f"Its probabilities come true: it is {sure:.0%} sure on average, and {right:.0%} right, of {texts}"
    what = "too sure" if sure > right else "right more often than it thinks"
    return f"It is {what}: {sure:.0%} sure on average, and {right:.0%} right, of {texts}"
