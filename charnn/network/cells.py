"""Computes the equations of `charnn.cells` with PyTorch: a single step, or a whole window step by step.

B is the batch, T time, E the size of the input, H the hidden size and G the number of gates.
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
    """The weights from the input, (G*H, E)."""
    weight_hh: Tensor
    """The weights from the hidden state, (G*H, H)."""
    bias_ih: Tensor
    """The bias of the input's product, (G*H,)."""
    bias_hh: Tensor
    """The bias of the hidden state's product, (G*H,)."""


class LayerState(Protocol):
    """The state of a layer, which it carries from step to step: a named tuple of tensors (B, H).

    The names are those of the table of cells.
    """

    _fields: ClassVar[tuple[str, ...]]

    def __init__(self, *tensors: Tensor) -> None: ...

    def __iter__(self) -> Iterator[Tensor]: ...

    def _asdict(self) -> dict[str, Tensor]: ...

    @property
    def hidden(self) -> Tensor:
        """The hidden state, which every cell has and which is the layer's output."""
        ...


def state_type(cell: str) -> type[LayerState]:
    """The class of the cell's states, as in `state_type("lstm")(hidden_BH, cell_BH)`."""
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
    """The outputs (B, T, H) of a window and the state after it, computed step by step, as a cell without a kernel of
    torch's needs it."""
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
