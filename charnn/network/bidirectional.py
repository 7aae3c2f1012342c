"""A stack of recurrent layers that read a sequence in both directions."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from charnn.network.recurrent import LockedDropout, Recurrent


def reversed_within(x_BTF: Tensor, lengths_B: Tensor) -> Tensor:
    """Each row with its first `length` steps in reverse order and its padding behind them.

    It is done by a gather, because torch does not use its fast kernels for packed sequences.
    """
    steps_T = torch.arange(x_BTF.shape[1], device=x_BTF.device)
    mirrored_BT = lengths_B[:, None] - 1 - steps_T
    index_BT = torch.where(mirrored_BT >= 0, mirrored_BT, steps_T)
    return x_BTF.gather(1, index_BT[..., None].expand(-1, -1, x_BTF.shape[2]))


class Bidirectional(nn.Module):
    """`layers` pairs of recurrent layers, one reading forwards and one backwards.

    Each pair's input is what both of the pair below put out. In training mode `LockedDropout` follows every pair.
    """

    def __init__(self, cell: str, *, input_size: int, hidden_size: int, layers: int, dropout: float = 0.0) -> None:
        super().__init__()
        sizes = [input_size, *[2 * hidden_size] * (layers - 1)]
        self.forwards, self.backwards = (
            nn.ModuleList(Recurrent(cell, input_size=size, hidden_size=hidden_size, layers=1) for size in sizes)
            for _ in range(2)
        )
        self.dropout = LockedDropout(dropout)

    def forward(self, x_BTE: Tensor, lengths_B: Tensor) -> Tensor:
        """The outputs (B, T, 2H), forwards first. Padding changes no output of its row, and has outputs without
        meaning."""
        y_BTF = x_BTE
        for ahead, back in zip(self.forwards, self.backwards, strict=True):
            ahead_BTH = _read(ahead, y_BTF)
            back_BTH = reversed_within(_read(back, reversed_within(y_BTF, lengths_B)), lengths_B)
            y_BTF = self.dropout(torch.cat([ahead_BTH, back_BTH], -1))
        return y_BTF


def _read(layer: nn.Module, x_BTF: Tensor) -> Tensor:
    assert isinstance(layer, Recurrent)
    y_BTH: Tensor = layer(x_BTF, layer.initial_state(x_BTF.shape[0]))[0]
    return y_BTH
