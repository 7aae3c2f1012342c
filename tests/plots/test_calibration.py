"""Whether probabilities come true: bins, the title, and what is drawn of few texts."""

from __future__ import annotations

import numpy as np
import pytest

from charnn.plots.canvas import LIGHT, rendered
from charnn.plots.judgements import binned, calibration_finding, draw_calibration


def test_texts_of_like_probability_share_a_bin() -> None:
    sure, right, texts = binned(np.array([0.05, 0.91, 0.99, 1.0]), np.array([False, True, True, False]))
    assert texts.tolist() == [1, 0, 0, 0, 0, 0, 0, 0, 0, 3]
    assert sure[9] == pytest.approx((0.91 + 0.99 + 1.0) / 3)
    assert right[9] == pytest.approx(2 / 3)
    assert (right[0], right[5]) == (0, 0)


@pytest.mark.parametrize(
    ("sure", "right", "said"),
    [
        (0.9, 9, "Its probabilities come true: it is 90% sure on average, and 90% right, of 10 texts"),
        (0.9, 5, "It is too sure: 90% sure on average, and 50% right, of 10 texts"),
        (0.5, 9, "It is right more often than it thinks: 50% sure on average, and 90% right, of 10 texts"),
    ],
)
def test_the_title_says_whether_it_is_too_sure(sure: float, right: int, said: str) -> None:
    assert calibration_finding(np.full(10, sure), np.arange(10) < right) == said


def test_points_are_how_often_it_was_right_over_how_sure_it_was() -> None:
    upper, lower = draw_calibration(np.array([0.55, 0.55, 0.95]), np.array([True, False, True]), LIGHT).axes
    np.testing.assert_allclose(upper.lines[1].get_xydata(), [[55, 50], [95, 100]])
    assert lower.patches[0].get_data().values.tolist() == [0, 0, 0, 0, 0, 2, 0, 0, 0, 1]


@pytest.mark.parametrize("sure", [[1.0], [0.0, 1.0]])
def test_few_texts_are_drawn_too(sure: list[float]) -> None:
    assert rendered(lambda look: draw_calibration(np.array(sure), np.ones(len(sure), np.bool_), look), dark=True)
