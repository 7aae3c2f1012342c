"""Fields that came, or were renamed, after the first models were written: files stay as they were."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from charnn.config.as_json import Json, later, stored_as
from charnn.config.training import Budget, TrainingConfig
from charnn.errors import ConfigError
from charnn.tasks.language_model.config import LanguageModelNetworkConfig


@dataclass(frozen=True)
class Inner(Json):
    first: int = 1
    second: float = later(0.5)


@dataclass(frozen=True)
class Renamed(Json):
    today: int = stored_as("once", 1)
    inner: Inner = stored_as("old inner", Inner())


@dataclass(frozen=True)
class Outer(Json):
    inner: Inner
    others: tuple[Inner, ...] = ()
    flag: bool = later(False)


def test_a_field_that_came_later_is_written_only_where_it_differs_from_its_default_at_any_depth() -> None:
    outer = Outer(Inner(), (Inner(), Inner(second=0.25)))
    assert outer.to_json() == {"inner": {"first": 1}, "others": ({"first": 1}, {"first": 1, "second": 0.25})}
    assert Outer(Inner(second=1.0), flag=True).to_json() == {
        "inner": {"first": 1, "second": 1.0},
        "others": (),
        "flag": True,
    }
    assert Outer.from_json({"inner": {"first": 3}}) == Outer(Inner(3, 0.5), (), False)


def test_an_older_charnn_reads_a_newer_network_that_uses_nothing_new() -> None:
    """Every key of what it reads it must know: those of the first models."""
    first = ["vocabulary_size", "cell", "layers", "hidden_size", "embedding_size", "dropout"]
    assert list(LanguageModelNetworkConfig(5, layers=3, dropout=0.5).to_json()) == first
    assert list(LanguageModelNetworkConfig(5, weight_drop=0.5, residual=True).to_json()) == [
        *first,
        "residual",
        "weight_drop",
    ]


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (
            LanguageModelNetworkConfig(9, layers=3, hidden_size=24, dropout=0.25),
            "3 x 24 lstm, embedding 64, dropout 0.25",
        ),
        (
            LanguageModelNetworkConfig(
                9, cell="rnn", residual=True, recurrent_depth=2, weight_drop=0.5, embedding_dropout=0.1
            ),
            "2 x 256 rnn, embedding 64, dropout 0, residual, recurrent depth 2, weight drop 0.5, embedding dropout 0.1",
        ),
        (
            LanguageModelNetworkConfig(9, cell="rnn", gradient_flow=2.5),
            "2 x 256 rnn, embedding 64, dropout 0, gradient flow 2.5",
        ),
    ],
    ids=["plain", "all of texts", "gradient flow"],
)
def test_a_network_in_words_says_what_it_does_beyond_the_usual(network: LanguageModelNetworkConfig, said: str) -> None:
    assert str(network) == said


# Fields that were renamed.


def test_a_field_that_is_stored_under_another_name_is_written_and_read_by_that_name() -> None:
    assert Renamed(5, Inner(2, 0.25)).to_json() == {"once": 5, "old inner": {"first": 2, "second": 0.25}}
    assert Renamed.from_json({"once": 5, "old inner": {"first": 2}}) == Renamed(5, Inner(2))
    assert Renamed.from_json({}) == Renamed()


def test_the_name_in_the_code_is_no_key() -> None:
    with pytest.raises(ConfigError, match=r"^Renamed: unknown key 'today'$"):
        Renamed.from_json({"today": 5})


@pytest.mark.parametrize(
    ("value", "said"),
    [({"once": "5"}, r"^Renamed\.once: '5' is"), ({"old inner": {"third": 3}}, r"^Renamed\.old inner: unknown key")],
)
def test_a_wrong_value_is_named_by_its_key(value: object, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Renamed.from_json(value)


def test_a_batch_size_is_stored_as_lanes_as_in_the_first_models() -> None:
    training = TrainingConfig(Budget(steps=1), batch_size=7)
    assert list(training.to_json())[:3] == ["budget", "lanes", "window_length"]
    assert training.to_json()["lanes"] == 7
    assert TrainingConfig.from_json({"budget": {"steps": 1}, "lanes": 7}) == training
