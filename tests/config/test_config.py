"""Configurations: JSON in and out without loss, and nothing half understood or out of range."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.config.as_json import Json, json_text
from charnn.config.model import SourceFile, TokenizerConfig, TrainingRecord
from charnn.config.training import Budget, TrainingConfig
from charnn.errors import ConfigError
from charnn.generation.config import SamplingConfig
from charnn.tasks.language_model.config import (
    CorpusConfig,
    LanguageModelConfig,
    LanguageModelNetworkConfig,
    LanguageModelQuantization,
    LanguageModelValidation,
)
from charnn.tasks.tagger.config import (
    TaggerConfig,
    TaggerNetworkConfig,
    TaggerQuantization,
    TaggerValidation,
    TreebankConfig,
)

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
SIZES = {"vocabulary_size": COUNTS, "layers": COUNTS, "hidden_size": COUNTS, "embedding_size": COUNTS}
REFINED = {
    "dropout": FRACTIONS,
    "weight_drop": FRACTIONS,
    "embedding_dropout": FRACTIONS,
    "residual": st.booleans(),
    "recurrent_depth": st.integers(1, 100),
}
NETWORKS = st.one_of(
    st.builds(LanguageModelNetworkConfig, cell=CELLS, **SIZES, **REFINED),
    st.builds(LanguageModelNetworkConfig, cell=st.just("rnn"), gradient_flow=POSITIVE, **SIZES, **REFINED),
)
TRAININGS = st.builds(
    TrainingConfig,
    budget=BUDGETS,
    batch_size=st.integers(1, 2**20),
    window_length=st.integers(1, 2**20),
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
SCORES = st.builds(
    LanguageModelValidation, nats_per_character=NUMBERS, bits_per_character=NUMBERS, epoch=NUMBERS, seconds=NUMBERS
)
QUANTIZATIONS = st.builds(
    LanguageModelQuantization, bits_per_character_lost=NUMBERS, speed_ratio=NUMBERS, used=st.booleans()
)
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
TAGGER_NETWORKS = st.builds(
    TaggerNetworkConfig,
    words=COUNTS,
    characters=COUNTS,
    tags=st.lists(COUNTS, min_size=1, max_size=3).map(tuple),
    cell=CELLS,
    layers=COUNTS,
    hidden_size=COUNTS,
    words_from=st.sampled_from(["cnn", "lstm"]),
    decoder=st.sampled_from(["independent", "feedback", "crf"]),
    word_size=COUNTS,
    character_size=COUNTS,
    reader_size=COUNTS,
    affix_size=NATURALS,
    shape_size=NATURALS,
    neighbour_size=NATURALS,
    dropout=FRACTIONS,
    word_dropout=st.floats(0, allow_infinity=False),
    input_dropout=FRACTIONS,
    spelling_dropout=FRACTIONS,
    affix_dropout=FRACTIONS,
)
COLUMNS = st.lists(st.text(), min_size=1, max_size=3).map(tuple)
TREEBANKS = st.builds(
    TreebankConfig,
    sources=SOURCE_LISTS,
    format=st.sampled_from(["conllu", "columns", "slashed", "aligned"]),
    columns=COLUMNS,
    level=st.sampled_from(["word", "character"]),
    validation_sources=SOURCE_LISTS,
    tag_sources=SOURCE_LISTS,
    encoding=st.text(),
    training_sentences=NATURALS,
    training_words=NATURALS,
    training_characters=NATURALS,
    validation_sentences=NATURALS,
    validation_words=NATURALS,
)
TAG_SCORES = st.builds(
    TaggerValidation,
    columns=COLUMNS,
    accuracies=st.lists(NUMBERS, min_size=1, max_size=3).map(tuple),
    all_columns_accuracy=NUMBERS,
    unknown_accuracy=st.none() | NUMBERS,
    step=NATURALS,
    epoch=NUMBERS,
    seconds=NUMBERS,
)
TAG_QUANTIZATIONS = st.builds(TaggerQuantization, accuracy_lost=NUMBERS, speed_ratio=NUMBERS, used=st.booleans())
TAGGERS = st.builds(
    TaggerConfig,
    task=st.just("tagger"),
    network=TAGGER_NETWORKS,
    training=TRAININGS,
    corpus=TREEBANKS,
    record=RECORDS,
    scores=st.none() | TAG_SCORES,
    quantization=st.none() | TAG_QUANTIZATIONS,
)
ALL = (
    *(BUDGETS, TOKENIZERS, NETWORKS, TRAININGS, SAMPLINGS, SOURCES, CORPORA, RECORDS, SCORES, QUANTIZATIONS, MODELS),
    *(TAGGER_NETWORKS, TREEBANKS, TAG_SCORES, TAG_QUANTIZATIONS, TAGGERS),
)


def model_json() -> Any:
    """A whole model's configuration as JSON values, to be spoilt."""
    source = SourceFile("/corpus/a.txt", "0" * 64, 10)
    model = LanguageModelConfig(
        "language-model",
        TokenizerConfig(),
        LanguageModelNetworkConfig(5),
        TrainingConfig(Budget(steps=3)),
        CorpusConfig((source,)),
        TrainingRecord("0", "0", "cpu", "fp32"),
        scores=LanguageModelValidation(1.0, 1.4, 3, 0.5, 2.0),
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
    assert LanguageModelConfig.from_json(document).network.layers == LanguageModelNetworkConfig(5).layers
    del document["network"]["vocabulary_size"]
    with pytest.raises(ConfigError, match=r"^LanguageModelConfig\.network: missing key 'vocabulary_size'$"):
        LanguageModelConfig.from_json(document)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (LanguageModelNetworkConfig, {"vocabulary_size": "5"}),
        (LanguageModelNetworkConfig, {"vocabulary_size": 5.0}),
        (LanguageModelNetworkConfig, {"vocabulary_size": True}),
        (LanguageModelNetworkConfig, {"vocabulary_size": None}),
        (LanguageModelNetworkConfig, {"vocabulary_size": 5, "cell": ["lstm"]}),
        (LanguageModelNetworkConfig, {"vocabulary_size": 5, "dropout": False}),
        (LanguageModelNetworkConfig, [5]),
        (LanguageModelNetworkConfig, None),
        (Budget, {"steps": 1.5}),
        (Budget, {"seconds": "60"}),
        (TrainingConfig, {"budget": 60}),
        (SamplingConfig, {"stop_strings": "end"}),
        (SamplingConfig, {"stop_strings": ["end", 3]}),
        (CorpusConfig, {"sources": {"path": "a"}}),
        (CorpusConfig, {"sources": ["a"]}),
        (LanguageModelQuantization, {"bits_per_character_lost": 0.0, "speed_ratio": 1.0, "used": 1}),
        (TaggerNetworkConfig, {"words": 5, "characters": 5, "tags": 3}),
        (TaggerNetworkConfig, {"words": 5, "characters": 5, "tags": [3.0]}),
        (TaggerNetworkConfig, {"words": 5, "characters": 5, "tags": [3], "words_from": "gru"}),
        (TaggerNetworkConfig, {"words": 5, "characters": 5, "tags": [3], "decoder": None}),
        (TreebankConfig, {"sources": [], "format": "lines", "columns": ["upos"]}),
        (TreebankConfig, {"sources": [], "format": "conllu", "columns": "upos"}),
        (TreebankConfig, {"sources": [], "format": "conllu", "columns": ["upos"], "level": "sentence"}),
        (TaggerQuantization, {"accuracy_lost": None, "speed_ratio": 1.0, "used": True}),
    ],
)
def test_value_of_another_type_is_refused(kind: type[Json], value: object) -> None:
    with pytest.raises(ConfigError, match=r"is not allowed here$"):
        kind.from_json(value)


