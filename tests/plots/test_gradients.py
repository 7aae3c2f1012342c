"""How far back gradients reach: the curves and what the title finds."""

from __future__ import annotations

import numpy as np
import pytest

from charnn.plots.canvas import LIGHT, rendered
from charnn.plots.training import GradientReach, draw_gradients, gradients_finding


def reach(factor: float, name: str = "rnn", steps: int = 50, *, fresh: bool = False) -> GradientReach:
    return GradientReach(name, 3.0 * factor ** np.arange(steps + 1, dtype=np.float64), fresh)


@pytest.mark.parametrize(
    ("reaches", "said"),
    [
        ([reach(0.5)], "The gradient vanishes: a thousandth of it is left 10 steps back in rnn"),
        (
            [reach(0.8, "lstm"), reach(0.5), reach(0.1, fresh=True)],
            "The gradient vanishes: a thousandth of it is left 10 steps back in rnn, 31 in lstm",
        ),
        (
            [reach(0.99, "lstm"), reach(0.5)],
            "The gradient vanishes: a thousandth of it is left 10 steps back in rnn, further back in lstm",
        ),
        ([reach(0.99)], "The gradient lasts: more than a thousandth of it is left 50 steps back"),
        ([reach(1.1), reach(0.5, "gru")], "The gradient grows: in rnn it is 117 times as large 50 steps back"),
        ([reach(0.5, fresh=True)], "The gradient vanishes: a thousandth of it is left 10 steps back in rnn"),
    ],
)
def test_the_title_says_what_is_found(reaches: list[GradientReach], said: str) -> None:
    assert gradients_finding(reaches) == said


def test_curves_are_relative_and_logarithmic_and_those_before_training_dashed() -> None:
    figure = draw_gradients([reach(0.5, steps=3), reach(0.9, steps=3, fresh=True)], LIGHT)
    (axes,) = figure.axes
    trained, fresh, _tenth = axes.lines
    np.testing.assert_allclose(trained.get_ydata(), [1, 0.5, 0.25, 0.125])
    assert (trained.get_linestyle(), fresh.get_linestyle()) == ("-", "--")
    assert trained.get_color() == fresh.get_color()
    assert axes.get_yscale() == "log"
    assert {"rnn", "a tenth", "dashed: before training"} == {text.get_text() for text in axes.texts}


def test_a_gradient_of_nothing_is_drawn_as_far_as_there_is_one() -> None:
    nothing = GradientReach("rnn", np.array([1.0, 1e-5, 0.0, 0.0]))
    assert rendered(lambda look: draw_gradients([nothing], look))
    assert nothing.steps_to(0.1) == 1
