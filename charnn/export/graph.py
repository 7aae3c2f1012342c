"""Builds an ONNX graph: nodes and constants are added, and then it is serialised. Nothing is traced by PyTorch.

A recurrent layer of a graph is described by its weights, and the names of its inputs and outputs.
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

from charnn.cells import CELLS

Array = npt.NDArray[np.float32]
PARAMETERS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
TYPES = {"float": TensorProto.FLOAT, "int64": TensorProto.INT64, "int32": TensorProto.INT32, "bool": TensorProto.BOOL}
"""ONNX's numbers for the types that are used here."""
Port = tuple[str, str, list[str | int] | None]
"""An input or output of a graph: its name, its type (one of TYPES), and its shape, with letters for free axes. Where
the shape is None, it is left open."""


@dataclass
class Graph:
    """A graph that nodes and constants are added to."""

    prefix: str = ""
    """The beginning of all names that are made up. A graph inside another one needs a prefix of its own."""
    constants: dict[str, Any] = field(default_factory=dict)
    nodes: list[Any] = field(default_factory=list)

    def add(
        self, operator: str, inputs: Sequence[str], outputs: Sequence[str] = (), domain: str = "", **attributes: Any
    ) -> str:
        """Adds a node and gives the name of its first output, which is made up where none is given."""
        outputs = outputs or [f"{self.prefix}{operator}.{len(self.nodes)}"]
        self.nodes.append(helper.make_node(operator, inputs, outputs, domain=domain, **attributes))
        return outputs[0]

    def split(self, x: str, parts: int, outputs: Sequence[str] = ()) -> Sequence[str]:
        """Adds a node that splits the last axis into equal parts, and gives their names."""
        outputs = outputs or [f"{self.prefix}Split.{len(self.nodes)}.{part}" for part in range(parts)]
        self.add("Split", [x], outputs, axis=-1)
        return outputs

    def constant(self, name: str, value: npt.NDArray[Any]) -> str:
        """Adds a constant and gives its name. A single number becomes a vector of one."""
        self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def integers(self, name: str, *values: int) -> str:
        return self.constant(name, np.array(values, np.int64))

    def vector(self, value: int) -> str:
        """Adds a vector of one integer, which is named after it."""
        return self.integers(f"vector.{value}", value)

    def number(self, value: float) -> str:
        """Adds a vector of one fp32 number, which is named after it."""
        return self.constant(f"number.{float(value)}", np.array(value, np.float32))

    def linear(self, x: str, weight: Array, bias: Array, output: str) -> str:
        """Adds nodes for x @ weight.T + bias, as PyTorch's Linear computes it, and gives the name of the result."""
        product = self.add("MatMul", [x, self.constant(f"{output}.weight", weight.T)], [f"{output}.product"])
        return self.add("Add", [product, self.constant(f"{output}.bias", bias)], [output])

    def rename(self, old: str, new: str) -> None:
        """Renames a node's output, wherever it is read, too."""
        for node in self.nodes:
            for names in (node.input, node.output):
                names[:] = [new if name == old else name for name in names]

    def is_read_before(self, value: str, output: str) -> bool:
        """Whether every node that reads `value` has run before `output` is complete, because `output` needs it."""
        makers = {name: node for node in self.nodes for name in node.output}
        needed, waiting = set(), [output]
        while waiting:
            name = waiting.pop()
            if name in makers and name not in needed:
                needed.add(name)
                waiting += makers[name].input
        return all(needed.intersection(node.output) for node in self.nodes if value in node.input)

    def body(self, inputs: Sequence[Port], outputs: Sequence[Port]) -> Any:
        """The graph as the body of a node in another graph, which has the constants."""
        return helper.make_graph(self.nodes, "body", _ports(inputs), _ports(outputs))

    def serialize(
        self, inputs: Sequence[Port], outputs: Sequence[Port], properties: Mapping[str, str] = MappingProxyType({})
    ) -> bytes:
        """The graph as the bytes of an ONNX model. `properties` are kept in it, for whoever opens it."""
        constants = list(self.constants.values())
        graph = helper.make_graph(self.nodes, "charnn", _ports(inputs), _ports(outputs), constants)
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="charnn")
        helper.set_model_props(model, dict(properties))
        return bytes(model.SerializeToString())


def _ports(ports: Sequence[Port]) -> list[Any]:
    return [helper.make_tensor_value_info(name, TYPES[kind], shape) for name, kind, shape in ports]


def externalize_tables(graph: bytes, file: str, header: str, places: Mapping[str, tuple[int, int]]) -> bytes:
    """The graph with the constants that `places` names left in `file`, from which they are then read.

    `places` has the first byte and the number of bytes of each constant, which are fp32 there. `header` is the SHA-256
    of the file's header; it is kept in the graph, so that another file is not taken for this one.
    """
    model = onnx.load_from_string(graph)
    helper.set_model_props(model, {"tables": file, "tables_header": header})
    for constant in model.graph.initializer:
        offset, length = places.get(constant.name, (0, 0))
        if length:  # an empty table has no bytes that could be read from elsewhere
            constant.ClearField("raw_data")
            constant.data_location = TensorProto.EXTERNAL
            for key, value in (("location", file), ("offset", str(offset)), ("length", str(length))):
                constant.external_data.add(key=key, value=value)
    return bytes(model.SerializeToString())


def layer_weights(weights: Mapping[str, Array], layer: str) -> dict[str, Array]:
    """The PARAMETERS of a layer, gates in the order of the table of cells; `layer` is what their names begin with."""
    return {name: weights[f"{layer}.{name}_l0"] for name in PARAMETERS}


def state_names(cell: str, depth: int) -> list[str]:
    """The names, in a graph, of what a layer carries from step to step."""
    return [f"{part}.{depth}" for part in CELLS[cell].state]


@dataclass(frozen=True)
class RecurrentLayer:
    """A layer that reads x (T, B, features) and gives y (T, directions, B, H)."""

    name: str
    cell: str
    directions: Sequence[Mapping[str, Array]]
    """The weights of one or two directions, forwards first: weight_ih, weight_hh, bias_ih and bias_hh, as PyTorch
    stores them."""
    x: str
    outputs: Sequence[str]
    """The names of y and, where they are wanted, of the states after the last step, (directions, B, H). A name of ""
    leaves an output out."""
    lengths: str = ""
    """The name of the lengths of the rows in steps, (B,) int32. Without one, rows are as long as x. Beyond the end of a
    row its y is 0. The backward direction begins at its end, and the states after the last step are those there."""
    states: Sequence[str] = ()
    """The names of the states before the first step, (directions, B, H). Without them, they are zeros."""

    @property
    def hidden_size(self) -> int:
        return int(self.directions[0]["weight_hh"].shape[1])
