"""Draws how far back gradients reach: |dL_t / dh_(t-k)| over k, the vanishing and exploding gradients of lectures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from charnn.plots.canvas import Look, blank, label_ends, panel

Floats = npt.NDArray[np.float64]
TENTH, THOUSANDTH = 0.1, 0.001
GROWS = 3.0
"""A gradient that becomes so many times as large on its way back is said to grow."""
LEAST = 1e-12
"""Smaller values are left out of sight: single precision has none of them beside 1."""
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Reach:
    """The gradient of one network."""

    name: str
    norms_K: Floats
    """The norm of the gradient that reaches back k steps, k from 0."""
    is_fresh: bool = False
    """Whether the network has its first, random weights."""

    @property
    def relative_K(self) -> Floats:
        """The norms as fractions of that at k = 0."""
        relative_K: Floats = self.norms_K / max(float(self.norms_K[0]), LEAST)
        return relative_K

    def steps_to(self, fraction: float) -> int | None:
        """The first k at which less than this fraction of the gradient is left; None where there is more everywhere."""
        below = np.flatnonzero(self.relative_K < fraction)
        return int(below[0]) if len(below) else None


def draw_gradients(reaches: Sequence[Reach], look: Look) -> Figure:
    """The gradients of some networks in one panel, with a logarithmic scale."""
    figure = blank()
    axes = panel(figure, finding(reaches), "k, steps back from the loss", "|∂Lₜ / ∂hₜ₋ₖ|, relative to k = 0")
    names = list(dict.fromkeys(reach.name for reach in reaches))
    has_trained = not all(reach.is_fresh for reach in reaches)
    ends = []
    for reach in reaches:
        colour, dashed = look.lines[names.index(reach.name) % len(look.lines)], reach.is_fresh and has_trained
        values_K = np.where(reach.relative_K >= LEAST, reach.relative_K, np.nan)
        places_K = np.arange(len(values_K))
        axes.plot(places_K, values_K, color=colour, linewidth=1.4 if dashed else 2.4, linestyle="--" if dashed else "-")
        if not dashed:
            last = int(np.flatnonzero(np.isfinite(values_K))[-1])
            ends.append((last, float(values_K[last]), reach.name, colour))
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(_power_of_ten))
    axes.minorticks_off()
    axes.axhline(TENTH, color=look.faint, linewidth=1.0, linestyle=":")
    style: dict[str, Any] = {"textcoords": "offset points", "ha": "right", "color": look.faint, "fontsize": 8.5}
    axes.annotate("a tenth", (1.0, TENTH), (-2, 3), xycoords=("axes fraction", "data"), **style)
    if has_trained and any(reach.is_fresh for reach in reaches):
        axes.annotate("dashed: before training", (1.0, 1.0), (-2, -2), xycoords="axes fraction", va="top", **style)
    axes.set_xlim(0, max(len(reach.norms_K) for reach in reaches) - 1)
    label_ends(axes, ends)
    return figure


def finding(reaches: Sequence[Reach]) -> str:
    """What the picture shows, in a sentence."""
    trained = [reach for reach in reaches if not reach.is_fresh] or list(reaches)
    if growing := [reach for reach in trained if reach.relative_K.max() > GROWS]:
        largest = max(growing, key=lambda reach: float(reach.relative_K.max()))
        top = int(largest.relative_K.argmax())
        times = f"{largest.relative_K[top]:,.0f} times as large"
        return f"The gradient grows: in {largest.name} it is {times} {_steps(top)} back"
    found = sorted((reach.steps_to(THOUSANDTH), reach.name) for reach in trained if reach.steps_to(THOUSANDTH))
    if not found:
        return f"The gradient lasts: more than a thousandth of it is left {_steps(len(trained[0].norms_K) - 1)} back"
    first, *others = [
        f"{k if number else _steps(k or 0) + ' back'} in {name}" for number, (k, name) in enumerate(found)
    ]
    further = [reach.name for reach in trained if reach.steps_to(THOUSANDTH) is None]
    said = ", ".join([first, *others, *([f"further back in {' and '.join(further)}"] if further else [])])
    return f"The gradient vanishes: a thousandth of it is left {said}"


def _power_of_ten(value: float, place: int) -> str:
    exponent = round(float(np.log10(value)))
    return "1" if exponent == 0 else f"10{str(exponent).translate(SUPERSCRIPTS)}"


def _steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count:,} steps"
