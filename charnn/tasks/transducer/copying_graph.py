"""What a transducer's graphs compute where symbols are copied from a source.

B sources of S places; V target symbols. What a place can copy is the number of a symbol, or V where it can copy none.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from charnn.export.graph import TYPES, Array, Graph

MOST_IN_TABLE = 1024
"""Where there are more symbols, a table with a row for each would be megabytes, of 20,000 of them 1.6 gigabytes."""


def gated(graph: Graph, weights: Mapping[str, Array], units: str, logits: str, copied: str) -> str:
    """The probabilities of symbols where a gate weighs those that are written against those that are copied."""
    score = graph.linear(units, weights["gate.weight"], weights["gate.bias"], "gate")
    weighed = graph.add("Mul", [graph.add("Sigmoid", [score]), copied])
    total = graph.add("ReduceSum", [weighed, graph.vector(-1)], keepdims=1)
    written = graph.add("Mul", [graph.add("Sub", [graph.number(1.0), total]), graph.add("Softmax", [logits], axis=-1)])
    return graph.add("Add", [written, weighed])


def copied(graph: Graph, symbols: int, copies: str = "copies") -> str:
    """The one-hot target symbols of the places, (B, S, V): the rows of a table whose last row is all 0, or what comes
    of comparing each with all where there are many."""
    if symbols > MOST_IN_TABLE:
        every = graph.constant("copies.every", np.arange(symbols, dtype=np.int64))
        is_copied = graph.add("Equal", [graph.add("Unsqueeze", [copies, graph.vector(-1)]), every])
        return graph.add("Cast", [is_copied], to=TYPES["float"])
    table = np.concatenate([np.eye(symbols, dtype=np.float32), np.zeros((1, symbols), np.float32)])
    return graph.add("Gather", [graph.constant("copies.table", table), copies])


def copied_from_all(graph: Graph, symbols: int, row: str) -> str:
    """How much of the `attention` (B, S) is at places with each symbol, (B, V). `row` is the same as (B, 1, S)."""
    if symbols <= MOST_IN_TABLE:
        return graph.add("Squeeze", [graph.add("MatMul", [row, copied(graph, symbols)]), graph.vector(1)])
    batch = graph.add("Slice", [graph.add("Shape", ["attention"]), graph.vector(0), graph.vector(1)])
    shape = graph.add("Concat", [batch, graph.vector(symbols + 1)], axis=0)
    nothing = graph.add("Expand", [graph.number(0.0), shape])
    sums = graph.add("ScatterElements", [nothing, "copies", "attention"], axis=1, reduction="add")
    return graph.add("Slice", [sums, graph.vector(0), graph.vector(symbols), graph.vector(1)])
