"""One step of each recurrent cell, written as its equations.

Weights are stored as `torch.nn.RNN`, `LSTM` and `GRU` store them: the gate blocks of a cell lie one under the
other, G of them: 1 for rnn, 4 for lstm, 3 for gru. The b of an equation is b_ih + b_hh, the two stored biases.
B batch, E the size of the input, H hidden; * is the product element by element.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import linear

from charnn.cells import Cell


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


class HiddenState(NamedTuple):
    """What an rnn or a gru carries from step to step."""

    hidden: Tensor
    """(B, H)"""


class LSTMState(NamedTuple):
    """What an lstm carries from step to step."""

    hidden: Tensor
    """(B, H)"""
    cell: Tensor
    """(B, H)"""


LayerState = HiddenState | LSTMState


def rnn(x_BE: Tensor, state: HiddenState, weights: CellWeights) -> HiddenState:
    """The plain cell (Goodfellow, Bengio and Courville 2016, equations 10.8 and 10.9).

    h' = tanh(b + W h + U x)
    """
    from_input, from_hidden = _products(x_BE, state.hidden, weights)
    return HiddenState(torch.tanh(from_input + from_hidden))


def lstm(x_BE: Tensor, state: LSTMState, weights: CellWeights) -> LSTMState:
    """Long short-term memory (Hochreiter and Schmidhuber 1997) with a forget gate (Gers et al. 2000), no peepholes.

    i, f, o = sigmoid(b + W h + U x), each with weights of its own    g = tanh(b + W h + U x)
    c' = f * c + i * g                                                h' = o * tanh(c')

    Gate blocks lie in the order i, f, g, o (ONNX: i, o, f, c).
    """
    from_input, from_hidden = _products(x_BE, state.hidden, weights)
    i, f, g, o = (from_input + from_hidden).chunk(4, dim=-1)
    cell = torch.sigmoid(f) * state.cell + torch.sigmoid(i) * torch.tanh(g)
    return LSTMState(torch.sigmoid(o) * torch.tanh(cell), cell)


def gru(x_BE: Tensor, state: HiddenState, weights: CellWeights) -> HiddenState:
    """The gated recurrent unit in PyTorch's variant: the reset gate acts after the product with the hidden state.

    r, z = sigmoid(b + W h + U x), each with weights of its own
    n = tanh(U x + b_ih + r * (W h + b_hh))
    h' = (1 - z) * n + z * h

    ONNX calls it `linear_before_reset=1`; in Cho et al. (2014) the reset gate acts on h, before the product.
    Gate blocks lie in the order r, z, n (ONNX: z, r, h).
    """
    from_input, from_hidden = _products(x_BE, state.hidden, weights)
    r_input, z_input, n_input = from_input.chunk(3, dim=-1)
    r_hidden, z_hidden, n_hidden = from_hidden.chunk(3, dim=-1)
    z = torch.sigmoid(z_input + z_hidden)
    n = torch.tanh(n_input + torch.sigmoid(r_input + r_hidden) * n_hidden)
    return HiddenState((1 - z) * n + z * state.hidden)


STATES: Mapping[Cell, type[HiddenState] | type[LSTMState]] = {"rnn": HiddenState, "lstm": LSTMState, "gru": HiddenState}
CELLS: Mapping[Cell, Callable[[Tensor, Any, CellWeights], LayerState]] = {"rnn": rnn, "lstm": lstm, "gru": gru}


def _products(x_BE: Tensor, hidden_BH: Tensor, weights: CellWeights) -> tuple[Tensor, Tensor]:
    """U x + b_ih and W h + b_hh for all gates at once, each (B, G*H)."""
    return linear(x_BE, weights.weight_ih, weights.bias_ih), linear(hidden_BH, weights.weight_hh, weights.bias_hh)
