"""A transducer's two inference graphs, from its weights: the encoder, and one step of the decoder.

Their contracts are in `charnn.tasks.transducer.use.runtime`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from charnn.cells import CELLS
from charnn.export.cells import add_layer_step
from charnn.export.graph import (
    TYPES,
    Array,
    Graph,
    Port,
    RecurrentLayer,
    layer_weights,
    require_layer,
    require_shape,
    state_names,
)
from charnn.export.recurrent import add_recurrent
from charnn.tasks.transducer.config import WRITING_PLACES, TransducerNetworkConfig
from charnn.tasks.transducer.copying_graph import copied, copied_from_all, gated

LARGEST_SCORE = 5.0
"""Scores of hard attention stay within this, so that sums of their exponentials lose nothing in fp32."""
LEAST = 1e-20
"""Added where a probability of 0 would be divided by, or its logarithm taken."""


def encoder_graph(config: TransducerNetworkConfig, weights: Mapping[str, Array], *, quantized: bool = False) -> bytes:
    """The serialised ONNX model from sources (B, S) to what the decoder sees of them and its first state."""
    graph, hidden = Graph(), config.hidden_size
    require_shape(weights, "bridge.weight", sum(_state_sizes(config)), 2 * hidden)
    require_shape(weights, "values.weight", hidden, 2 * hidden)
    if config.attention != "none":
        require_shape(weights, "keys.weight", hidden, 2 * hidden)
    x, last = _encoder(graph, config, weights, quantized=quantized)
    summary = graph.add("Reshape", [graph.add("Transpose", [last], perm=[1, 0, 2]), graph.integers("flat", 0, -1)])
    bridge = graph.linear(summary, weights["bridge.weight"], weights["bridge.bias"], "bridge")
    names = _state_names(config)
    graph.split(graph.add("Tanh", [bridge]), len(names), names, sizes=_state_sizes(config))
    if config.attention == "none":
        h = graph.add("Unsqueeze", [summary, graph.vector(1)])
    else:
        h = graph.add("Transpose", [x], perm=[1, 0, 2])
        graph.add("MatMul", [h, graph.constant("keys.weight", weights["keys.weight"].T)], ["keys"])
    values = graph.add("MatMul", [h, graph.constant("values.weight", weights["values.weight"].T)])
    if config.direct_features:
        values = graph.add("Add", [values, _told_by_features(graph, config, weights)])
    graph.add("Identity", [values], ["values"])
    memory = _memory_ports(config)
    states: list[Port] = [(name, "float", ["B", size]) for name, size in zip(names, _state_sizes(config), strict=True)]
    return graph.serialize([*_SOURCE_PORTS], [*memory, *states])


def frames_graph(config: TransducerNetworkConfig, weights: Mapping[str, Array], *, quantized: bool = False) -> bytes:
    """The serialised ONNX model from sources (B, S) to ln p (B, F, V) of their frames, those of features and of the
    padding among them."""
    graph, hidden = Graph(), config.hidden_size
    require_shape(weights, "values.weight", config.frames * hidden, 2 * hidden)
    require_shape(weights, "output.weight", config.outputs, hidden)
    x, _ = _encoder(graph, config, weights, quantized=quantized)
    values = graph.linear(graph.add("Transpose", [x], perm=[1, 0, 2]), weights["values.weight"], weights["values.bias"],
                          "values")  # fmt: skip
    values = graph.add("Reshape", [values, graph.integers("frames", 0, -1, hidden)])
    if config.direct_features:
        values = graph.add("Add", [values, _told_by_features(graph, config, weights)])
    units = graph.add("Tanh", [values])
    logits = graph.linear(units, weights["output.weight"], weights["output.bias"], "logits")
    inputs: list[Port] = [*_SOURCE_PORTS]
    if config.copies:
        inputs.append(("copies", "int64", ["B", "F"]))
        p = gated(graph, weights, units, logits, copied(graph, config.outputs))
    else:
        p = graph.add("Softmax", [logits], axis=-1)
    _log(graph, p)
    return graph.serialize(inputs, [("log_probabilities", "float", ["B", "F", config.outputs])])


_SOURCE_PORTS: tuple[Port, ...] = (("ids", "int64", ["B", "S"]), ("lengths", "int32", ["B"]))


def _encoder(
    graph: Graph, config: TransducerNetworkConfig, weights: Mapping[str, Array], *, quantized: bool
) -> tuple[str, str]:
    """Adds the encoder, and gives its outputs (S, B, 2 H) and its last ones in both directions (2, B, H)."""
    hidden = config.hidden_size
    require_shape(weights, "sources.weight", config.inputs, config.embedding_size)
    embedded = graph.add("Gather", [graph.constant("sources.table", weights["sources.weight"]), "ids"])
    x = graph.add("Transpose", [embedded], perm=[1, 0, 2])
    shape = graph.integers("both_directions", 0, 0, -1)
    last = ""
    for depth in range(config.layers):
        names = [f"encoder.{way}.{depth}.layers.0" for way in ("forwards", "backwards")]
        for name in names:
            require_layer(weights, name, config.cell, 2 * hidden if depth else config.embedding_size, hidden)
        directions = [layer_weights(weights, name, config.cell) for name in names]
        outputs = [f"y.{depth}", f"last.{depth}"]
        layer = RecurrentLayer(f"encoder.{depth}", config.cell, directions, x, outputs, lengths="lengths")
        y = add_recurrent(graph, layer, quantized=quantized)
        x = graph.add("Reshape", [graph.add("Transpose", [y], perm=[0, 2, 1, 3]), shape])
        last = outputs[1]
    return x, last


def decoder_graph(config: TransducerNetworkConfig, weights: Mapping[str, Array]) -> bytes:
    """The serialised ONNX model of one step of the decoder for B rows."""
    graph, cell = Graph(), CELLS[config.cell]
    require_shape(weights, "targets.weight", config.outputs, config.embedding_size)
    require_shape(weights, "output.weight", config.outputs, config.hidden_size)
    for depth in range(config.layers):
        size = config.hidden_size if depth else config.embedding_size
        require_layer(weights, f"decoder.layers.{depth}", config.cell, size, config.hidden_size)
    x = graph.add("Gather", [graph.constant("targets.table", weights["targets.weight"]), "ids"])
    names = _state_names(config)
    for depth in range(config.layers):
        state = state_names(config.cell, depth)
        layer, after = (
            layer_weights(weights, f"decoder.layers.{depth}", config.cell),
            [f"{name}.next" for name in state],
        )
        from_input = graph.linear(x, layer["weight_ih"], layer["bias_ih"], f"decoder.{depth}.x")
        add_layer_step(graph, cell, layer, from_input, (state, after), f"decoder.{depth}.h")
        x = f"{state[0]}.next"
    readout = graph.linear(x, weights["readout.weight"], weights["readout.bias"], "readout")
    first = graph.vector(1)
    readout_row = graph.add("Unsqueeze", [readout, first])
    outputs: list[Port] = [("log_probabilities", "float", ["B", config.outputs]), ("attention", "float", ["B", "S"])]
    if config.is_hard:
        _hard(graph, config, weights, x, readout_row)
        outputs += [("joint", "float", ["B", "P", config.outputs]), ("places", "int64", ["B", "P"])]
    else:
        _soft(graph, config, weights, x, readout)
    states: list[tuple[str, list[str | int]]] = [
        (name, ["B", size]) for name, size in zip(names, _state_sizes(config), strict=True)
    ]
    outputs += [(f"{name}.next", "float", shape) for name, shape in states]
    inputs: list[Port] = [("ids", "int64", ["B"])]
    inputs += [(name, "float", shape) for name, shape in states]
    inputs += [*_memory_ports(config), ("mask", "float", ["B", "S"])]
    if config.copies:
        inputs.append(("copies", "int64", ["B", "S"]))
    if config.is_hard:
        inputs.append(("alpha", "float", ["B", "S"]))
    return graph.serialize(inputs, outputs)


def _told_by_features(graph: Graph, config: TransducerNetworkConfig, weights: Mapping[str, Array]) -> str:
    """The sum (B, 1, H) of the vectors of each source's features. Other inputs have rows of zeros."""
    first = config.inputs - config.direct_features
    require_shape(weights, "features.weight", config.direct_features, config.hidden_size)
    table = np.concatenate([np.zeros((first, config.hidden_size), np.float32), weights["features.weight"]])
    return graph.add("ReduceSum", [graph.add("Gather", [graph.constant("features.table", table), "ids"]),
                                   graph.vector(1)], keepdims=1)  # fmt: skip


