"""Adds single steps of a cell to a graph: the equations of `charnn.cells` as nodes, and as the body of a loop.

The loop, ONNX's Scan, is for cells that ONNX has no operator for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from charnn.cells import CELLS, Cell
from charnn.export.graph import TYPES, Array, Graph, Port, RecurrentLayer


@dataclass(frozen=True)
class GraphValue:
    """What a node of a graph puts out. To compute with it adds nodes; a number becomes a constant."""

    graph: Graph
    name: str

    def __add__(self, other: GraphValue | float) -> GraphValue:
        return self._with("Add", self, other)

    def __sub__(self, other: GraphValue | float) -> GraphValue:
        return self._with("Sub", self, other)

    def __mul__(self, other: GraphValue | float) -> GraphValue:
        return self._with("Mul", self, other)

    def __truediv__(self, other: GraphValue | float) -> GraphValue:
        return self._with("Div", self, other)

    def __matmul__(self, other: GraphValue) -> GraphValue:
        return self._with("MatMul", self, other)

    def __radd__(self, other: float) -> GraphValue:
        return self._with("Add", other, self)

    def __rsub__(self, other: float) -> GraphValue:
        return self._with("Sub", other, self)

    def __rmul__(self, other: float) -> GraphValue:
        return self._with("Mul", other, self)

    def _with(self, operator: str, *operands: GraphValue | float) -> GraphValue:
        names = [x.name if isinstance(x, GraphValue) else self.graph.number(x) for x in operands]
        return GraphValue(self.graph, self.graph.add(operator, names))


@dataclass(frozen=True)
class GraphWeight:
    """A weight that an equation multiplies by itself, and the name of the product with it."""

    name: str
    value: Array


class GraphOperations:
    """The operations of an equation on values of a graph."""

    def sigmoid(self, x: GraphValue) -> GraphValue:
        return _node("Sigmoid", x)

    def tanh(self, x: GraphValue) -> GraphValue:
        return _node("Tanh", x)

    def chunk(self, x: GraphValue, parts: int) -> Sequence[GraphValue]:
        return [GraphValue(x.graph, part) for part in x.graph.split(x.name, parts)]

    def lerp(self, start: GraphValue, end: GraphValue, weight: GraphValue) -> GraphValue:
        return start + weight * (end - start)

    def linear(self, x: GraphValue, weight: GraphWeight, bias: GraphWeight, *, largest: float) -> GraphValue:
        return GraphValue(x.graph, x.graph.linear(x.name, weight.value, bias.value, weight.name))

    def join(self, *parts: GraphValue) -> GraphValue:
        graph = parts[0].graph
        return GraphValue(graph, graph.add("Concat", [part.name for part in parts], axis=-1))

    def delay(self, x: GraphValue, earlier: GraphValue, steps: int) -> tuple[GraphValue, GraphValue]:
        oldest, *others = self.chunk(earlier, steps) if steps > 1 else [earlier]
        return oldest, self.join(*others, x)

    def cut(self, x: GraphValue, sizes: Sequence[int]) -> Sequence[GraphValue]:
        return [GraphValue(x.graph, part) for part in x.graph.split(x.name, len(sizes), sizes=sizes)]

    def matrix(self, x: GraphValue, rows: int, columns: int) -> GraphValue:
        return _reshaped(x, 1, rows, columns)

    def vector(self, x: GraphValue, size: int) -> GraphValue:
        return _reshaped(x, 2, size)

    def roll(self, x: GraphValue, places: int) -> GraphValue:
        graph, cut, end = x.graph, x.graph.vector(-places), x.graph.integers("no_end", np.iinfo(np.int64).max)
        last = graph.add("Slice", [x.name, cut, end, graph.vector(-1)])
        first = graph.add("Slice", [x.name, graph.vector(0), cut, graph.vector(-1)])
        return GraphValue(graph, graph.add("Concat", [last, first], axis=-1))

    def sum(self, x: GraphValue, axis: int) -> GraphValue:
        return GraphValue(x.graph, x.graph.add("ReduceSum", [x.name, x.graph.vector(axis)], keepdims=1))

    def softmax(self, x: GraphValue) -> GraphValue:
        return GraphValue(x.graph, x.graph.add("Softmax", [x.name], axis=-1))

    def softplus(self, x: GraphValue) -> GraphValue:
        return _node("Softplus", x)

    def relu(self, x: GraphValue) -> GraphValue:
        return _node("Relu", x)

    def log(self, x: GraphValue) -> GraphValue:
        return _node("Log", x)

    def sqrt(self, x: GraphValue) -> GraphValue:
        return _node("Sqrt", x)


def _node(operator: str, x: GraphValue) -> GraphValue:
    return GraphValue(x.graph, x.graph.add(operator, [x.name]))


def _reshaped(x: GraphValue, axes: int, *sizes: int) -> GraphValue:
    """The value with other sizes in place of so many last axes. However many are before them, they stay."""
    graph = x.graph
    kept = graph.add("Shape", [x.name], end=-axes)
    shape = graph.add("Concat", [kept, *map(graph.vector, sizes)], axis=0)
    return GraphValue(graph, graph.add("Reshape", [x.name, shape]))


NODES = GraphOperations()


def add_step(
    graph: Graph,
    cell: Cell,
    products: Sequence[str],
    state: Sequence[str],
    after: Sequence[str],
    *,
    further: Mapping[str, GraphWeight] | None = None,
    operations: GraphOperations = NODES,
) -> None:
    """Adds the nodes of one step: from the products that `Cell.step` takes and the state to the state `after`.

    `further` are the weights of a cell that has such, as `further_weights` gives them.
    """
    first = len(graph.nodes)
    inputs = [GraphValue(graph, name) for name in (*state, *products)]
    values = cell.step(operations, inputs[: len(state)], *inputs[len(state) :], weights=further)
    made = {output for node in graph.nodes[first:] for output in node.output}
    renamed: dict[str, str] = {}
    for value, name in zip(values, after, strict=True):
        if value.name in made and value.name not in renamed:
            graph.rename(value.name, name)
            renamed[value.name] = name
        else:  # the value has a name already: it is an input, or another part of the state, too
            graph.add("Identity", [renamed.get(value.name, value.name)], [name])


def further_weights(cell: Cell, weights: Mapping[str, Array], name: str) -> dict[str, GraphWeight] | None:
    """The weights of a layer that the equation multiplies by itself, with names that begin with `name`. Other cells
    have none."""
    if cell.further is None:
        return None
    return {part: GraphWeight(f"{name}.{part}", value) for part, value in weights.items()}


def add_layer_step(
    graph: Graph,
    cell: Cell,
    weights: Mapping[str, Array],
    from_input: str,
    states: tuple[Sequence[str], Sequence[str]],
    name: str,
) -> None:
    """Adds one step of a layer in fp32, from U x + b_ih and the state before it to that after it.

    The product of the hidden state, or a product with a further weight, has a name that begins with `name`.
    """
    before, after = states
    further = further_weights(cell, weights, name)
    products = [from_input]
    if further is None:
        products.append(graph.linear(before[0], weights["weight_hh"], weights["bias_hh"], name))
    add_step(graph, cell, products, before, after, further=further)


def add_scan(graph: Graph, layer: RecurrentLayer) -> str:
    """Adds a loop for each direction, which does what one of ONNX's own operators would do. Gives the name of y.

    A row that has ended, or backwards has not begun, keeps its state and gives 0.
    """
    inside = _inside(graph, layer) if layer.lengths else ""
    results = [_add_loop(graph, layer, number, inside) for number in range(len(layer.directions))]
    for part, name in enumerate(layer.outputs):
        if name:
            # y is (T, B, H) in each direction, a state (B, H).
            axis = 1 if part == 0 else 0
            parts = [graph.add("Unsqueeze", [result[part], graph.vector(axis)]) for result in results]
            graph.add("Concat", parts, [name], axis=axis)
    return layer.outputs[0]


def _add_loop(graph: Graph, layer: RecurrentLayer, number: int, inside: str) -> list[str]:
    """Adds the loop of one direction. Gives the names of y (T, B, H) and of the states (B, H) after the last step."""
    name = f"{layer.name}.{number}"
    cell, weights = CELLS[layer.cell], layer.directions[number]
    from_input = graph.linear(
        layer.x, weights["weight_ih"], weights["bias_ih"], f"{name}.x"
    )  # (T, B, G*H), as the body needs nothing else of x

    before, stepped, after = (
        [f"{name}.{part}.{when}" for part in cell.state] for when in ("before", "stepped", "after")
    )
    body = Graph(prefix=f"{name}.", constants=graph.constants)
    add_layer_step(body, cell, weights, f"{name}.from_input", (before, stepped), f"{name}.hidden")
    inputs: list[Port] = [*((part, "float", None) for part in before), (f"{name}.from_input", "float", None)]
    sequences, y = [from_input], f"{name}.y"
    if inside:
        is_inside = f"{name}.is_inside"
        inputs.append((is_inside, "bool", None))
        sequences.append(inside)
        for old, new, kept in zip(before, stepped, after, strict=True):
            body.add("Where", [is_inside, new, old], [kept])
        body.add("Where", [is_inside, stepped[0], body.number(0)], [y])
    else:
        after = stepped
        body.add("Identity", [stepped[0]], [y])
    outputs: list[Port] = [(part, "float", None) for part in (*after, y)]

    attributes: dict[str, Any] = {}
    if number == 1:
        attributes = {"scan_input_directions": [1] * len(sequences), "scan_output_directions": [1]}
    last = [f"{name}.{part}.last" for part in cell.state]
    graph.add(
        "Scan",
        [*_initial(graph, layer, number), *sequences],
        [*last, f"{name}.outputs"],
        body=body.body(inputs, outputs),
        num_scan_inputs=len(sequences),
        **attributes,
    )
    return [f"{name}.outputs", *last]


def _initial(graph: Graph, layer: RecurrentLayer, number: int) -> list[str]:
    """The states before a direction's first step, (B, H)."""
    if layer.states:
        own = [graph.add("Gather", [state, graph.vector(number)], axis=0) for state in layer.states]
        return [graph.add("Squeeze", [state_1BH, graph.vector(0)]) for state_1BH in own]
    batch = graph.add("Shape", [layer.x], start=1, end=2)
    sizes = CELLS[layer.cell].sizes(layer.hidden_size)
    zeros = {
        size: graph.add("ConstantOfShape", [graph.add("Concat", [batch, graph.vector(size)], axis=0)])
        for size in dict.fromkeys(sizes)
    }
    return [zeros[size] for size in sizes]


def _inside(graph: Graph, layer: RecurrentLayer) -> str:
    """Whether each row still goes on at each step, (T, B, 1)."""
    steps = graph.add("Shape", [layer.x], start=0, end=1)
    places_T = graph.add("Range", [graph.vector(0), steps, graph.vector(1)])
    places_T1 = graph.add("Unsqueeze", [places_T, graph.vector(1)])
    lengths = graph.add("Cast", [layer.lengths], to=TYPES["int64"])
    return graph.add("Unsqueeze", [graph.add("Less", [places_T1, lengths]), graph.vector(-1)])
