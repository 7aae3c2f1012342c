"""Pictures of samples, lengths, symbols and units: what they draw, and what their titles find."""

from __future__ import annotations

import numpy as np
import pytest

from charnn.plots import network, samples
from charnn.plots.canvas import DARK, LIGHT, Look, rendered
from charnn.plots.network import Embeddings, UnitStrip, draw_embeddings, draw_neurons
from charnn.plots.samples import TemperatureResult, draw_lengths, draw_temperature

KNOWN = [
    TemperatureResult(0.2, 1.0, 1.0, 0.5),
    TemperatureResult(0.8, 2.0, 0.96, 0.1),
    TemperatureResult(1.4, 3.0, 0.5, 0.0),
]
LOOKS = pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])


def test_a_temperature_is_named_up_to_which_words_are_known() -> None:
    said = samples.temperature_finding(KNOWN)
    assert said == "Up to temperature 0.8 at least 95% of the words are known; 10% is copied there, and 50% at 0.2"
    assert samples.temperature_finding(KNOWN[2:]) == "At no temperature are 95% of the words known; most are at 1.4"


@LOOKS
def test_what_samples_are_like_is_drawn_in_percent_and_bits(look: Look) -> None:
    upper, lower = draw_temperature(KNOWN, look, at_least=20).axes
    known, copied = upper.lines
    np.testing.assert_allclose(known.get_ydata(), [100, 96, 50])
    np.testing.assert_allclose(copied.get_ydata(), [50, 10, 0])
    np.testing.assert_allclose(lower.lines[0].get_ydata(), [1, 2, 3])
    assert lower.get_xlabel() == "temperature"
    assert (upper.get_ylabel(), lower.get_ylabel()) == ("% of the samples", "bits per character")


@pytest.mark.parametrize(
    ("real", "written", "said"),
    [
        ([10, 10, 10], [10, 10, 30], "lines about as long as"),
        ([10, 10, 10], [30, 30, 1], "lines longer than"),
        ([10, 10, 10], [3, 3, 90], "lines shorter than"),
    ],
)
def test_lengths_are_compared_by_their_medians(real: list[int], written: list[int], said: str) -> None:
    assert said in samples.lengths_finding(real, written, "lines")


@pytest.mark.parametrize("written", [[5], [0, 0], [5, 5_000_000]])
def test_lengths_of_any_size_are_drawn(written: list[int]) -> None:
    assert rendered(lambda look: draw_lengths([10, 20, 30], written, look, unit="lines"))


def test_all_lengths_together_are_the_whole() -> None:
    figure = draw_lengths([10] * 9 + [1], [3, 300], LIGHT, unit="lines")
    stairs = [patch.get_data().values for patch in figure.axes[0].patches]
    assert [float(values.sum()) for values in stairs] == pytest.approx([100.0] * len(stairs))


def test_symbols_with_the_smallest_angle_are_the_nearest_and_each_is_named_once() -> None:
    vectors = np.array([[1, 0, 0], [2, 0.1, 0], [0, 1, 0], [0, 1, 0.3], [0, 0, 1]], np.float64)
    assert Embeddings(list("abcde"), vectors).nearest(2) == [("a", "b"), ("c", "d")]
    assert len(Embeddings(list("abcde"), vectors).nearest(9)) == 2


def test_the_plane_has_the_directions_of_largest_variance() -> None:
    vectors = np.zeros((4, 5))
    vectors[:, 3], vectors[:, 1] = [-2, -1, 1, 2], [0.1, -0.1, -0.1, 0.1]
    plane, share = Embeddings(list("abcd"), vectors).in_plane()
    np.testing.assert_allclose(np.abs(plane[:, 0]), [2, 1, 1, 2])
    assert share == pytest.approx(1.0)


@pytest.mark.parametrize("symbols", [["a"], ["a", "B", "3", "\n", " ", "$x$", "名", "\x00"]])
def test_any_symbols_are_drawn(symbols: list[str]) -> None:
    vectors = np.random.default_rng(0).normal(size=(len(symbols), 4))
    assert rendered(lambda look: draw_embeddings(Embeddings(symbols, vectors), look), dark=True)


def test_each_character_stands_on_the_colour_of_its_value() -> None:
    text = "ab\ncd"
    figure = draw_neurons(text, [UnitStrip("unit 1:1", np.array([1.0, -1.0, 0.0, 0.5, 0.0]))], LIGHT, title="t")
    axes = figure.axes[0]
    grid = np.asarray(axes.images[0].get_array())
    assert grid.shape == (2, 3)
    assert (grid[0, 0], grid[0, 1], grid[1, 0]) == (1.0, -1.0, 0.5)
    assert [shown.get_text() for shown in axes.texts] == ["a", "b", "⏎", "c", "d"]
    assert axes.get_title(loc="left") == "unit 1:1"


def test_a_long_text_is_drawn_as_far_as_there_is_room() -> None:
    text = "x" * 5000
    figure = draw_neurons(text, [UnitStrip("unit", np.zeros(5000))] * 2, LIGHT, title="t")
    grid = np.asarray(figure.axes[0].images[0].get_array())
    assert grid.shape == (network.LINES, network.COLUMNS)
    assert network.MOST_SYMBOLS >= 100
