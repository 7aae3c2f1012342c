"""Configurations out of range are refused as they are built, whichever way the values came."""

from __future__ import annotations

from typing import Any

import pytest

from charnn.config.as_json import Json
from charnn.config.model import TokenizerConfig
from charnn.config.training import Budget, TrainingConfig
from charnn.errors import ConfigError
from charnn.generation.config import SamplingConfig
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.tagger.config import TaggerNetworkConfig, TaggerValidation


@pytest.mark.parametrize("given", [{}, {"seconds": 1.0, "steps": 1}, {"seconds": 1.0, "epochs": 1.0, "steps": 1}])
def test_budget_is_exactly_one_of_three(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="one of seconds, epochs and steps"):
        Budget(**given)


@pytest.mark.parametrize(
    "given",
    [
        {"seconds": 0.0},
        {"seconds": float("nan")},
        {"epochs": -1.0},
        {"steps": 0},
        {"steps": -1},
    ],
)
def test_budget_is_more_than_nothing(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="more than nothing"):
        Budget(**given)


@pytest.mark.parametrize("unit", ["seconds", "epochs"])
def test_a_budget_has_an_end(unit: str) -> None:
    with pytest.raises(ConfigError, match="must have an end"):
        Budget(**{unit: float("inf")})


@pytest.mark.parametrize("change", [{"words": 0}, {"characters": 0}, {"tags": ()}, {"tags": (3, 0)}], ids=str)
def test_a_tagger_has_words_characters_and_a_tag_in_every_column(change: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        TaggerNetworkConfig(**{"words": 5, "characters": 5, "tags": (3,), **change})


def test_the_loss_of_tag_scores_is_the_mean_over_columns_of_words_with_a_wrong_tag() -> None:
    scores = TaggerValidation(("upos", "xpos"), (0.75, 0.5), 0.25, 0.125, 1, 1.0, 1.0)
    assert scores.loss == 0.375
    assert str(scores) == "upos 75.00%  xpos 50.00%, unknown words 12.50%"


NAN = float("nan")
INFINITY = float("inf")


@pytest.mark.parametrize(
    ("kind", "required", "name", "value"),
    [
        *((TokenizerConfig, {}, *pair) for pair in [("vocabulary_size", 1), ("min_count", 0)]),
        *((LanguageModelNetworkConfig, {}, "vocabulary_size", value) for value in (0, -1)),
        *(
            (LanguageModelNetworkConfig, {"vocabulary_size": 5}, *pair)
            for pair in [
                ("layers", 0),
                ("hidden_size", 0),
                ("embedding_size", -3),
                *((name, v) for name in ("dropout", "weight_drop", "embedding_dropout") for v in (1.0, -0.1, NAN)),
                ("recurrent_depth", 0),
                ("gradient_flow", 1.0),
            ]
        ),
        *(
            (LanguageModelNetworkConfig, {"vocabulary_size": 5, "cell": "rnn"}, "gradient_flow", value)
            for value in (-0.1, INFINITY, NAN)
        ),
        *(
            (TaggerNetworkConfig, {"words": 5, "characters": 5, "tags": (3,)}, name, value)
            for name, value in [
                *((name, 0) for name in ("layers", "hidden_size", "word_size", "character_size", "reader_size")),
                *((name, -1) for name in ("affix_size", "shape_size", "neighbour_size")),
                *((name, value) for name in ("dropout", "spelling_dropout", "affix_dropout") for value in (1.0, -0.1)),
                *(("word_dropout", value) for value in (-0.1, INFINITY, NAN)),
            ]
        ),
        *(
            (TrainingConfig, {"budget": Budget(steps=1)}, *pair)
            for pair in [
                ("batch_size", 0),
                ("window_length", 0),
                ("learning_rate", 0.0),
                ("learning_rate", NAN),
                ("learning_rate", INFINITY),
                ("warmup_fraction", 1.0),
                ("warmup_fraction", -0.1),
                ("final_rate_fraction", -0.1),
                ("final_rate_fraction", NAN),
                ("weight_decay", -0.1),
                ("weight_decay", NAN),
                ("clip_norm", 0.0),
                ("clip_value", -1.0),
                ("average_decay", 1.0),
                ("average_decay", -0.1),
                ("patience", -1),
            ]
        ),
        *(
            (SamplingConfig, {}, *pair)
            for pair in [
                ("temperature", -0.1),
                ("temperature", INFINITY),
                ("temperature", NAN),
                ("top_k", 0),
                ("top_p", 0.0),
                ("top_p", 1.1),
                ("min_p", -0.1),
                ("min_p", 1.1),
                ("length", -1),
                ("stop_strings", ("",)),
            ]
        ),
    ],
)
def test_value_out_of_range_is_refused_as_it_is_built(
    kind: type[Json], required: dict[str, Any], name: str, value: object
) -> None:
    with pytest.raises(ConfigError):
        kind(**required, **{name: value})


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_gradient_flow_of_a_cell_with_gates_is_refused_by_the_name_of_its_option(cell: Any) -> None:
    with pytest.raises(ConfigError, match=rf"^--gradient-flow is for --cell rnn, not {cell}$"):
        LanguageModelNetworkConfig(5, cell=cell, gradient_flow=0.5)
    assert LanguageModelNetworkConfig(5, cell="rnn", gradient_flow=0.5).gradient_flow == 0.5
