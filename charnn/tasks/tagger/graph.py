"""A tagger's two inference graphs, from its weights: words to vectors, and sentences of vectors to scores.

They are two because words recur: a word's vector is made once and kept. Their contracts are in
`charnn.tasks.tagger.use.runtime`. Where a tagger has several members, a word's vectors in all of them are one longer
vector, and the scores are those that the members' common decoder takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from charnn.checkpoint.members import each_own, member_prefix
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


@dataclass(frozen=True)
class _Member:
    """A network that is added to a graph, alone or beside others."""

    prefix: str
    """What the names of its own constants begin with, apart from those of other members."""
    weights: Mapping[str, Array]
    """The weights, by the names that they have in a network that is used by itself."""


def _members(config: TaggerNetworkConfig, weights: Mapping[str, Array]) -> list[_Member]:
    of = config.members
    return [_Member(member_prefix(number, of), own) for number, own in enumerate(each_own(weights, of))]


def word_graph(config: TaggerNetworkConfig, weights: Mapping[str, Array]) -> bytes:
    """The serialised ONNX model from what the lexicon says of words to their vectors, (N, D)."""
    graph = Graph()
    inside = _inside(graph) if config.words_from == "cnn" else ""
    parts = [part for member in _members(config, weights) for part in _word_vectors(graph, config, member, inside)]
    graph.add("Concat", parts, ["vectors"], axis=1)
    inputs: list[Port] = [
        ("words", "int64", ["N"]),
        ("characters", "int64", ["N", "L"]),
        ("lengths", "int64", ["N"]),
        ("affixes", "int64", ["N", AFFIXES]),
        ("shapes", "int64", ["N"]),
    ]
    return graph.serialize(inputs, [("vectors", "float", ["N", config.members * vector_size(config)])])


def _word_vectors(graph: Graph, config: TaggerNetworkConfig, member: _Member, inside: str) -> list[str]:
    """Adds the parts of a member's vectors of words, each (N, its size)."""
    weights = member.weights
    require_shape(weights, TABLES["words.table"], config.words, config.word_size)
    require_shape(weights, TABLES["characters.table"], config.characters, config.character_size)
    require_shape(weights, TABLES["affixes.table"], AFFIX_BUCKETS, config.affix_size)
    require_shape(weights, TABLES["shapes.table"], SHAPES, config.shape_size)

    def looked_up(ids: str) -> str:
        table = graph.constant(f"{member.prefix}{ids}.table", weights[TABLES[f"{ids}.table"]])
        return graph.add("Gather", [table, ids])

    characters = looked_up("characters")
    if config.words_from == "cnn":
        read = _convolutions(graph, characters, config, member, inside)
    else:
        read = [_last_states(graph, characters, config, member)]
    affixes = graph.add("ReduceSum", [looked_up("affixes"), graph.integers("affix_axis", 1)], keepdims=0)
    return [*read, looked_up("shapes"), affixes, looked_up("words")]


def sentence_graph(config: TaggerNetworkConfig, weights: Mapping[str, Array], *, quantized: bool = False) -> bytes:
    """The serialised ONNX model from word vectors (T, B, D), zeros where a sentence has ended, to scores."""
    graph = Graph()
    members = _members(config, weights)
    vectors, states = _apart(graph, config)
    scores = [
        _scores(graph, config, member, own, states, quantized=quantized)
        for member, own in zip(members, vectors, strict=True)
    ]
    outputs: list[Port] = []
    for column, tags in enumerate(config.tags):
        each = [of_member[column] for of_member in scores]
        name, size = f"scores.{column}", len(members[0].weights[f"heads.{column}.scores_layer.bias"])
        if len(each) == 1:
            graph.rename(each[0], name)
        elif config.decoder == "feedback":
            graph.add("Concat", each, [name], axis=2)
            size *= len(each)
        elif config.decoder == "crf":
            graph.add("Mean", each, [name])
        else:
            log_p = [graph.add("LogSoftmax", [graph.add("Unsqueeze", [one, graph.vector(0)])], axis=-1) for one in each]
            graph.log_mean(graph.add("Concat", log_p, axis=0), len(each), name)
        outputs.append((name, "float", ["T", "B", size if config.decoder == "feedback" else tags]))
    return graph.serialize(
        [
            ("vectors", "float", ["T", "B", config.members * vector_size(config) + config.states_size]),
            ("lengths", "int32", ["B"]),
        ],
        outputs,
    )


def _scores(
    graph: Graph, config: TaggerNetworkConfig, member: _Member, vectors: str, states: str, *, quantized: bool
) -> list[str]:
    """Adds a member that reads its own vectors of words, and gives its scores of each column, (T, B, S)."""
    weights, prefix = member.weights, member.prefix
    words = _beside_states(graph, config, member, vectors, states) if states else vectors
    x, features = words, list[str]()
    size, hidden = vector_size(config) + config.context_size, config.hidden_size
    shape = graph.integers("both_directions", 0, 0, -1)
    for depth in range(config.layers):
        names = [f"recurrent.{way}.{depth}.layers.0" for way in ("forwards", "backwards")]
        for name in names:
            require_layer(weights, name, config.cell, 2 * hidden if depth else size, hidden)
        directions = [layer_weights(weights, name, config.cell) for name in names]
        outputs = [f"{prefix}y.{depth}"]
        layer = RecurrentLayer(f"{prefix}layer.{depth}", config.cell, directions, x, outputs, lengths="lengths")
        y = add_recurrent(graph, layer, quantized=quantized)
        x = graph.add("Reshape", [graph.add("Transpose", [y], perm=[0, 2, 1, 3]), shape])
    features.append(x)
    if config.neighbour_size:
        features.append(_neighbours(graph, config, member, words))
    joined = graph.add("Concat", [*features, words], axis=2)
    scores = []
    for column in range(len(config.tags)):
        require_shape(weights, f"heads.{column}.scores_layer.weight", None, 2 * hidden + config.neighbour_size + size)
        weight, bias = (weights[f"heads.{column}.scores_layer.{part}"] for part in ("weight", "bias"))
        scores.append(graph.linear(joined, weight, bias, f"{prefix}column.{column}"))
    return scores


