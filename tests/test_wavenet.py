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
from charnn.tasks.language_model.graph import language_model_graph
from charnn.tasks.language_model.learn.inference import NumpyLanguageModel
from charnn.tasks.language_model.step_graph import step_graph
from charnn.tasks.language_model.use.runtime import RuntimeLanguageModel
from tests.test_added_cell import flat, language_model, read, stack, step_by_step

SIGHT = 1 + sum(DILATIONS)


@pytest.mark.parametrize("options", [{}, {"residual": True}], ids=str)
def test_a_window_longer_than_what_it_sees_equals_its_steps_in_values_and_gradients(options: dict[str, Any]) -> None:
    network = stack("wavenet", **options)
    x_BTE = torch.randn(2, SIGHT + 9, 3, dtype=torch.float64)
    runs = []
    for read_all in (network.__call__, lambda *given: step_by_step(network, *given)):
        x_leaf = x_BTE.clone().requires_grad_()
        y_BTH, after = read_all(x_leaf, network.initial_state(2))
        loss = (y_BTH**2).sum() + sum(tensor.sum() for layer in after for tensor in layer)
        runs.append((y_BTH, after, torch.autograd.grad(loss, [x_leaf, *network.parameters()])))
    torch.testing.assert_close(*runs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("cut", [1, 5, 33])
def test_carried_state_equals_one_long_window(cut: int) -> None:
    network = stack("wavenet")
    x_BTE = torch.randn(2, 70, 3, dtype=torch.float64)
    whole_BTH, last = network(x_BTE, network.initial_state(2))
    first_BTH, state = network(x_BTE[:, :cut], network.initial_state(2))
    second_BTH, state = network(x_BTE[:, cut:], state)
    torch.testing.assert_close(torch.cat([first_BTH, second_BTH], 1), whole_BTH, rtol=0, atol=1e-12)
    torch.testing.assert_close(state, last, rtol=0, atol=1e-12)


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
    config, module, weights = language_model("wavenet", **options)
    network = NumpyLanguageModel(module)
    ids_BT = np.random.default_rng(0).integers(11, size=(3, SIGHT + 6))
    expected_BTV, expected_state = network.sequence(ids_BT, network.initial_state(3))
    runtime = RuntimeLanguageModel(language_model_graph(config, weights))
    logits_BTV, state = runtime.sequence(ids_BT, runtime.initial_state(3))
    np.testing.assert_allclose(logits_BTV, expected_BTV, rtol=0, atol=1e-4)
    for array, other in zip(state, flat(expected_state), strict=True):
        np.testing.assert_allclose(array, other, rtol=0, atol=1e-4)

    steps = RuntimeLanguageModel(step_graph(config, weights))
    state, advanced = steps.initial_state(3), steps.initial_state(3)
    errors = []
    for t, ids_B in enumerate(ids_BT.T):
        logits_BV, state = steps.step(ids_B, state)
        np.testing.assert_array_equal(steps.advance(ids_B, advanced), logits_BV)
        errors.append(np.abs(logits_BV - expected_BTV[:, t]).mean())
    assert np.mean(errors) < 0.1
    for array, other in zip(advanced, state, strict=True):
        np.testing.assert_array_equal(array, other)


def test_rows_end_where_their_lengths_say_in_both_directions() -> None:
    y_TDBH, *states = read("wavenet", directions=2, has_lengths=True, has_states=False)
    for row, length in enumerate([7, 1, 4, 6]):
        assert not y_TDBH[length:, :, row].any()
        np.testing.assert_array_equal(states[0][0, row], y_TDBH[length - 1, 0, row])


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
