"""A gru's window on the CPU: against autograd of the equation, torch's layer and finite differences."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import Tensor

from charnn.network.cells import CellWeights
from charnn.network.gru import gru_window
from charnn.network.recurrent import Recurrent
from charnn.training.hardware import autocast
from tests.network.equations import assert_is_the_layer, by_autograd, loss_of

INPUT, HIDDEN = 4, 6


def leaves(batch: int, time: int, dtype: torch.dtype = torch.float64) -> list[Tensor]:
    """An input, an initial state and the weights."""
    torch.manual_seed(3)
    shapes = (3 * HIDDEN, INPUT), (3 * HIDDEN, HIDDEN), (3 * HIDDEN,), (3 * HIDDEN,)
    x_BTE = torch.randn(batch, time, INPUT, dtype=dtype, requires_grad=True)
    hidden_BH = torch.tanh(torch.randn(batch, HIDDEN, dtype=dtype)).requires_grad_()
    return [x_BTE, hidden_BH, *((0.5 * torch.randn(*shape, dtype=dtype)).requires_grad_() for shape in shapes)]


def window(x_BTE: Tensor, hidden_BH: Tensor, *weights: Tensor) -> tuple[Tensor, Tensor]:
    return gru_window(x_BTE, hidden_BH, CellWeights(*weights))


cells = partial(by_autograd, "gru")


@pytest.mark.parametrize(("batch", "time"), [(3, 7), (1, 5), (4, 1), (1, 1)])
def test_values_and_gradients_are_those_of_the_equation(batch: int, time: int) -> None:
    given = leaves(batch, time)
    runs = [(values, torch.autograd.grad(loss_of(*values), given)) for values in (window(*given), cells(*given))]
    torch.testing.assert_close(*runs, rtol=0, atol=1e-12)


def test_it_is_torchs_layer() -> None:
    assert_is_the_layer(torch.nn.GRU(INPUT, HIDDEN, batch_first=True).double(), window, leaves(3, 7))


def test_gradients_agree_with_finite_differences() -> None:
    assert torch.autograd.gradcheck(window, leaves(2, 4))


def test_a_frozen_input_and_initial_state_are_left_alone() -> None:
    x_BTE, hidden_BH, *weights = leaves(3, 7)
    expected = torch.autograd.grad(loss_of(*cells(x_BTE, hidden_BH, *weights)), weights)
    found = torch.autograd.grad(loss_of(*window(x_BTE.detach(), hidden_BH.detach(), *weights)), weights)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_no_two_weights_share_a_gradient() -> None:
    given = leaves(3, 7)
    loss_of(*window(*given)).backward()
    addresses = {tensor.grad.untyped_storage().data_ptr() for tensor in given if tensor.grad is not None}
    assert len(addresses) == len(given)


def test_the_last_state_does_not_keep_the_window_in_memory() -> None:
    outputs_BTH, last_BH = window(*leaves(3, 7))
    torch.testing.assert_close(last_BH, outputs_BTH[:, -1], rtol=0, atol=0)
    assert last_BH.untyped_storage().nbytes() == 3 * HIDDEN * 8


def test_autocast_lowers_the_products_alone() -> None:
    given = leaves(3, 40, torch.float32)
    exact = window(*given)
    with autocast("bf16", torch.device("cpu"))():
        outputs_BTH, last_BH = window(*given)
    assert (outputs_BTH.dtype, last_BH.dtype) == (torch.bfloat16, torch.float32)
    torch.testing.assert_close((outputs_BTH.float(), last_BH), exact, rtol=0, atol=0.03)
    expected = torch.autograd.grad(loss_of(*exact), given)
    for found, of_exact in zip(torch.autograd.grad(loss_of(outputs_BTH, last_BH), given), expected, strict=True):
        assert found.dtype == torch.float32
        assert float((found - of_exact).norm() / of_exact.norm()) < 0.03


def test_the_backward_pass_is_the_same_within_autocast_and_without() -> None:
    given = leaves(3, 7, torch.float32)
    with autocast("bf16", torch.device("cpu"))():
        loss = loss_of(*window(*given))
        within = torch.autograd.grad(loss, given, retain_graph=True)
    torch.testing.assert_close(torch.autograd.grad(loss, given), within, rtol=0, atol=0)


def test_a_stack_of_grus_reads_its_windows_with_it() -> None:
    torch.manual_seed(5)
    stack = Recurrent("gru", input_size=INPUT, hidden_size=HIDDEN, layers=1)
    x_BTE, state = torch.randn(3, 7, INPUT), stack.initial_state(3)
    weights = CellWeights(*stack.layers[0].parameters())
    torch.testing.assert_close(stack(x_BTE, state)[0], gru_window(x_BTE, state[0].hidden, weights)[0], rtol=0, atol=0)
