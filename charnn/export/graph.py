"""Builds an ONNX graph: nodes and constants are added, and then it is serialised. Nothing is traced by PyTorch.

A recurrent layer of a graph is described by its weights, and the names of its inputs and outputs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from charnn.cells import CELLS
from charnn.export.onnx_format import TYPES as TYPES
from charnn.export.onnx_format import Body, Node, model_bytes
from charnn.export.onnx_format import Port as Port

Array = npt.NDArray[np.float32]


@dataclass
class Graph:
    """A graph that nodes and constants are added to."""

    prefix: str = ""
    """The beginning of all names that are made up. A graph inside another one needs a prefix of its own."""
    constants: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)

    def add(
        self, operator: str, inputs: Sequence[str], outputs: Sequence[str] = (), domain: str = "", **attributes: Any
    ) -> str:
        """Adds a node and gives the name of its first output, which is made up where none is given."""
        outputs = [*outputs] or [f"{self.prefix}{operator}.{len(self.nodes)}"]
        self.nodes.append(Node(operator, [*inputs], outputs, domain, attributes))
        return outputs[0]

    def split(self, x: str, parts: int, outputs: Sequence[str] = (), *, sizes: Sequence[int] = ()) -> Sequence[str]:
        """Adds a node that splits the last axis into parts, and gives their names. They are equal but for `sizes`."""
        outputs = outputs or [f"{self.prefix}Split.{len(self.nodes)}.{part}" for part in range(parts)]
        are_equal = len(set(sizes)) <= 1
        given = [] if are_equal else [self.integers(f"sizes.{'.'.join(map(str, sizes))}", *sizes)]
        self.add("Split", [x, *given], outputs, axis=-1)
        return outputs

    def constant(self, name: str, value: npt.NDArray[Any]) -> str:
        """Adds a constant and gives its name. A single number becomes a vector of one."""
        self.constants[name] = np.ascontiguousarray(value)
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
        """Adds nodes for x @ weight.T + bias, as PyTorch's Linear computes it, and gives the name of the result.

        A weight with more than two axes has a matrix for each part of x, as numpy's matmul takes it, and a bias that is
        added to the result as it is.

        Raises ValueError where the two do not belong together.
        """
        if weight.ndim < 2 or bias.shape[-1:] != weight.shape[-2:-1] or (weight.ndim == 2 and bias.ndim != 1):
            raise ValueError(f"the weight of {output} has the shape {weight.shape}, and its bias {bias.shape}")
        transposed = self.constant(f"{output}.weight", weight.swapaxes(-1, -2))
        product = self.add("MatMul", [x, transposed], [f"{output}.product"])
        return self.add("Add", [product, self.constant(f"{output}.bias", bias)], [output])

    def log_mean(self, log_p: str, number: int, output: str) -> str:
        """Adds the logarithm of the mean over the first axis, of so many, of the probabilities whose logarithms are
        given."""
        total = self.add("ReduceLogSumExp", [log_p], axes=[0], keepdims=0)
        return self.add("Sub", [total, self.number(math.log(number))], [output])

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

    def body(self, inputs: Sequence[Port], outputs: Sequence[Port]) -> Body:
        """The graph as the body of a node in another graph, which has the constants."""
        return Body(self.nodes, inputs, outputs)

    def serialize(
        self, inputs: Sequence[Port], outputs: Sequence[Port], properties: Mapping[str, str] = MappingProxyType({})
    ) -> bytes:
        """The graph as the bytes of an ONNX model. `properties` are kept in it, for whoever opens it."""
        return model_bytes(self.nodes, inputs, outputs, self.constants, properties)


def layer_weights(weights: Mapping[str, Array], layer: str, cell: str) -> dict[str, Array]:
    """The weights of a layer, gates in the order of the table of cells; `layer` is what their names begin with."""
    return {name: weights[f"{layer}.{name}_l0"] for name in CELLS[cell].shapes(1, 1)}


def require_shape(weights: Mapping[str, Array], name: str, *shape: int | None) -> None:
    """Raises KeyError where the weight is missing, and ValueError where it has another shape; None is any size."""
    found = weights[name].shape
    if len(found) != len(shape) or any(s not in (None, f) for s, f in zip(shape, found, strict=True)):
        wanted = ", ".join("any" if size is None else f"{size}" for size in shape)
        raise ValueError(f"{name} has the shape {found}, where the network has ({wanted})")


def require_layer(weights: Mapping[str, Array], layer: str, cell: str, inputs: int, hidden: int) -> None:
    """Raises what `require_shape` raises where a layer does not read `inputs` numbers with `hidden` units."""
    for name, shape in CELLS[cell].shapes(inputs, hidden).items():
        require_shape(weights, f"{layer}.{name}_l0", *shape)


def state_names(cell: str, depth: int) -> list[str]:
    """The names, in a graph, of what a layer carries from step to step."""
    return [f"{part}.{depth}" for part in CELLS[cell].state]


@dataclass(frozen=True)
class RecurrentLayer:
    """A layer that reads x (T, B, features) and gives y (T, directions, B, H)."""

    name: str
    cell: str
    directions: Sequence[Mapping[str, Array]]
    """The weights of one or two directions, forwards first: those that `Cell.shapes` names, as PyTorch stores them."""
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
        return len(self.directions[0]["bias_ih"]) // CELLS[self.cell].gates
