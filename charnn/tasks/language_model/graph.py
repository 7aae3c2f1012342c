"""Makes a language model's inference graph from its weights, and both ends of its other graph (`step_graph`).

One graph has a free batch and a free time axis, so it serves single steps and whole sequences. Its contract is in
`charnn.tasks.language_model.use.runtime`. What the two graphs share are their ends: from ids to what the first layer
reads, from what the last layer gives to logits, and the names, types and shapes of the ports. Shapes there begin with
the axes of `ids` as the layers read them, written as dots: (T, B), or (B,). Where a network has several members, an
axis of members comes before them, up to the logits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from charnn.cells import CELLS
from charnn.checkpoint.members import each_own
from charnn.export.graph import (
    Array,
    Graph,
    Port,
    RecurrentLayer,
    layer_weights,
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
    each = members_of(config, weights)
    graph = Graph()
    ids = graph.add("Transpose", ["ids"], perm=[1, 0])
    rows = {
        c.name: graph.add("Transpose", [c.port], perm=[1, 0, 2] if c.is_mixed else [1, 0]) for c in conditions(config)
    }
    x = add_inputs(graph, config, input_tables(config, each, axes=2), ids, rows)
    # A layer of each member is a node of its own, since ONNX's operators have no axis of members.
    hidden = _apart(graph, x, len(each))
    for depth in range(config.layers):
        names = state_names(config.cell, depth)
        states = [_pieces(graph, name, len(each)) for name in names]
        after = []
        for number, one in enumerate(each):
            own = "" if len(each) == 1 else f".{number}"
            outputs = [f"y.{depth}{own}", *(f"{name}.next{own}" for name in names)]
            x = with_ticks(graph, hidden[number], config.recurrent_depth)
            directions = [layer_weights(one, f"recurrent.layers.{depth}", config.cell)]
            before = [pieces[number] for pieces in states]
            layer = RecurrentLayer(f"layer.{depth}{own}", config.cell, directions, x, outputs, states=before)
            y = last_ticks(graph, add_recurrent(graph, layer), config.recurrent_depth)
            squeezed = graph.add("Squeeze", [y, graph.integers("direction_axis", 1)])
            is_added = config.residual and depth > 0
            hidden[number] = graph.add("Add", [squeezed, hidden[number]]) if is_added else squeezed
            after.append(outputs[1:])
        for name, pieces in zip(names, zip(*after, strict=True), strict=True):
            if len(each) > 1:
                graph.add("Concat", [*pieces], [f"{name}.next"], axis=0)
    top = _together(graph, hidden)
    logits = add_logits(graph, top, each, config, rows, "logits.time_first", axes=2)
    graph.add("Transpose", [logits], ["logits"], perm=[1, 0, 2])
    if config.stopping == "length":
        log_lengths = add_log_lengths(graph, top, each, "log_lengths.time_first", axes=2)
        graph.add("Transpose", [log_lengths], ["log_lengths"], perm=[1, 0, 2])
    return serialize(graph, config, ["B", "T"])


Members = Sequence[Mapping[str, Array]]
"""The weights of each member, by the names that they have in a network by itself."""


def members_of(config: LanguageModelNetworkConfig, weights: Mapping[str, Array]) -> Members:
    """The weights of each member; those of a single network are its own.

    Raises KeyError or ValueError where these are not the weights of such a network.
    """
    return [_member(config, own) for own in each_own(weights, config.members)]


def _member(config: LanguageModelNetworkConfig, own: Mapping[str, Array]) -> Mapping[str, Array]:
    """A member's weights. The first that is missing is an error, however many a configuration claims."""
    found = {}
    for name, shape in _shapes(config):
        require_shape(own, name, *shape)
        found[name] = own[name]
    return found


def _shapes(config: LanguageModelNetworkConfig) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The names of a member's weights, and their shapes."""
    embedding, hidden, size = config.embedding_size, config.hidden_size, config.vocabulary_size
    yield "embedding.weight", (size, embedding)
    for condition in conditions(config):
        yield f"{condition.name}.weight", (condition.size, embedding)
    for depth in range(config.layers):
        for name, shape in CELLS[config.cell].shapes(hidden if depth else embedding, hidden).items():
            yield f"recurrent.layers.{depth}.{name}_l0", shape
    yield "head.weight", (size, hidden)
    yield "head.bias", (size,)
    if config.stopping == "length":
        yield "lengths.weight", (LENGTH_CLASSES, hidden)
        yield "lengths.bias", (LENGTH_CLASSES,)


def stacked(arrays: Sequence[Array], *, axes: int = 0) -> Array:
    """The arrays of all members along a first axis, and after it so many axes of 1; that of a single network as it
    is."""
    if len(arrays) == 1:
        return arrays[0]
    shape = len(arrays), *[1] * axes, *arrays[0].shape
    return np.stack(arrays).reshape(shape)


def _apart(graph: Graph, x: str, members: int) -> list[str]:
    """The part of `x`, (members, ...), of each member, without that axis; a single network has no such axis."""
    if members == 1:
        return [x]
    return [graph.add("Squeeze", [piece, graph.vector(0)]) for piece in _pieces(graph, x, members)]


