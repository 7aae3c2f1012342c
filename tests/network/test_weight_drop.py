"""Dropout of single recurrent weights: one mask a window, right gradients, and parameters that stay as they are."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from charnn.network.cells import CellWeights, step
from charnn.network.gradient_flow import omega
from charnn.network.recurrent import Recurrent, StackState, detach
from charnn.training.hardware import autocast

CELL_KINDS: list[str] = ["rnn", "lstm", "gru"]
each_cell = pytest.mark.parametrize("cell", CELL_KINDS)


def stack(cell: str, *, weight_drop: float = 0.4, layers: int = 2, **options: Any) -> Recurrent:
    torch.manual_seed(1)
    network = Recurrent(cell, input_size=3, hidden_size=6, layers=layers, weight_drop=weight_drop, **options).double()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return network


def dropped_matrices(network: Recurrent) -> list[Tensor]:
    """Filled as the network reads: the weight_hh that each layer used, layer by layer."""
    seen: list[Tensor] = []
    network.weight_drop.register_forward_hook(lambda _module, _inputs, output: seen.append(output.detach()))
    return seen


def warm_state(network: Recurrent, batch: int) -> StackState:
    x_BE = torch.randn(batch, 3, dtype=torch.float64)
    return detach(network.step(x_BE, network.initial_state(batch))[1])


def written_out(
    network: Recurrent, masks: Sequence[Tensor], x_BTE: Tensor, state: StackState
) -> tuple[Tensor, StackState]:
    """Every layer's equations with weight_hh times its mask, the same at every step and tick."""
    y_BTF, after = x_BTE, []
    for layer, before, mask in zip(network.layers, state, masks, strict=True):
        weights = CellWeights(*layer.parameters())
        weights = weights._replace(weight_hh=weights.weight_hh * mask)
        outputs, carried = [], before
        for x_BF in y_BTF.unbind(1):
            carried = step(network.cell, x_BF, carried, weights)
            for _ in range(network.recurrent_depth - 1):
                carried = step(network.cell, torch.zeros_like(x_BF), carried, weights)
            outputs.append(carried.hidden)
        y_BTH = torch.stack(outputs, 1)
        y_BTF = y_BTH + y_BTF if network.residual and after else y_BTH
        after.append(carried)
    return y_BTF, tuple(after)


@each_cell
@pytest.mark.parametrize("options", [{}, {"residual": True}, {"recurrent_depth": 2}], ids=str)
def test_values_and_gradients_are_those_of_the_plain_equations_with_the_mask(
    cell: str, options: dict[str, Any]
) -> None:
    network = stack(cell, **options)
    seen = dropped_matrices(network)
    x_BTE, state = torch.randn(4, 5, 3, dtype=torch.float64), warm_state(network, 4)

    def gradients(y_BTH: Tensor, after: StackState) -> Sequence[Tensor]:
        loss = (y_BTH**2).sum() + sum(tensor.sum() for layer in after for tensor in layer)
        return torch.autograd.grad(loss, list(network.parameters()))

    y_BTH, after = network(x_BTE, state)
    masks = [matrix / layer.weight_hh_l0.detach() for matrix, layer in zip(seen, network.layers, strict=True)]
    expected_BTH, expected_after = written_out(network, masks, x_BTE, state)

    torch.testing.assert_close((y_BTH, after), (expected_BTH, expected_after), rtol=1e-12, atol=1e-12)
    given, expected = gradients(y_BTH, after), gradients(expected_BTH, expected_after)
    torch.testing.assert_close(given, expected, rtol=1e-12, atol=1e-12)
    names = [name for name, _ in network.named_parameters()]
    for layer, mask in enumerate(masks):
        gradient = given[names.index(f"layers.{layer}.weight_hh_l0")]
        assert (mask == 0).any()
        assert torch.equal(gradient == 0, mask == 0)


@each_cell
def test_each_weight_is_dropped_or_scaled_and_every_window_and_layer_draws_anew(cell: str) -> None:
    network = Recurrent(cell, input_size=3, hidden_size=60, layers=2, weight_drop=0.3)
    seen = dropped_matrices(network)
    for _ in range(2):
        network(torch.randn(2, 4, 3), network.initial_state(2))
    assert len(seen) == 4
    for matrix, layer in zip(seen, [*network.layers] * 2, strict=True):
        kept = matrix != 0
        torch.testing.assert_close(matrix[kept], layer.weight_hh_l0.detach()[kept] / 0.7)
        assert 0.66 < kept.float().mean() < 0.74
    patterns = [tuple((matrix != 0).flatten().tolist()) for matrix in seen]
    assert len(set(patterns)) == 4


@each_cell
def test_the_parameters_stay_as_they_are_and_keep_their_names(cell: str) -> None:
    network = stack(cell)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    assert before.keys() == stack(cell, weight_drop=0.0).state_dict().keys()
    y_BTH, _ = network(torch.randn(2, 4, 3, dtype=torch.float64), network.initial_state(2))
    y_BTH.sum().backward()
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(parameter.is_leaf for parameter in network.parameters())


