"""Draws learning curves: the loss on what a run learns from, and on what was held out, as training goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from charnn.plots.canvas import WIDE, Look, blank, label_ends, panel

Floats = npt.NDArray[np.float64]
OVERFITS = 0.01
"""A run whose last validation is worse by more than this fraction than its best one is said to overfit."""

FALLS = 0.01
"""A run that gained more than this fraction in its last tenth is said to fall still."""


@dataclass(frozen=True)
class LearningCurve:
    """One run. N is its number of validations."""

    name: str
    x_N: Floats
    """How far the run was at each validation."""
    held_out_N: Floats
    """The figure of the validation; lower is better."""
    training_N: Floats | None
    """The same figure of the training data since the validation before, where there is one."""
    gradient_norm_N: Floats | None = None
    """The mean norm of the gradient since the validation before, NaN where it is not known; None if it never is."""

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
    axes = panel(figure, finding(curves, unit), "" if places else x_label, unit, places[0] if places else 111)
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
        axes.plot(curve.x_N[curve.best], curve.held_out_N[curve.best], "o", color=colour, markersize=7)
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


def finding(curves: Sequence[LearningCurve], unit: str) -> str:
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


def _zoom(axes: object, curves: Sequence[LearningCurve]) -> None:
    """Leaves out of sight how bad the first moments were, so that what comes after can be seen."""
    from matplotlib.axes import Axes

    assert isinstance(axes, Axes)
    every = np.concatenate([c.held_out_N for c in curves] + [c.training_N for c in curves if c.training_N is not None])
    every = every[np.isfinite(every)]
    late = np.concatenate([values[len(values) // 10 :] for c in curves if len(values := c.held_out_N)])
    low, high = float(every.min()), float(np.nanmax(late))
    room = 0.08 * max(high - low, 1e-9)
    axes.set_ylim(max(low - room, 0.0), high + room)
