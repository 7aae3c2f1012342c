"""Adds the equations of `charnn.cells` to a graph, as nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from charnn.cells import Cell
from charnn.export.graph import Graph


@dataclass(frozen=True)
class Value:
    """What a node of a graph puts out. To compute with it adds nodes; a number becomes a constant."""

    graph: Graph
    name: str

    def __add__(self, other: Value | float) -> Value:
        return self._with("Add", self, other)

    def __sub__(self, other: Value | float) -> Value:
        return self._with("Sub", self, other)

    def __mul__(self, other: Value | float) -> Value:
        return self._with("Mul", self, other)

    def __radd__(self, other: float) -> Value:
        return self._with("Add", other, self)

    def __rsub__(self, other: float) -> Value:
        return self._with("Sub", other, self)

    def __rmul__(self, other: float) -> Value:
        return self._with("Mul", other, self)

    def _with(self, operator: str, *operands: Value | float) -> Value:
        names = [x.name if isinstance(x, Value) else self.graph.number(x) for x in operands]
        return Value(self.graph, self.graph.add(operator, names))


class GraphOperations:
    """The operations of an equation on values of a graph."""

    def sigmoid(self, x: Value) -> Value:
        return Value(x.graph, x.graph.add("Sigmoid", [x.name]))

    def tanh(self, x: Value) -> Value:
        return Value(x.graph, x.graph.add("Tanh", [x.name]))

    def chunk(self, x: Value, parts: int) -> Sequence[Value]:
        return [Value(x.graph, part) for part in x.graph.split(x.name, parts)]

    def lerp(self, start: Value, end: Value, weight: Value) -> Value:
        return start + weight * (end - start)


NODES = GraphOperations()


def add_step(graph: Graph, cell: Cell, products: Sequence[str], state: Sequence[str], after: Sequence[str]) -> None:
    """Adds the nodes of one step: from the products that `Cell.step` takes and the state to the state `after`."""
    first = len(graph.nodes)
    inputs = [Value(graph, name) for name in (*state, *products)]
    values = cell.step(NODES, inputs[: len(state)], *inputs[len(state) :])
    made = {output for node in graph.nodes[first:] for output in node.output}
    renamed: dict[str, str] = {}
    for value, name in zip(values, after, strict=True):
        if value.name in made and value.name not in renamed:
            graph.rename(value.name, name)
            renamed[value.name] = name
        else:  # the value has a name already: it is an input, or another part of the state, too
            graph.add("Identity", [renamed.get(value.name, value.name)], [name])
