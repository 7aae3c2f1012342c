"""A language model's inference graph, from its weights.

One graph has a free batch and a free time axis, so it serves single steps and whole sequences. Its contract is in
`charnn.tasks.language_model.use.runtime`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from charnn.export.graph import Array, Graph, RecurrentLayer, add_recurrent
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.learn.graph_ends import (
    add_inputs,
    add_integers,
    add_log_lengths,
    add_logits,
    condition_ports,
    input_tables,
    layer_weights,
    serialize,
    state_names,
)


def language_model_graph(config: LanguageModelNetworkConfig, weights: Mapping[str, Array]) -> bytes:
    """The serialised ONNX model of a language model with these weights (names as in `network.LanguageModelNetwork`)."""
    graph = Graph()
    ids = graph.add("Transpose", ["ids"], perm=[1, 0])
    rows = {name: graph.add("Transpose", [port], perm=[1, 0]) for name, port in condition_ports(config).items()}
    hidden = add_inputs(graph, config, input_tables(config, weights), ids, rows)
    for depth in range(config.layers):
        states = state_names(config, depth)
        outputs = [f"y.{depth}", *(f"{state}.next" for state in states)]
        x = _with_ticks(graph, hidden, config.recurrent_depth)
        layer = RecurrentLayer(
            f"layer.{depth}", config.cell, [layer_weights(weights, depth)], x, outputs, states=states
        )
        y = _last_ticks(graph, add_recurrent(graph, layer), config.recurrent_depth)
        squeezed = graph.add("Squeeze", [y, add_integers(graph, "direction_axis", 1)])
        is_added = config.residual and depth > 0
        hidden = graph.add("Add", [squeezed, hidden]) if is_added else squeezed
    logits = add_logits(graph, hidden, weights, config, rows, "logits.time_first")
    graph.add("Transpose", [logits], ["logits"], perm=[1, 0, 2])
    if config.stopping == "length":
        log_lengths = add_log_lengths(graph, hidden, weights, "log_lengths.time_first")
        graph.add("Transpose", [log_lengths], ["log_lengths"], perm=[1, 0, 2])
    return serialize(graph, config, ["B", "T"])


def _with_ticks(graph: Graph, x: str, ticks: int) -> str:
    """As in `network.recurrent`, but time first: of (T, B, E), (T * ticks, B, E)."""
    if ticks == 1:
        return x
    apart = graph.add("Unsqueeze", [x, add_integers(graph, "tick_axis", 1)])  # (T, 1, B, E)
    pads = add_integers(graph, "tick_pads", 0, 0, 0, 0, 0, ticks - 1, 0, 0)
    padded = graph.add("Pad", [apart, pads])
    longer = add_integers(graph, "ticks_of_an_axis", ticks, 1, 1)
    shape = graph.add("Mul", [graph.add("Shape", [x]), longer])
    return graph.add("Reshape", [padded, shape])


def _last_ticks(graph: Graph, y: str, ticks: int) -> str:
    """Of (T * ticks, 1, B, H), (T, 1, B, H)."""
    if ticks == 1:
        return y
    bounds = [
        add_integers(graph, "first_last_tick", ticks - 1),
        add_integers(graph, "no_end", np.iinfo(np.int64).max),
        add_integers(graph, "time_axis", 0),
        add_integers(graph, "ticks", ticks),
    ]
    return graph.add("Slice", [y, *bounds])
