"""Deep networks: residual connections and depth between time steps, against the plain equations in float64."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from charnn.network.cells import CellWeights, step
from charnn.network.recurrent import Recurrent, StackState, detach
from charnn.training.hardware import autocast

CELL_KINDS: list[str] = ["rnn", "lstm", "gru"]
DEEP: list[dict[str, Any]] = [{"residual": True}, {"recurrent_depth": 2}, {"residual": True, "recurrent_depth": 3}]
each_cell = pytest.mark.parametrize("cell", CELL_KINDS)
each_depth = pytest.mark.parametrize("options", DEEP, ids=str)


def stack(cell: str, *, layers: int = 3, **options: Any) -> Recurrent:
    torch.manual_seed(1)
    network = Recurrent(cell, input_size=3, hidden_size=6, layers=layers, **options).double()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.5)  # no bias is zero: a tick without an input is none without an effect
    return network


def warm_state(network: Recurrent, batch: int) -> StackState:
    x_BE = torch.randn(batch, 3, dtype=torch.float64)
    return detach(network.step(x_BE, network.initial_state(batch))[1])


def written_out(network: Recurrent, x_BTE: Tensor, state: StackState) -> tuple[Tensor, StackState]:
    """Cell by cell: what each layer puts out for each symbol after all its ticks."""
    outputs, carried = [], list(state)
    for x_BE in x_BTE.unbind(1):
        layer_input = x_BE
        for depth, layer in enumerate(network.layers):
            weights = CellWeights(*layer.parameters())
            carried[depth] = step(network.cell, layer_input, carried[depth], weights)
            for _ in range(network.recurrent_depth - 1):
                carried[depth] = step(network.cell, torch.zeros_like(layer_input), carried[depth], weights)
            above = carried[depth].hidden
            layer_input = above + layer_input if network.residual and depth > 0 else above
        outputs.append(layer_input)
    return torch.stack(outputs, 1), tuple(carried)


@each_cell
@each_depth
def test_windows_and_steps_are_the_plain_equations_in_values_and_gradients(cell: str, options: dict[str, Any]) -> None:
    network = stack(cell, **options)
    x_BTE, state = torch.randn(4, 5, 3, dtype=torch.float64), warm_state(network, 4)

    def steps(x_BTE: Tensor, state: StackState) -> tuple[Tensor, StackState]:
        outputs = []
        for x_BE in x_BTE.unbind(1):
            y_BH, state = network.step(x_BE, state)
            outputs.append(y_BH)
        return torch.stack(outputs, 1), state

    results = []
    for run in (lambda *given: written_out(network, *given), network.__call__, steps):
        x_leaf = x_BTE.clone().requires_grad_()
        y_BTH, after = run(x_leaf, state)
        loss = (y_BTH**2).sum() + sum(tensor.sum() for layer in after for tensor in layer)
        results.append((y_BTH, after, torch.autograd.grad(loss, [x_leaf, *network.parameters()])))
    expected, *given = results
    for result in given:
        torch.testing.assert_close(result, expected, rtol=1e-12, atol=1e-12)


@each_cell
@each_depth
def test_carried_state_equals_one_long_run(cell: str, options: dict[str, Any]) -> None:
    network = stack(cell, **options)
    x_BTE = torch.randn(2, 7, 3, dtype=torch.float64)
    whole_BTH, whole_state = network(x_BTE, network.initial_state(2))
    state, parts = network.initial_state(2), []
    for window in x_BTE.split(3, dim=1):
        y_BTH, state = network(window, detach(state))
        parts.append(y_BTH)
    torch.testing.assert_close((torch.cat(parts, 1), state), (whole_BTH, whole_state), rtol=0, atol=1e-12)


@each_cell
@pytest.mark.parametrize("layers", [1, 2])
def test_a_depth_of_1_without_residuals_is_the_plain_stack_bit_by_bit(cell: str, layers: int) -> None:
    plain, deep = stack(cell, layers=layers), stack(cell, layers=layers, recurrent_depth=1, residual=layers == 1)
    x_BTE, state = torch.randn(2, 5, 3, dtype=torch.float64), warm_state(plain, 2)
    torch.testing.assert_close(deep(x_BTE, state), plain(x_BTE, state), rtol=0, atol=0)


def test_what_is_added_is_the_input_as_dropout_left_it_and_dropout_falls_on_the_sum() -> None:
    network = stack("gru", layers=2, residual=True, dropout=0.5)
    seen: list[tuple[Tensor, Tensor]] = []
    network.dropout.register_forward_hook(lambda _module, inputs, output: seen.append((inputs[0], output)))
    y_BTH, _ = network(torch.randn(4, 5, 3, dtype=torch.float64), state := network.initial_state(4))
    (_, into_second_BTH), (sum_BTH, last_BTH) = seen
    assert (into_second_BTH == 0).any()
    second_BTH, _ = network.layers[1](into_second_BTH, state[1].hidden[None])
    torch.testing.assert_close(sum_BTH, second_BTH + into_second_BTH, rtol=0, atol=1e-12)
    assert y_BTH is last_BTH


def test_the_gradient_of_many_residual_layers_reaches_the_input_almost_whole() -> None:
    """Layers that say nothing of their own are no obstacle; without residuals they let nothing through."""
    for residual, expected in ((True, 1.0), (False, 0.0)):
        network = Recurrent("rnn", input_size=4, hidden_size=4, layers=12, residual=residual)
        with torch.no_grad():
            for layer in network.layers[1:]:
                for parameter in layer.parameters():
                    parameter.zero_()
        first: list[Tensor] = []
        network.layers[0].register_forward_hook(lambda _module, _inputs, output, first=first: first.append(output[0]))
        y_BTH, _ = network(torch.randn(2, 3, 4), network.initial_state(2))
        (gradient_BTH,) = torch.autograd.grad(y_BTH.sum(), first, allow_unused=True)
        torch.testing.assert_close(gradient_BTH, torch.full_like(gradient_BTH, expected))


@each_cell
@each_depth
def test_autocast_carries_its_state_in_the_precision_of_the_weights(cell: str, options: dict[str, Any]) -> None:
    network = stack(cell, **options).float()
    exact_BTH, _ = network(x_BTE := torch.randn(2, 5, 3), network.initial_state(2))
    with autocast("bf16", torch.device("cpu"))():
        y_BTH, state = network(x_BTE, network.initial_state(2))
        _, state_of_step = network.step(torch.randn(2, 3), state)
    assert {tensor.dtype for layer in (*state, *state_of_step) for tensor in layer} == {torch.float32}
    torch.testing.assert_close(y_BTH.float(), exact_BTH, rtol=0, atol=0.1)
