"""Forecasts as pictures: the title says how near they came, and nothing is drawn of what nobody knows."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from charnn.plots.canvas import DARK, LIGHT, rendered
from charnn.plots.forecast import DrawnForecast, draw_forecast, forecast_finding

SPREAD = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
FOUND = DrawnForecast(
    "sales", [f"2024-01-{day:02d}" for day in range(1, 10)], np.arange(6.0),
    np.array([6.0, 7.0, 8.0])[:, None] + SPREAD, np.array([6.5, 9.5, np.nan]), np.full(3, 5.0), "naive",
)  # fmt: skip


@pytest.mark.parametrize(
    ("came", "said"),
    [
        (
            [6.5, 9.5, np.nan],
            "sales: 1 of 2 values within the interval for 80%; it errs by 50% less than the naive forecast",
        ),
        ([5, 5, 5], "sales: 2 of 3 values within the interval for 80%; it errs as much as the naive forecast"),
        (
            [5.0, 5.0, 5.5],
            "sales: 2 of 3 values within the interval for 80%; it errs by 1000% more than the naive forecast",
        ),
        ([np.nan] * 3, "sales at 2024-01-09: 8, and with a probability of 80% from 6 to 10"),
    ],
)
def test_the_title_says_what_came_of_it(came: list[float], said: str) -> None:
    assert forecast_finding(replace(FOUND, came_H=np.array(came, np.float64))) == said


def test_what_came_goes_on_from_the_last_row_and_the_median_is_drawn_where_it_is() -> None:
    (axes,) = draw_forecast(FOUND, LIGHT).axes
    past, naive, median, came, _ = axes.lines
    assert past.get_xydata().tolist()[-1] == [5, 5]
    np.testing.assert_array_equal(median.get_xydata(), [[6, 6], [7, 7], [8, 8]])
    np.testing.assert_array_equal(came.get_xydata(), [[5, 5], [6, 6.5], [7, 9.5], [8, np.nan]])
    assert naive.get_ydata().tolist() == [5, 5, 5]
    unknown = replace(FOUND, came_H=np.full(3, np.nan))
    assert len(draw_forecast(unknown, DARK).axes[0].lines) == 4


def test_one_step_and_gaps_are_drawn_too() -> None:
    one = DrawnForecast(
        "$x$", ["1", "2", "3"], np.array([np.nan, 1.0]), SPREAD[None], np.array([0.5]), np.zeros(1), "naive"
    )
    assert rendered(lambda look: draw_forecast(one, look), dark=True)


@pytest.mark.parametrize(
    ("times", "shown"),
    [
        ([f"2024-02-{day:02d} 00:00:00" for day in range(1, 29)], "2024-02-01"),
        ([f"2024-02-01 {hour:02d}:00:00" for hour in range(24)], "2024-02-01 00:00"),
        ([f"2024-02-01 00:00:{second:02d}" for second in range(60)], "2024-02-01 00:00:00"),
        ([str(year) for year in range(1700, 1760)], "1700"),
    ],
)
def test_times_stand_side_by_side_without_what_none_of_them_has(times: list[str], shown: str) -> None:
    steps, past = 3, len(times) - 3
    found = replace(
        FOUND, times=times, past_P=np.zeros(past), quantiles_HQ=np.zeros((steps, 5)), came_H=np.zeros(steps),
        naive_H=np.zeros(steps),
    )  # fmt: skip
    figure = draw_forecast(found, LIGHT)
    FigureCanvasAgg(figure).draw()
    (axes,) = figure.axes
    labels = [label for label in axes.get_xticklabels() if label.get_text()]
    assert labels[0].get_text() == shown
    boxes = [label.get_window_extent() for label in labels]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    assert len(labels) >= 3
