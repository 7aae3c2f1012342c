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
        layer = RecurrentLayer(f"layer.{depth}", config.cell, [parameters], hidden, outputs, states=states)
        y = add_recurrent(graph, layer, quantized=quantized)
        hidden = graph.add("Squeeze", [y, direction_axis], [f"x.{depth + 1}"])
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
