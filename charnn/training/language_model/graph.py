"""The inference graph, written from the weights with ONNX's standard recurrent operators; nothing is traced.

One graph has a free batch and a free time axis, so it serves single steps and whole sequences. Its contract is in
`charnn.runtime.language_model`. The int8 variant has ONNX Runtime's DynamicQuantizeLSTM in place of the LSTM operator:
a quarter of the memory traffic, int8 weights with a scale for each gate unit, activations quantised at every step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, helper, numpy_helper

from charnn.config import Cell, NetworkConfig

Array = npt.NDArray[np.float32]

LARGEST_INT8 = 64
"""2 * 255 * 64 < 2**15."""

OPERATOR = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}
GATE_ORDER: Mapping[Cell, tuple[int, ...]] = {"rnn": (0,), "lstm": (0, 3, 1, 2), "gru": (1, 0, 2)}
"""Where ONNX's gate blocks (iofc for LSTM, zrh for GRU) lie among PyTorch's (ifgo, rzn)."""


def language_model_graph(config: NetworkConfig, weights: Mapping[str, Array], *, quantized: bool = False) -> bytes:
    """The serialised ONNX model of a language model with these weights (names as in `network.LanguageModel`)."""
    graph = _Graph()
    graph.add("Transpose", ["ids"], ["ids.time_first"], perm=[1, 0])
    hidden = graph.add("Gather", [graph.constant("embedding", weights["embedding.weight"]), "ids.time_first"], ["x.0"])
    one = graph.constant("direction_axis", np.array([1], np.int64))
    for depth in range(config.layers):
        parameters = {
            name: weights[f"recurrent.layers.{depth}.{name}_l0"]
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        }
        states = [f"{part}.{depth}" for part in (("hidden", "cell") if config.cell == "lstm" else ("hidden",))]
        outputs = [f"y.{depth}", *(f"{state}.next" for state in states)]
        layer = _Layer(config, depth, parameters, [hidden, *states], outputs)
        (_add_quantized_lstm if quantized else _add_layer)(graph, layer)
        hidden = graph.add("Squeeze", [outputs[0], one], [f"x.{depth + 1}"])
        graph.states += states
    product = graph.add("MatMul", [hidden, graph.constant("head.weight", weights["head.weight"].T)], ["head.product"])
    graph.add("Add", [product, graph.constant("head.bias", weights["head.bias"])], ["logits.time_first"])
    graph.add("Transpose", ["logits.time_first"], ["logits"], perm=[1, 0, 2])
    return graph.serialize(config)


def can_quantize(cell: Cell) -> bool:
    """Whether ONNX Runtime has an int8 operator for the cell."""
    return cell == "lstm"


@dataclass
class _Graph:
    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)
    states: list[str] = field(default_factory=list)

    def add(self, operator: str, inputs: list[str], outputs: list[str], domain: str = "", **attributes: Any) -> str:
        """Adds a node and gives the name of its first output."""
        self.nodes.append(helper.make_node(operator, inputs, outputs, domain=domain, **attributes))
        return outputs[0]

    def constant(self, name: str, value: npt.NDArray[Any]) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def serialize(self, config: NetworkConfig) -> bytes:
        def tensor(name: str, kind: int, shape: list[str | int]) -> Any:
            return helper.make_tensor_value_info(name, kind, shape)

        state_shape: list[str | int] = [1, "B", config.hidden_size]
        graph = helper.make_graph(
            self.nodes,
            "charnn",
            [tensor("ids", TensorProto.INT64, ["B", "T"])]
            + [tensor(state, TensorProto.FLOAT, state_shape) for state in self.states],
            [tensor("logits", TensorProto.FLOAT, ["B", "T", config.vocabulary_size])]
            + [tensor(f"{state}.next", TensorProto.FLOAT, state_shape) for state in self.states],
            self.constants,
        )
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="charnn")
        return bytes(model.SerializeToString())


@dataclass(frozen=True)
class _Layer:
    """What one recurrent operator is made from."""

    config: NetworkConfig
    depth: int
    parameters: Mapping[str, Array]
    """weight_ih, weight_hh, bias_ih and bias_hh, as PyTorch stores them."""
    inputs: list[str]
    """x (T, B, features), and the states."""
    outputs: list[str]

    def biases(self) -> Array:
        """(1, 2 * gates * H): the input's biases, then the recurrent ones."""
        both = [_onnx_order(self.parameters[name], self.config.cell) for name in ("bias_ih", "bias_hh")]
        return np.concatenate(both)[None]


def _add_layer(graph: _Graph, layer: _Layer) -> None:
    """The standard operator of the cell."""
    cell, depth = layer.config.cell, layer.depth
    x, *states = layer.inputs
    w = graph.constant(f"W.{depth}", _onnx_order(layer.parameters["weight_ih"], cell)[None])
    r = graph.constant(f"R.{depth}", _onnx_order(layer.parameters["weight_hh"], cell)[None])
    b = graph.constant(f"B.{depth}", layer.biases())
    attributes: dict[str, Any] = {"linear_before_reset": 1} if cell == "gru" else {}
    no_lengths = ""
    inputs = [x, w, r, b, no_lengths, *states]
    graph.add(OPERATOR[cell], inputs, layer.outputs, hidden_size=layer.config.hidden_size, **attributes)


def _add_quantized_lstm(graph: _Graph, layer: _Layer) -> None:
    """As `_add_layer`; the operator takes its weights transposed, a scale and a zero point for each row of theirs."""
    x, *states = layer.inputs
    quantized, scales = [], []
    for name, parameter in (("W", "weight_ih"), ("R", "weight_hh")):
        values, scale = quantize(_onnx_order(layer.parameters[parameter], layer.config.cell))
        quantized.append(graph.constant(f"{name}.{layer.depth}", values.T[None]))
        scales += [
            graph.constant(f"{name}.scale.{layer.depth}", scale[None]),
            graph.constant(f"{name}.zero_point.{layer.depth}", np.zeros_like(scale, np.int8)[None]),
        ]
    b = graph.constant(f"B.{layer.depth}", layer.biases())
    no_lengths, no_peepholes = "", ""
    inputs = [x, *quantized, b, no_lengths, *states, no_peepholes, *scales]
    hidden_size = layer.config.hidden_size
    graph.add("DynamicQuantizeLSTM", inputs, layer.outputs, domain="com.microsoft", hidden_size=hidden_size)


def quantize(weight: Array) -> tuple[npt.NDArray[np.int8], Array]:
    """int8 values and a scale for each row of `weight`; values * scale[:, None] is within half a scale of it.

    The values stay within LARGEST_INT8: a processor without VNNI adds the products of two pairs of an unsigned and a
    signed byte in 16 bits, and would saturate beyond; a model that is copied there must write the same text.
    """
    scale = np.abs(weight).max(axis=1) / LARGEST_INT8
    scale = np.where(scale == 0, 1, scale).astype(np.float32)
    return np.round(weight / scale[:, None]).astype(np.int8), scale


def _onnx_order(blocks: Array, cell: Cell) -> Array:
    """Gate blocks along the first axis, from PyTorch's order to ONNX's."""
    gates = np.split(blocks, len(GATE_ORDER[cell]))
    return np.concatenate([gates[index] for index in GATE_ORDER[cell]])
