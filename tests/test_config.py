"""Configurations: JSON in and out without loss, and nothing half understood or out of range."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.checkpoint import LanguageModelConfig, TrainingRecord
from charnn.config import (
    Budget,
    CorpusConfig,
    Json,
    NetworkConfig,
    Quantization,
    SamplingConfig,
    Scores,
    SourceFile,
    TokenizerConfig,
    TrainingConfig,
)
from charnn.errors import ConfigError

COUNTS = st.integers(1, 2**53)
NATURALS = st.integers(0, 2**53)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
POSITIVE = st.floats(0, exclude_min=True, allow_infinity=False)
FRACTIONS = st.floats(0, 1, exclude_max=True)
CELLS = st.sampled_from(["rnn", "lstm", "gru"])

BUDGETS = st.one_of(
    st.builds(Budget, seconds=POSITIVE), st.builds(Budget, epochs=POSITIVE), st.builds(Budget, steps=COUNTS)
)
TOKENIZERS = st.builds(
    TokenizerConfig,
    kind=st.sampled_from(["characters", "bytes", "unigram", "bpe"]),
    vocabulary_size=st.integers(2, 2**53),
    min_count=COUNTS,
)
NETWORKS = st.builds(
    NetworkConfig,
    vocabulary_size=COUNTS,
    cell=CELLS,
    layers=COUNTS,
    hidden_size=COUNTS,
    embedding_size=COUNTS,
    dropout=FRACTIONS,
)
TRAININGS = st.builds(
    TrainingConfig,
    budget=BUDGETS,
    lanes=COUNTS,
    window_length=COUNTS,
    learning_rate=POSITIVE,
    warmup_fraction=FRACTIONS,
    final_rate_fraction=FRACTIONS,
    weight_decay=st.floats(0, 1),
    clip_norm=st.none() | POSITIVE,
    clip_value=st.none() | POSITIVE,
    average_decay=FRACTIONS,
    patience=NATURALS,
    precision=st.sampled_from(["auto", "fp32", "bf16"]),
    device=st.sampled_from(["auto", "cpu", "cuda", "mps"]),
    seed=NATURALS,
)
SAMPLINGS = st.builds(
    SamplingConfig,
    temperature=POSITIVE | st.just(0.0),
    top_k=st.none() | COUNTS,
    top_p=st.none() | st.floats(0, 1, exclude_min=True),
    min_p=st.none() | st.floats(0, 1),
    length=NATURALS,
    stop_strings=st.lists(st.text(min_size=1)).map(tuple),
)
SOURCES = st.builds(SourceFile, path=st.text(), sha256=st.text(), characters=NATURALS)
SOURCE_LISTS = st.lists(SOURCES, max_size=3).map(tuple)
CORPORA = st.builds(CorpusConfig, sources=SOURCE_LISTS, validation_sources=SOURCE_LISTS, documents=NATURALS)
RECORDS = st.builds(TrainingRecord, device=st.text(), steps=NATURALS, seconds=NUMBERS)
SCORES = st.builds(Scores, nats_per_character=NUMBERS, bits_per_character=NUMBERS, epoch=NUMBERS, seconds=NUMBERS)
QUANTIZATIONS = st.builds(Quantization, bits_per_character_lost=NUMBERS, speed_ratio=NUMBERS, used=st.booleans())
MODELS = st.builds(
    LanguageModelConfig,
    task=st.just("language-model"),
    tokenizer=TOKENIZERS,
    network=NETWORKS,
    training=TRAININGS,
    corpus=CORPORA,
    record=RECORDS,
    scores=st.none() | SCORES,
    quantization=st.none() | QUANTIZATIONS,
)
ALL = (BUDGETS, TOKENIZERS, NETWORKS, TRAININGS, SAMPLINGS, SOURCES, CORPORA, RECORDS, SCORES, QUANTIZATIONS, MODELS)


def model_json() -> Any:
    """A whole model's configuration as JSON values, to be spoilt."""
    source = SourceFile("/corpus/a.txt", "0" * 64, 10)
    model = LanguageModelConfig(
        "language-model",
        TokenizerConfig(),
        NetworkConfig(5),
        TrainingConfig(Budget(steps=3)),
        CorpusConfig((source,)),
        TrainingRecord("0", "0", "cpu", "fp32"),
        scores=Scores(1.0, 1.4, 3, 0.5, 2.0),
    )
    return json.loads(json.dumps(model.to_json()))


