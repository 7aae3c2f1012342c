"""Learning curves: what is drawn of a run, and what the title finds."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from charnn.plots.canvas import LIGHT, rendered
from charnn.plots.training import LearningCurve, curves_finding, draw_curves

FALLING = [3.0, 2.5, 2.2, 2.0, 1.9, 1.85, 1.82, 1.81, 1.805, 1.80]


def curve(values: list[float], name: str = "poems", training: list[float] | None = None) -> LearningCurve:
    x_N = np.arange(1, len(values) + 1, dtype=np.float64)
    return LearningCurve(name, x_N, np.array(values), None if training is None else np.array(training))


@pytest.mark.parametrize(
    ("curves", "said"),
    [
        ([curve(FALLING)], "poems: 1.8 nats at best"),
        ([curve([3.0, 2.0, 1.5, 1.6, 1.7])], "poems: 1.5 nats at best, and 1.7 at the end: it overfits"),
        ([curve(FALLING[:4] * 1)], "poems: 2 nats at best"),
        (
            [curve([3.0 - 0.1 * n for n in range(20)])],
            "poems: 1.1 nats at best, and it was still falling when training ended",
        ),
        ([curve(FALLING, "a"), curve([2.0, 1.5], "b")], "b is best with 1.5 nats; a has 1.8"),
    ],
)
def test_the_title_says_what_is_found(curves: list[LearningCurve], said: str) -> None:
    assert curves_finding(curves, "nats") == said


def test_the_dot_is_where_weights_were_kept_which_may_be_after_the_best_validation() -> None:
    for kept, at in ((None, 2.0), (2, 3.0)):
        one = dataclasses.replace(curve([3.0, 2.0, 2.1]), kept=kept)
        (axes,) = draw_curves([one], LIGHT, x_label="steps of training", unit="nats").axes
        dots = [line for line in axes.lines if line.get_marker() == "o" and len(line.get_xdata()) == 1]
        assert [dot.get_xdata()[0] for dot in dots] == [at]


def test_one_run_has_both_its_losses_and_its_best_validation_marked() -> None:
    figure = draw_curves([curve([3, 2, 2.5], training=[3, 1.5, 1])], LIGHT, x_label="steps of training", unit="nats")
    (axes,) = figure.axes
    held_out, training, best = axes.lines
    np.testing.assert_array_equal(held_out.get_ydata(), [3, 2, 2.5])
    np.testing.assert_array_equal(training.get_ydata(), [3, 1.5, 1])
    assert training.get_linestyle() == "--"
    assert [*map(float, best.get_xydata()[0])] == [2.0, 2.0]
    assert {text.get_text() for text in axes.texts} == {"held out", "learned from"}
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("steps of training", "nats")


def test_several_runs_have_a_colour_and_a_name_each() -> None:
    figure = draw_curves([curve(FALLING, "a"), curve(FALLING, "b")], LIGHT, x_label="x", unit="nats")
    (axes,) = figure.axes
    colours = [line.get_color() for line in axes.lines if len(line.get_xdata()) > 1]
    assert len(set(colours)) == 2
    assert {"a", "b"} <= {text.get_text() for text in axes.texts}


def test_how_bad_the_first_moments_were_is_left_out_of_sight() -> None:
    figure = draw_curves([curve([100.0, *FALLING * 2])], LIGHT, x_label="x", unit="nats")
    low, high = figure.axes[0].get_ylim()
    assert low < 1.8 < high < 10


@pytest.mark.parametrize("values", [[2.0], [2.0, 2.0], [float("nan"), 2.0, 1.0], [0.0, 0.0]])
def test_few_flat_or_broken_values_are_drawn_too(values: list[float]) -> None:
    assert rendered(lambda look: draw_curves([curve(values, training=values)], look, x_label="x", unit="nats"))


def test_norms_of_the_gradient_are_drawn_below_where_they_are_known() -> None:
    known, unknown = curve(FALLING[:3], "known"), curve(FALLING[:3], "unknown")
    known = dataclasses.replace(known, gradient_norm_N=np.array([1.0, np.nan, 2.0]))
    figure = draw_curves([unknown, known], LIGHT, x_label="steps of training", unit="nats")
    above, below = figure.axes
    (norms,) = below.lines
    np.testing.assert_array_equal(norms.get_ydata(), [1, np.nan, 2])
    assert norms.get_color() == LIGHT.lines[1]
    assert (above.get_xlabel(), below.get_xlabel()) == ("", "steps of training")
