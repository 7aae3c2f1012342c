"""A language model's inference graph, from its weights.

One graph has a free batch and a free time axis, so it serves single steps and whole sequences. Its contract is in
`charnn.tasks.language_model.use.runtime`.
"""

from __future__ import annotations

from collections.abc import Mapping

from charnn.export.graph import Array, Graph, RecurrentLayer, layer_weights, state_names
from charnn.export.recurrent import add_recurrent, last_ticks, with_ticks
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.learn.graph_ends import (
    add_inputs,
    add_log_lengths,
    add_logits,
    condition_ports,
    input_tables,
    serialize,
)


def language_model_graph(config: LanguageModelNetworkConfig, weights: Mapping[str, Array]) -> bytes:
    """The serialised ONNX model of a language model with these weights (names as in `network.LanguageModelNetwork`)."""
    graph = Graph()
    ids = graph.add("Transpose", ["ids"], perm=[1, 0])
    rows = {name: graph.add("Transpose", [port], perm=[1, 0]) for name, port in condition_ports(config).items()}
    hidden = add_inputs(graph, config, input_tables(config, weights), ids, rows)
    for depth in range(config.layers):
        states = state_names(config.cell, depth)
        outputs = [f"y.{depth}", *(f"{state}.next" for state in states)]
        x = with_ticks(graph, hidden, config.recurrent_depth)
        directions = [layer_weights(weights, f"recurrent.layers.{depth}")]
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
