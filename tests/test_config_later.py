"""Fields that came after the first models were written: they are in a file only where they say something."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from charnn.config.as_json import Json, later
from charnn.tasks.language_model.config import LanguageModelNetworkConfig


@dataclass(frozen=True)
class Inner(Json):
    first: int = 1
    second: float = later(0.5)


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