@given(st.one_of(*ALL))
def test_every_configuration_survives_json(config: Json) -> None:
    assert type(config).from_json(json.loads(json.dumps(config.to_json()))) == config


@pytest.mark.parametrize("place", [(), ("network",), ("training", "budget"), ("corpus", "sources", 0), ("scores",)])
def test_unknown_key_is_refused_at_any_depth_and_named_with_its_place(place: tuple[Any, ...]) -> None:
    document = model_json()
    inner = document
    for key in place:
        inner = inner[key]
    inner["later_idea"] = 1
    where = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place)
    with pytest.raises(ConfigError) as caught:
        LanguageModelConfig.from_json(document)
    assert str(caught.value) == f"LanguageModelConfig{where}: unknown key 'later_idea'"


def test_missing_key_without_a_default_is_refused_and_one_with_a_default_takes_it() -> None:
    document = model_json()
    del document["network"]["layers"]
    assert LanguageModelConfig.from_json(document).network.layers == NetworkConfig(5).layers
    del document["network"]["vocabulary_size"]
    with pytest.raises(ConfigError, match=r"^LanguageModelConfig\.network: missing key 'vocabulary_size'$"):
        LanguageModelConfig.from_json(document)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (NetworkConfig, {"vocabulary_size": "5"}),
        (NetworkConfig, {"vocabulary_size": 5.0}),
        (NetworkConfig, {"vocabulary_size": True}),
        (NetworkConfig, {"vocabulary_size": None}),
        (NetworkConfig, {"vocabulary_size": 5, "cell": "LSTM"}),
        (NetworkConfig, {"vocabulary_size": 5, "cell": ["lstm"]}),
        (NetworkConfig, {"vocabulary_size": 5, "dropout": False}),
        (NetworkConfig, [5]),
        (NetworkConfig, None),
        (Budget, {"steps": 1.5}),
        (Budget, {"seconds": "60"}),
        (TrainingConfig, {"budget": 60}),
        (SamplingConfig, {"stop_strings": "end"}),
        (SamplingConfig, {"stop_strings": ["end", 3]}),
        (CorpusConfig, {"sources": {"path": "a"}}),
        (CorpusConfig, {"sources": ["a"]}),
        (Quantization, {"bits_per_character_lost": 0.0, "speed_ratio": 1.0, "used": 1}),
    ],
)
def test_value_of_another_type_is_refused(kind: type[Json], value: object) -> None:
    with pytest.raises(ConfigError, match=r"is not allowed here$"):
        kind.from_json(value)


def test_whole_number_stands_for_a_float() -> None:
    rate = TrainingConfig.from_json({"budget": {"epochs": 2}, "learning_rate": 1}).learning_rate
    assert (rate, type(rate)) == (1.0, float)


def test_number_too_large_for_a_float_is_refused() -> None:
    with pytest.raises(ConfigError):
        Budget.from_json({"seconds": 10**400})


@pytest.mark.parametrize("given", [{}, {"seconds": 1.0, "steps": 1}, {"seconds": 1.0, "epochs": 1.0, "steps": 1}])
def test_budget_is_exactly_one_of_three(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="one of seconds, epochs and steps"):
        Budget(**given)


@pytest.mark.parametrize(
    "given", [{"seconds": 0.0}, {"seconds": float("nan")}, {"epochs": -1.0}, {"steps": 0}, {"steps": -1}]
)
def test_budget_is_more_than_nothing(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="more than nothing"):
        Budget(**given)


NAN = float("nan")
INFINITY = float("inf")


@pytest.mark.parametrize(
    ("kind", "required", "name", "value"),
    [
        *((TokenizerConfig, {}, *pair) for pair in [("vocabulary_size", 1), ("min_count", 0)]),
        *((NetworkConfig, {}, "vocabulary_size", value) for value in (0, -1)),
        *(
            (NetworkConfig, {"vocabulary_size": 5}, *pair)
            for pair in [
                ("layers", 0),
                ("hidden_size", 0),
                ("embedding_size", -3),
                ("dropout", 1.0),
                ("dropout", -0.1),
                ("dropout", NAN),
            ]
        ),
        *(
            (TrainingConfig, {"budget": Budget(steps=1)}, *pair)
            for pair in [
                ("lanes", 0),
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
