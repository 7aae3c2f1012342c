"""What a layer that is written by hand is compared with: its cell by autograd, and torch's own layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from charnn.network.cells import CellWeights, state_type, step

Window = Callable[..., tuple[Tensor, Tensor]]
"""The outputs (B, T, H) and the last state (B, H), from the inputs (B, T, E), the state before and four weights."""


def by_autograd(cell: str, x_BTE: Tensor, hidden_BH: Tensor, *weights: Tensor) -> tuple[Tensor, Tensor]:
    """A window by the equation of the cell, one step after the other."""
    outputs = []
    for x_BE in x_BTE.unbind(1):
        (hidden_BH,) = step(cell, x_BE, state_type(cell)(hidden_BH), CellWeights(*weights))
        outputs.append(hidden_BH)
    return torch.stack(outputs, 1), hidden_BH


def loss_of(outputs_BTH: Tensor, last_BH: Tensor) -> Tensor:
    """One that sees every output and the last state, each with a weight of its own."""
    torch.manual_seed(4)
    weigh = [torch.randn(*tensor.shape, dtype=torch.float64) for tensor in (outputs_BTH, last_BH)]
    return (outputs_BTH * weigh[0]).sum() + (last_BH * weigh[1]).sum()


def assert_is_the_layer(module: nn.RNNBase, window: Window, given: Sequence[Tensor]) -> None:
    """Values and gradients are those of a layer of torch with the same weights, which it is given."""
    for parameter, value in zip(module.parameters(), given[2:], strict=True):
        parameter.data = value.detach()
    outputs_BTH, last_1BH = module(given[0], given[1].unsqueeze(0))
    expected = torch.autograd.grad(loss_of(outputs_BTH, last_1BH[0]), [*given[:2], *module.parameters()])
    found = window(*given)
    torch.testing.assert_close(found, (outputs_BTH, last_1BH[0]), rtol=0, atol=1e-12)
    torch.testing.assert_close(torch.autograd.grad(loss_of(*found), given), expected, rtol=0, atol=1e-12)
