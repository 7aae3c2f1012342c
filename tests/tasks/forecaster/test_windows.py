"""What a forecaster is shown of a series, its plain forecasts, and its scores."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from charnn.corpora.series import Series
from charnn.corpora.times import TimeAxis
from charnn.tasks.forecaster.base import BaseForecast, choose_base, fitted
from charnn.tasks.forecaster.config import QUANTILES, ForecasterNetworkConfig
from charnn.tasks.forecaster.graph import forecaster_graph
from charnn.tasks.forecaster.learn.network import ForecasterNetwork
from charnn.tasks.forecaster.scores import ForecastScore, pinball
from charnn.tasks.forecaster.season import find_season
from charnn.tasks.forecaster.use.model import RuntimeForecasterNetwork
from charnn.tasks.forecaster.windows import PreparedSeries, filled, statistics, windows_at_once

SEASON, HORIZON, CONTEXT = 7, 5, 12


def days(values: object) -> Series:
    values_NC = np.asarray(values, np.float64).reshape(len(values), -1)  # type: ignore[arg-type]
    columns = tuple(f"c{number}" for number in range(values_NC.shape[1]))
    return Series(columns, values_NC, TimeAxis("2024-01-01", 86400.0, "second", "%Y-%m-%d", "day"))


def walk(seed: int, length: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=length).cumsum()


def rows_of(series: Series, **options: object) -> tuple[PreparedSeries, ForecasterNetworkConfig]:
    network = ForecasterNetworkConfig(
        len(series.columns),
        SEASON,
        HORIZON,
        ("week",),
        hidden_size=6,
        **options,  # type: ignore[arg-type]
    )
    return PreparedSeries(series, network, statistics(series, SEASON, HORIZON), CONTEXT), network


@pytest.mark.parametrize("origin", [1, 30, 59])
def test_a_window_sees_nothing_of_what_is_to_be_forecast(origin: int) -> None:
    values = np.stack([walk(0, 80) + 10 * (np.arange(80) % 7 == 2), walk(1, 80)], 1)
    values[11, 0] = values[50, 1] = np.nan
    changed = values.copy()
    changed[origin:] = 1e3
    network = ForecasterNetworkConfig(2, SEASON, HORIZON, ("week",))
    columns = statistics(days(values), SEASON, HORIZON)
    before, after = (
        PreparedSeries(days(each), network, columns, CONTEXT).windows([origin], HORIZON) for each in (values, changed)
    )
    for left, right in zip(before, after, strict=True):
        np.testing.assert_array_equal(left, right)


def test_the_graph_says_what_the_network_says() -> None:
    series = days(np.stack([walk(2, 90), walk(3, 90)], 1))
    for options in ({}, {"cell": "gru", "layers": 2}, {"cell": "wavenet"}):
        rows, network = rows_of(series, **options)
        torch.manual_seed(0)
        model = ForecasterNetwork(network, statistics(series, SEASON, HORIZON)).eval()
        torch.nn.init.normal_(model.head.weight)
        windows = rows.windows(np.arange(20, 80), 9)
        weights = {name: tensor.numpy(force=True) for name, tensor in model.state_dict().items()}
        graph = RuntimeForecasterNetwork(forecaster_graph(network, weights), 2)
        with torch.no_grad():
            said = model(torch.from_numpy(windows.x_BTF), 9).unflatten(-1, (2, len(QUANTILES))).numpy()
        np.testing.assert_allclose(graph.outputs(windows.x_BTF, 9), said, atol=2e-5)


def test_an_untrained_network_forecasts_what_the_base_does_with_its_errors_for_intervals() -> None:
    series = days(walk(4, 600))
    rows, network = rows_of(series)
    columns = statistics(series, SEASON, HORIZON)
    model = ForecasterNetwork(network, columns).eval()
    windows = rows.windows(np.arange(60, 590), HORIZON)
    with torch.no_grad():
        said = model(torch.from_numpy(windows.x_BTF), HORIZON).unflatten(-1, (1, len(QUANTILES))).numpy()
    values = windows.values(said, columns)
    np.testing.assert_allclose(values[..., 2], windows.naive_BHC, atol=0.05)
    truth = series.values_NC[np.arange(60, 590)[:, None] + np.arange(HORIZON)]
    within = (values[..., 0] <= truth) & (truth <= values[..., -1])
    assert 0.72 < within.mean() < 0.88
    wild = windows.values(said + 9, columns, adds=False)
    np.testing.assert_allclose(wild, values, atol=0.2)
    # The farther ahead, the wider, as for any walk: with the root of the steps.
    wide = (values[..., -1] - values[..., 0]).mean((0, 2))
    assert 1.7 < wide[-1] / wide[0] < 2.8


@given(st.lists(st.floats(-50, 50), min_size=len(QUANTILES), max_size=len(QUANTILES)))
def test_quantiles_never_cross(said: list[float]) -> None:
    series = days(walk(5, 40) + 100)
    rows, _ = rows_of(series)
    windows = rows.windows([30], 1)
    values = windows.values(np.array(said, np.float32).reshape(1, 1, 1, -1), statistics(series, SEASON, HORIZON))
    assert all(low <= high for low, high in pairwise(values.ravel()))
    assert values.min() >= 0  # no value of the series is below it


def test_gaps_are_filled_by_what_is_known_before_them() -> None:
    nan = np.nan
    assert filled(np.array([[nan], [1.0], [2.0], [nan], [3.0], [nan], [nan]]), 1).ravel().tolist() == [
        1, 1, 2, 2, 3, 3, 3,
    ]  # fmt: skip
    assert filled(np.array([[1.0], [2.0], [3.0], [4.0], [nan], [nan], [nan], [nan]]), 3).ravel().tolist() == [
        1, 2, 3, 4, 2, 3, 4, 2,
    ]  # fmt: skip


def test_the_bases_forecast_by_hand() -> None:
    values, origins = np.array([1.0, 2.0, 4.0, 7.0, 11.0, 0.0]), np.array([4, 5])
    assert BaseForecast("last").ahead(values, origins, 2).tolist() == [[7, 7], [11, 11]]
    assert BaseForecast("season", 3).ahead(values, origins, 4).tolist() == [[2, 4, 7, 2], [4, 7, 11, 4]]
    linear = BaseForecast("linear", 1, (2,), (-0.5, 0.1), 10.0)
    # 7 - 0.5 (4 - 7) + 0.1 (10 - 7) = 8.8, then 8.8 - 0.5 (7 - 8.8) + 0.1 (10 - 8.8) = 9.82.
    np.testing.assert_allclose(linear.ahead(values, origins[:1], 2), [[8.8, 9.82]])
    np.testing.assert_allclose(linear.errors(values)[4], 11 - 8.8)
    half = replace(linear, season=3, seasonal_share=0.5)
    np.testing.assert_allclose(half.ahead(values, origins[:1], 2), [[(8.8 + 2) / 2, (9.82 + 4) / 2]])


def test_the_linear_base_is_found_where_rows_follow_from_those_before_and_not_for_a_walk() -> None:
    random, wave = np.random.default_rng(0), [0.0, 1.0]
    for _ in range(300):
        wave.append(1.6 * wave[-1] - 0.9 * wave[-2] + random.normal())
    base = choose_base(np.array(wave), 1, 6)
    assert base.kind == "linear"
    assert [choose_base(walk(seed, 300), 1, 6).kind for seed in range(5)].count("last") >= 4
    exact = fitted(np.sin(0.7 * np.arange(200)), 1, (2, 3), 1e-9)
    np.testing.assert_allclose(exact.errors(np.sin(0.7 * np.arange(200))), 0, atol=1e-3)


@pytest.mark.parametrize("season", [4, 7, 12, 24])
def test_the_season_is_found_in_noise_and_a_trend(season: int) -> None:
    random, rows = np.random.default_rng(season), np.arange(12 * season)
    values = random.normal(size=season)[rows % season] * 3 + 0.3 * random.normal(size=len(rows)) + 0.02 * rows
    assert find_season(Series(("x",), values[:, None], TimeAxis("1"))) == season


def test_the_season_of_very_many_columns_is_that_of_some_of_them() -> None:
    random, rows = np.random.default_rng(0), np.arange(120)
    values_NC = random.normal(size=(10, 1050))[rows % 10] * 3 + random.normal(size=(120, 1050))
    columns = tuple(f"c{number}" for number in range(1050))
    assert find_season(Series(columns, values_NC, TimeAxis("1"))) == 10
    values_NC[:, np.arange(1050) % 11 > 0] = 0.0
    assert find_season(Series(columns, values_NC, TimeAxis("1"))) == 10, "every eleventh is looked at"


def test_walks_and_noise_have_no_season() -> None:
    for seed in range(20):
        noise = np.random.default_rng(seed).normal(size=200)
        for values in (noise, noise.cumsum(), np.full(200, 3.0)):
            assert find_season(Series(("x",), values[:, None], TimeAxis("1"))) == 1


def test_the_figures_are_those_of_three_values_by_hand() -> None:
    """The scale is 2, and one value of four is missing."""
    series = days(np.arange(20) * 2.0)
    (column,) = statistics(series, 1, 2)
    assert column.scale == 2
    score, rows = ForecastScore([column]), PreparedSeries(series, ForecasterNetworkConfig(1, 1, 2), [column], 4)
    windows = rows.windows([18, 19], 2)
    truth = np.array([[[36.0], [39.0]], [[38.0], [np.nan]]])
    quantiles = np.array([36.0, 37.0, 38.0, 39.0, 40.0])
    score.add(truth, np.broadcast_to(quantiles, (2, 2, 1, 5)), windows)
    own, naive = score.figures("forecast"), score.figures("naive")
    assert own.mae == pytest.approx((2 + 1 + 0) / 3)
    assert own.mase == pytest.approx(own.mae / 2)
    assert own.smape == pytest.approx((2 * 2 / 74 + 2 * 1 / 77 + 0) / 3)
    assert own.coverage == 1
    losses = [
        np.mean([pinball(value - q, p) for q, p in zip(quantiles, QUANTILES, strict=True)]) for value in (36, 39, 38)
    ]
    assert own.quantile_loss == pytest.approx(np.mean(losses) / 2)
    assert naive.mae == pytest.approx((2 + 5 + 2) / 3)  # 34 is the last value before 18, and 36 before 19
    assert (score.windows, score.values) == (2, 3)
    assert pinball(np.array([2.0, -2.0]), 0.9).tolist() == pytest.approx([3.6, 0.4])


def test_figures_are_the_same_whether_windows_are_added_together_or_one_by_one() -> None:
    random = np.random.default_rng(0)
    series = days(random.normal(size=(80, 3)).cumsum(0))
    columns = statistics(series, 7, HORIZON)
    rows = PreparedSeries(series, ForecasterNetworkConfig(3, 7, HORIZON), columns, 10)
    origins, truth = np.arange(30, 60), random.normal(size=(30, HORIZON, 3))
    truth[random.random(truth.shape) < 0.2] = np.nan
    values = np.sort(random.normal(size=(30, HORIZON, 3, 5)), -1)
    together, one_by_one = ForecastScore(columns), ForecastScore(columns)
    together.add(truth, values, rows.windows(origins, HORIZON))
    for number, origin in enumerate(origins):
        one = slice(number, number + 1)
        one_by_one.add(truth[one], values[one], rows.windows([origin], HORIZON))
    assert (together.windows, together.values) == (one_by_one.windows, one_by_one.values)
    assert list(together.names) == list(one_by_one.names) == ["forecast", "naive", "seasonal"]
    for name in together.names:
        for column in (None, 0, 1, 2):
            found, expected = one_by_one.figures(name, column), together.figures(name, column)
            assert found.to_json() == pytest.approx(expected.to_json())


def test_windows_of_very_many_columns_are_made_few_at_once() -> None:
    assert windows_at_once(64, 144, 3 * 100 + 2) == 64
    assert windows_at_once(64, 144, 3 * 1000 + 2) == 9
    assert windows_at_once(64, 144, 3 * 1_000_000) == 1


def test_a_constant_column_and_one_that_a_season_repeats_exactly_have_scales_above_nothing() -> None:
    series = days(np.stack([np.full(60, 5.0), np.tile([1.0, 4.0, 9.0, 2.0, 7.0, 3.0, 8.0], 9)[:60]], 1))
    rows, _ = rows_of(series)
    windows = rows.windows(np.arange(30, 50), HORIZON)
    assert all(np.isfinite(array).all() for array in windows)
    assert (windows.spread_BHC > 0).all()
    np.testing.assert_array_equal(windows.base_BHC[0, :, 1], series.values_NC[30:35, 1])
