"""Adds recurrent layers that read whole sequences to a graph.

A cell that ONNX has an operator for becomes that operator, and another one becomes its equation in a loop
(`charnn.export.cells`). The int8 variant of an LSTM is ONNX Runtime's DynamicQuantizeLSTM, which moves a quarter of the
memory: weights are int8 with a scale for each unit of a gate, and activations are quantised at every step, with one
range for all rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from charnn.cells import CELLS, OnnxOperator
from charnn.export.cells import add_scan
from charnn.export.graph import Array, Graph, RecurrentLayer

LARGEST_INT8 = 64
"""The largest int8 weight: 2 * 255 * 64 is below 2**15, so that the sum of two products fits 16 bits."""


def add_recurrent(graph: Graph, layer: RecurrentLayer, *, quantized: bool = False) -> str:
    """Adds the layer and gives the name of y. Only a cell with an `int8_operator` can be `quantized`."""
    operator = CELLS[layer.cell].onnx
    if operator is None:
        assert not quantized
        return add_scan(graph, layer)
    return (_add_quantized_lstm if quantized else _add_standard)(graph, layer, operator)


def _add_standard(graph: Graph, layer: RecurrentLayer, operator: OnnxOperator) -> str:
    """Adds ONNX's standard operator of the cell."""
    w = graph.constant(f"{layer.name}.W", _stacked(layer, "weight_ih", operator))
    r = graph.constant(f"{layer.name}.R", _stacked(layer, "weight_hh", operator))
    b = graph.constant(f"{layer.name}.B", _biases(layer, operator))
    attributes = {**_attributes(layer), **operator.attributes}
    if operator.activations:
        attributes["activations"] = [*operator.activations] * len(layer.directions)
    inputs = [layer.x, w, r, b, layer.lengths, *layer.states]
    return graph.add(operator.name, inputs, layer.outputs, **attributes)


def _add_quantized_lstm(graph: Graph, layer: RecurrentLayer, operator: OnnxOperator) -> str:
    """Adds the int8 operator, which takes the weights transposed, with a scale and a zero point for each row."""
    assert operator.int8_operator is not None
    quantized, scales = [], []
    for short, name in (("W", "weight_ih"), ("R", "weight_hh")):
        values, scale = zip(*map(quantize, _stacked(layer, name, operator)), strict=True)
        quantized.append(graph.constant(f"{layer.name}.{short}", np.stack([value.T for value in values])))
        scale_DG = np.stack(scale)
        scales += [
            graph.constant(f"{layer.name}.{short}.scale", scale_DG),
            graph.constant(f"{layer.name}.{short}.zero_point", np.zeros_like(scale_DG, np.int8)),
        ]
    b = graph.constant(f"{layer.name}.B", _biases(layer, operator))
    states, no_peepholes = layer.states or ("", ""), ""
    inputs = [layer.x, *quantized, b, layer.lengths, *states, no_peepholes, *scales]
    return graph.add(operator.int8_operator, inputs, layer.outputs, domain="com.microsoft", **_attributes(layer))


def _stacked(layer: RecurrentLayer, name: str, operator: OnnxOperator) -> Array:
    """A weight of all directions, with the gates in the operator's order."""

    def reordered(blocks: Array) -> Array:
        gates = np.split(blocks, len(operator.gate_order))
        return np.concatenate([gates[index] for index in operator.gate_order])

    return np.stack([reordered(weights[name]) for weights in layer.directions])


def _biases(layer: RecurrentLayer, operator: OnnxOperator) -> Array:
    """The biases, (directions, 2 * gates * H), those of the input before the recurrent ones."""
    return np.concatenate([_stacked(layer, "bias_ih", operator), _stacked(layer, "bias_hh", operator)], 1)


def _attributes(layer: RecurrentLayer) -> dict[str, Any]:
    direction = "bidirectional" if len(layer.directions) == 2 else "forward"
    return {"hidden_size": layer.hidden_size, "direction": direction}


def quantize(weight: Array) -> tuple[npt.NDArray[np.int8], Array]:
    """The int8 values of `weight` and a scale for each row; values * scale[:, None] is within half a scale of it.

    The values stay within LARGEST_INT8. A processor without VNNI adds two products of an unsigned and a signed byte in
    16 bits, which larger values would saturate, and a model must write the same text there as elsewhere.
    """
    scale = np.abs(weight).max(axis=1) / LARGEST_INT8
    scale = np.where(scale == 0, 1, scale).astype(np.float32)
    return np.round(weight / scale[:, None]).astype(np.int8), scale


# The following functions let a layer take several steps from one symbol to the next, as `recurrent_depth` of
# `charnn.network.recurrent` does.


def with_ticks(graph: Graph, x: str, ticks: int) -> str:
    """Makes (T * ticks, B, E) from (T, B, E), with zeros for all ticks of a step but the first."""
    if ticks == 1:
        return x
    apart = graph.add("Unsqueeze", [x, graph.integers("tick_axis", 1)])  # (T, 1, B, E)
    pads = graph.integers("tick_pads", 0, 0, 0, 0, 0, ticks - 1, 0, 0)
    padded = graph.add("Pad", [apart, pads])
    longer = graph.integers("ticks_of_an_axis", ticks, 1, 1)
    shape = graph.add("Mul", [graph.add("Shape", [x]), longer])
    return graph.add("Reshape", [padded, shape])


def last_ticks(graph: Graph, y: str, ticks: int) -> str:
    """Makes (T, 1, B, H) from (T * ticks, 1, B, H): the output of each step's last tick."""
    if ticks == 1:
        return y
    bounds = [
        graph.integers("first_last_tick", ticks - 1),
        graph.integers("no_end", np.iinfo(np.int64).max),
        graph.integers("time_axis", 0),
        graph.integers("ticks", ticks),
    ]
    return graph.add("Slice", [y, *bounds])
