"""The recurrent stack: one step against a whole window, carried state, independence of lanes, initial weights."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from charnn.network.cells import state_type
from charnn.network.recurrent import Recurrent, StackState, detach
from charnn.training.hardware import autocast

CELL_KINDS: list[str] = ["rnn", "lstm", "gru"]
each_cell = pytest.mark.parametrize("cell", CELL_KINDS)


def stack(cell: str, *, dropout: float = 0.0) -> Recurrent:
    torch.manual_seed(1)
    return Recurrent(cell, input_size=3, hidden_size=6, layers=2, dropout=dropout)


def warm_state(network: Recurrent, batch: int) -> StackState:
    """A state that a step has left behind: no zeros in it."""
    x_BE = torch.randn(batch, 3, dtype=next(network.parameters()).dtype)
    return detach(network.step(x_BE, network.initial_state(batch))[1])


def step_by_step(network: Recurrent, x_BTE: Tensor, state: StackState) -> tuple[Tensor, StackState]:
    outputs = []
    for x_BE in x_BTE.unbind(1):
        y_BH, state = network.step(x_BE, state)
        outputs.append(y_BH)
    return torch.stack(outputs, 1), state


@each_cell
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
def test_steps_equal_a_whole_window_in_values_and_gradients(cell: str, dtype: torch.dtype, tolerance: float) -> None:
    network = stack(cell).to(dtype)
    x_BTE = torch.randn(4, 9, 3, dtype=dtype)
    runs = {}
    for run in (network.__call__, lambda x, state: step_by_step(network, x, state)):
        torch.manual_seed(2)
        x_leaf = x_BTE.clone().requires_grad_()
        y_BTH, state = run(x_leaf, warm_state(network, 4))
        loss = (y_BTH**2).sum() + sum(tensor.sum() for layer in state for tensor in layer)
        runs[run] = y_BTH, state, torch.autograd.grad(loss, [x_leaf, *network.parameters()])
    whole, steps = runs.values()
    torch.testing.assert_close(steps, whole, rtol=tolerance, atol=tolerance)


@each_cell
def test_carried_state_equals_one_long_run(cell: str) -> None:
    network = stack(cell).double()
    x_BTE = torch.randn(2, 10, 3, dtype=torch.float64)
    whole_BTH, whole_state = network(x_BTE, network.initial_state(2))

    state, parts = network.initial_state(2), []
    for window in x_BTE.split(4, dim=1):
        y_BTH, state = network(window, detach(state))
        parts.append(y_BTH)

    torch.testing.assert_close((torch.cat(parts, 1), state), (whole_BTH, whole_state), rtol=0, atol=1e-12)


@each_cell
def test_lanes_do_not_see_each_other(cell: str) -> None:
    network = stack(cell).double()
    x_BTE = torch.randn(5, 4, 3, dtype=torch.float64)
    state = warm_state(network, 5)
    order = torch.tensor([3, 0, 4, 1, 2])
    y_BTH, _ = network(x_BTE, state)

    permuted_state = tuple(type(layer)(*(tensor[order] for tensor in layer)) for layer in state)
    permuted_BTH, _ = network(x_BTE[order], permuted_state)

    torch.testing.assert_close(permuted_BTH, y_BTH[order], rtol=0, atol=1e-12)


@each_cell
def test_padding_at_the_end_changes_no_earlier_output(cell: str) -> None:
    network = stack(cell).double()
    x_BTE = torch.randn(2, 5, 3, dtype=torch.float64)
    padded_BTE = torch.cat([x_BTE, torch.full((2, 3, 3), 99.0, dtype=torch.float64)], 1)
    y_BTH, _ = network(x_BTE, network.initial_state(2))
    padded_BTH, _ = network(padded_BTE, network.initial_state(2))
    torch.testing.assert_close(padded_BTH[:, :5], y_BTH, rtol=0, atol=1e-12)


@each_cell
def test_autocast_carries_its_state_in_the_precision_of_the_weights(cell: str) -> None:
    network = stack(cell)
    state = network.initial_state(2)
    with autocast("bf16", torch.device("cpu"))():
        for _ in range(2):
            y_BTH, state = network(torch.randn(2, 5, 3), detach(state))
        y_BTH.float().sum().backward()
        _, state_of_step = network.step(torch.randn(2, 3), state)
    assert {tensor.dtype for layer in (*state, *state_of_step) for tensor in layer} == {torch.float32}
    for parameter in network.parameters():
        assert parameter.grad is not None
        assert parameter.grad.dtype == torch.float32
        assert parameter.grad.isfinite().all()


@each_cell
def test_autocast_stays_near_full_precision(cell: str) -> None:
    network = stack(cell)
    x_BTE = torch.randn(2, 5, 3)
    exact_BTH, _ = network(x_BTE, network.initial_state(2))
    with autocast("bf16", torch.device("cpu"))():
        y_BTH, _ = network(x_BTE, network.initial_state(2))
        steps_BTH, _ = step_by_step(network, x_BTE, network.initial_state(2))
    torch.testing.assert_close((y_BTH.float(), steps_BTH.float()), (exact_BTH, exact_BTH), rtol=0, atol=0.02)


@each_cell
def test_the_initial_state_is_zero_and_shares_no_memory(cell: str) -> None:
    state = stack(cell).initial_state(3)
    assert [type(layer) for layer in state] == [state_type(cell)] * 2
    assert state[0]._fields == (("hidden", "cell") if cell == "lstm" else ("hidden",))
    tensors = [tensor for layer in state for tensor in layer]
    assert {tuple(tensor.shape) for tensor in tensors} == {(3, 6)}
    assert not any(tensor.any() for tensor in tensors)
    assert len({tensor.data_ptr() for tensor in tensors}) == len(tensors)


def test_a_detached_state_has_the_same_values_and_no_past() -> None:
    network = stack("lstm")
    _, state = network(torch.randn(2, 4, 3), network.initial_state(2))
    cut = detach(state)
    torch.testing.assert_close(cut, state, rtol=0, atol=0)
    assert all(tensor.requires_grad for layer in state for tensor in layer)
    assert not any(tensor.requires_grad for layer in cut for tensor in layer)


@each_cell
def test_recurrent_weights_start_orthogonal_gate_by_gate(cell: str) -> None:
    for layer in stack(cell).double().layers:
        for gate_HH in layer.weight_hh_l0.split(6):
            torch.testing.assert_close(gate_HH @ gate_HH.T, torch.eye(6, dtype=torch.float64), rtol=0, atol=1e-5)


@each_cell
def test_input_weights_start_within_the_xavier_bound_of_one_gate(cell: str) -> None:
    torch.manual_seed(0)
    network = Recurrent(cell, input_size=50, hidden_size=40, layers=2)
    for layer, fan_in in zip(network.layers, (50, 40), strict=True):
        bound = (6 / (fan_in + 40)) ** 0.5
        for gate in layer.weight_ih_l0.split(40):
            assert 0.95 * bound < gate.abs().max() <= bound


@each_cell
def test_biases_start_at_zero_but_for_an_open_forget_gate(cell: str) -> None:
    zeros, ones = torch.zeros(6), torch.ones(6)
    blocks = {"rnn": [zeros], "lstm": [zeros, ones, zeros, zeros], "gru": [zeros] * 3}[cell]
    for layer in stack(cell).layers:
        assert torch.equal(layer.bias_ih_l0, torch.cat(blocks))
        assert not layer.bias_hh_l0.any()


def test_dropout_falls_on_every_layer_and_on_the_last_output() -> None:
    network = stack("lstm", dropout=0.5)
    seen = []
    network.dropout.register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    y_BTH, _ = network(torch.randn(8, 4, 3), network.initial_state(8))
    assert len(seen) == 2
    assert y_BTH is seen[-1]
    assert all(0.2 < (output == 0).float().mean() < 0.8 for output in seen)


def test_dropout_never_touches_the_carried_state_of_the_first_layer() -> None:
    network = stack("lstm", dropout=0.5)
    x_BTE = torch.randn(2, 4, 3)
    _, dropped = network(x_BTE, network.initial_state(2))
    _, kept = network.eval()(x_BTE, network.initial_state(2))
    torch.testing.assert_close(dropped[0], kept[0], rtol=0, atol=0)


def test_step_drops_nothing_in_training_mode() -> None:
    network = stack("lstm", dropout=0.5)
    x_BE, state = torch.randn(2, 3), network.initial_state(2)
    in_training, in_use = network.train().step(x_BE, state), network.eval().step(x_BE, state)
    torch.testing.assert_close(in_training, in_use, rtol=0, atol=0)
