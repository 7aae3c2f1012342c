"""Computes the equations of `charnn.cells` with PyTorch: a single step, or a whole window step by step.

B is the batch, T time, E the size of the input, H the hidden size and G the number of gates.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import ClassVar, NamedTuple, Protocol, cast

import torch
from torch import Tensor
from torch.nn.functional import linear, softplus

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


LayerWeights = CellWeights | Mapping[str, Tensor]
"""The parameters of one layer: by their names, where the cell has other weights than CellWeights."""


class LayerState(Protocol):
    """The state of a layer, which it carries from step to step: a named tuple of tensors (B, H), or wider ones.

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


def precisions(weight_hh: Tensor) -> tuple[torch.dtype, torch.dtype]:
    """The precision of what lies between the products of a layer, which is at least fp32; and that of the products,
    under autocast."""
    exact, device = torch.promote_types(weight_hh.dtype, torch.float32), weight_hh.device.type
    if torch.is_autocast_enabled(device) and exact != torch.float64:
        return exact, torch.get_autocast_dtype(device)
    return exact, weight_hh.dtype


def step(cell: str, x_BE: Tensor, state: LayerState, weights: LayerWeights) -> LayerState:
    """The state after one step, in the precision of `state`."""
    return _step(cell, _from_input(x_BE, weights), state, weights)


def unroll(cell: str, x_BTE: Tensor, state: LayerState, weights: LayerWeights) -> tuple[Tensor, LayerState]:
    """The outputs (B, T, H) of a window and the state after it, for a cell without a kernel of torch's.

    They are computed step by step, unless the equation computes whole windows.
    """
    from_input_BTG = _from_input(x_BTE, weights)
    if CELLS[cell].reads_windows:
        assert not isinstance(weights, CellWeights)
        y_BTH, *last = CELLS[cell].step(WINDOWS, tuple(state), from_input_BTG, weights=weights)
        return y_BTH, like(state, (y_BTH[:, -1], *last))
    outputs = []
    for from_input_BG in from_input_BTG.unbind(1):
        state = _step(cell, from_input_BG, state, weights)
        outputs.append(state.hidden)
    return torch.stack(outputs, 1), state


def _from_input(x: Tensor, weights: LayerWeights) -> Tensor:
    """U x + b_ih, (..., G*H)."""
    if isinstance(weights, CellWeights):
        return linear(x, weights.weight_ih, weights.bias_ih)
    return linear(x, weights["weight_ih"], weights["bias_ih"])


def _step(cell: str, from_input_BG: Tensor, state: LayerState, weights: LayerWeights) -> LayerState:
    if not isinstance(weights, CellWeights):
        return like(state, CELLS[cell].step(TENSORS, tuple(state), from_input_BG, weights=weights))
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

    def linear(self, x: Tensor, weight: Tensor, bias: Tensor | None = None, *, largest: float) -> Tensor:
        return linear(x, weight, bias)

    def join(self, *parts: Tensor) -> Tensor:
        return torch.cat(parts, -1)

    def delay(self, x: Tensor, earlier: Tensor, steps: int) -> tuple[Tensor, Tensor]:
        oldest, *others = earlier.chunk(steps, -1)
        return oldest, torch.cat([*others, x], -1)

    def cut(self, x: Tensor, sizes: Sequence[int]) -> Sequence[Tensor]:
        return x.split_with_sizes([*sizes], -1)

    def matrix(self, x: Tensor, rows: int, columns: int) -> Tensor:
        return x.reshape(*x.shape[:-1], rows, columns)

    def vector(self, x: Tensor, size: int) -> Tensor:
        return x.reshape(*x.shape[:-2], size)

    def roll(self, x: Tensor, places: int) -> Tensor:
        return x.roll(places, -1)

    def sum(self, x: Tensor, axis: int) -> Tensor:
        return x.sum(axis, keepdim=True)

    def softmax(self, x: Tensor) -> Tensor:
        return x.softmax(-1)

    def softplus(self, x: Tensor) -> Tensor:
        return softplus(x)

    def relu(self, x: Tensor) -> Tensor:
        return torch.relu(x)

    def log(self, x: Tensor) -> Tensor:
        return torch.log(x)

    def sqrt(self, x: Tensor) -> Tensor:
        return torch.sqrt(x)


class WindowOperations(TensorOperations):
    """The operations of an equation on whole windows, (B, T, H)."""

    def delay(self, x: Tensor, earlier: Tensor, steps: int) -> tuple[Tensor, Tensor]:
        all_BTH = torch.cat([earlier.view(len(earlier), steps, -1), x], 1)
        return all_BTH[:, : x.shape[1]], all_BTH[:, x.shape[1] :].flatten(1)


TENSORS = TensorOperations()
WINDOWS = WindowOperations()
