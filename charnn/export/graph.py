"""Inference graphs, written from the weights with ONNX's standard operators; nothing is traced.

The int8 variant of an LSTM that reads whole sequences is ONNX Runtime's DynamicQuantizeLSTM: a quarter of the memory
traffic, int8 weights with a scale for each gate unit, activations quantised at every step with one range for all rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from charnn.cells import Cell

Array = npt.NDArray[np.float32]

LARGEST_INT8 = 64
"""2 * 255 * 64 < 2**15."""

OPERATOR = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}
GATE_ORDER: Mapping[Cell, tuple[int, ...]] = {"rnn": (0,), "lstm": (0, 3, 1, 2), "gru": (1, 0, 2)}
"""Where ONNX's gate blocks (iofc for LSTM, zrh for GRU) lie among PyTorch's (ifgo, rzn)."""
TYPES = {"float": TensorProto.FLOAT, "int64": TensorProto.INT64, "int32": TensorProto.INT32}

Port = tuple[str, str, list[str | int]]
"""An input or output: its name, its type (of TYPES), its shape with letters for free axes."""


def can_quantize(cell: Cell) -> bool:
    """Whether ONNX Runtime has an int8 operator for sequences of the cell."""
    return cell == "lstm"


@dataclass
class Graph:
    nodes: list[Any] = field(default_factory=list)
    constants: dict[str, Any] = field(default_factory=dict)

    def add(
        self, operator: str, inputs: Sequence[str], outputs: Sequence[str] = (), domain: str = "", **attributes: Any
    ) -> str:
        """Adds a node and gives the name of its first output, which is made up where none is given."""
        outputs = outputs or [f"{operator}.{len(self.nodes)}"]
        self.nodes.append(helper.make_node(operator, inputs, outputs, domain=domain, **attributes))
        return outputs[0]

    def split(self, x: str, parts: int) -> list[str]:
        """Equal parts of the last axis."""
        outputs = [f"Split.{len(self.nodes)}.{part}" for part in range(parts)]
        self.add("Split", [x], outputs, axis=-1)
        return outputs

    def constant(self, name: str, value: npt.NDArray[Any]) -> str:
        self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def linear(self, x: str, weight: Array, bias: Array, output: str) -> str:
        """x @ weight.T + bias, as PyTorch's Linear."""
        product = self.add("MatMul", [x, self.constant(f"{output}.weight", weight.T)], [f"{output}.product"])
        return self.add("Add", [product, self.constant(f"{output}.bias", bias)], [output])

    def serialize(
        self, inputs: Sequence[Port], outputs: Sequence[Port], properties: Mapping[str, str] = MappingProxyType({})
    ) -> bytes:
        """`properties` are kept beside the graph, for whoever opens it."""

        def ports(given: Sequence[Port]) -> list[Any]:
            return [helper.make_tensor_value_info(name, TYPES[kind], shape) for name, kind, shape in given]

        graph = helper.make_graph(self.nodes, "charnn", ports(inputs), ports(outputs), list(self.constants.values()))
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="charnn")
        helper.set_model_props(model, dict(properties))
        return bytes(model.SerializeToString())


def share(graph: bytes, file: str, header: str, places: Mapping[str, tuple[int, int]]) -> bytes:
    """The graph without the constants that `places` names: they are read from `file` beside it, fp32 as they lie there,
    from the byte on that `places` has first, as many as it has second.

    `header`, the SHA-256 of what says where things lie in the file, is kept, so that another file is not misread.
    """
    model = onnx.load_from_string(graph)
    helper.set_model_props(model, {"tables": file, "tables_header": header})
    for constant in model.graph.initializer:
        offset, length = places.get(constant.name, (0, 0))
        if length:  # an empty table has nothing to share
            constant.ClearField("raw_data")
            constant.data_location = TensorProto.EXTERNAL
            for key, value in (("location", file), ("offset", str(offset)), ("length", str(length))):
                constant.external_data.add(key=key, value=value)
    return bytes(model.SerializeToString())


@dataclass(frozen=True)
class RecurrentLayer:
    """What one recurrent operator is made from. It reads x (T, B, features) and gives y (T, directions, B, H)."""

    name: str
    cell: Cell
    directions: Sequence[Mapping[str, Array]]
    """One or two (forwards, backwards): weight_ih, weight_hh, bias_ih and bias_hh, as PyTorch stores them."""
    x: str
    outputs: Sequence[str]
    """y; then, where they are wanted, the states after the last step, (directions, B, H)."""
    lengths: str = ""
    """(B,) int32, steps of each row; all of them unless given."""
    states: Sequence[str] = ()
    """The states before the first step, (directions, B, H); zeros unless given."""

    @property
    def hidden_size(self) -> int:
        return int(self.directions[0]["weight_hh"].shape[1])

    def stacked(self, name: str) -> Array:
        """A weight of all directions, gates in ONNX's order."""
        return np.stack([_onnx_order(weights[name], self.cell) for weights in self.directions])

    def biases(self) -> Array:
        """(directions, 2 * gates * H): the input's biases, then the recurrent ones."""
        return np.concatenate([self.stacked("bias_ih"), self.stacked("bias_hh")], 1)

    @property
    def attributes(self) -> dict[str, Any]:
        direction = "bidirectional" if len(self.directions) == 2 else "forward"
        return {"hidden_size": self.hidden_size, "direction": direction}


def add_recurrent(graph: Graph, layer: RecurrentLayer, *, quantized: bool = False) -> str:
    """Adds the operator and gives the name of y."""
    return (_add_quantized_lstm if quantized else _add_standard)(graph, layer)


def _add_standard(graph: Graph, layer: RecurrentLayer) -> str:
    """The standard operator of the cell."""
    w = graph.constant(f"{layer.name}.W", layer.stacked("weight_ih"))
    r = graph.constant(f"{layer.name}.R", layer.stacked("weight_hh"))
    b = graph.constant(f"{layer.name}.B", layer.biases())
    attributes = layer.attributes | ({"linear_before_reset": 1} if layer.cell == "gru" else {})
    if layer.cell == "rnn":
        attributes["activations"] = ["Tanh"] * len(layer.directions)
    inputs = [layer.x, w, r, b, layer.lengths, *layer.states]
    return graph.add(OPERATOR[layer.cell], inputs, layer.outputs, **attributes)


def _add_quantized_lstm(graph: Graph, layer: RecurrentLayer) -> str:
    """As the standard one; the operator takes weights transposed, with a scale and a zero point for each row."""
    quantized, scales = [], []
    for short, name in (("W", "weight_ih"), ("R", "weight_hh")):
        values, scale = zip(*map(quantize, layer.stacked(name)), strict=True)
        quantized.append(graph.constant(f"{layer.name}.{short}", np.stack([value.T for value in values])))
        scale_DG = np.stack(scale)
        scales += [
            graph.constant(f"{layer.name}.{short}.scale", scale_DG),
            graph.constant(f"{layer.name}.{short}.zero_point", np.zeros_like(scale_DG, np.int8)),
        ]
    b = graph.constant(f"{layer.name}.B", layer.biases())
    states, no_peepholes = layer.states or ("", ""), ""
    inputs = [layer.x, *quantized, b, layer.lengths, *states, no_peepholes, *scales]
    return graph.add("DynamicQuantizeLSTM", inputs, layer.outputs, domain="com.microsoft", **layer.attributes)


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
