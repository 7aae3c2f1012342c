"""What the user asks for wins; the rest is chosen. What is decided is one value, which any process can be given."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.config.model import TokenizerConfig, TokenizerKind
from charnn.config.training import Budget, TrainingConfig
from charnn.errors import ConfigError
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.corpus import Corpus
from charnn.tasks.language_model.learn.overrides import LanguageModelOverrides
from charnn.tasks.language_model.learn.plan import LanguageModelPlan, choose, decide
from charnn.tasks.language_model.learn.sizing import default_budget
from charnn.tasks.language_model.learn.transfer import InitialWeights

TEXT = "to be or not to be, that is the question\n" * 20
OF_NETWORK: dict[str, Any] = {
    "cell": "gru",
    "layers": 3,
    "hidden_size": 77,
    "embedding_size": 5,
    "dropout": 0.0,
    "residual": True,
    "recurrent_depth": 3,
    "weight_drop": 0.4,
    "embedding_dropout": 0.1,
}
OF_TRAINING: dict[str, Any] = {
    "batch_size": 3,
    "window_length": 7,
    "learning_rate": 0.123,
    "budget": Budget(steps=9),
}


def planned(
    overrides: LanguageModelOverrides, characters: int = 10**6, held_out: int = 10**4, **settings: Any
) -> tuple[LanguageModelNetworkConfig, TrainingConfig]:
    text = {"characters": characters, "held_out": held_out, "vocabulary_size": 60}
    return choose(dataclasses.replace(overrides, settings=settings), **text, speed=lambda _hidden: 50_000.0)


@pytest.mark.parametrize(("name", "value"), OF_NETWORK.items())
def test_what_is_asked_of_the_network_wins(name: str, value: Any) -> None:
    network, _ = planned(LanguageModelOverrides(**{name: value}))
    assert getattr(network, name) == value


@pytest.mark.parametrize(("name", "value"), OF_TRAINING.items())
def test_what_is_asked_of_training_wins(name: str, value: Any) -> None:
    _, training = planned(LanguageModelOverrides(**{name: value}))
    assert getattr(training, name) == value


def test_all_that_is_asked_for_wins_together() -> None:
    network, training = planned(LanguageModelOverrides(**OF_NETWORK, **OF_TRAINING))
    assert network == LanguageModelNetworkConfig(60, **OF_NETWORK)
    assert training == TrainingConfig(**OF_TRAINING, optimizer="muon")


def test_a_gradient_flow_that_is_asked_for_wins_and_is_refused_without_an_rnn() -> None:
    assert planned(LanguageModelOverrides(cell="rnn", gradient_flow=0.5))[0].gradient_flow == 0.5
    with pytest.raises(ConfigError, match="--cell rnn"):
        planned(LanguageModelOverrides(gradient_flow=0.5))


def test_settings_go_to_training_as_they_are() -> None:
    settings: dict[str, Any] = {"seed": 5, "patience": 2, "clip_norm": None, "clip_value": 0.5, "precision": "fp32"}
    _, training = planned(LanguageModelOverrides(), **settings)
    assert {name: getattr(training, name) for name in settings} == settings


def test_unless_asked_for_the_budget_is_the_default_one_for_the_text() -> None:
    _, training = planned(LanguageModelOverrides(), characters=12_345)
    assert training.budget == default_budget(12_345)


def test_what_is_out_of_range_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="hidden size"):
        planned(LanguageModelOverrides(hidden_size=0))
    with pytest.raises(ConfigError, match="dropout"):
        planned(LanguageModelOverrides(dropout=1.0))


@given(
    characters=st.floats(0, 9).map(lambda exponent: int(10**exponent)),
    seconds=st.none() | st.floats(1, 86_400),
    cell=st.sampled_from(["rnn", "lstm", "gru"]),
)
def test_every_text_and_time_gives_valid_configurations(characters: int, seconds: float | None, cell: Any) -> None:
    budget = None if seconds is None else Budget(seconds=seconds)
    network, training = planned(LanguageModelOverrides(cell=cell, budget=budget), characters)
    assert dataclasses.replace(network) == LanguageModelNetworkConfig.from_json(network.to_json())
    assert dataclasses.replace(training) == TrainingConfig.from_json(training.to_json())
    assert network.cell == cell
    assert network.vocabulary_size == 60


@pytest.mark.parametrize(
    ("budget", "held_out", "read"),
    [
        (Budget(seconds=60.0), 100_000, None),  # 3,000,000 characters are read, and a validation may be 150,000 long
        (Budget(seconds=60.0), 1_000_000, 150_000),
        (Budget(seconds=1.0), 1_000_000, 20_000),
        (Budget(seconds=1.0), 19_000, None),
        (Budget(epochs=1.0), 100_000, 50_000),
    ],
)
def test_a_validation_reads_a_twentieth_of_what_the_run_reads(budget: Budget, held_out: int, read: int | None) -> None:
    assert planned(LanguageModelOverrides(budget=budget), held_out=held_out)[1].validation_characters == read


def test_how_much_a_validation_reads_may_be_given() -> None:
    overrides = LanguageModelOverrides(budget=Budget(seconds=1.0))
    for asked in (None, 7):
        assert planned(overrides, held_out=10**6, validation_characters=asked)[1].validation_characters == asked


# What is decided.


def decided(corpus: Corpus, kind: TokenizerKind = "characters", **overrides: Any) -> LanguageModelPlan:
    settings = {"device": "cpu", "precision": "fp32"}
    wishes = LanguageModelOverrides(settings=settings, **overrides)
    return decide(corpus, TokenizerConfig(kind, 280), wishes, thread_counts=(1,))


def test_the_same_is_decided_of_the_same_and_cannot_be_changed(corpus_of: Callable[..., Corpus]) -> None:
    first, second = (decided(corpus_of(TEXT), budget=Budget(epochs=2.0)) for _ in range(2))
    assert first.config.network == second.config.network
    assert first.config.training == second.config.training
    assert first.tokenizer.to_bytes() == second.tokenizer.to_bytes()
    with pytest.raises(dataclasses.FrozenInstanceError):
        first.threads = 2  # type: ignore[misc]


@pytest.mark.parametrize("budget", [Budget(steps=3), Budget(epochs=1.0)], ids=str)
def test_nothing_is_measured_unless_the_budget_is_a_time(corpus_of: Callable[..., Corpus], budget: Budget) -> None:
    assert decided(corpus_of(TEXT), budget=budget).measuring_seconds == 0


def test_under_a_time_the_machine_is_measured_and_the_time_that_took_is_said(corpus_of: Callable[..., Corpus]) -> None:
    assert 0 < decided(corpus_of(TEXT), budget=Budget(seconds=1.0)).measuring_seconds < 60


@pytest.mark.parametrize("kind", ["characters", "bytes", "bpe"])
def test_a_plan_survives_the_way_to_another_process(corpus_of: Callable[..., Corpus], kind: TokenizerKind) -> None:
    plan = dataclasses.replace(decided(corpus_of(TEXT), kind, budget=Budget(steps=3)), measuring_seconds=1.5, threads=3)
    arrays, values = plan.pack()
    other = LanguageModelPlan.unpack((arrays, json.loads(json.dumps(values))))
    assert (other.config, other.threads, other.measuring_seconds) == (plan.config, 3, 1.5)
    assert other.tokenizer.symbols() == plan.tokenizer.symbols()
    assert other.initial_weights is None


@pytest.mark.parametrize("stops_alike", [True, False])
def test_the_weights_to_begin_with_are_part_of_a_plan(corpus_of: Callable[..., Corpus], stops_alike: bool) -> None:
    weights = InitialWeights({"head.bias": np.arange(2.0)}, [("special", "stop"), ("text", "a")], stops_alike)
    plan = dataclasses.replace(decided(corpus_of(TEXT), budget=Budget(steps=3)), initial_weights=weights)
    arrays, values = plan.pack()
    other = LanguageModelPlan.unpack((arrays, json.loads(json.dumps(values)))).initial_weights
    assert other is not None
    assert other.arrays["head.bias"].tolist() == [0, 1]
    assert (other.symbols, other.stops_alike) == (weights.symbols, stops_alike)
