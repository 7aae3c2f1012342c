"""Makes a language model's inference graph from its weights, and both ends of its other graph (`step_graph`).

One graph has a free batch and a free time axis, so it serves single steps and whole sequences. Its contract is in
`charnn.tasks.language_model.use.runtime`. What the two graphs share are their ends: from ids to what the first layer
reads, from what the last layer gives to logits, and the names, types and shapes of the ports. Shapes there begin with
the axes of `ids` as the layers read them, written as dots: (T, B), or (B,).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from charnn.cells import CELLS
from charnn.export.graph import (
    Array,
    Graph,
    Port,
    RecurrentLayer,
    layer_weights,
    require_layer,
    require_shape,
    state_names,
)
from charnn.export.recurrent import add_recurrent, last_ticks, with_ticks
from charnn.tasks.language_model.conditions import COUNTDOWN, Condition, conditions_of
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.lengths import LENGTH_CLASSES
from charnn.tokenizers.base import STOP_ID


def language_model_graph(config: LanguageModelNetworkConfig, weights: Mapping[str, Array]) -> bytes:
    """The serialised ONNX model of a language model with these weights (names as in `network.LanguageModelNetwork`)."""
    require_weights(config, weights)
    graph = Graph()
    ids = graph.add("Transpose", ["ids"], perm=[1, 0])
    rows = {
        c.name: graph.add("Transpose", [c.port], perm=[1, 0, 2] if c.is_mixed else [1, 0]) for c in conditions(config)
    }
    hidden = add_inputs(graph, config, input_tables(config, weights), ids, rows)
    for depth in range(config.layers):
        states = state_names(config.cell, depth)
        outputs = [f"y.{depth}", *(f"{state}.next" for state in states)]
        x = with_ticks(graph, hidden, config.recurrent_depth)
        directions = [layer_weights(weights, f"recurrent.layers.{depth}", config.cell)]
        layer = RecurrentLayer(f"layer.{depth}", config.cell, directions, x, outputs, states=states)
        y = last_ticks(graph, add_recurrent(graph, layer), config.recurrent_depth)
        squeezed = graph.add("Squeeze", [y, graph.integers("direction_axis", 1)])
        is_added = config.residual and depth > 0
        hidden = graph.add("Add", [squeezed, hidden]) if is_added else squeezed
    logits = add_logits(graph, hidden, weights, config, rows, "logits.time_first")
    graph.add("Transpose", [logits], ["logits"], perm=[1, 0, 2])
    if config.stopping == "length":
        log_lengths = add_log_lengths(graph, hidden, weights, "log_lengths.time_first")
        graph.add("Transpose", [log_lengths], ["log_lengths"], perm=[1, 0, 2])
    return serialize(graph, config, ["B", "T"])


def require_weights(config: LanguageModelNetworkConfig, weights: Mapping[str, Array]) -> None:
    """Raises KeyError or ValueError where these are not the weights of such a network."""
    embedding, hidden = config.embedding_size, config.hidden_size
    require_shape(weights, "embedding.weight", config.vocabulary_size, embedding)
    for condition in conditions(config):
        require_shape(weights, f"{condition.name}.weight", condition.size, embedding)
    for depth in range(config.layers):
        name = f"recurrent.layers.{depth}"
        require_layer(weights, name, config.cell, hidden if depth else embedding, hidden)
    require_shape(weights, "head.weight", config.vocabulary_size, hidden)
    require_shape(weights, "head.bias", config.vocabulary_size)
    if config.stopping == "length":
        require_shape(weights, "lengths.weight", LENGTH_CLASSES, hidden)
        require_shape(weights, "lengths.bias", LENGTH_CLASSES)


def input_tables(config: LanguageModelNetworkConfig, weights: Mapping[str, Array]) -> dict[str, Array]:
    """The embedding (V, E), and those of the conditions by their names."""
    return {name: weights[f"{name}.weight"] for name in ("embedding", *(c.name for c in conditions(config)))}


def condition_ports(config: LanguageModelNetworkConfig) -> dict[str, str]:
    """The graph's inputs for the rows of the conditions, by the conditions' names."""
    return {condition.name: condition.port for condition in conditions(config)}


def conditions(config: LanguageModelNetworkConfig) -> tuple[Condition, ...]:
    return conditions_of(config.stopping, config.labels)


def add_inputs(
    graph: Graph, config: LanguageModelNetworkConfig, tables: Mapping[str, Array], ids: str, rows: Mapping[str, str]
) -> str:
    """Adds the nodes of the input (..., E): the rows of the embedding that `ids` name, and those of each condition that
    `rows` name or weigh, added up. The `tables` are those of `input_tables`."""
    x = graph.add("Gather", [graph.constant("embedding", tables["embedding"]), ids])
    for condition in conditions(config):
        name = condition.name
        table = graph.constant(name, tables[name])
        mixed = condition.is_mixed
        added = graph.add("MatMul", [rows[name], table]) if mixed else graph.add("Gather", [table, rows[name]])
        if not condition.beside_stops:
            is_stop = _column(graph, graph.add("Equal", [ids, graph.integers("stop", STOP_ID)]))
            nothing = graph.constant("nothing", np.zeros(1, np.float32))
            added = graph.add("Where", [is_stop, nothing, added])
        x = graph.add("Add", [x, added])
    return x


def add_logits(
    graph: Graph,
    hidden: str,
    weights: Mapping[str, Array],
    config: LanguageModelNetworkConfig,
    rows: Mapping[str, str],
    output: str,
) -> str:
    """Adds the nodes of the logits, (..., V) from (..., H), as `network.LanguageModelNetwork.logits` computes them."""
    head = weights["head.weight"], weights["head.bias"]
    if config.stopping == "symbol":
        return graph.linear(hidden, *head, output)
    scores = graph.linear(hidden, *head, "scores")
    impossible = graph.constant("impossible", np.full(1, -np.inf, np.float32))
    is_stop = graph.constant("is_stop_symbol", np.arange(config.vocabulary_size) == STOP_ID)
    if config.stopping == "halt":
        others = graph.add("LogSoftmax", [graph.add("Where", [is_stop, impossible, scores])], axis=-1)
        return graph.add("Where", [is_stop, scores, others], [output])
    is_last = _column(graph, graph.add("Equal", [rows[COUNTDOWN.name], graph.integers("no_token", 0)]))
    can_be = graph.add("Equal", [is_last, is_stop])
    return graph.add("Where", [can_be, scores, impossible], [output])


def add_log_lengths(graph: Graph, hidden: str, weights: Mapping[str, Array], output: str) -> str:
    """Adds the nodes of the lengths, (..., L) from (..., H), as `network.LanguageModelNetwork.log_lengths`."""
    scores = graph.linear(hidden, weights["lengths.weight"], weights["lengths.bias"], "lengths")
    return graph.add("LogSoftmax", [scores], [output], axis=-1)


def serialize(graph: Graph, config: LanguageModelNetworkConfig, axes: Sequence[str | int]) -> bytes:
    """The graph with the ports of `charnn.tasks.language_model.use.runtime`; `axes` are those of `ids`."""
    sizes = CELLS[config.cell].sizes(config.hidden_size)
    states: list[tuple[str, list[str | int]]] = [
        (name, [1, "B", size])
        for depth in range(config.layers)
        for name, size in zip(state_names(config.cell, depth), sizes, strict=True)
    ]
    inputs: list[Port] = [("ids", "int64", [*axes]), *((name, "float", shape) for name, shape in states)]
    outputs: list[Port] = [
        ("logits", "float", [*axes, config.vocabulary_size]),
        *((f"{name}.next", "float", shape) for name, shape in states),
    ]
    for c in conditions(config):
        inputs.append((c.port, "float", [*axes, c.size]) if c.is_mixed else (c.port, "int64", [*axes]))
    if config.stopping == "length":
        outputs.append(("log_lengths", "float", [*axes, LENGTH_CLASSES]))
    return graph.serialize(inputs, outputs, {} if config.stopping == "symbol" else {"stopping": config.stopping})


def _column(graph: Graph, x: str) -> str:
    """Adds a last axis of size 1."""
    return graph.add("Unsqueeze", [x, graph.integers("last_axis", -1)])
