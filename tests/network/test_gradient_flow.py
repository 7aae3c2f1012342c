"""The gradient-flow regulariser: the layer against autograd of the cell, Omega against finite differences."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from charnn.network.cells import CellWeights, state_type, step
from charnn.network.gradient_flow import omega, rnn_with_gradient_flow
from charnn.training.hardware import autocast
from tests.network.equations import assert_is_the_layer, by_autograd, loss_of

INPUT, HIDDEN = 4, 6


def random_weights(dtype: torch.dtype = torch.float64, *, hidden: int = HIDDEN) -> CellWeights:
    shapes = (hidden, INPUT), (hidden, hidden), (hidden,), (hidden,)
    return CellWeights(*((0.5 * torch.randn(*shape, dtype=dtype)).requires_grad_() for shape in shapes))


def leaves(batch: int, time: int, dtype: torch.dtype = torch.float64, *, hidden: int = HIDDEN) -> list[Tensor]:
    """An input, an initial state and the weights."""
    torch.manual_seed(3)
    x_BTE = torch.randn(batch, time, INPUT, dtype=dtype, requires_grad=True)
    hidden_BH = torch.tanh(torch.randn(batch, hidden, dtype=dtype)).requires_grad_()
    return [x_BTE, hidden_BH, *random_weights(dtype, hidden=hidden)]


def layer(x_BTE: Tensor, hidden_BH: Tensor, *weights: Tensor, strength: float = 0.0) -> tuple[Tensor, Tensor]:
    return rnn_with_gradient_flow(x_BTE, hidden_BH, CellWeights(*weights), strength)


cells = partial(by_autograd, "rnn")


def added_gradients(given: list[Tensor], strength: float, *, scale: float = 1.0) -> list[Tensor]:
    """What the regulariser adds to the gradient of each of `given`, where the loss is multiplied by `scale`."""
    with_it, without = (
        torch.autograd.grad(scale * loss_of(*layer(*given, strength=s)), given) for s in (strength, 0.0)
    )
    return [a - b for a, b in zip(with_it, without, strict=True)]


def gradients_of_states(given: list[Tensor]) -> tuple[Tensor, Tensor]:
    """dC/dh_t, later steps included, and h_t, (B, T, H) both: by autograd, one state after the other."""
    x_BTE, hidden_BH, *weights = given
    states = [hidden_BH]
    for x_BE in x_BTE.unbind(1):
        states.append(step("rnn", x_BE, state_type("rnn")(states[-1]), CellWeights(*weights)).hidden)
    states = states[1:]
    loss = loss_of(torch.stack(states, 1), states[-1])
    return torch.stack(torch.autograd.grad(loss, states), 1), torch.stack(states, 1).detach()


# the layer


@pytest.mark.parametrize(("batch", "time"), [(3, 7), (1, 5), (4, 1), (1, 1)])
def test_without_the_regulariser_values_and_gradients_are_those_of_the_cell(batch: int, time: int) -> None:
    given = leaves(batch, time)
    runs = [(values, torch.autograd.grad(loss_of(*values), given)) for values in (layer(*given), cells(*given))]
    torch.testing.assert_close(*runs, rtol=0, atol=1e-12)


def test_without_the_regulariser_it_is_torchs_layer() -> None:
    assert_is_the_layer(torch.nn.RNN(INPUT, HIDDEN, batch_first=True).double(), layer, leaves(3, 7))


def test_gradients_of_the_layer_agree_with_finite_differences() -> None:
    assert torch.autograd.gradcheck(layer, leaves(2, 4))


def test_only_the_recurrent_matrix_is_regularised() -> None:
    given = leaves(3, 7)
    for place, added in enumerate(added_gradients(given, 0.5)):
        assert bool(added.any()) == (place == 3)


def test_a_frozen_input_and_initial_state_are_left_alone() -> None:
    x_BTE, hidden_BH, *weights = leaves(3, 7)
    frozen = [x_BTE.detach(), hidden_BH.detach()]
    expected = torch.autograd.grad(loss_of(*cells(x_BTE, hidden_BH, *weights)), weights)
    torch.testing.assert_close(
        torch.autograd.grad(loss_of(*layer(*frozen, *weights)), weights), expected, rtol=0, atol=1e-12
    )


def test_the_two_biases_do_not_share_a_gradient() -> None:
    given = leaves(3, 7)
    loss_of(*layer(*given, strength=1.0)).backward()
    addresses = {tensor.grad.data_ptr() for tensor in given if tensor.grad is not None}
    assert len(addresses) == len(given)


def test_the_last_state_does_not_keep_the_window_in_memory() -> None:
    outputs_BTH, last_BH = layer(*leaves(3, 7))
    torch.testing.assert_close(last_BH, outputs_BTH[:, -1], rtol=0, atol=0)
    assert last_BH.untyped_storage().nbytes() == 3 * HIDDEN * 8


# Omega


@pytest.mark.parametrize(("batch", "time"), [(3, 7), (1, 2), (2, 40)])
def test_what_is_added_is_the_finite_difference_of_omega_with_gradients_and_states_held(batch: int, time: int) -> None:
    given = leaves(batch, time)
    g_BTH, h_BTH = gradients_of_states(given)
    W, step = given[3].detach(), 1e-6
    expected = torch.zeros_like(W)
    for place in range(W.numel()):
        change = torch.zeros_like(W)
        change.view(-1)[place] = step
        expected.view(-1)[place] = (omega(g_BTH, h_BTH, W + change) - omega(g_BTH, h_BTH, W - change)) / (2 * step)
    torch.testing.assert_close(added_gradients(given, 0.7)[3], 0.7 * expected, rtol=1e-6, atol=1e-9)


def test_omega_by_hand() -> None:
    g_BTH = torch.tensor([[[9.0, 9.0], [3.0, 4.0]], [[9.0, 9.0], [0.0, 2.0]]])
    h_BTH = torch.tensor([[[0.3, 0.3], [0.0, 0.5]], [[0.3, 0.3], [0.7, 0.0]]])
    weight_hh = torch.tensor([[2.0, 0.0], [0.0, 1.0]])
    # (3, 4 * 0.75) W = (6, 3) of a length of 5; (0, 2) W = (0, 2) of a length of 2
    expected = ((45**0.5 / 5 - 1) ** 2 + 0) / 2
    assert omega(g_BTH, h_BTH, weight_hh).item() == pytest.approx(expected, rel=1e-6)


def test_the_first_step_does_not_count() -> None:
    torch.manual_seed(0)
    g_BTH, h_BTH, weight_hh = torch.randn(2, 5, 6), torch.zeros(2, 5, 6), torch.randn(6, 6)
    changed_BTH = g_BTH.clone()
    changed_BTH[:, 0] *= torch.randn(2, 6)
    assert omega(changed_BTH, h_BTH, weight_hh) == omega(g_BTH, h_BTH, weight_hh)
    assert omega(g_BTH[:, :1], h_BTH[:, :1], weight_hh) == 0
    assert not any(added.any() for added in added_gradients(leaves(3, 1), 1.0))


def test_an_orthogonal_matrix_lets_everything_through_where_nothing_saturates() -> None:
    torch.manual_seed(0)
    weight_hh = torch.nn.init.orthogonal_(torch.empty(6, 6, dtype=torch.float64))
    g_BTH, h_BTH = torch.randn(3, 5, 6, dtype=torch.float64), torch.zeros(3, 5, 6, dtype=torch.float64)
    assert omega(g_BTH, h_BTH, weight_hh) < 1e-28
    assert omega(g_BTH, h_BTH, 0.5 * weight_hh).item() == pytest.approx(0.25)
    assert omega(g_BTH, h_BTH, 3 * weight_hh).item() == pytest.approx(4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("scale", [1e-22, 1e-6, 1e25])
def test_omega_does_not_depend_on_the_scale_of_the_loss(dtype: torch.dtype, scale: float) -> None:
    """Squares of the smallest and the largest of these are beyond fp32."""
    torch.manual_seed(0)
    g_BTH, h_BTH, weight_hh = torch.randn(3, 5, 6), torch.tanh(torch.randn(3, 5, 6)), torch.randn(6, 6)
    given = [tensor.to(dtype) for tensor in (g_BTH, h_BTH, weight_hh)]
    torch.testing.assert_close(omega(scale * given[0], *given[1:]), omega(*given))


@pytest.mark.parametrize("scale", [1e-22, 1e-6, 1e25])
def test_what_is_added_does_not_depend_on_the_scale_of_the_loss(scale: float) -> None:
    """The strength is so large that the gradient of the loss, which is subtracted, takes no digits away."""
    given = leaves(3, 7, torch.float32)
    added = [added_gradients(given, 1e6 * factor, scale=factor)[3] / (1e6 * factor) for factor in (1.0, scale)]
    torch.testing.assert_close(added[1], added[0], rtol=1e-4, atol=1e-6)


def test_steps_without_a_gradient_do_not_count() -> None:
    """Only one output of each lane has a target: what is after it must not thin out the mean."""
    torch.manual_seed(0)
    g_BTH, h_BTH = torch.randn(2, 9, 6, dtype=torch.float64), torch.zeros(2, 9, 6, dtype=torch.float64)
    weight_hh = torch.randn(6, 6, dtype=torch.float64)
    shorter = omega(g_BTH[:, :4], h_BTH[:, :4], weight_hh)
    g_BTH[:, 4:] = 0
    torch.testing.assert_close(omega(g_BTH, h_BTH, weight_hh), shorter)

    given = leaves(2, 9)
    truncated = [given[0][:, :4].detach().requires_grad_(), *given[1:]]
    strength = 2.0
    whole, part = (
        torch.autograd.grad(layer(*inputs, strength=strength)[0][:, 3].sum(), inputs[3])[0]
        for inputs in (given, truncated)
    )
    torch.testing.assert_close(whole, part, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [0.0, 1e-6, 1.0])
def test_no_gradient_from_above_adds_nothing(dtype: torch.dtype, size: float) -> None:
    """Nor does one that has lost its digits: `size` is in units of the smallest normal number."""
    given = leaves(3, 7, dtype)
    outputs_BTH, _ = layer(*given, strength=1.0)
    smallest = torch.finfo(dtype).tiny
    gradients = torch.autograd.grad(outputs_BTH, given, torch.full_like(outputs_BTH, size * smallest))
    assert all((gradient.abs() <= 100 * smallest).all() for gradient in gradients)


@pytest.mark.parametrize("silence", ["saturated", "no recurrence"])
def test_where_nothing_arrives_the_gradient_is_finite(silence: str) -> None:
    given = leaves(3, 7, torch.float32)
    with torch.no_grad():
        given[3].zero_() if silence == "no recurrence" else given[4].fill_(1e4)
    outputs_BTH, _ = layer(*given, strength=1.0)
    gradients = torch.autograd.grad(outputs_BTH.sum(), given)
    assert all(gradient.isfinite().all() for gradient in gradients)
    g_BTH = torch.ones_like(outputs_BTH)
    assert omega(g_BTH, outputs_BTH.detach(), given[3].detach()) == 1


def test_descending_omega_alone_lets_the_gradient_flow() -> None:
    """The difference of the gradients with it and without it is that of strength * Omega."""
    given = leaves(4, 20)
    with torch.no_grad():
        given[3] *= 0.5
    values = []
    for _ in range(30):
        values.append(omega(*gradients_of_states(given), given[3].detach()).item())
        added_HH = added_gradients(given, 1.0)[3]
        with torch.no_grad():
            given[3] -= 0.5 * added_HH
    assert values[0] > 0.3
    assert values[-1] < 0.5 * values[0]
    assert all(after < before for before, after in pairwise(values[:6]))


# precision


def test_autocast_lowers_the_products_alone() -> None:
    given = leaves(3, 7, torch.float32)
    with autocast("bf16", torch.device("cpu"))():
        outputs_BTH, last_BH = layer(*given, strength=1.0)
    assert (outputs_BTH.dtype, last_BH.dtype) == (torch.bfloat16, torch.float32)
    assert not torch.equal(last_BH, last_BH.bfloat16().float())
    gradients = torch.autograd.grad(outputs_BTH.float().mean() + last_BH.mean(), given)
    assert {gradient.dtype for gradient in gradients} == {torch.float32}
    assert not torch.equal(gradients[4], gradients[4].bfloat16().float())
    assert all(gradient.isfinite().all() for gradient in gradients)


def test_the_backward_pass_is_the_same_within_autocast_and_without() -> None:
    given = leaves(3, 7, torch.float32)
    runs = []
    for lowered in (False, True):
        values = layer(*given, strength=1.0)
        with torch.autocast("cpu", torch.bfloat16, enabled=lowered):
            runs.append(torch.autograd.grad(loss_of(*values), given))
    torch.testing.assert_close(*runs, rtol=0, atol=0)


@pytest.mark.parametrize("time", [2, 50])
def test_autocast_spoils_omega_no_more_than_the_gradient_of_the_loss(time: int) -> None:
    """With a mean's small gradients and a matrix that lets nearly everything through, where ratios are near 1."""
    hidden = 64
    exact = leaves(8, time, hidden=hidden)
    with torch.no_grad():
        torch.nn.init.orthogonal_(exact[3])
        exact[0] *= 0.3
    single = [tensor.detach().float().requires_grad_() for tensor in exact]

    def parts(given: list[Tensor]) -> tuple[Tensor, Tensor]:
        gradients = []
        for strength in (0.0, 1.0):
            with autocast("bf16", torch.device("cpu"))():
                outputs_BTH, last_BH = layer(*given, strength=strength)
            loss = 1e-7 * loss_of(outputs_BTH.double(), last_BH.double())
            gradients.append(torch.autograd.grad(loss, given[3])[0].double())
        return gradients[0], gradients[1] - gradients[0]

    for found, expected in zip(parts(single), parts(exact), strict=True):
        assert (found - expected).norm() < 0.03 * expected.norm()


def test_autocast_leaves_float64_alone() -> None:
    given = leaves(3, 7)
    with autocast("bf16", torch.device("cpu"))():
        values = layer(*given)
    torch.testing.assert_close(values, cells(*given), rtol=0, atol=1e-12)
