"""Starting from another model's weights: rows go where their symbols go, whatever the ids."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from charnn.config.model import TokenizerConfig
from charnn.errors import UsageError
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.corpus import Corpus
from charnn.tasks.language_model.learn.network import LanguageModelNetwork
from charnn.tasks.language_model.learn.overrides import LanguageModelOverrides
from charnn.tasks.language_model.learn.session import LanguageModelSession
from charnn.tasks.language_model.learn.transfer import InitialWeights, same_shape
from charnn.tasks.task import Run
from charnn.tokenizers import join_vocabularies
from charnn.tokenizers.base import Tokenizer
from charnn.tokenizers.byte import ByteTokenizer
from charnn.tokenizers.characters import CharacterTokenizer
from charnn.training.distributed.processes import ALONE

ROWS = ("embedding.weight", "head.weight", "head.bias")
SPECIAL = (("special", "stop"), ("special", "unknown"))
Symbols = Sequence[tuple[str, str]]
Weights = dict[str, npt.NDArray[Any]]


@cache
def made(vocabulary_size: int, seed: int) -> LanguageModelNetwork:
    torch.manual_seed(seed)
    return LanguageModelNetwork(LanguageModelNetworkConfig(vocabulary_size, layers=2, hidden_size=4, embedding_size=3))


def network_of(vocabulary_size: int, seed: int) -> LanguageModelNetwork:
    return deepcopy(made(vocabulary_size, seed))


def weights_of(network: LanguageModelNetwork) -> Weights:
    return {name: parameter.detach().numpy().copy() for name, parameter in network.named_parameters()}


def assert_transferred(theirs: Symbols, ours: Symbols) -> None:
    """Row by row and by hand: from theirs where they have the symbol, as it was where they have not."""
    source = weights_of(network_of(len(theirs), seed=1))
    source["head.bias"] = np.arange(len(theirs), dtype=np.float32) + 10
    network = network_of(len(ours), seed=2)
    initial = weights_of(network)
    new = InitialWeights(source, theirs).copy_into(network, ours)
    assert new == [symbol for symbol in ours if symbol not in theirs]
    for name, value in weights_of(network).items():
        if name not in ROWS:
            assert np.array_equal(value, source[name]), name
            continue
        for row, symbol in zip(range(len(ours)), ours, strict=True):
            expected = source[name][list(theirs).index(symbol)] if symbol in theirs else initial[name][row]
            assert np.array_equal(value[row], expected), (name, symbol)


letters = st.lists(st.characters(codec="utf-8"), unique=True, max_size=12)


@given(letters, letters, st.randoms())
def test_rows_go_where_their_symbols_go(theirs: list[str], ours: list[str], random: Any) -> None:
    """Vocabularies that share some symbols, in any order."""
    ours = [*ours, *theirs[::2]]
    vocabularies = [[*SPECIAL, *(("text", character) for character in dict.fromkeys(v))] for v in (theirs, ours)]
    for vocabulary in vocabularies:
        random.shuffle(vocabulary)
    assert_transferred(*vocabularies)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (CharacterTokenizer("abc"), CharacterTokenizer("abc")),
        (CharacterTokenizer("bd"), CharacterTokenizer("abcde")),
        (CharacterTokenizer("abcde"), CharacterTokenizer("bd")),
        (CharacterTokenizer("xyz"), CharacterTokenizer("abc")),
        (ByteTokenizer(), ByteTokenizer()),
        (CharacterTokenizer("az\u00e9"), ByteTokenizer()),
        (ByteTokenizer(), CharacterTokenizer("az\u00e9")),
    ],
    ids=["same", "extended", "fewer", "nothing shared", "bytes", "characters to bytes", "bytes to characters"],
)
def test_rows_go_where_their_symbols_go_in_real_vocabularies(theirs: Tokenizer, ours: Tokenizer) -> None:
    assert_transferred(theirs.symbols(), ours.symbols())


def test_a_letter_that_is_no_ascii_is_not_one_of_its_bytes() -> None:
    weights = InitialWeights(weights_of(network_of(257, seed=1)), ByteTokenizer().symbols())
    new = weights.copy_into(network_of(4, seed=2), CharacterTokenizer("a\u00e9").symbols())
    assert new == [("special", "unknown"), ("text", "\u00e9")]


# The vocabulary of the two together.


def test_characters_are_joined() -> None:
    joined = join_vocabularies(CharacterTokenizer("abx"), TokenizerConfig(), ["cab", "d"])
    assert [text for kind, text in joined.symbols() if kind == "text"] == list("abcdx")


def test_bytes_are_taken_over() -> None:
    source = ByteTokenizer()
    assert join_vocabularies(source, TokenizerConfig("bytes"), ["text"]) is source


@pytest.mark.parametrize(("source", "kind"), [(ByteTokenizer(), "characters"), (CharacterTokenizer("xyz"), "bytes")])
def test_a_tokenizer_of_another_kind_is_learnt_from_the_text(source: Tokenizer, kind: Any) -> None:
    joined = join_vocabularies(source, TokenizerConfig(kind), ["cab"])
    assert joined.kind == kind
    if kind == "characters":
        assert joined.size == 2 + 3


# The shape.

SOURCE = LanguageModelNetworkConfig(
    50, cell="gru", layers=3, hidden_size=24, embedding_size=10, dropout=0.4, residual=True, recurrent_depth=2,
    weight_drop=0.3,
)  # fmt: skip


def test_the_shape_is_that_of_the_source_and_the_rest_is_as_asked_for() -> None:
    overrides = same_shape(LanguageModelOverrides(dropout=0.1, learning_rate=0.5), SOURCE)
    assert (overrides.cell, overrides.layers, overrides.hidden_size, overrides.embedding_size) == ("gru", 3, 24, 10)
    assert (overrides.residual, overrides.recurrent_depth) == (True, 2)
    assert (overrides.dropout, overrides.learning_rate, overrides.weight_drop) == (0.1, 0.5, None)


def test_the_same_shape_may_be_asked_for() -> None:
    overrides = LanguageModelOverrides(
        cell="gru", layers=3, hidden_size=24, embedding_size=10, residual=True, recurrent_depth=2, members=1
    )  # fmt: skip
    assert same_shape(overrides, SOURCE) == overrides


@pytest.mark.parametrize(
    "overrides",
    [
        LanguageModelOverrides(layers=2),
        LanguageModelOverrides(hidden_size=25),
        LanguageModelOverrides(embedding_size=11),
        LanguageModelOverrides(cell="lstm"),
        LanguageModelOverrides(recurrent_depth=1),
        LanguageModelOverrides(residual=False),
    ],
    ids=["layers", "hidden", "embedding", "cell", "recurrent depth", "residual"],
)
def test_another_shape_is_a_usage_error(overrides: LanguageModelOverrides) -> None:
    with pytest.raises(UsageError, match="to start from") as caught:
        same_shape(overrides, SOURCE)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("overrides", "source", "said"),
    [
        (LanguageModelOverrides(residual=True), LanguageModelNetworkConfig(5), "no residual connections"),
        (LanguageModelOverrides(residual=False), SOURCE, "residual connections"),
        (LanguageModelOverrides(recurrent_depth=3), LanguageModelNetworkConfig(5), "recurrent depth 1, not 3"),
    ],
)
def test_another_depth_is_refused_in_words(
    overrides: LanguageModelOverrides, source: LanguageModelNetworkConfig, said: str
) -> None:
    with pytest.raises(UsageError, match=f"^the model to start from has {said}$"):
        same_shape(overrides, source)


# A run that starts from a model.


def no_directory(kind: type[Any]) -> Any:
    raise AssertionError("a directory was made for a run that cannot be")


@pytest.fixture
def trained(
    start: Callable[..., LanguageModelSession], corpus_of: Callable[..., Corpus], silent: Any
) -> LanguageModelSession:
    session = start(
        corpus_of("abcdefgh" * 30), "source", steps=60, layers=1, hidden_size=12, batch_size=4, window_length=10,
        learning_rate=0.03, dropout=0.0,
    )  # fmt: skip
    session.run(silent)
    assert session.config.scores.nats_per_character < 0.5
    return session


@pytest.mark.filterwarnings("ignore:.*a NUL character")
@pytest.mark.parametrize("text", ["abcdefgh" * 30, "abcdefgh" * 30 + "Zz!", "\x00 " + "abcdefgh" * 30])
def test_the_first_validation_is_already_good(
    start, corpus_of, silent, trained: LanguageModelSession, text: str
) -> None:
    """Though the ids have moved: what is new to the vocabulary sorts before, and after, what was there."""
    valid = "abcdefgh" * 10
    untrained = start(corpus_of(text, valid=valid), "new", steps=1, layers=1, hidden_size=12)
    untrained.run(silent)
    session = start(corpus_of(text, valid=valid), "again", steps=1, source=trained.directory)
    session.run(silent)
    assert session.config.scores.nats_per_character < 0.6
    assert untrained.config.scores.nats_per_character > 1.5


def test_bytes_start_well_from_characters(start, corpus_of, silent, trained: LanguageModelSession) -> None:
    session = start(corpus_of("abcdefgh" * 30), "bytes", steps=1, tokenizer="bytes", source=trained.directory)
    session.run(silent)
    assert session.config.tokenizer.kind == "bytes"
    untrained = start(corpus_of("abcdefgh" * 30), "new", steps=1, tokenizer="bytes", layers=1, hidden_size=12)
    untrained.run(silent)
    assert session.config.scores.nats_per_character < untrained.config.scores.nats_per_character / 2


def test_a_conflict_of_shapes_is_found_before_a_directory_is_made(corpus_of, trained: LanguageModelSession) -> None:
    with pytest.raises(UsageError, match="hidden size 12, not 16"):
        LanguageModelSession.start(
            Run((), no_directory, ALONE),
            corpus_of("abc" * 9),
            TokenizerConfig(),
            LanguageModelOverrides(hidden_size=16),
            source=trained.directory,
        )


def test_the_source_is_left_as_it_was(start, corpus_of, silent, trained: LanguageModelSession) -> None:
    before = {path: path.read_bytes() for path in trained.directory.path.rglob("*") if path.is_file()}
    start(corpus_of("hgfedcba" * 30), "again", steps=3, source=trained.directory).run(silent)
    assert {path: path.read_bytes() for path in trained.directory.path.rglob("*") if path.is_file()} == before
