"""A language model's inference graph, from its weights.

One graph has a free batch and a free time axis, so it serves single steps and whole sequences. Its contract is in
`charnn.runtime.language_model`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from charnn.config import NetworkConfig
from charnn.training.graph import Array, Graph, RecurrentLayer, add_recurrent


def language_model_graph(config: NetworkConfig, weights: Mapping[str, Array], *, quantized: bool = False) -> bytes:
    """The serialised ONNX model of a language model with these weights (names as in `network.LanguageModel`)."""
    graph, all_states = Graph(), []
    graph.add("Transpose", ["ids"], ["ids.time_first"], perm=[1, 0])
    hidden = graph.add("Gather", [graph.constant("embedding", weights["embedding.weight"]), "ids.time_first"], ["x.0"])
    direction_axis = graph.constant("direction_axis", np.array([1], np.int64))
    for depth in range(config.layers):
        parameters = {
            name: weights[f"recurrent.layers.{depth}.{name}_l0"]
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        }
        states = [f"{part}.{depth}" for part in (("hidden", "cell") if config.cell == "lstm" else ("hidden",))]
        outputs = [f"y.{depth}", *(f"{state}.next" for state in states)]
        x = _with_ticks(graph, hidden, config.recurrent_depth)
        layer = RecurrentLayer(f"layer.{depth}", config.cell, [parameters], x, outputs, states=states)
        y = _last_ticks(graph, add_recurrent(graph, layer, quantized=quantized), config.recurrent_depth)
        squeezed = graph.add("Squeeze", [y, direction_axis], [f"h.{depth}"])
        is_added = config.residual and depth > 0
        hidden = graph.add("Add", [squeezed, hidden], [f"x.{depth + 1}"]) if is_added else squeezed
        all_states += states
    logits = graph.linear(hidden, weights["head.weight"], weights["head.bias"], "logits.time_first")
    graph.add("Transpose", [logits], ["logits"], perm=[1, 0, 2])
    shape: list[str | int] = [1, "B", config.hidden_size]
    return graph.serialize(
        [("ids", "int64", ["B", "T"]), *((state, "float", shape) for state in all_states)],
        [
            ("logits", "float", ["B", "T", config.vocabulary_size]),
            *((f"{state}.next", "float", shape) for state in all_states),
        ],
    )


def _with_ticks(graph: Graph, x: str, ticks: int) -> str:
    """As in `network.recurrent`, but time first: of (T, B, E), (T * ticks, B, E)."""
    if ticks == 1:
        return x
    apart = graph.add("Unsqueeze", [x, _constant(graph, "tick_axis", 1)], [f"{x}.apart"])  # (T, 1, B, E)
    pads = _constant(graph, "tick_pads", 0, 0, 0, 0, 0, ticks - 1, 0, 0)
    padded = graph.add("Pad", [apart, pads], [f"{x}.padded"])
    longer = _constant(graph, "ticks_of_an_axis", ticks, 1, 1)
    shape = graph.add("Mul", [graph.add("Shape", [x], [f"{x}.shape"]), longer], [f"{x}.ticks.shape"])
    return graph.add("Reshape", [padded, shape], [f"{x}.ticks"])


def _last_ticks(graph: Graph, y: str, ticks: int) -> str:
    """Of (T * ticks, 1, B, H), (T, 1, B, H)."""
    if ticks == 1:
        return y
    start, end = _constant(graph, "first_last_tick", ticks - 1), _constant(graph, "no_end", np.iinfo(np.int64).max)
    axis, step = _constant(graph, "time_axis", 0), _constant(graph, "ticks", ticks)
    return graph.add("Slice", [y, start, end, axis, step], [f"{y}.last_ticks"])


def _constant(graph: Graph, name: str, *values: int) -> str:
    return graph.constant(name, np.array(values, np.int64))
