"""What int8 costs and gains: the verdict follows from what was measured, and what is measured is what was asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from charnn.tasks.language_model.config import LanguageModelQuantization
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.language_model.learn import quantization
from charnn.tasks.language_model.learn.quantization import CHARACTERS, LARGEST_LOSS, measure_quantization
from charnn.tasks.language_model.use.scores import LanguageScore
from tests.paths import GOLDEN

MODEL = LanguageModelDirectory(GOLDEN / "format-1")
LN2 = float(np.log(2))


class Clock:
    """Time passes only where a graph makes a step."""

    now = 0.0

    def perf_counter(self) -> float:
        return self.now


@dataclass
class Graph:
    """One that is never run: each of its steps takes the next of `times`."""

    name: str
    clock: Clock
    times: Iterator[float]

    def with_labels(self, mixture: Any) -> Graph:
        assert mixture is None, "the model knows no labels"
        return self

    def initial_state(self, batch: int) -> tuple[()]:
        return ()

    def conditions(self, remaining: Any) -> dict[str, Any]:
        return {}

    def advance(self, ids: Any, state: Any, conditions: Any) -> None:
        self.clock.now += next(self.times)


def measured(
    monkeypatch: pytest.MonkeyPatch, *, lost: float, seconds: list[tuple[float, float]], texts: list[str] | None = None
) -> tuple[LanguageModelQuantization, list[tuple[int, int]]]:
    """The verdict where int8 loses `lost` bits per character and rounds of stepping take `seconds` (fp32, int8).

    Also what each scoring was given: how many tokens, and how many characters.
    """
    graphs: list[Any] = []
    scored: list[tuple[int, int]] = []
    times: Iterator[float] = iter([second for pair in seconds for second in pair])
    clock = Clock()

    def open_graph(path: Path) -> Graph:
        graphs.append(path.name)
        return Graph(path.name, clock, times)

    def score(graph: Graph, documents: Any, characters: int, **_: Any) -> LanguageScore:
        scored.append((sum(map(len, documents)), characters))
        bits = 2.0 + (lost if graph.name == "model.int8.onnx" else 0.0)
        return LanguageScore(bits * LN2 * characters, characters)

    monkeypatch.setattr(quantization, "RuntimeLanguageModel", open_graph)
    monkeypatch.setattr(quantization, "score_carried", score)
    monkeypatch.setattr(quantization, "time", clock)
    monkeypatch.setattr(quantization, "STEPS", 1)
    monkeypatch.setattr(quantization, "ROUNDS", len(seconds))
    texts = texts or ["ab"]
    names = {False: "model.onnx", True: "model.int8.onnx"}
    directory: Any = SimpleNamespace(graph=lambda *, quantized: Path(names[quantized]))
    result = measure_quantization(directory, MODEL.tokenizer(), texts)
    assert sorted(graphs) == ["model.int8.onnx", "model.onnx"]
    return result, scored


@pytest.mark.parametrize(
    ("lost", "ratio", "used"),
    [
        (0.001, 2.0, True),
        (-0.001, 2.0, True),
        (0.009, 1.01, True),
        (0.011, 2.0, False),
        (0.001, 1.0, False),
        (0.001, 0.9, False),
        (0.011, 0.9, False),
        (float("nan"), 2.0, False),
    ],
)
def test_int8_is_used_where_it_is_faster_and_loses_little(
    monkeypatch: pytest.MonkeyPatch, lost: float, ratio: float, used: bool
) -> None:
    result, _ = measured(monkeypatch, lost=lost, seconds=[(ratio, 1.0)])
    assert result.used is used
    assert result.bits_per_character_lost == pytest.approx(lost, abs=1e-6, nan_ok=True)
    assert result.speed_ratio == ratio


@pytest.mark.parametrize(("lost", "ratio"), [(LARGEST_LOSS - 1e-8, 2.0), (0.001, 1.0001)])
def test_verdict_follows_from_the_numbers_that_are_recorded(
    monkeypatch: pytest.MonkeyPatch, lost: float, ratio: float
) -> None:
    result, _ = measured(monkeypatch, lost=lost, seconds=[(ratio, 1.0)])
    assert result.used == (result.bits_per_character_lost < LARGEST_LOSS and result.speed_ratio > 1)


def test_speed_is_the_median_of_rounds_so_that_one_disturbed_round_decides_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    result, _ = measured(monkeypatch, lost=0.0, seconds=[(2.0, 1.0), (1.0, 50.0), (3.0, 1.0), (2.5, 1.0), (90.0, 1.0)])
    assert result.speed_ratio == 2.5


@pytest.mark.parametrize(
    ("lengths", "counted"),
    [
        ([5], 5),
        ([CHARACTERS], CHARACTERS),
        ([CHARACTERS + 1], CHARACTERS),
        ([3 * CHARACTERS, 5], CHARACTERS),
        ([CHARACTERS - 1, 1, 1], CHARACTERS),
        ([10, CHARACTERS, 10], 10),
    ],
)
def test_cost_is_measured_on_the_first_documents_up_to_the_limit(
    monkeypatch: pytest.MonkeyPatch, lengths: list[int], counted: int
) -> None:
    _, scored = measured(monkeypatch, lost=0.0, seconds=[(1.0, 1.0)], texts=["x" * length for length in lengths])
    assert scored == [(counted, counted)] * 2


def test_real_graphs_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantization, "STEPS", 20)
    text = "naïve ant 🧊\n" * 20
    result = measure_quantization(MODEL, MODEL.tokenizer(), [text])
    assert abs(result.bits_per_character_lost) < LARGEST_LOSS
    assert result.speed_ratio > 0
