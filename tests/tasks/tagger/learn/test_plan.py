"""What the user asks for wins; the sizes are those of the lexicon; the rest is chosen."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.config.training import Budget, TrainingConfig
from charnn.errors import ConfigError, UsageError
from charnn.tasks.tagger.config import TaggerNetworkConfig
from charnn.tasks.tagger.learn.plan import TaggerOverrides, configure
from charnn.tasks.tagger.lexicon import Lexicon

LEXICON = Lexicon.of(["ab", "ab", "c"], {"upos": "XYZ", "feats": "_"})
OF_NETWORK: dict[str, Any] = {
    "cell": "gru",
    "layers": 3,
    "hidden_size": 77,
    "word_size": 5,
    "dropout": 0.0,
    "words_from": "lstm",
    "decoder": "crf",
}
OF_TRAINING: dict[str, Any] = {
    "batch_size": 3,
    "window_length": 7,
    "learning_rate": 0.123,
    "budget": Budget(steps=9),
}


def planned(
    overrides: TaggerOverrides, words: int = 10_000, sentences: int = 700, threads: int = 1
) -> tuple[TaggerNetworkConfig, TrainingConfig]:
    return configure(overrides, LEXICON, words=words, sentences=sentences, threads=threads)


@pytest.mark.parametrize(("name", "value"), OF_NETWORK.items())
def test_what_is_asked_of_the_network_wins(name: str, value: Any) -> None:
    network, _ = planned(TaggerOverrides(**{name: value}))
    assert getattr(network, name) == value


@pytest.mark.parametrize(("name", "value"), OF_TRAINING.items())
def test_what_is_asked_of_training_wins(name: str, value: Any) -> None:
    _, training = planned(TaggerOverrides(**{name: value}))
    assert getattr(training, name) == value


def test_the_network_is_as_large_as_the_lexicon() -> None:
    network, _ = planned(TaggerOverrides())
    assert (network.words, network.characters, network.tags) == (2, 3 + 4, (3, 1))


@pytest.mark.parametrize(("members", "threads", "turns"), [(1, 1, 1), (2, 2, 1), (2, 8, 1), (2, 1, 2), (5, 2, 3)])
def test_members_that_learn_at_the_same_time_have_the_time_of_one(members: int, threads: int, turns: int) -> None:
    seconds = [planned(TaggerOverrides(members=count), threads=threads)[1].budget.seconds for count in (1, members)]
    assert seconds[1] == turns * seconds[0]


def test_settings_go_to_training_as_they_are() -> None:
    settings: dict[str, Any] = {"seed": 5, "patience": 2, "clip_norm": None, "clip_value": 0.5, "precision": "fp32"}
    _, training = planned(TaggerOverrides(settings=settings))
    assert {name: getattr(training, name) for name in settings} == settings


def test_a_crf_of_too_many_tags_is_refused_in_one_line() -> None:
    tags = [f"T{number}" for number in range(4097)]
    lexicon = Lexicon.of(["ab"], {"upos": "XYZ", "lemma": tags})
    for decoder in ("independent", "feedback"):
        configure(TaggerOverrides(decoder=decoder), lexicon, words=9, sentences=3)
    with pytest.raises(UsageError, match=r"--decoder crf .*, and lemma has 4,097 tags: 4,096 are the most") as caught:
        configure(TaggerOverrides(decoder="crf"), lexicon, words=9, sentences=3)
    assert caught.value.hint == "take another decoder: independent or feedback"
    configure(TaggerOverrides(decoder="crf"), Lexicon.of(["ab"], {"lemma": tags[:-1]}), words=9, sentences=3)


def test_what_is_out_of_range_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="hidden size"):
        planned(TaggerOverrides(hidden_size=0))
    with pytest.raises(ConfigError, match="dropout"):
        planned(TaggerOverrides(dropout=1.0))


@pytest.mark.parametrize("name", ["batch_size", "window_length", "learning_rate"])
def test_an_override_of_0_is_refused_and_not_taken_for_none(name: str) -> None:
    with pytest.raises(ConfigError):
        planned(TaggerOverrides(**{name: 0}))


@given(sentences=st.integers(1, 10**7), mean_length=st.floats(1, 100), cell=st.sampled_from(["rnn", "lstm", "gru"]))
def test_every_treebank_gives_valid_configurations(sentences: int, mean_length: float, cell: Any) -> None:
    network, training = planned(TaggerOverrides(cell=cell), int(sentences * mean_length), sentences)
    assert TaggerNetworkConfig.from_json({**network.to_json(), "tags": list(network.tags)}) == network
    assert TrainingConfig.from_json(training.to_json()) == training
    assert network.cell == cell
    assert training.batch_size <= sentences
