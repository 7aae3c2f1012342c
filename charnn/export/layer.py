"""What a recurrent layer of a graph is made from: its weights and the names of what goes in and comes out."""

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
    """A layer that reads x (T, B, features) and gives y (T, directions, B, H), whatever its nodes are."""

    name: str
    cell: str
    directions: Sequence[Mapping[str, Array]]
    """One or two (forwards, backwards): weight_ih, weight_hh, bias_ih and bias_hh, as PyTorch stores them."""
    x: str
    outputs: Sequence[str]
    """y; then, where they are wanted, the states after the last step, (directions, B, H). "" is for what is not."""
    lengths: str = ""
    """(B,) int32, steps of each row; all of them unless given. Beyond its end a row's y is 0; backwards it is read from
    there, and the states after the last step are those at its end."""
    states: Sequence[str] = ()
    """The states before the first step, (directions, B, H); zeros unless given."""

    @property
    def hidden_size(self) -> int:
        return int(self.directions[0]["weight_hh"].shape[1])