def _state_names(config: TransducerNetworkConfig) -> list[str]:
    return [name for depth in range(config.layers) for name in state_names(config.cell, depth)]


def _state_sizes(config: TransducerNetworkConfig) -> list[int]:
    return [*CELLS[config.cell].sizes(config.hidden_size)] * config.layers


def _memory_ports(config: TransducerNetworkConfig) -> list[Port]:
    names = ["values"] if config.attention == "none" else ["values", "keys"]
    places = 1 if config.attention == "none" else "S"
    return [(name, "float", ["B", places, config.hidden_size]) for name in names]


def _query(graph: Graph, weights: Mapping[str, Array], state: str) -> str:
    return graph.linear(state, weights["query.weight"], weights["query.bias"], "query")


def _products(graph: Graph, config: TransducerNetworkConfig, query: str) -> str:
    """The scaled products of the query with the keys, (B, S)."""
    column = graph.add("Unsqueeze", [query, graph.vector(2)])
    product = graph.add("Squeeze", [graph.add("MatMul", ["keys", column]), graph.vector(2)])
    return graph.add("Div", [product, graph.number(config.hidden_size**0.5)])


def _soft(
    graph: Graph, config: TransducerNetworkConfig, weights: Mapping[str, Array], state: str, readout: str
) -> None:
    """Adds what `network.TransducerNetwork` computes for every kind of attention but the hard one."""
    if config.attention == "none":
        graph.add("Identity", ["mask"], ["attention"])
    else:
        query = _query(graph, weights, state)
        if config.attention == "dot":
            scores = _products(graph, config, query)
        else:
            row = graph.add("Unsqueeze", [query, graph.vector(1)])
            mixed = graph.add("Tanh", [graph.add("Add", [row, "keys"])])
            vector = graph.constant("score.weight", weights["score.weight"].T)
            scores = graph.add("Squeeze", [graph.add("MatMul", [mixed, vector]), graph.vector(2)])
        inside = graph.add("Cast", ["mask"], to=TYPES["bool"])
        masked = graph.add("Where", [inside, scores, graph.number(-1e30)])
        graph.add("Softmax", [masked], ["attention"], axis=-1)
    row = graph.add("Unsqueeze", ["attention", graph.vector(1)])
    context = graph.add("Squeeze", [graph.add("MatMul", [row, "values"]), graph.vector(1)])
    units = graph.add("Tanh", [graph.add("Add", [readout, context])])
    logits = graph.linear(units, weights["output.weight"], weights["output.bias"], "logits")
    if not config.copies:
        graph.add("LogSoftmax", [logits], ["log_probabilities"], axis=-1)
        return
    _log(graph, gated(graph, weights, units, logits, copied_from_all(graph, config.outputs, row)))


