"""The written-out cells against torch's own, in float64."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from charnn.cells import CELLS
from charnn.network.cells import CellWeights, state_type, step

CELL_KINDS: list[str] = ["rnn", "lstm", "gru"]
TORCH_CELLS = {"rnn": nn.RNNCell, "lstm": nn.LSTMCell, "gru": nn.GRUCell}
TORCH_LAYERS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
sizes = st.integers(1, 5)


@given(kind=st.sampled_from(CELL_KINDS), batch=sizes, input_size=sizes, hidden_size=sizes, seed=st.integers(0, 999))
@settings(max_examples=60)
def test_one_step_equals_the_cell_of_torch(kind: str, batch: int, input_size: int, hidden_size: int, seed: int) -> None:
    torch.manual_seed(seed)
    reference = TORCH_CELLS[kind](input_size, hidden_size, dtype=torch.float64)
    x_BE = torch.randn(batch, input_size, dtype=torch.float64)
    parts = (torch.randn(batch, hidden_size, dtype=torch.float64) for _ in CELLS[kind].state)
    state = state_type(kind)(*parts)

    ours = step(kind, x_BE, state, CellWeights(*reference.parameters()))

    theirs = reference(x_BE, tuple(state) if kind == "lstm" else state.hidden)
    torch.testing.assert_close(tuple(ours), theirs if kind == "lstm" else (theirs,), rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", CELL_KINDS)
def test_repeated_steps_equal_a_whole_layer_of_torch(kind: str) -> None:
    torch.manual_seed(0)
    layer = TORCH_LAYERS[kind](3, 4, batch_first=True, dtype=torch.float64)
    weights = CellWeights(*layer.parameters())
    x_BTE = torch.randn(2, 7, 3, dtype=torch.float64)

    state = state_type(kind)(*(torch.zeros(2, 4, dtype=torch.float64) for _ in CELLS[kind].state))
    outputs = []
    for x_BE in x_BTE.unbind(1):
        state = step(kind, x_BE, state, weights)
        outputs.append(state.hidden)

    torch.testing.assert_close(torch.stack(outputs, 1), layer(x_BTE)[0], rtol=0, atol=1e-12)


def test_a_closed_reset_gate_leaves_the_hidden_bias_out_of_the_candidate() -> None:
    """Reset after the product (r * (W h + b_hh)), worked by hand; with reset before it, b_hh would come through."""
    weights = CellWeights(
        weight_ih=torch.zeros(3, 1),
        weight_hh=torch.zeros(3, 1),
        bias_ih=torch.tensor([-100.0, -100.0, 0.5]),
        bias_hh=torch.tensor([0.0, 0.0, 7.0]),
    )
    after = step("gru", torch.zeros(1, 1), state_type("gru")(torch.zeros(1, 1)), weights)
    torch.testing.assert_close(after.hidden, torch.tensor([[0.5]]).tanh())
