"""A tagger's two inference graphs, from its weights: words to vectors, and sentences of vectors to scores.

They are two because words recur: a word's vector is made once and kept. Their contracts are in
`charnn.tasks.tagger.use.runtime`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from charnn.export.graph import Array, Graph, Port, RecurrentLayer, add_recurrent
from charnn.tasks.tagger.config import TaggerNetworkConfig
from charnn.tasks.tagger.learn.word_reader import WIDTHS
from charnn.tasks.tagger.word_features import AFFIXES

TABLES = {
    "words.table": "words.weight",
    "characters.table": "spelling.characters.weight",
    "affixes.table": "spelling.affixes.weight",
    "shapes.table": "spelling.shapes.weight",
}
"""Constants of the word graph that are weights as they are."""
PARAMETERS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def word_graph(config: TaggerNetworkConfig, weights: Mapping[str, Array]) -> bytes:
    """The serialised ONNX model from what the lexicon says of words to their vectors, (N, D)."""
    graph = Graph()

    def looked_up(ids: str) -> str:
        table = graph.constant(f"{ids}.table", weights[TABLES[f"{ids}.table"]])
        return graph.add("Gather", [table, ids], [f"{ids}.vectors"])

    characters = looked_up("characters")
    read = (_convolutions if config.words_from == "cnn" else _last_states)(graph, characters, weights)
    affix_axis = graph.constant("affix_axis", np.array([1], np.int64))
    affixes = graph.add("ReduceSum", [looked_up("affixes"), affix_axis], ["affixes.sum"], keepdims=0)
    parts = [*read, looked_up("shapes"), affixes, looked_up("words")]
    graph.add("Concat", parts, ["vectors"], axis=1)
    inputs: list[Port] = [
        ("words", "int64", ["N"]),
        ("characters", "int64", ["N", "L"]),
        ("lengths", "int64", ["N"]),
        ("affixes", "int64", ["N", AFFIXES]),
        ("shapes", "int64", ["N"]),
    ]
    return graph.serialize(inputs, [("vectors", "float", ["N", vector_size(config)])])


def sentence_graph(config: TaggerNetworkConfig, weights: Mapping[str, Array], *, quantized: bool = False) -> bytes:
    """The serialised ONNX model from word vectors (T, B, D), zeros where a sentence has ended, to scores."""
    graph = Graph()
    x, features = "vectors", []
    shape = graph.constant("both_directions", np.array([0, 0, -1], np.int64))
    for depth in range(config.layers):
        directions = [_parameters(weights, f"recurrent.{way}.{depth}") for way in ("forwards", "backwards")]
        layer = RecurrentLayer(f"layer.{depth}", config.cell, directions, x, [f"y.{depth}"], lengths="lengths")
        y = add_recurrent(graph, layer, quantized=quantized)
        batch_first = graph.add("Transpose", [y], [f"y.{depth}.transposed"], perm=[0, 2, 1, 3])
        x = graph.add("Reshape", [batch_first, shape], [f"x.{depth + 1}"])
    features.append(x)
    if config.neighbour_size:
        features.append(_neighbours(graph, weights))
    joined = graph.add("Concat", [*features, "vectors"], ["features"], axis=2)
    outputs: list[Port] = []
    for column in range(len(config.tags)):
        weight, bias = (weights[f"heads.{column}.scores_layer.{part}"] for part in ("weight", "bias"))
        outputs.append((graph.linear(joined, weight, bias, f"scores.{column}"), "float", ["T", "B", len(bias)]))
    return graph.serialize(
        [("vectors", "float", ["T", "B", vector_size(config)]), ("lengths", "int32", ["B"])], outputs
    )


def vector_size(config: TaggerNetworkConfig) -> int:
    """D: both readers give twice their size."""
    return 2 * config.reader_size + config.shape_size + config.affix_size + config.word_size


def _convolutions(graph: Graph, characters: str, weights: Mapping[str, Array]) -> list[str]:
    """As `network.word_reader.ConvolutionReader`."""
    inside = _inside(graph)
    x = graph.add(
        "Transpose", [graph.add("Mul", [characters, inside], ["inside.x"])], ["characters.last"], perm=[0, 2, 1]
    )
    inside_last = graph.add("Transpose", [inside], ["inside.last"], perm=[0, 2, 1])
    outputs = []
    for number, width in enumerate(WIDTHS):
        name = f"spelling.reader.convolutions.{number}"
        constants = [graph.constant(f"{name}.{part}", weights[f"{name}.{part}"]) for part in ("weight", "bias")]
        y = graph.add("Conv", [x, *constants], [f"{name}.y"], pads=[width // 2, width // 2])
        positive = graph.add("Relu", [y], [f"{name}.positive"])
        masked = graph.add("Mul", [positive, inside_last], [f"{name}.masked"])
        outputs.append(graph.add("ReduceMax", [masked], [f"{name}.largest"], axes=[2], keepdims=0))
    return outputs


def _inside(graph: Graph) -> str:
    """(N, L, 1), 1 up to the end of each word and 0 beyond."""
    length = graph.add("Gather", [graph.add("Shape", ["characters"], ["shape"]), _scalar(graph, 1)], ["length"])
    places = graph.add("Range", [_scalar(graph, 0), length, _scalar(graph, 1)], ["places"])
    last = graph.constant("last_axis", np.array([-1], np.int64))
    ends = graph.add("Unsqueeze", ["lengths", last], ["ends"])
    inside = graph.add("Cast", [graph.add("Less", [places, ends], ["is_inside"])], ["inside.flat"], to=1)
    return graph.add("Unsqueeze", [inside, last], ["inside"])


def _last_states(graph: Graph, characters: str, weights: Mapping[str, Array]) -> list[str]:
    """As `network.word_reader.RecurrentReader`."""
    x = graph.add("Transpose", [characters], ["characters.time_first"], perm=[1, 0, 2])
    lengths = graph.add("Cast", ["lengths"], ["lengths.int32"], to=6)
    name = "spelling.reader.recurrent"
    directions = [_parameters(weights, f"{name}.{way}.0") for way in ("forwards", "backwards")]
    add_recurrent(graph, RecurrentLayer(name, "lstm", directions, x, ["", "reader.last"], lengths=lengths))
    by_word = graph.add("Transpose", ["reader.last"], ["reader.by_word"], perm=[1, 0, 2])
    return [graph.add("Flatten", [by_word], ["reader.flat"], axis=1)]


def _neighbours(graph: Graph, weights: Mapping[str, Array]) -> str:
    """As `network.tagger.Neighbours`: its convolution as one product of matrices."""
    # ONNX Runtime's product of matrices takes vectors as they lie; its convolution would have them transposed.
    weight = weights["neighbours.convolution.weight"]
    pads = graph.constant("neighbours.pads", np.array([1, 0, 0, 1, 0, 0], np.int64))
    padded = graph.add("Pad", ["vectors", pads], ["neighbours.padded"])
    first, ends = _vector(graph, 0), np.iinfo(np.int64).max
    slices = []
    for start, end in ((0, -2), (1, -1), (2, ends)):
        inputs = [padded, _vector(graph, start), _vector(graph, end), first]
        slices.append(graph.add("Slice", inputs, [f"neighbours.{start}"]))
    joined = graph.add("Concat", slices, ["neighbours.joined"], axis=2)
    flat = weight.transpose(0, 2, 1).reshape(weight.shape[0], -1)
    y = graph.linear(joined, flat, weights["neighbours.convolution.bias"], "neighbours.y")
    return graph.add("Relu", [y], ["neighbours"])


def _parameters(weights: Mapping[str, Array], name: str) -> dict[str, Array]:
    return {parameter: weights[f"{name}.layers.0.{parameter}_l0"] for parameter in PARAMETERS}


def _scalar(graph: Graph, value: int) -> str:
    return graph.constant(f"scalar.{value}", np.array(value, np.int64))


def _vector(graph: Graph, value: int) -> str:
    return graph.constant(f"vector.{value}", np.array([value], np.int64))