def _pieces(graph: Graph, x: str, members: int) -> list[str]:
    """The part of `x`, (members, ...), of each member, (1, ...)."""
    if members == 1:
        return [x]
    outputs = [f"{x}.{number}" for number in range(members)]
    graph.add("Split", [x], outputs, axis=0)
    return outputs


def _together(graph: Graph, parts: Sequence[str]) -> str:
    """The parts of all members along a first axis, which a single network does not have."""
    if len(parts) == 1:
        return parts[0]
    return graph.add("Concat", [graph.add("Unsqueeze", [part, graph.vector(0)]) for part in parts], axis=0)


def input_tables(config: LanguageModelNetworkConfig, each: Members, *, axes: int) -> dict[str, Array]:
    """The embedding (V, E), and those of the conditions by their names; those of members lie one after the other.

    `axes` is how many axes the ids have. What is multiplied by weights of rows has as many axes of members and of 1.
    """
    tables = {"embedding": stacked([one["embedding.weight"] for one in each])}
    for c in conditions(config):
        tables[c.name] = stacked([one[f"{c.name}.weight"] for one in each], axes=axes - 1 if c.is_mixed else 0)
    return tables


def condition_ports(config: LanguageModelNetworkConfig) -> dict[str, str]:
    """The graph's inputs for the rows of the conditions, by the conditions' names."""
    return {condition.name: condition.port for condition in conditions(config)}


def conditions(config: LanguageModelNetworkConfig) -> tuple[Condition, ...]:
    return conditions_of(config.stopping, config.labels)


def add_inputs(
    graph: Graph, config: LanguageModelNetworkConfig, tables: Mapping[str, Array], ids: str, rows: Mapping[str, str]
) -> str:
    """Adds the nodes of the input (..., E): the rows of the embedding that `ids` name, and those of each condition that
    `rows` name or weigh, added up. The `tables` are those of `input_tables`. With members it is (members, ..., E)."""
    x = _rows(graph, config, graph.constant("embedding", tables["embedding"]), ids)
    for condition in conditions(config):
        name = condition.name
        table = graph.constant(name, tables[name])
        mixed = condition.is_mixed
        added = graph.add("MatMul", [rows[name], table]) if mixed else _rows(graph, config, table, rows[name])
        if not condition.beside_stops:
            is_stop = _column(graph, graph.add("Equal", [ids, graph.integers("stop", STOP_ID)]))
            nothing = graph.constant("nothing", np.zeros(1, np.float32))
            added = graph.add("Where", [is_stop, nothing, added])
        x = graph.add("Add", [x, added])
    return x


def add_logits(
    graph: Graph,
    hidden: str,
    each: Members,
    config: LanguageModelNetworkConfig,
    rows: Mapping[str, str],
    output: str,
    *,
    axes: int,
) -> str:
    """Adds the nodes of the logits, (..., V) from (..., H), as `network.LanguageModelNetwork.logits` computes them.

    With members they are the logarithm of the mean of the probabilities, from (members, ..., H).
    """
    if len(each) > 1:
        scores = _add_scores(graph, hidden, each, config, rows, "logits.each", axes=axes)
        return graph.log_mean(graph.add("LogSoftmax", [scores], axis=-1), len(each), output)
    return _add_scores(graph, hidden, each, config, rows, output, axes=axes)


def _add_scores(
    graph: Graph,
    hidden: str,
    each: Members,
    config: LanguageModelNetworkConfig,
    rows: Mapping[str, str],
    output: str,
    *,
    axes: int,
) -> str:
    """Adds the logits of each member, one after the other on a first axis, which a single network does not have."""
    head = _head(each, "head", axes)
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


def add_log_lengths(graph: Graph, hidden: str, each: Members, output: str, *, axes: int) -> str:
    """Adds the nodes of the lengths, (..., L) from (..., H), as `network.LanguageModelNetwork.log_lengths`, or as the
    mean over members from (members, ..., H)."""
    scores = graph.linear(hidden, *_head(each, "lengths", axes), "lengths")
    if len(each) > 1:
        return graph.log_mean(graph.add("LogSoftmax", [scores], axis=-1), len(each), output)
    return graph.add("LogSoftmax", [scores], [output], axis=-1)


def _head(each: Members, name: str, axes: int) -> tuple[Array, Array]:
    """The weight and the bias of a linear layer that follows the recurrent ones; `axes` is how many the ids have."""
    weight = stacked([one[f"{name}.weight"] for one in each], axes=axes - 1)
    return weight, stacked([one[f"{name}.bias"] for one in each], axes=axes)


def serialize(graph: Graph, config: LanguageModelNetworkConfig, axes: Sequence[str | int]) -> bytes:
    """The graph with the ports of `charnn.tasks.language_model.use.runtime`; `axes` are those of `ids`."""
    sizes = CELLS[config.cell].sizes(config.hidden_size)
    states: list[tuple[str, list[str | int]]] = [
        (name, [config.members, "B", size])
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


def _rows(graph: Graph, config: LanguageModelNetworkConfig, table: str, numbers: str) -> str:
    """The rows of a table with these numbers; with members, those of each member's own table."""
    if config.members == 1:
        return graph.add("Gather", [table, numbers])
    return graph.add("Gather", [table, numbers], axis=1)


def _column(graph: Graph, x: str) -> str:
    """Adds a last axis of size 1."""
    return graph.add("Unsqueeze", [x, graph.integers("last_axis", -1)])