def _hard(
    graph: Graph, config: TransducerNetworkConfig, weights: Mapping[str, Array], state: str, readout_row: str
) -> None:
    """Adds what `network.TransducerNetwork` computes for hard attention."""
    largest = graph.number(LARGEST_SCORE)
    scores = _products(graph, config, _query(graph, weights, state))
    bounded = graph.add("Mul", [graph.add("Tanh", [graph.add("Div", [scores, largest])]), largest])
    weight = graph.add("Mul", [graph.add("Exp", [bounded]), "mask"])
    if config.jumps:
        jumps, least = _jump_weights(graph, config, weights), graph.number(LEAST)
        after = graph.add("MatMul", [weight, graph.add("Transpose", [jumps], perm=[1, 0])])
        reached = graph.add("MatMul", [graph.add("Div", ["alpha", graph.add("Add", [after, least])]), jumps])
    else:
        axis, least = graph.add("Squeeze", [graph.vector(1)]), graph.number(LEAST)
        after = graph.add("CumSum", [weight, axis], reverse=1)
        reached = graph.add("CumSum", [graph.add("Div", ["alpha", graph.add("Add", [after, least])]), axis])
    graph.add("Mul", [weight, reached], ["attention"])
    likeliest, rows = _likeliest(graph)
    values = graph.add(
        "Gather", [graph.add("Reshape", ["values", graph.integers("row", -1, config.hidden_size)]), rows]
    )
    units = graph.add("Tanh", [graph.add("Add", [readout_row, values])])
    logits = graph.linear(units, weights["output.weight"], weights["output.bias"], "logits")
    if config.copies:
        copies = graph.add("Gather", [graph.add("Reshape", ["copies", graph.vector(-1)]), rows])
        p = gated(graph, weights, units, logits, copied(graph, config.outputs, copies))
    else:
        p = graph.add("Softmax", [logits], axis=-1)
    graph.add("Mul", [p, graph.add("Unsqueeze", [likeliest, graph.vector(2)])], ["joint"])
    _log(graph, graph.add("ReduceSum", ["joint", graph.vector(1)], keepdims=0))


