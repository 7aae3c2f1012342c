"""Models that halt, or count down: the runtime gives what the network gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import ModelProto

from charnn.errors import ModelFormatError
from charnn.generation.model import Conditions
from charnn.tasks.language_model.config import LanguageModelNetworkConfig, Stopping
from charnn.tasks.language_model.graph import language_model_graph
from charnn.tasks.language_model.learn.inference import NumpyLanguageModel
from charnn.tasks.language_model.learn.network import LanguageModelNetwork
from charnn.tasks.language_model.lengths import LENGTH_CLASSES, remaining_tokens
from charnn.tasks.language_model.use.runtime import RuntimeLanguageModel
from charnn.tokenizers.base import STOP_ID

V, ATOL = 7, 1e-5
CELLS: list[str] = ["rnn", "lstm", "gru"]
STOPPINGS: list[Stopping] = ["symbol", "halt", "length"]
IDS_BT = np.array([[0, 3, 4, 5, 0, 6, 0, 1, 2], [2, 1, 1, 0, 2, 3, 0, 0, 5]])
REMAINING_BT = np.concatenate([remaining_tokens(IDS_BT[:, 1:], STOP_ID), [[40], [1 << 21]]], 1)
Pair = tuple[NumpyLanguageModel, RuntimeLanguageModel]


def graph_and_network(stopping: Stopping, cell: str = "lstm", **options: Any) -> tuple[bytes, LanguageModelNetwork]:
    torch.manual_seed(0)
    config = LanguageModelNetworkConfig(V, cell=cell, hidden_size=8, embedding_size=5, stopping=stopping, **options)
    network = LanguageModelNetwork(config).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.5)
    weights = {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}
    return language_model_graph(config, weights), network


KINDS = [
    *((stopping, cell, {}) for stopping in STOPPINGS for cell in CELLS),
    *((stopping, "gru", {"residual": True, "recurrent_depth": 2}) for stopping in STOPPINGS),
]


@pytest.fixture(params=KINDS, ids=lambda p: " ".join(map(str, p)))
def pair(request: pytest.FixtureRequest) -> Pair:
    stopping, cell, options = request.param
    graph, network = graph_and_network(stopping, cell, **options)
    return NumpyLanguageModel(network), RuntimeLanguageModel(graph)


def countdown(remaining: Any) -> Conditions:
    """What is given to every model: those that do not count down make no use of it."""
    return {"countdown": remaining}


def flat(state: Any) -> list[Any]:
    return [np.asarray(tensor).reshape(-1, 8) for layer in state for tensor in layer]


def assert_close(ours: Any, theirs: Any) -> None:
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=ATOL)


def assert_states_close(ours: Any, theirs: Any) -> None:
    for array_1BH, other_BH in zip(ours, flat(theirs), strict=True):
        assert_close(array_1BH[0], other_BH)


@pytest.mark.parametrize("stopping", STOPPINGS)
def test_a_graph_says_how_it_stops(stopping: Stopping) -> None:
    graph, network = graph_and_network(stopping)
    assert RuntimeLanguageModel(graph).stopping == NumpyLanguageModel(network).stopping == stopping
    model = ModelProto.FromString(graph)
    onnx.checker.check_model(model, full_check=True)
    assert {node.domain for node in model.graph.node} == {""}


def test_sequences_steps_and_costs_are_the_networks(pair: Pair) -> None:
    network, runtime = pair
    expected_BTV, expected_state = network.sequence(IDS_BT, network.initial_state(2), countdown(REMAINING_BT))
    logits_BTV, state = runtime.sequence(IDS_BT, runtime.initial_state(2), countdown(REMAINING_BT))
    assert_close(logits_BTV, expected_BTV)
    assert_states_close(state, expected_state)

    state = runtime.initial_state(2)
    for t, (ids_B, remaining_B) in enumerate(zip(IDS_BT.T, REMAINING_BT.T, strict=True)):
        logits_BV, state = runtime.step(ids_B, state, countdown(remaining_B))
        assert_close(logits_BV, expected_BTV[:, t])
    assert_states_close(state, expected_state)

    reading, longer = (IDS_BT[:, :-1], IDS_BT[:, 1:]), countdown(50 * REMAINING_BT[:, :-1])
    expected, expected_state = network.costs(*reading, network.initial_state(2), longer)
    costs, state = runtime.costs(*reading, runtime.initial_state(2), longer)
    assert_close(costs, expected)
    assert np.isfinite(costs).all()
    assert_states_close(state, expected_state)


def test_only_what_counts_down_looks_at_what_remains(pair: Pair) -> None:
    _, runtime = pair
    state, other_BT = runtime.initial_state(2), REMAINING_BT + 3
    with_one, with_other = (
        runtime.sequence(IDS_BT, state, countdown(remaining))[0] for remaining in (REMAINING_BT, other_BT)
    )
    assert np.array_equal(with_one, with_other) == (runtime.stopping != "length")


def test_advancing_is_stepping_in_place(pair: Pair) -> None:
    for model in pair:
        state, advanced = model.initial_state(2), model.initial_state(2)
        for ids_B, remaining_B in zip(IDS_BT.T, REMAINING_BT.T, strict=True):
            logits_BV, state = model.step(ids_B, state, countdown(remaining_B))
            np.testing.assert_array_equal(model.advance(ids_B, advanced, countdown(remaining_B)), logits_BV)
        for array, other in zip(advanced, state, strict=True):
            np.testing.assert_array_equal(np.asarray(array), np.asarray(other))


@pytest.mark.parametrize("cell", CELLS)
def test_an_opening_is_a_stop_that_is_read(cell: str) -> None:
    graph, module = graph_and_network("length", cell)
    network, runtime = NumpyLanguageModel(module), RuntimeLanguageModel(graph)
    expected, expected_lengths_BL, expected_state = network.open_documents(3)
    logits_BV, log_p_BL, state = runtime.open_documents(3)
    assert (logits_BV.shape, log_p_BL.shape) == ((3, V), (3, LENGTH_CLASSES))
    assert_close(logits_BV, expected)
    assert_close(log_p_BL, expected_lengths_BL)
    assert_states_close(state, expected_state)
    read, after = runtime.step(np.full(3, STOP_ID), runtime.initial_state(3), countdown(np.full(3, 9)))
    assert_close(logits_BV, read)
    assert_close(np.stack(state), np.stack(after))
    np.testing.assert_allclose(np.exp(log_p_BL).sum(-1), 1, rtol=1e-5)
    assert (logits_BV[:, STOP_ID] == -np.inf).all()


def test_lanes_of_a_state_are_selected_joined_and_put(pair: Pair) -> None:
    for model in pair:
        states = [
            model.sequence(IDS_BT[i : i + 1], model.initial_state(1), countdown(REMAINING_BT[i : i + 1]))[1]
            for i in (0, 1)
        ]
        both = model.join(states)
        swapped = model.select(both, np.array([1, 0, 1]))
        last = model.join([states[1], states[0], states[0]])
        model.put(last, 2, states[1])
        ids_B, remaining_B = np.array([1, 2, 3]), np.array([4, 5, 6])
        logits = [model.step(ids_B, state, countdown(remaining_B))[0] for state in (swapped, last)]
        np.testing.assert_array_equal(*logits)
        alone = [
            model.step(ids_B[k : k + 1], states[i], countdown(remaining_B[k : k + 1]))[0][0]
            for k, i in enumerate((1, 0, 1))
        ]
        assert_close(logits[0], np.stack(alone))


def changed(stopping: Stopping, said: str) -> bytes:
    model = ModelProto.FromString(graph_and_network(stopping)[0])
    onnx.helper.set_model_props(model, {"stopping": said})
    return bytes(model.SerializeToString())


@pytest.mark.parametrize(("stopping", "said"), [("length", "symbol"), ("symbol", "length"), ("halt", "never")])
def test_a_graph_that_is_not_what_it_says_is_refused(stopping: Stopping, said: str) -> None:
    with pytest.raises(ModelFormatError, match="not a graph of charnn's"):
        RuntimeLanguageModel(changed(stopping, said))
