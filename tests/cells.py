"""Small networks of any cell, and what every cell promises wherever its equation is computed."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, repeat
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from charnn.cells import CELLS
from charnn.export.graph import Graph, RecurrentLayer
from charnn.export.recurrent import add_recurrent
from charnn.network.recurrent import Recurrent, StackState, detach
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.graph import language_model_graph
from charnn.tasks.language_model.learn.inference import NumpyLanguageModel
from charnn.tasks.language_model.learn.network import LanguageModelNetwork
from charnn.tasks.language_model.step_graph import step_graph
from charnn.tasks.language_model.use.runtime import RuntimeLanguageModel

VOCABULARY = 11
T, B, E, H = 7, 4, 3, 5
LENGTHS = np.array([7, 1, 4, 6], np.int32)


def large(network: nn.Module) -> None:
    """Weights as large as a trained network's, the same for networks of the same shapes, and no bias of 0."""
    torch.manual_seed(1)
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.5)


# In torch.


def stack(cell: str, **options: Any) -> Recurrent:
    network = Recurrent(cell, input_size=3, hidden_size=6, layers=2, **options).double()
    large(network)
    return network


def warm_state(network: Recurrent, batch: int) -> StackState:
    """A state that two steps have left behind: no zeros in it."""
    state = network.initial_state(batch)
    for _ in range(2):
        _, state = network.step(torch.randn(batch, 3, dtype=torch.float64), state)
    return detach(state)


def step_by_step(network: Recurrent, x_BTE: Tensor, state: StackState) -> tuple[Tensor, StackState]:
    outputs = []
    for x_BE in x_BTE.unbind(1):
        y_BH, state = network.step(x_BE, state)
        outputs.append(y_BH)
    return torch.stack(outputs, 1), state


def assert_a_window_is_its_steps(network: Recurrent, x_BTE: Tensor, state: StackState, *, rtol: float) -> None:
    """A window gives what its steps give one by one, in values and in gradients."""
    runs = []
    for read_all in (network.__call__, lambda *given: step_by_step(network, *given)):
        x_leaf = x_BTE.clone().requires_grad_()
        y_BTH, after = read_all(x_leaf, state)
        loss = (y_BTH**2).sum() + sum(tensor.sum() for layer in after for tensor in layer)
        runs.append((y_BTH, after, torch.autograd.grad(loss, [x_leaf, *network.parameters()])))
    torch.testing.assert_close(*runs, rtol=rtol, atol=1e-12)


def assert_a_carried_state_goes_on(network: Recurrent, x_BTE: Tensor, cut: int) -> None:
    """Two windows are one long one."""
    whole_BTH, last = network(x_BTE, network.initial_state(len(x_BTE)))
    first_BTH, state = network(x_BTE[:, :cut], network.initial_state(len(x_BTE)))
    second_BTH, state = network(x_BTE[:, cut:], state)
    torch.testing.assert_close(torch.cat([first_BTH, second_BTH], 1), whole_BTH, rtol=0, atol=1e-12)
    torch.testing.assert_close(state, last, rtol=0, atol=1e-12)


# In graphs: whole sequences.


def read(cell: str, *, directions: int, has_lengths: bool, has_states: bool) -> list[npt.NDArray[Any]]:
    """y (T, directions, B, H) and the states after a layer's last step, as ONNX Runtime gives them."""
    random, entry = np.random.default_rng(0), CELLS[cell]
    weights = [
        {name: random.normal(0, 0.5, shape).astype(np.float32) for name, shape in entry.shapes(E, H).items()}
        for _ in range(directions)
    ]
    feed: dict[str, npt.NDArray[Any]] = {"x": random.normal(0, 1, (T, B, E)).astype(np.float32)}
    state = ["D", "B", H]
    inputs: list[Any] = [("x", "float", ["T", "B", E])]
    given = [f"{part}.given" for part in entry.state] if has_states else []
    if has_lengths:
        feed["lengths"] = LENGTHS
        inputs.append(("lengths", "int32", ["B"]))
    for name in given:
        feed[name] = random.uniform(-1, 1, (directions, B, H)).astype(np.float32)
        inputs.append((name, "float", [directions, "B", H]))
    outputs = ["y", *(f"{part}.last" for part in entry.state)]
    graph = Graph()
    lengths = "lengths" if has_lengths else ""
    add_recurrent(graph, RecurrentLayer("layer", cell, weights, "x", outputs, lengths=lengths, states=given))
    ports: list[Any] = [("y", "float", ["T", directions, "B", H]), *((name, "float", state) for name in outputs[1:])]
    serialized = graph.serialize(inputs, ports)
    onnx.checker.check_model(onnx.ModelProto.FromString(serialized), full_check=True)
    session = onnxruntime.InferenceSession(serialized, providers=["CPUExecutionProvider"])
    results: list[npt.NDArray[Any]] = session.run(outputs, feed)
    return results


def assert_rows_end_where_their_lengths_say(cell: str) -> None:
    """Padding behind a row changes nothing, in either direction."""
    y_TDBH, *states = read(cell, directions=2, has_lengths=True, has_states=False)
    for row, length in enumerate(LENGTHS):
        assert not y_TDBH[length:, :, row].any()
        np.testing.assert_array_equal(states[0][0, row], y_TDBH[length - 1, 0, row])
        np.testing.assert_array_equal(states[0][1, row], y_TDBH[0, 1, row])


# A language model's graphs.


def language_model(
    cell: str, **options: Any
) -> tuple[LanguageModelNetworkConfig, LanguageModelNetwork, dict[str, Any]]:
    config = LanguageModelNetworkConfig(VOCABULARY, cell=cell, hidden_size=8, embedding_size=5, **options)
    network = LanguageModelNetwork(config).eval()
    large(network)
    return config, network, {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}


def flat(state: StackState) -> list[npt.NDArray[Any]]:
    """The network's state as the arrays (1, B, H) of the runtime."""
    return [tensor.numpy()[None] for layer in state for tensor in layer]


def assert_graphs_give_what_the_network_gives(cell: str, length: int, options: dict[str, Any]) -> None:
    """The graph of sequences closely, that of steps about; and steps in place are its steps."""
    config, module, weights = language_model(cell, **options)
    network = NumpyLanguageModel(module)
    ids_BT = np.random.default_rng(0).integers(VOCABULARY, size=(3, length))
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


# Runs.


def after(steps: int) -> Callable[[], bool]:
    """Whether a run is to be interrupted, asked at each step: after so many."""
    answers = chain(repeat(False, steps - 1), repeat(True))
    return lambda: next(answers)


def assert_same_run(left: Any, right: Any) -> None:
    """Equal to the last bit: what inference uses, and the state that resuming needs."""
    name = "weights.safetensors"
    assert (left.path / name).read_bytes() == (right.path / name).read_bytes()
    arrays, others = left.training_state()[0], right.training_state()[0]
    assert arrays.keys() == others.keys()
    assert all(np.array_equal(arrays[name], others[name]) for name in arrays)
