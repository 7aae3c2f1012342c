"""The runtime gives what the network gives, of words and of sentences; in every batch and from several threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from charnn.tasks.tagger.config import TaggerNetworkConfig
from charnn.tasks.tagger.graph import sentence_graph, word_graph
from charnn.tasks.tagger.learn.network import TaggerNetwork, WordBatch
from charnn.tasks.tagger.lexicon import Lexicon, WordFeatures
from charnn.tasks.tagger.use.runtime import RuntimeTaggerNetwork

ATOL = 1e-5
"""Scores are a few units large; fp32 sums in another order differ by some 1e-6."""
FORMS = ["the", "cat", "The", "New York", "x" * 40, "1999", "a", "東京", "", "\udce9", "."]
LEXICON = Lexicon.of([*FORMS, *FORMS[:5]], {"upos": "ABC", "xpos": "pqrst"})
TINY: dict[str, Any] = {
    "hidden_size": 4,
    "word_size": 3,
    "character_size": 4,
    "reader_size": 3,
    "affix_size": 2,
    "shape_size": 2,
    "neighbour_size": 3,
}
RAGGED = [6, 1, 3, 1, 6]
Array = npt.NDArray[np.float32]


@dataclass
class Pair:
    """The network, and the runtime with its graphs."""

    network: TaggerNetwork
    word_graph: bytes
    sentence_graph: bytes

    @property
    def runtime(self) -> RuntimeTaggerNetwork:
        return RuntimeTaggerNetwork(self.word_graph, self.sentence_graph)


def pair_of(**options: Any) -> Pair:
    torch.manual_seed(0)
    config = TaggerNetworkConfig(
        words=LEXICON.word_ids,
        characters=LEXICON.character_ids,
        tags=tuple(map(len, LEXICON.tags.values())),
        **{**TINY, **options},
    )
    network = TaggerNetwork(config, torch.from_numpy(LEXICON.frequencies())).eval()
    with torch.no_grad():
        for parameter in network.parameters():  # so that no bias is zero and the scores are far from uniform
            parameter.add_(torch.randn_like(parameter), alpha=0.5)
        network.spelling.affixes.weight[0] = 0
    weights = {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}
    return Pair(network, word_graph(config, weights), sentence_graph(config, weights))


def places_of(lengths: list[int]) -> list[npt.NDArray[np.int64]]:
    """Sentences, as places among FORMS."""
    random = np.random.default_rng(sum(lengths))
    return [random.integers(len(FORMS), size=length) for length in lengths]


def padded(places: list[npt.NDArray[np.int64]], vectors_ND: Array) -> Array:
    """(T, B, D), zeros where a sentence has ended."""
    vectors_TBD = np.zeros((max(map(len, places)), len(places), vectors_ND.shape[1]), np.float32)
    for b, row in enumerate(places):
        vectors_TBD[: len(row), b] = vectors_ND[row]
    return vectors_TBD


def scores(runtime: RuntimeTaggerNetwork, places: list[npt.NDArray[np.int64]]) -> list[Array]:
    vectors_ND = runtime.vectors(LEXICON.features(FORMS))
    return runtime.scores(padded(places, vectors_ND), np.array(list(map(len, places))))


@torch.inference_mode()
def expected_scores(network: TaggerNetwork, places: list[npt.NDArray[np.int64]]) -> list[Array]:
    """The scores of each column, (B, T, S)."""
    features = LEXICON.features(FORMS)
    words = WordBatch(**{name: torch.from_numpy(getattr(features, name)) for name in WordFeatures.__slots__})
    lengths_B = torch.tensor(list(map(len, places)))
    places_BT = torch.zeros(len(places), int(lengths_B.max()), dtype=torch.int64)
    for row, sentence in zip(places_BT, places, strict=True):
        row[: len(sentence)] = torch.from_numpy(sentence)
    features_BTF = network(words, places_BT, lengths_B)
    return [head.scores(features_BTF).numpy() for head in network.heads]


def assert_scores_agree(scores: list[Array], expected: list[Array], lengths: list[int]) -> None:
    assert len(scores) == len(expected)
    for scores_TBS, expected_BTS in zip(scores, expected, strict=True):
        assert scores_TBS.dtype == np.float32
        for b, length in enumerate(lengths):
            np.testing.assert_allclose(scores_TBS[:length, b], expected_BTS[b, :length], rtol=0, atol=ATOL)


# what the network gives


@pytest.mark.parametrize("neighbour_size", [0, 3])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_scores_of_ragged_sentences_are_the_networks(cell: str, layers: int, neighbour_size: int) -> None:
    pair = pair_of(cell=cell, layers=layers, neighbour_size=neighbour_size)
    places = places_of(RAGGED)
    assert_scores_agree(scores(pair.runtime, places), expected_scores(pair.network, places), RAGGED)


@pytest.mark.parametrize(
    "sizes", [{}, {"affix_size": 0}, {"shape_size": 0}, {"affix_size": 0, "shape_size": 0}], ids=str
)
@pytest.mark.parametrize("words_from", ["cnn", "lstm"])
def test_vectors_of_words_of_all_lengths_are_the_networks(words_from: str, sizes: dict[str, int]) -> None:
    pair = pair_of(words_from=words_from, **sizes)
    places = places_of(RAGGED)
    assert_scores_agree(scores(pair.runtime, places), expected_scores(pair.network, places), RAGGED)


@pytest.mark.parametrize("decoder", ["independent", "feedback", "crf"])
def test_scores_are_what_the_decoder_of_each_column_takes(decoder: str) -> None:
    pair = pair_of(decoder=decoder)
    places = places_of(RAGGED)
    given = scores(pair.runtime, places)
    assert_scores_agree(given, expected_scores(pair.network, places), RAGGED)
    assert [scores_TBS.shape[2] for scores_TBS in given] == [d.score_size for d in pair.network.decoders()]


@pytest.mark.parametrize("lengths", [[1], [7], [1, 1, 1]], ids=str)
def test_smallest_batches_are_read(lengths: list[int]) -> None:
    pair = pair_of(layers=2)
    places = places_of(lengths)
    assert_scores_agree(scores(pair.runtime, places), expected_scores(pair.network, places), lengths)


# shapes, and what changes nothing


@pytest.fixture(scope="module")
def runtime() -> RuntimeTaggerNetwork:
    return pair_of(layers=2).runtime


def test_shapes_are_those_that_are_said(runtime: RuntimeTaggerNetwork) -> None:
    vectors_ND = runtime.vectors(LEXICON.features(FORMS))
    assert (vectors_ND.shape, vectors_ND.dtype) == ((len(FORMS), runtime.vector_size), np.float32)
    assert [array.shape for array in scores(runtime, places_of([4, 2]))] == [(4, 2, 3), (4, 2, 5)]


def test_a_words_vector_is_the_same_alone_and_beside_longer_words(runtime: RuntimeTaggerNetwork) -> None:
    together_ND = runtime.vectors(LEXICON.features(FORMS))
    alone_ND = np.concatenate([runtime.vectors(LEXICON.features([form])) for form in FORMS])
    np.testing.assert_allclose(together_ND, alone_ND, rtol=0, atol=ATOL)


@given(lengths=st.lists(st.integers(1, 9), min_size=1, max_size=5))
@settings(max_examples=30)
def test_a_sentence_of_a_batch_gives_what_it_gives_alone(runtime: RuntimeTaggerNetwork, lengths: list[int]) -> None:
    places = places_of(lengths)
    together = scores(runtime, places)
    for b, sentence in enumerate(places):
        for alone_T1S, scores_TBS in zip(scores(runtime, [sentence]), together, strict=True):
            np.testing.assert_allclose(scores_TBS[: len(sentence), b], alone_T1S[:, 0], rtol=0, atol=ATOL)


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.intp, np.uint8])
def test_lengths_of_any_integer_type_are_taken(runtime: RuntimeTaggerNetwork, dtype: type[np.integer]) -> None:
    vectors_TBD = padded(places_of([4, 2]), runtime.vectors(LEXICON.features(FORMS)))
    expected = runtime.scores(vectors_TBD, np.array([4, 2], np.int32))
    for scores_TBS, expected_TBS in zip(runtime.scores(vectors_TBD, np.array([4, 2], dtype)), expected, strict=True):
        np.testing.assert_array_equal(scores_TBS, expected_TBS)


def test_several_threads_at_once_give_what_one_gives(runtime: RuntimeTaggerNetwork) -> None:
    batches = [places_of([1 + k % 7, 1 + k % 3]) for k in range(60)]
    expected = [scores(runtime, places) for places in batches]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda places: scores(runtime, places), batches))
    for left, right in zip(together, expected, strict=True):
        for scores_TBS, expected_TBS in zip(left, right, strict=True):
            np.testing.assert_array_equal(scores_TBS, expected_TBS)