@pytest.mark.parametrize("cell", ["LSTM", "", "transformer"])
@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (LanguageModelNetworkConfig, {"vocabulary_size": 5}),
        (TaggerNetworkConfig, {"words": 5, "characters": 5, "tags": [3]}),
    ],
)
def test_an_unknown_cell_is_refused_with_the_names_of_those_there_are(
    kind: type[Json], value: dict[str, object], cell: str
) -> None:
    with pytest.raises(ConfigError, match=rf"^there is no cell '{cell}'; there are rnn, lstm, gru, wavenet, ntm$"):
        kind.from_json({**value, "cell": cell})


def test_whole_number_stands_for_a_float() -> None:
    rate = TrainingConfig.from_json({"budget": {"epochs": 2}, "learning_rate": 1}).learning_rate
    assert (rate, type(rate)) == (1.0, float)


def test_number_too_large_for_a_float_is_refused() -> None:
    with pytest.raises(ConfigError):
        Budget.from_json({"seconds": 10**400})


def test_json_has_characters_as_they_are_and_bytes_that_are_not_utf_8_as_escapes() -> None:
    written = json_text({"path": "naïve 🧊/caf\udce9"})
    assert written == '{"path": "naïve 🧊/caf\\udce9"}\n'
    assert json.loads(written.encode()) == {"path": "naïve 🧊/caf\udce9"}