@each_cell
def test_nothing_is_dropped_in_eval_mode_nor_in_a_step(cell: str) -> None:
    network, plain = stack(cell, weight_drop=0.9), stack(cell, weight_drop=0.0)
    x_BTE, state = torch.randn(2, 4, 3, dtype=torch.float64), warm_state(plain, 2)
    assert not torch.equal(network(x_BTE, state)[0], plain(x_BTE, state)[0])
    torch.testing.assert_close(network.step(x_BTE[:, 0], state), plain.step(x_BTE[:, 0], state), rtol=0, atol=0)
    torch.testing.assert_close(network.eval()(x_BTE, state), plain(x_BTE, state), rtol=0, atol=0)


@each_cell
def test_autocast_keeps_the_precision_of_state_and_gradients(cell: str) -> None:
    network = stack(cell).float()
    state = network.initial_state(2)
    with autocast("bf16", torch.device("cpu"))():
        for _ in range(2):
            y_BTH, state = network(torch.randn(2, 5, 3), detach(state))
        y_BTH.float().sum().backward()
    assert {tensor.dtype for layer in state for tensor in layer} == {torch.float32}
    for parameter in network.parameters():
        assert parameter.grad is not None
        assert parameter.grad.dtype == torch.float32
        assert parameter.grad.isfinite().all()


def test_cudnns_wish_for_weights_in_one_piece_is_not_told_to_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = torch.gru

    def complaining(*arguments: Any) -> Sequence[Tensor]:
        warnings.warn("RNN module weights are not part of single contiguous chunk of memory. This means", stacklevel=1)
        return kernel(*arguments)

    monkeypatch.setattr(torch, "gru", complaining)
    network = stack("gru")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        network(torch.randn(2, 4, 3, dtype=torch.float64), network.initial_state(2))
    assert told == []


# with the gradient flow


@pytest.mark.parametrize("options", [{}, {"recurrent_depth": 2}, {"residual": True}], ids=str)
def test_with_gradient_flow_values_stay_and_weight_hh_alone_learns_more(options: dict[str, Any]) -> None:
    """What it learns more is proportional to the strength."""
    x_BTE, gradients = torch.randn(4, 6, 3, dtype=torch.float64), {}
    for strength in (0.0, 1.0, 3.0):
        network = stack("rnn", gradient_flow=strength, **options)
        y_BTH, state = network(x_BTE, warm_state(network, 4))
        (y_BTH**2).sum().backward()
        gradients[strength] = {name: parameter.grad for name, parameter in network.named_parameters()}
        if strength == 0:
            expected = y_BTH, state
        torch.testing.assert_close((y_BTH, state), expected, rtol=1e-12, atol=1e-12)
    for name, plain in gradients[0.0].items():
        more, most = gradients[1.0][name] - plain, gradients[3.0][name] - plain
        assert name.endswith("weight_hh_l0") or more.abs().max() < 1e-12
        assert not name.endswith("weight_hh_l0") or more.abs().max() > 1e-3
        torch.testing.assert_close(most, 3 * more, rtol=1e-9, atol=1e-12)


def test_gradient_flow_is_that_of_the_masked_matrix_through_all_ticks() -> None:
    """The gradient of Omega, from the hidden states of every tick, with respect to the parameter behind the mask."""
    network = stack("rnn", layers=1, recurrent_depth=2, gradient_flow=2.0)
    seen = dropped_matrices(network)
    x_BTE, (before,) = torch.randn(4, 6, 3, dtype=torch.float64), warm_state(network, 4)
    (network(x_BTE, (before,))[0] ** 2).sum().backward()

    (layer,) = network.layers
    weights = CellWeights(*(parameter.detach().requires_grad_() for parameter in layer.parameters()))
    matrix = weights.weight_hh * (seen[0] / layer.weight_hh_l0.detach())
    hiddens, carried = [], before
    for x_BE in x_BTE.unbind(1):
        for tick_BE in (x_BE, torch.zeros_like(x_BE)):
            carried = step("rnn", tick_BE, carried, weights._replace(weight_hh=matrix))
            carried.hidden.retain_grad()
            hiddens.append(carried.hidden)
    (torch.stack(hiddens[1::2], 1) ** 2).sum().backward(retain_graph=True)
    g_BTH = torch.stack([hidden.grad for hidden in hiddens], 1)
    h_BTH = torch.stack([hidden.detach() for hidden in hiddens], 1)
    (2.0 * omega(g_BTH, h_BTH, matrix)).backward()
    torch.testing.assert_close(layer.weight_hh_l0.grad, weights.weight_hh.grad, rtol=1e-9, atol=1e-12)


def test_gradient_flow_is_left_out_in_eval_mode() -> None:
    x_BTE, gradients = torch.randn(4, 6, 3, dtype=torch.float64), []
    for strength in (0.0, 5.0):
        network = stack("rnn", gradient_flow=strength).eval()
        (network(x_BTE, network.initial_state(4))[0] ** 2).sum().backward()
        gradients.append([parameter.grad for parameter in network.parameters()])
    torch.testing.assert_close(*gradients, rtol=0, atol=0)
