"""A tagger's two inference graphs, from its weights: words to vectors, and sentences of vectors to scores.

They are two because words recur: a word's vector is made once and kept. Their contracts are in
`charnn.tasks.tagger.use.runtime`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from charnn.export.graph import TYPES, Array, Graph, Port, RecurrentLayer, layer_weights, require_layer, require_shape
from charnn.export.recurrent import add_recurrent
from charnn.tasks.tagger.config import TaggerNetworkConfig
from charnn.tasks.tagger.lexicon import AFFIX_BUCKETS, AFFIXES, SHAPES

WIDTHS = (3, 5)
"""How many characters a unit of each convolution that reads words sees."""

TABLES = {
    "words.table": "words.weight",
    "characters.table": "spelling.characters.weight",
    "affixes.table": "spelling.affixes.weight",
    "shapes.table": "spelling.shapes.weight",
}
"""Constants of the word graph that are weights as they are."""


def word_graph(config: TaggerNetworkConfig, weights: Mapping[str, Array]) -> bytes:
    """The serialised ONNX model from what the lexicon says of words to their vectors, (N, D)."""
    require_shape(weights, TABLES["words.table"], config.words, config.word_size)
    require_shape(weights, TABLES["characters.table"], config.characters, config.character_size)
    require_shape(weights, TABLES["affixes.table"], AFFIX_BUCKETS, config.affix_size)
    require_shape(weights, TABLES["shapes.table"], SHAPES, config.shape_size)
    graph = Graph()

    def looked_up(ids: str) -> str:
        table = graph.constant(f"{ids}.table", weights[TABLES[f"{ids}.table"]])
        return graph.add("Gather", [table, ids], [f"{ids}.vectors"])

    characters = looked_up("characters")
    read = (_convolutions if config.words_from == "cnn" else _last_states)(graph, characters, config, weights)
    affix_axis = graph.integers("affix_axis", 1)
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
    words = _beside_states(graph, config, weights) if config.readers else "vectors"
    x, features = words, list[str]()
    size, hidden = vector_size(config) + config.context_size, config.hidden_size
    shape = graph.integers("both_directions", 0, 0, -1)
    for depth in range(config.layers):
        names = [f"recurrent.{way}.{depth}.layers.0" for way in ("forwards", "backwards")]
        for name in names:
            require_layer(weights, name, config.cell, 2 * hidden if depth else size, hidden)
        directions = [layer_weights(weights, name, config.cell) for name in names]
        layer = RecurrentLayer(f"layer.{depth}", config.cell, directions, x, [f"y.{depth}"], lengths="lengths")
        y = add_recurrent(graph, layer, quantized=quantized)
        batch_first = graph.add("Transpose", [y], [f"y.{depth}.transposed"], perm=[0, 2, 1, 3])
        x = graph.add("Reshape", [batch_first, shape], [f"x.{depth + 1}"])
    features.append(x)
    if config.neighbour_size:
        features.append(_neighbours(graph, config, weights, words))
    joined = graph.add("Concat", [*features, words], ["features"], axis=2)
    outputs: list[Port] = []
    for column in range(len(config.tags)):
        require_shape(weights, f"heads.{column}.scores_layer.weight", None, 2 * hidden + config.neighbour_size + size)
        weight, bias = (weights[f"heads.{column}.scores_layer.{part}"] for part in ("weight", "bias"))
        outputs.append((graph.linear(joined, weight, bias, f"scores.{column}"), "float", ["T", "B", len(bias)]))
    return graph.serialize(
        [("vectors", "float", ["T", "B", vector_size(config) + config.states_size]), ("lengths", "int32", ["B"])],
        outputs,
    )


def vector_size(config: TaggerNetworkConfig) -> int:
    """D: both readers give twice their size."""
    return 2 * config.reader_size + config.shape_size + config.affix_size + config.word_size


def _convolutions(
    graph: Graph, characters: str, config: TaggerNetworkConfig, weights: Mapping[str, Array]
) -> list[str]:
    """Adds what `word_reader.ConvolutionReader` computes."""
    inside = _inside(graph)
    x = graph.add(
        "Transpose", [graph.add("Mul", [characters, inside], ["inside.x"])], ["characters.last"], perm=[0, 2, 1]
    )
    inside_last = graph.add("Transpose", [inside], ["inside.last"], perm=[0, 2, 1])
    outputs = []
    for number, width in enumerate(WIDTHS):
        name = f"spelling.reader.convolutions.{number}"
        require_shape(weights, f"{name}.weight", config.reader_size, config.character_size, width)
        require_shape(weights, f"{name}.bias", config.reader_size)
        constants = [graph.constant(f"{name}.{part}", weights[f"{name}.{part}"]) for part in ("weight", "bias")]
        y = graph.add("Conv", [x, *constants], [f"{name}.y"], pads=[width // 2, width // 2])
        positive = graph.add("Relu", [y], [f"{name}.positive"])
        masked = graph.add("Mul", [positive, inside_last], [f"{name}.masked"])
        outputs.append(graph.add("ReduceMax", [masked], [f"{name}.largest"], axes=[2], keepdims=0))
    return outputs


def _inside(graph: Graph) -> str:
    """(N, L, 1), 1 up to the end of each word and 0 beyond."""
    one, zero = graph.integers("scalar.1", 1), graph.integers("scalar.0", 0)
    length = graph.add("Gather", [graph.add("Shape", ["characters"], ["shape"]), one], ["length"])
    places = graph.add("Range", [zero, length, one], ["places"])
    last = graph.integers("last_axis", -1)
    ends = graph.add("Unsqueeze", ["lengths", last], ["ends"])
    inside = graph.add("Cast", [graph.add("Less", [places, ends], ["is_inside"])], ["inside.flat"], to=TYPES["float"])
    return graph.add("Unsqueeze", [inside, last], ["inside"])


def _last_states(graph: Graph, characters: str, config: TaggerNetworkConfig, weights: Mapping[str, Array]) -> list[str]:
    """Adds what `word_reader.RecurrentReader` computes."""
    x = graph.add("Transpose", [characters], ["characters.time_first"], perm=[1, 0, 2])
    lengths = graph.add("Cast", ["lengths"], ["lengths.int32"], to=TYPES["int32"])
    name = "spelling.reader.recurrent"
    names = [f"{name}.{way}.0.layers.0" for way in ("forwards", "backwards")]
    for each in names:
        require_layer(weights, each, "lstm", config.character_size, config.reader_size)
    directions = [layer_weights(weights, each, "lstm") for each in names]
    add_recurrent(graph, RecurrentLayer(name, "lstm", directions, x, ["", "reader.last"], lengths=lengths))
    by_word = graph.add("Transpose", ["reader.last"], ["reader.by_word"], perm=[1, 0, 2])
    return [graph.add("Flatten", [by_word], ["reader.flat"], axis=1)]


def _beside_states(graph: Graph, config: TaggerNetworkConfig, weights: Mapping[str, Array]) -> str:
    """Adds what the network makes of the readers' states, which lie behind the words' vectors in its input."""
    require_shape(weights, "context.weight", config.context_size, config.states_size)
    own, states = graph.split("vectors", 2, sizes=[vector_size(config), config.states_size])
    context = graph.add("MatMul", [states, graph.constant("context.weight", weights["context.weight"].T)])
    return graph.add("Concat", [own, context], ["words"], axis=2)


def _neighbours(graph: Graph, config: TaggerNetworkConfig, weights: Mapping[str, Array], words: str) -> str:
    """Adds what `network.Neighbours` computes, with its convolution as one product of matrices."""
    # ONNX Runtime's product of matrices takes vectors as they lie; its convolution would have them transposed.
    size = vector_size(config) + config.context_size
    require_shape(weights, "neighbours.convolution.weight", config.neighbour_size, size, 3)
    require_shape(weights, "neighbours.convolution.bias", config.neighbour_size)
    weight = weights["neighbours.convolution.weight"]
    pads = graph.integers("neighbours.pads", 1, 0, 0, 1, 0, 0)
    padded = graph.add("Pad", [words, pads], ["neighbours.padded"])
    first, ends = graph.vector(0), np.iinfo(np.int64).max
    slices = []
    for start, end in ((0, -2), (1, -1), (2, ends)):
        inputs = [padded, graph.vector(start), graph.vector(end), first]
        slices.append(graph.add("Slice", inputs, [f"neighbours.{start}"]))
    joined = graph.add("Concat", slices, ["neighbours.joined"], axis=2)
    flat = weight.transpose(0, 2, 1).reshape(weight.shape[0], -1)
    y = graph.linear(joined, flat, weights["neighbours.convolution.bias"], "neighbours.y")
    return graph.add("Relu", [y], ["neighbours"])
