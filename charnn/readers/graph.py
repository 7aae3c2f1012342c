"""Makes a reader's inference graph from its weights. Its contract is in `charnn.readers.states`."""

from __future__ import annotations

from collections.abc import Mapping

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
from charnn.readers.reader import ReaderConfig, weight_names


def reader_graph(config: ReaderConfig, weights: Mapping[str, Array], *, quantized: bool = False) -> bytes:
    """The serialised ONNX model. `weights` are those of the whole model, the reader's among them.

    It is int8 where `quantized` and the cell has an operator for that.
    """
    prefix, hidden = weight_names(config.direction), config.hidden_size
    require_shape(weights, f"{prefix}embedding.weight", config.vocabulary_size, config.embedding_size)
    graph = Graph()
    x = graph.add("Gather", [graph.constant("embedding", weights[f"{prefix}embedding.weight"]), "ids"])
    for depth in range(config.layers):
        name, states = f"{prefix}recurrent.layers.{depth}", state_names(config.cell, depth)
        require_layer(weights, name, config.cell, hidden if depth else config.embedding_size, hidden)
        layer = RecurrentLayer(
            f"layer.{depth}",
            config.cell,
            [layer_weights(weights, name, config.cell)],
            with_ticks(graph, x, config.recurrent_depth),
            [f"y.{depth}", *(f"{state}.next" for state in states)],
            states=states,
        )
        is_int8 = quantized and CELLS[config.cell].int8_operator is not None
        y = last_ticks(graph, add_recurrent(graph, layer, quantized=is_int8), config.recurrent_depth)
        squeezed = graph.add("Squeeze", [y, graph.integers("direction_axis", 1)])
        x = graph.add("Add", [squeezed, x]) if config.residual and depth else squeezed
    steps = graph.add("Reshape", [x, graph.integers("steps_shape", -1, hidden)])
    graph.add("Gather", [steps, "places"], ["states"])
    sizes = CELLS[config.cell].sizes(hidden)
    carried: list[tuple[str, list[str | int]]] = [
        (name, [1, "B", size])
        for depth in range(config.layers)
        for name, size in zip(state_names(config.cell, depth), sizes, strict=True)
    ]
    inputs: list[Port] = [("ids", "int64", ["T", "B"]), ("places", "int64", ["N"])]
    outputs: list[Port] = [("states", "float", ["N", hidden])]
    inputs += [(name, "float", shape) for name, shape in carried]
    outputs += [(f"{name}.next", "float", shape) for name, shape in carried]
    return graph.serialize(inputs, outputs)
