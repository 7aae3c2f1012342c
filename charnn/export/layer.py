"""Describes a recurrent layer of a graph: its weights, and the names of its inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from charnn.cells import CELLS
from charnn.export.graph import Array

PARAMETERS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


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