def vector_size(config: TaggerNetworkConfig) -> int:
    """D, the numbers of a word's vector in one network: both readers give twice their size."""
    return 2 * config.reader_size + config.shape_size + config.affix_size + config.word_size


def _convolutions(
    graph: Graph, characters: str, config: TaggerNetworkConfig, member: _Member, inside: str
) -> list[str]:
    """Adds what `ConvolutionReader` (`charnn.tasks.tagger.learn.network`) computes."""
    weights = member.weights
    x = graph.add("Transpose", [graph.add("Mul", [characters, inside])], perm=[0, 2, 1])
    inside_last = graph.add("Transpose", [inside], perm=[0, 2, 1])
    outputs = []
    for number, width in enumerate(WIDTHS):
        name = f"spelling.reader.convolutions.{number}"
        require_shape(weights, f"{name}.weight", config.reader_size, config.character_size, width)
        require_shape(weights, f"{name}.bias", config.reader_size)
        names = [f"{name}.weight", f"{name}.bias"]
        constants = [graph.constant(f"{member.prefix}{one}", weights[one]) for one in names]
        y = graph.add("Conv", [x, *constants], pads=[width // 2, width // 2])
        masked = graph.add("Mul", [graph.add("Relu", [y]), inside_last])
        outputs.append(graph.add("ReduceMax", [masked], axes=[2], keepdims=0))
    return outputs


def _inside(graph: Graph) -> str:
    """Adds (N, L, 1), 1 up to the end of each word and 0 beyond."""
    one, zero = graph.integers("scalar.1", 1), graph.integers("scalar.0", 0)
    length = graph.add("Gather", [graph.add("Shape", ["characters"]), one])
    places = graph.add("Range", [zero, length, one])
    last = graph.integers("last_axis", -1)
    ends = graph.add("Unsqueeze", ["lengths", last])
    inside = graph.add("Cast", [graph.add("Less", [places, ends])], to=TYPES["float"])
    return graph.add("Unsqueeze", [inside, last])


def _last_states(graph: Graph, characters: str, config: TaggerNetworkConfig, member: _Member) -> str:
    """Adds what `RecurrentReader` computes."""
    x = graph.add("Transpose", [characters], perm=[1, 0, 2])
    lengths = graph.add("Cast", ["lengths"], to=TYPES["int32"])
    name = "spelling.reader.recurrent"
    names = [f"{name}.{way}.0.layers.0" for way in ("forwards", "backwards")]
    for each in names:
        require_layer(member.weights, each, "lstm", config.character_size, config.reader_size)
    directions = [layer_weights(member.weights, each, "lstm") for each in names]
    last = f"{member.prefix}reader.last"
    add_recurrent(graph, RecurrentLayer(f"{member.prefix}{name}", "lstm", directions, x, ["", last], lengths=lengths))
    return graph.add("Flatten", [graph.add("Transpose", [last], perm=[1, 0, 2])], axis=1)


def _apart(graph: Graph, config: TaggerNetworkConfig) -> tuple[Sequence[str], str]:
    """The vectors of words of each member, and the states of the readers, which lie behind them in the input; "" where
    there are no readers."""
    sizes = [vector_size(config)] * config.members + [config.states_size] * bool(config.readers)
    if len(sizes) == 1:
        return ["vectors"], ""
    parts = graph.split("vectors", len(sizes), sizes=sizes)
    return parts[: config.members], parts[-1] if config.readers else ""


def _beside_states(graph: Graph, config: TaggerNetworkConfig, member: _Member, vectors: str, states: str) -> str:
    """Adds what a member makes of the readers' states."""
    require_shape(member.weights, "context.weight", config.context_size, config.states_size)
    weight = graph.constant(f"{member.prefix}context.weight", member.weights["context.weight"].T)
    return graph.add("Concat", [vectors, graph.add("MatMul", [states, weight])], axis=2)


def _neighbours(graph: Graph, config: TaggerNetworkConfig, member: _Member, words: str) -> str:
    """Adds what `Neighbours` computes, with its convolution as one product of matrices."""
    # ONNX Runtime's product of matrices takes vectors as they lie; its convolution would have them transposed.
    size = vector_size(config) + config.context_size
    weights = member.weights
    require_shape(weights, "neighbours.convolution.weight", config.neighbour_size, size, 3)
    require_shape(weights, "neighbours.convolution.bias", config.neighbour_size)
    weight = weights["neighbours.convolution.weight"]
    pads = graph.integers("neighbours.pads", 1, 0, 0, 1, 0, 0)
    padded = graph.add("Pad", [words, pads])
    first, ends = graph.vector(0), np.iinfo(np.int64).max
    slices = []
    for start, end in ((0, -2), (1, -1), (2, ends)):
        inputs = [padded, graph.vector(start), graph.vector(end), first]
        slices.append(graph.add("Slice", inputs))
    joined = graph.add("Concat", slices, axis=2)
    flat = weight.transpose(0, 2, 1).reshape(weight.shape[0], -1)
    y = graph.linear(joined, flat, weights["neighbours.convolution.bias"], f"{member.prefix}neighbours.y")
    return graph.add("Relu", [y])
