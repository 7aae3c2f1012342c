"""What the user wishes wins; the rest is chosen."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.config.training import Budget, TrainingConfig
from charnn.errors import ConfigError
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.learn.plan import LanguageModelOverrides, plan
from charnn.tasks.language_model.learn.sizing import default_budget

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
    "lanes": 3,
    "window_length": 7,
    "learning_rate": 0.123,
    "budget": Budget(steps=9),
}


def planned(
    wishes: LanguageModelOverrides, characters: int = 10**6, held_out: int = 10**4, **settings: Any
) -> tuple[LanguageModelNetworkConfig, TrainingConfig]:
    text = {"characters": characters, "held_out": held_out, "vocabulary_size": 60}
    return plan(wishes, **text, speed=lambda _hidden: 50_000.0, **settings)


@pytest.mark.parametrize(("name", "value"), OF_NETWORK.items())
def test_a_wish_for_the_network_wins(name: str, value: Any) -> None:
    network, _ = planned(LanguageModelOverrides(**{name: value}))
    assert getattr(network, name) == value


@pytest.mark.parametrize(("name", "value"), OF_TRAINING.items())
def test_a_wish_for_training_wins(name: str, value: Any) -> None:
    _, training = planned(LanguageModelOverrides(**{name: value}))
    assert getattr(training, name) == value


def test_all_wishes_win_together() -> None:
    network, training = planned(LanguageModelOverrides(**OF_NETWORK, **OF_TRAINING))
    assert network == LanguageModelNetworkConfig(60, **OF_NETWORK)
    assert training == TrainingConfig(**OF_TRAINING, optimizer="muon")


def test_a_wish_for_gradient_flow_wins_and_is_refused_without_an_rnn() -> None:
    assert planned(LanguageModelOverrides(cell="rnn", gradient_flow=0.5))[0].gradient_flow == 0.5
    with pytest.raises(ConfigError, match="--cell rnn"):
        planned(LanguageModelOverrides(gradient_flow=0.5))


def test_settings_go_to_training_as_they_are() -> None:
    settings: dict[str, Any] = {"seed": 5, "patience": 2, "clip_norm": None, "clip_value": 0.5, "precision": "fp32"}
    _, training = planned(LanguageModelOverrides(), **settings)
    assert {name: getattr(training, name) for name in settings} == settings


def test_without_a_wish_the_budget_is_the_default_one_for_the_text() -> None:
    _, training = planned(LanguageModelOverrides(), characters=12_345)
    assert training.budget == default_budget(12_345)


def test_a_wish_out_of_range_is_a_configuration_error() -> None:
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
    wishes = LanguageModelOverrides(budget=Budget(seconds=1.0))
    for asked in (None, 7):
        assert planned(wishes, held_out=10**6, validation_characters=asked)[1].validation_characters == asked
