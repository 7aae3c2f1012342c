"""The equations of `charnn.cells` in PyTorch: one step, and whole windows step by step.

B batch, T time, E the size of the input, H hidden; G gates.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import ClassVar, NamedTuple, Protocol, cast

import torch
from torch import Tensor
from torch.nn.functional import linear

from charnn.cells import CELLS


class CellWeights(NamedTuple):
    """The parameters of one cell, in the order in which a one-layer torch module lists them."""

    weight_ih: Tensor
    """(G*H, E), from the input."""
    weight_hh: Tensor
    """(G*H, H), from the hidden state."""
    bias_ih: Tensor
    """(G*H,)"""
    bias_hh: Tensor
    """(G*H,)"""


class LayerState(Protocol):
    """What a layer carries from step to step: a named tuple of tensors (B, H), with the names that the table has."""

    _fields: ClassVar[tuple[str, ...]]

    def __init__(self, *tensors: Tensor) -> None: ...

    def __iter__(self) -> Iterator[Tensor]: ...

    def _asdict(self) -> dict[str, Tensor]: ...

    @property
    def hidden(self) -> Tensor:
        """The first of them, which every cell has, and the layer's output."""
        ...


def state_type(cell: str) -> type[LayerState]:
    """The kind of state that the cell has: `state_type("lstm")(hidden_BH, cell_BH)`."""
    return _state_type(CELLS[cell].state)


@cache
def _state_type(names: tuple[str, ...]) -> type[LayerState]:
    return cast(type[LayerState], namedtuple("LayerState", names))


def like(state: LayerState, tensors: Iterable[Tensor]) -> LayerState:
    """`tensors` as a state of the kind and precision of `state`."""
    return type(state)(*(tensor.to(state.hidden.dtype) for tensor in tensors))


def step(cell: str, x_BE: Tensor, state: LayerState, weights: CellWeights) -> LayerState:
    """The state after one step, in the precision of `state`."""
    return _step(cell, linear(x_BE, weights.weight_ih, weights.bias_ih), state, weights)


def unroll(cell: str, x_BTE: Tensor, state: LayerState, weights: CellWeights) -> tuple[Tensor, LayerState]:
    """The outputs (B, T, H) and the state after a window, step by step: for a cell that torch has no kernel for."""
    from_input_BTG = linear(x_BTE, weights.weight_ih, weights.bias_ih)
    outputs = []
    for from_input_BG in from_input_BTG.unbind(1):
        state = _step(cell, from_input_BG, state, weights)
        outputs.append(state.hidden)
    return torch.stack(outputs, 1), state


def _step(cell: str, from_input_BG: Tensor, state: LayerState, weights: CellWeights) -> LayerState:
    from_hidden_BG = linear(state.hidden, weights.weight_hh, weights.bias_hh)
    return like(state, CELLS[cell].step(TENSORS, tuple(state), from_input_BG, from_hidden_BG))


class TensorOperations:
    """The operations of an equation on tensors."""

    def sigmoid(self, x: Tensor) -> Tensor:
        return torch.sigmoid(x)

    def tanh(self, x: Tensor) -> Tensor:
        return torch.tanh(x)

    def chunk(self, x: Tensor, parts: int) -> Sequence[Tensor]:
        return x.chunk(parts, dim=-1)

    def lerp(self, start: Tensor, end: Tensor, weight: Tensor) -> Tensor:
        return (1 - weight) * start + weight * end


TENSORS = TensorOperations()
