"""The inference graphs: valid by ONNX's own rules, their contract kept, and the int8 variant close to fp32.

That they give what the network gives is in tests/runtime.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
import torch

from charnn.tasks.tagger.config import TaggerNetworkConfig, WordReaderKind
from charnn.tasks.tagger.graph import sentence_graph, vector_size, word_graph
from charnn.tasks.tagger.learn.network import TaggerNetwork
from charnn.tasks.tagger.lexicon import AFFIXES
from charnn.tasks.tagger.use.runtime import RuntimeTaggerNetwork

Array = npt.NDArray[np.float32]
CELLS: list[str] = ["rnn", "lstm", "gru"]
READERS: list[WordReaderKind] = ["cnn", "lstm"]
FLOATS, INT64, INT32 = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64, onnx.TensorProto.INT32


def config_of(**options: Any) -> TaggerNetworkConfig:
    sizes = {"hidden_size": 6, "word_size": 3, "character_size": 4, "reader_size": 3, "affix_size": 2, "shape_size": 2}
    return TaggerNetworkConfig(
        **{"words": 7, "characters": 12, "tags": (3, 5), "neighbour_size": 4, **sizes, **options}
    )


def weights_of(config: TaggerNetworkConfig, *, std: float = 0.5) -> dict[str, Array]:
    """By the names of weights.safetensors, as large as those of a trained network."""
    torch.manual_seed(0)
    network = TaggerNetwork(config, torch.ones(config.words))
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=std)
    return {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}


def described(values: Any) -> dict[str, tuple[int, list[str | int]]]:
    types = {value.name: value.type.tensor_type for value in values}
    return {name: (t.elem_type, [d.dim_param or d.dim_value for d in t.shape.dim]) for name, t in types.items()}


def loaded(graph: bytes) -> onnx.ModelProto:
    return onnx.ModelProto.FromString(graph)


@pytest.mark.parametrize("words_from", READERS)
def test_graph_of_words_passes_the_checker_with_shapes_inferred(words_from: WordReaderKind) -> None:
    config = config_of(words_from=words_from)
    model = loaded(word_graph(config, weights_of(config)))
    onnx.checker.check_model(model, full_check=True)
    assert {node.domain for node in model.graph.node} == {""}


@pytest.mark.parametrize("neighbour_size", [0, 4])
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_graph_of_sentences_passes_the_checker_with_shapes_inferred(
    cell: str, layers: int, neighbour_size: int
) -> None:
    config = config_of(cell=cell, layers=layers, neighbour_size=neighbour_size)
    model = loaded(sentence_graph(config, weights_of(config)))
    onnx.checker.check_model(model, full_check=True)
    assert {node.domain for node in model.graph.node} == {""}
    assert [node.op_type for node in model.graph.node].count(cell.upper()) == layers


@pytest.mark.parametrize("words_from", READERS)
def test_contract_of_the_graph_of_words_is_kept(words_from: WordReaderKind) -> None:
    config = config_of(words_from=words_from)
    model = loaded(word_graph(config, weights_of(config)))
    assert described(model.graph.input) == {
        "words": (INT64, ["N"]),
        "characters": (INT64, ["N", "L"]),
        "lengths": (INT64, ["N"]),
        "affixes": (INT64, ["N", AFFIXES]),
        "shapes": (INT64, ["N"]),
    }
    assert described(model.graph.output) == {"vectors": (FLOATS, ["N", vector_size(config)])}


@pytest.mark.parametrize("quantized", [False, True])
def test_contract_of_the_graph_of_sentences_is_kept(quantized: bool) -> None:
    config = config_of(layers=2, tags=(3, 1, 5))
    model = loaded(sentence_graph(config, weights_of(config), quantized=quantized))
    size = vector_size(config)
    assert described(model.graph.input) == {"vectors": (FLOATS, ["T", "B", size]), "lengths": (INT32, ["B"])}
    assert described(model.graph.output) == {
        f"scores.{column}": (FLOATS, ["T", "B", tags]) for column, tags in enumerate((3, 1, 5))
    }


def test_graphs_of_the_same_weights_are_the_same_bytes() -> None:
    config = config_of()
    weights = weights_of(config)
    for make in (word_graph, sentence_graph):
        assert make(config, weights) == make(config, dict(reversed(weights.items())))


# int8


def both_ways(config: TaggerNetworkConfig, lengths: list[int]) -> tuple[list[Array], list[Array], npt.NDArray[Any]]:
    """Scores (T, B, S) of random sentences in fp32 and in int8, and whether a place is a word, (T, B)."""
    weights = weights_of(config, std=0.2)
    words = word_graph(config, weights)
    is_word_TB = np.arange(max(lengths))[:, None] < np.array(lengths)
    vectors_TBD = np.random.default_rng(0).normal(0, 0.5, (*is_word_TB.shape, vector_size(config))).astype(np.float32)
    plain, fast = (
        RuntimeTaggerNetwork(words, sentence_graph(config, weights, quantized=quantized)).scores(
            vectors_TBD * is_word_TB[..., None], np.array(lengths)
        )
        for quantized in (False, True)
    )
    return plain, fast, is_word_TB


@pytest.mark.parametrize("layers", [1, 2])
def test_scores_of_int8_are_close_to_those_of_fp32(layers: int) -> None:
    """Measured: off by 0.4% of their spread in the mean, and the best is another at 2 words of 328."""
    config = config_of(hidden_size=32, word_size=20, layers=layers, tags=(17,))
    plain, fast, is_word_TB = both_ways(config, [30, 1, 7, 12, 30, 2] * 4)
    (plain_WS,), (fast_WS,) = ([scores_TBS[is_word_TB] for scores_TBS in scores] for scores in (plain, fast))
    assert 0 < np.abs(plain_WS - fast_WS).mean() < 0.02 * plain_WS.std()
    assert (plain_WS.argmax(1) == fast_WS.argmax(1)).mean() > 0.97