def _likeliest(graph: Graph) -> tuple[str, str]:
    """Adds `places` (B, P), the numbers of the likeliest places in their order, and gives the attention (B, P) to them
    and their rows (B, P) where all places of all sources follow each other."""
    shape = graph.add("Shape", ["attention"])
    batch, size = (graph.add("Slice", [shape, graph.vector(n), graph.vector(n + 1)]) for n in (0, 1))
    count = graph.add("Min", [size, graph.vector(WRITING_PLACES)])
    graph.add("TopK", ["attention", count], ["largest", "likeliest"], axis=1, sorted=0)
    graph.add("TopK", ["likeliest", count], ["places", "order"], axis=1, largest=0)
    zero, one = (graph.add("Squeeze", [graph.vector(n)]) for n in (0, 1))
    numbers = graph.add("Range", [zero, graph.add("Squeeze", [batch]), one])
    starts = graph.add("Unsqueeze", [graph.add("Mul", [numbers, size]), graph.vector(1)])
    likeliest = graph.add("GatherElements", ["attention", "places"], axis=1)
    return likeliest, graph.add("Add", ["places", starts])


def _jump_weights(graph: Graph, config: TransducerNetworkConfig, weights: Mapping[str, Array]) -> str:
    """The weights (S, S) of the ways from each place to each, 0 where there is none."""
    require_shape(weights, "jumps", config.jumps + config.moves_back)
    table = np.exp(LARGEST_SCORE * np.tanh(weights["jumps"].astype(np.float32) / np.float32(LARGEST_SCORE)))
    zero, one = (graph.add("Squeeze", [graph.vector(number)]) for number in (0, 1))
    length = graph.add(
        "Squeeze", [graph.add("Slice", [graph.add("Shape", ["mask"]), graph.vector(1), graph.vector(2)])]
    )
    places = graph.add("Range", [zero, length, one])
    ahead = graph.add("Sub", [places, graph.add("Unsqueeze", [places, graph.vector(1)])])
    limits = [graph.add("Squeeze", [graph.vector(number)]) for number in (-1, config.jumps - 1)]
    rows = graph.add("Add", [graph.add("Clip", [ahead, *limits]), one])
    if not config.moves_back:
        table = np.concatenate([np.zeros(1, np.float32), table])
    return graph.add("Gather", [graph.constant("jumps.table", table), rows])


def _log(graph: Graph, p: str) -> None:
    graph.add("Log", [graph.add("Add", [p, graph.number(LEAST)])], ["log_probabilities"])
