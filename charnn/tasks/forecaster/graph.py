"""The inference graph of a forecaster, from its weights. Its contract is in `charnn.tasks.forecaster.use.model`."""

from __future__ import annotations

from collections.abc import Mapping

from charnn.export.graph import Array, Graph, RecurrentLayer, layer_weights, require_layer, require_shape
from charnn.export.recurrent import add_recurrent
from charnn.tasks.forecaster.config import ForecasterNetworkConfig


def forecaster_graph(
    config: ForecasterNetworkConfig, weights: Mapping[str, Array], *, quantized: bool = False
) -> bytes:
    """The serialised ONNX model from the inputs (T, B, F) to what the head says of every step, (T, B, C Q)."""
    hidden = config.hidden_size
    for depth in range(config.layers):
        require_layer(weights, f"recurrent.layers.{depth}", config.cell, hidden if depth else config.inputs, hidden)
    require_shape(weights, "head.weight", config.outputs, hidden)
    graph = Graph()
    x, directions_axis = "x", graph.integers("directions_axis", 1)
    for depth in range(config.layers):
        directions = [layer_weights(weights, f"recurrent.layers.{depth}", config.cell)]
        layer = RecurrentLayer(f"layer{depth}", config.cell, directions, x, [f"layer{depth}.y"])
        x = graph.add("Squeeze", [add_recurrent(graph, layer, quantized=quantized), directions_axis])
    graph.linear(x, weights["head.weight"], weights["head.bias"], "outputs")
    return graph.serialize(
        [("x", "float", ["T", "B", config.inputs])], [("outputs", "float", ["T", "B", config.outputs])]
    )
