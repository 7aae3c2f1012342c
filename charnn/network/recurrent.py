"""A deep stack of recurrent layers: whole windows by torch's kernels, single steps by the written-out cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from charnn.config import Cell
from charnn.network.cells import CELLS, STATES, CellWeights, LayerState

State = tuple[LayerState, ...]
"""What a stack carries from step to step, one entry a layer, the layer nearest the input first."""

_KERNELS: Mapping[Cell, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


def detach(state: State) -> State:
    """The same values, cut off from how they came about: where truncated BPTT stops a gradient between windows."""
    return tuple(_like(layer, (tensor.detach() for tensor in layer)) for layer in state)


class LockedDropout(nn.Module):
    """Dropout with one mask for each lane, the same at every step of a window (Gal and Ghahramani 2016).

    What is kept is scaled by 1 / (1 - probability). The next window draws new masks. Connections from a layer to
    itself in time are never dropped. Identity in eval mode and at probability 0.
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, x_BTF: Tensor) -> Tensor:
        if not self.training or self.probability == 0:
            return x_BTF
        batch, _, features = x_BTF.shape
        return x_BTF * functional.dropout(x_BTF.new_ones(batch, 1, features), self.probability)


class Recurrent(nn.Module):
    """`layers` cells of one kind on top of each other; B batch, T time, E `input_size`, H `hidden_size`.

    In training mode the output of every layer, the last one too, goes through `LockedDropout`.
    Recurrent weights start orthogonal and input weights Xavier-uniform, gate by gate; biases start at 0, but for the
    forget gate of an lstm, which starts open: 1 (Jozefowicz et al. 2015).
    """

    def __init__(self, cell: Cell, *, input_size: int, hidden_size: int, layers: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.cell = cell
        self.hidden_size = hidden_size
        # One module a layer: inside a torch stack, dropout would draw a new mask at every step.
        self.layers = nn.ModuleList(
            _KERNELS[cell](input_size if depth == 0 else hidden_size, hidden_size, batch_first=True)
            for depth in range(layers)
        )
        self.dropout = LockedDropout(dropout)
        for layer in self.layers:
            _initialize(_weights(layer), cell)

    def initial_state(self, batch: int) -> State:
        """Zeros, with the precision and on the device of the weights."""
        kind = STATES[self.cell]
        zeros = next(self.parameters()).new_zeros
        return tuple(kind(*(zeros(batch, self.hidden_size) for _ in kind._fields)) for _ in self.layers)

    def forward(self, x_BTE: Tensor, state: State) -> tuple[Tensor, State]:
        """The last layer's outputs (B, T, H), and the state after the window, attached to the graph.

        Under autocast the outputs may have its precision; the state keeps the precision that it came with.
        """
        after: list[LayerState] = []
        y_BTH = x_BTE
        for layer, before in zip(self.layers, state, strict=True):
            initial = tuple(tensor_BH.unsqueeze(0) for tensor_BH in before)
            if self.cell == "lstm":
                y_BTH, last = layer(y_BTH, initial)
            else:
                y_BTH, *last = layer(y_BTH, *initial)
            after.append(_like(before, (tensor_1BH.squeeze(0) for tensor_1BH in last)))
            y_BTH = self.dropout(y_BTH)
        return y_BTH, tuple(after)

    def step(self, x_BE: Tensor, state: State) -> tuple[Tensor, State]:
        """The last layer's output (B, H) for one step, and the state after it. Never drops anything.

        Written out, because `nn.LSTM` packs its weights anew at every call, and one step does not pay that back.
        """
        after: list[LayerState] = []
        y_BH = x_BE
        for layer, before in zip(self.layers, state, strict=True):
            after.append(_like(before, CELLS[self.cell](y_BH, before, _weights(layer))))
            y_BH = after[-1].hidden
        return y_BH, tuple(after)


def _weights(layer: Any) -> CellWeights:
    return CellWeights(*layer.all_weights[0])


def _like(state: LayerState, tensors: Iterable[Tensor]) -> LayerState:
    """`tensors` as a state of the kind and precision of `state`."""
    return type(state)(*(tensor.to(state.hidden.dtype) for tensor in tensors))


@torch.no_grad()
def _initialize(weights: CellWeights, cell: Cell) -> None:
    rows, hidden_size = weights.weight_hh.shape
    gates = rows // hidden_size
    for block in weights.weight_hh.chunk(gates):
        nn.init.orthogonal_(block)
    for block in weights.weight_ih.chunk(gates):
        nn.init.xavier_uniform_(block)
    nn.init.zeros_(weights.bias_ih)
    nn.init.zeros_(weights.bias_hh)
    if cell == "lstm":
        _, forget, _, _ = weights.bias_ih.chunk(gates)
        nn.init.ones_(forget)
