"""The cell without a recurrence: a window read at once is its steps, wherever the equation is computed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from charnn.cells.wavenet import DILATIONS
from charnn.cli.main import run
from charnn.errors import ConfigError
from charnn.network.cells import step
from charnn.network.recurrent import Recurrent
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from tests.cells import (
    assert_a_carried_state_goes_on,
    assert_a_window_is_its_steps,
    assert_graphs_give_what_the_network_gives,
    assert_rows_end_where_their_lengths_say,
    stack,
)
from tests.quick import quick_runs  # noqa: F401 - a fixture of all tests here

SIGHT = 1 + sum(DILATIONS)


@pytest.mark.parametrize("options", [{}, {"residual": True}], ids=str)
def test_a_window_longer_than_what_it_sees_equals_its_steps_in_values_and_gradients(options: dict[str, Any]) -> None:
    network = stack("wavenet", **options)
    x_BTE = torch.randn(2, SIGHT + 9, 3, dtype=torch.float64)
    assert_a_window_is_its_steps(network, x_BTE, network.initial_state(2), rtol=1e-10)


@pytest.mark.parametrize("cut", [1, 5, 33])
def test_carried_state_equals_one_long_window(cut: int) -> None:
    assert_a_carried_state_goes_on(stack("wavenet"), torch.randn(2, 70, 3, dtype=torch.float64), cut)


def test_an_output_sees_sixty_four_steps_and_none_that_comes_later() -> None:
    torch.manual_seed(3)
    network = Recurrent("wavenet", input_size=3, hidden_size=6, layers=1).double()
    x_1TE = torch.randn(1, SIGHT + 20, 3, dtype=torch.float64, requires_grad=True)
    y_1TH, _ = network(x_1TE, network.initial_state(1))
    (gradient,) = torch.autograd.grad(y_1TH[0, SIGHT + 9].sum(), x_1TE)
    seen_T = gradient[0].abs().sum(-1) > 0
    assert SIGHT == 64
    assert seen_T.nonzero().flatten().tolist() == [*range(10, SIGHT + 10)]


def test_a_step_worked_by_hand() -> None:
    """One unit: x_1 = x_0 + tanh(f) sigmoid(g) from x_0 and the one before. Other convolutions put out 0."""
    network = Recurrent("wavenet", input_size=1, hidden_size=1, layers=1)
    weights = {
        name.removesuffix("_l0"): torch.zeros_like(value) for name, value in network.layers[0].named_parameters()
    }
    weights |= {"weight_ih": torch.ones(1, 1), "weight_out": torch.full((1, 1), 2.0), "bias_out": torch.ones(1)}
    weights["weight_1"] = torch.tensor([[0.5, 3.0], [1.0, -2.0]])  # rows are f and g; columns now and a step ago
    (state,) = network.initial_state(1)
    state = type(state)(state.hidden, torch.full((1, 1), 0.25), *list(state)[2:])
    after = step("wavenet", torch.full((1, 1), 0.5), state, weights)
    x0 = np.tanh(0.5)
    f, g = 0.5 * x0 + 3 * 0.25, x0 - 2 * 0.25
    x1 = x0 + np.tanh(f) / (1 + np.exp(-g))
    assert after.hidden.item() == pytest.approx(np.tanh(2 * x1 + 1), abs=1e-6)
    assert list(after)[1].item() == pytest.approx(x0, abs=1e-6)
    assert list(after)[2][0].tolist() == pytest.approx([0, x1], abs=1e-6)


@pytest.mark.parametrize("options", [{}, {"layers": 1}, {"residual": True}], ids=str)
def test_graphs_give_what_the_network_gives_and_steps_in_place_are_its_steps(options: dict[str, Any]) -> None:
    assert_graphs_give_what_the_network_gives("wavenet", SIGHT + 6, options)


def test_rows_end_where_their_lengths_say_in_both_directions() -> None:
    assert_rows_end_where_their_lengths_say("wavenet")


@pytest.mark.parametrize("option", [{"weight_drop": 0.5}, {"recurrent_depth": 2}], ids=str)
def test_options_of_recurrent_weights_are_refused(option: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="are for --cell rnn or lstm or gru, not wavenet"):
        LanguageModelNetworkConfig(11, cell="wavenet", **option)


def test_it_learns_a_line_and_writes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = "to be or not to be, that is the question"
    (tmp_path / "lines.txt").write_text(f"{line}\n" * 4)
    wishes = ["--cell", "wavenet", "--layers", "1", "--hidden", "16", "--dropout", "0", "--valid", "none"]
    budget = ["--steps", "150", "--learning-rate", "0.02", "--seed", "1"]
    model = str(tmp_path / "model")
    run(["train", str(tmp_path / "lines.txt"), "--documents", "line", *wishes, *budget, "--out", model])
    capsys.readouterr()
    run(["sample", "--model", model, "--temp", "0.01", "--seed", "1"])
    assert capsys.readouterr().out == f"{line}\n"
