"""Draws how models learned: learning curves, and how far back gradients reach.

A learning curve is the loss on what a run learns from, and on what was held out, as training goes on. How far gradients
reach is |dL_t / dh_(t-k)| over k, the vanishing and exploding gradients of lectures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, StrMethodFormatter

from charnn.arrays import Float64s
from charnn.plots.canvas import WIDE, Look, blank, label_ends, panel
from charnn.readable import counted

OVERFITS = 0.01
"""A run whose last validation is worse by more than this fraction than its best one is said to overfit."""

FALLS = 0.01
"""A run that gained more than this fraction in its last tenth is said to fall still."""


@dataclass(frozen=True)
class LearningCurve:
    """One run. N is its number of validations."""

    name: str
    x_N: Float64s
    """How far the run was at each validation."""
    held_out_N: Float64s
    """The figure of the validation; lower is better."""
    training_N: Float64s | None
    """The same figure of the training data since the validation before, where there is one."""
    gradient_norm_N: Float64s | None = None
    """The mean norm of the gradient since the validation before, NaN where it is not known; None if it never is."""
    kept: int | None = None
    """The number of the validation whose weights are kept; None is for the best one."""

    @property
    def best(self) -> int:
        """The number of the best validation."""
        return int(np.nanargmin(self.held_out_N))


def draw_curves(curves: Sequence[LearningCurve], look: Look, *, x_label: str, unit: str) -> Figure:
    """The curves of some runs in one panel, and below it how large their gradients were, where that is known.

    `unit` is that of the figures, such as nats per character.
    """
    with_norms = [curve for curve in curves if curve.gradient_norm_N is not None]
    figure = blank((WIDE[0], WIDE[1] * 1.35) if with_norms else WIDE)
    places = figure.add_gridspec(2, 1, height_ratios=(3, 1), hspace=0.12) if with_norms else None
    axes = panel(figure, curves_finding(curves, unit), "" if places else x_label, unit, places[0] if places else 111)
    ends = list[tuple[float, float, str, str]]()
    for number, curve in enumerate(curves):
        colour = look.lines[number % len(look.lines)]
        few = "o" if len(curve.x_N) < 3 else None
        axes.plot(curve.x_N, curve.held_out_N, color=colour, linewidth=2.2, marker=few)
        name = curve.name if len(curves) > 1 else "held out"
        ends.append((curve.x_N[-1], curve.held_out_N[-1], name, colour))
        if curve.training_N is not None:
            axes.plot(curve.x_N, curve.training_N, color=colour, linewidth=1.0, linestyle="--", alpha=0.8)
            if len(curves) == 1:
                ends.append((curve.x_N[-1], curve.training_N[-1], "learned from", colour))
        kept = curve.best if curve.kept is None else curve.kept
        axes.plot(curve.x_N[kept], curve.held_out_N[kept], "o", color=colour, markersize=7)
    _zoom(axes, curves)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.4g}"))
    label_ends(axes, ends)
    if len(curves) > 1 and any(curve.training_N is not None for curve in curves):
        axes.annotate(
            "solid: held out; dashed: learned from; dot: best", (1.0, 1.0), (0, -4), xycoords="axes fraction",
            textcoords="offset points", ha="right", va="top", fontsize=8.5, color=look.faint,
        )  # fmt: skip
    if places:
        below = panel(figure, "", x_label, "gradient's norm", places[1])
        below.sharex(axes)
        axes.tick_params(labelbottom=False)
        for number, curve in enumerate(curves):
            if curve.gradient_norm_N is not None:
                colour = look.lines[number % len(look.lines)]
                few = "o" if len(curve.x_N) < 3 else None
                below.plot(curve.x_N, curve.gradient_norm_N, color=colour, linewidth=1.4, marker=few)
        below.set_ylim(bottom=0)
    return figure


def curves_finding(curves: Sequence[LearningCurve], unit: str) -> str:
    """What the picture shows, in a sentence."""
    bests = sorted((float(curve.held_out_N[curve.best]), curve.name) for curve in curves)
    (best, name), *others = bests
    if others:
        return f"{name} is best with {best:.4g} {unit}; {others[0][1]} has {others[0][0]:.4g}"
    (curve,) = curves
    said = f"{name}: {best:.4g} {unit} at best"
    last = float(curve.held_out_N[-1])
    if last > (1 + OVERFITS) * best:
        return f"{said}, and {last:.4g} at the end: it overfits"
    late_N = curve.held_out_N[len(curve.x_N) * 9 // 10 :]
    if curve.best == len(curve.x_N) - 1 and late_N[0] > (1 + FALLS) * last:
        return f"{said}, and it was still falling when training ended"
    return said


def _zoom(axes: Axes, curves: Sequence[LearningCurve]) -> None:
    """Leaves out of sight how bad the first moments were, so that what comes after can be seen."""
    every = np.concatenate([c.held_out_N for c in curves] + [c.training_N for c in curves if c.training_N is not None])
    every = every[np.isfinite(every)]
    late = np.concatenate([values[len(values) // 10 :] for c in curves if len(values := c.held_out_N)])
    low, high = float(every.min()), float(np.nanmax(late))
    room = 0.08 * max(high - low, 1e-9)
    axes.set_ylim(max(low - room, 0.0), high + room)


TENTH, THOUSANDTH = 0.1, 0.001
GROWS = 3.0
"""A gradient that becomes so many times as large on its way back is said to grow."""
LEAST = 1e-12
"""Smaller values are left out of sight: single precision has none of them beside 1."""
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class GradientReach:
    """The gradient of one network."""

    name: str
    norms_K: Float64s
    """The norm of the gradient that reaches back k steps, k from 0."""
    is_fresh: bool = False
    """Whether the network has its first, random weights."""

    @property
    def relative_K(self) -> Float64s:
        """The norms as fractions of that at k = 0."""
        relative_K: Float64s = self.norms_K / max(float(self.norms_K[0]), LEAST)
        return relative_K

    def steps_to(self, fraction: float) -> int | None:
        """The first k at which less than this fraction of the gradient is left; None where there is more everywhere."""
        below = np.flatnonzero(self.relative_K < fraction)
        return int(below[0]) if len(below) else None


def draw_gradients(reaches: Sequence[GradientReach], look: Look) -> Figure:
    """The gradients of some networks in one panel, with a logarithmic scale."""
    figure = blank()
    axes = panel(figure, gradients_finding(reaches), "k, steps back from the loss", "|∂Lₜ / ∂hₜ₋ₖ|, relative to k = 0")
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


def gradients_finding(reaches: Sequence[GradientReach]) -> str:
    """What the picture shows, in a sentence."""
    trained = [reach for reach in reaches if not reach.is_fresh] or list(reaches)
    if growing := [reach for reach in trained if reach.relative_K.max() > GROWS]:
        largest = max(growing, key=lambda reach: float(reach.relative_K.max()))
        top = int(largest.relative_K.argmax())
        times = f"{largest.relative_K[top]:,.0f} times as large"
        return f"The gradient grows: in {largest.name} it is {times} {counted(top, 'step')} back"
    found = sorted((reach.steps_to(THOUSANDTH), reach.name) for reach in trained if reach.steps_to(THOUSANDTH))
    if not found:
        back = counted(len(trained[0].norms_K) - 1, "step")
        return f"The gradient lasts: more than a thousandth of it is left {back} back"
    first, *others = [
        f"{k if number else counted(k or 0, 'step') + ' back'} in {name}" for number, (k, name) in enumerate(found)
    ]
    further = [reach.name for reach in trained if reach.steps_to(THOUSANDTH) is None]
    said = ", ".join([first, *others, *([f"further back in {' and '.join(further)}"] if further else [])])
    return f"The gradient vanishes: a thousandth of it is left {said}"


def _power_of_ten(value: float, place: int) -> str:
    exponent = round(float(np.log10(value)))
    return "1" if exponent == 0 else f"10{str(exponent).translate(SUPERSCRIPTS)}"
