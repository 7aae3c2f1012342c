"""Draws what samples of a model are like: as the temperature rises, and how long they are beside what was learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, StrMethodFormatter

from charnn.plots.canvas import Look, blank, label_ends, panel

MOSTLY_KNOWN = 0.95
"""As the highest sensible temperature the title names the last one with so many known words."""


@dataclass(frozen=True)
class TemperatureResult:
    """What the samples of one temperature are like."""

    temperature: float
    bits_per_character: float
    """How surprising the model finds them."""
    known_words: float
    """The fraction of words that stand in what the model learned from."""
    copied: float
    """The fraction of characters in long runs that stand there, too."""


def draw_temperature(found: Sequence[TemperatureResult], look: Look, *, at_least: int) -> Figure:
    """Two panels over temperature; `at_least` is the length of a run that counts as copied."""
    figure = blank((8.0, 5.6))
    temperatures = [one.temperature for one in found]
    upper = panel(figure, temperature_finding(found), "", "% of the samples", 211)
    known, copied = [100 * one.known_words for one in found], [100 * one.copied for one in found]
    upper.plot(temperatures, known, color=look.lines[0], linewidth=2.2, marker="o")
    upper.plot(temperatures, copied, color=look.lines[1], linewidth=2.2, marker="s")
    upper.set_ylim(-3, 103)
    upper.tick_params(labelbottom=False)
    lower = panel(figure, "", "temperature", "bits per character", 212)
    lower.plot(temperatures, [one.bits_per_character for one in found], color=look.lines[2], linewidth=2.2, marker="^")
    lower.set_ylim(bottom=0)
    for axes in (upper, lower):
        axes.set_xticks(temperatures)
    last = temperatures[-1]
    label_ends(
        upper,
        [
            (last, known[-1], "words that the text has", look.lines[0]),
            (last, copied[-1], f"copied, {at_least} characters on end", look.lines[1]),
        ],
    )
    label_ends(lower, [(last, found[-1].bits_per_character, "their surprise for the model", look.lines[2])])
    return figure


def temperature_finding(found: Sequence[TemperatureResult]) -> str:
    """What the picture shows, in a sentence."""
    known = [one for one in found if one.known_words >= MOSTLY_KNOWN]
    if not known:
        best = max(found, key=lambda one: one.known_words)
        return f"At no temperature are {MOSTLY_KNOWN:.0%} of the words known; most are at {best.temperature:g}"
    top = known[-1]
    return (
        f"Up to temperature {top.temperature:g} at least {MOSTLY_KNOWN:.0%} of the words are known; "
        f"{top.copied:.0%} is copied there, and {found[0].copied:.0%} at {found[0].temperature:g}"
    )


BINS = 24


def draw_lengths(real: Sequence[int], written: Sequence[int], look: Look, *, unit: str) -> Figure:
    """Outlines of both histograms over a logarithmic scale. `unit` is what is counted, such as lines."""
    figure = blank()
    axes = panel(figure, lengths_finding(real, written, unit), "characters in each", f"% of the {unit}")
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


def lengths_finding(real: Sequence[int], written: Sequence[int], unit: str) -> str:
    """What the picture shows, in a sentence."""
    median_real, median_written = float(np.median(real)), float(np.median(written))
    ratio = median_written / max(median_real, 1.0)
    about = "about as long as" if 0.9 <= ratio <= 1.1 else "longer than" if ratio > 1 else "shorter than"
    return (
        f"The model writes {unit} {about} those that it learned from: "
        f"{median_written:,.0f} characters against {median_real:,.0f} (medians)"
    )
