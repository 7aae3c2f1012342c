"""Draws a forecast: the rows before it, its median in its intervals, what came, and the naive forecast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from charnn.arrays import Float64s
from charnn.plots.canvas import DASHES, Look, blank, label_ends, panel, shown_label

AXIS_CHARACTERS, MOST_TICKS = 88, 6
"""How many characters of times stand side by side below the axis, and at most so many times."""
CLOSE = 0.02
"""Errors that differ by less than this share are said to be alike."""


@dataclass(frozen=True)
class DrawnForecast:
    """One column of a forecast of H steps that follows P rows."""

    name: str
    times: Sequence[str]
    """The times of the rows and the steps, P + H."""
    past_P: Float64s
    """NaN in a gap."""
    quantiles_HQ: Float64s
    """Five quantiles, of which the first and the last enclose 80% and the middle one is the median."""
    came_H: Float64s
    """What came; NaN where that is not known."""
    naive_H: Float64s
    naive: str
    """The name of the better naive forecast."""

    @property
    def is_known(self) -> bool:
        return bool(np.isfinite(self.came_H).any())


def draw_forecast(found: DrawnForecast, look: Look) -> Figure:
    figure = blank()
    axes = panel(figure, forecast_finding(found), "", shown_label(found.name))
    begins, ends = len(found.past_P), len(found.past_P) + len(found.naive_H) - 1
    ahead_H = np.arange(begins, ends + 1)
    band, median = look.lines[0], found.quantiles_HQ[:, 2]
    for low, high, alpha in ((0, 4, 0.18), (1, 3, 0.28)):
        axes.fill_between(
            ahead_H, found.quantiles_HQ[:, low], found.quantiles_HQ[:, high], color=band, alpha=alpha, linewidth=0
        )
    axes.plot(np.arange(begins), found.past_P, color=look.ink, linewidth=1.4)
    axes.plot(ahead_H, found.naive_H, color=look.lines[1], linewidth=1.2, linestyle=DASHES[1])
    few = "o" if len(ahead_H) == 1 else None
    axes.plot(ahead_H, median, color=band, linewidth=2.2, marker=few)
    named = [(ends, median[-1], "forecast", band), (ends, found.naive_H[-1], found.naive, look.lines[1])]
    if found.is_known:
        last = found.past_P[-1:]
        axes.plot(np.arange(begins - 1, ends + 1), np.concatenate([last, found.came_H]), color=look.ink, linewidth=1.4)
        known = np.flatnonzero(np.isfinite(found.came_H))[-1]
        named.append((ends, found.came_H[known], "what came", look.ink))
    axes.axvline(begins - 0.5, color=look.faint, linewidth=0.8, linestyle=DASHES[2])
    axes.set_xlim(0, ends)
    times = _shortened(found.times)
    room = AXIS_CHARACTERS // (max(map(len, times)) + 3)
    axes.xaxis.set_major_locator(MaxNLocator(min(max(room, 2), MOST_TICKS), integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: _time(times, at)))
    axes.annotate(
        "bands: 50% and 80%", (1.0, 1.0), (0, -4), xycoords="axes fraction", textcoords="offset points", ha="right",
        va="top", fontsize=8.5, color=look.faint,
    )  # fmt: skip
    label_ends(axes, named)
    return figure


def _shortened(times: Sequence[str]) -> list[str]:
    """The times without the seconds, and without the hours too, where none has any."""
    for end in (" 00:00:00", ":00"):
        if all(time.endswith(end) and ":" in time for time in times):
            return [time.removesuffix(end) for time in times]
    return list(times)


def _time(times: Sequence[str], at: float) -> str:
    return times[round(at)] if 0 <= round(at) < len(times) else ""


def forecast_finding(found: DrawnForecast) -> str:
    """What the picture shows, in a sentence."""
    name = shown_label(found.name)
    if not found.is_known:
        low, middle, high = found.quantiles_HQ[-1, [0, 2, 4]]
        return f"{name} at {found.times[-1]}: {middle:.4g}, and with a probability of 80% from {low:.4g} to {high:.4g}"
    known_H = np.isfinite(found.came_H)
    came = found.came_H[known_H]
    low, middle, high = (found.quantiles_HQ[known_H, place] for place in (0, 2, 4))
    within = int(((low <= came) & (came <= high)).sum())
    own, naive = float(abs(came - middle).mean()), float(abs(came - found.naive_H[known_H]).mean())
    said = f"{name}: {within} of {len(came)} values within the interval for 80%"
    if naive <= 0 or abs(own / naive - 1) < CLOSE:
        return f"{said}; it errs as much as the {found.naive} forecast"
    less = "less" if own < naive else "more"
    return f"{said}; it errs by {100 * abs(1 - own / naive):.0f}% {less} than the {found.naive} forecast"
