"""The runtime gives what the network gives, in every way of reading; and takes no graph but charnn's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import torch
from onnx import ModelProto, TensorProto, helper

from charnn.errors import ModelFormatError
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.graph import language_model_graph
from charnn.tasks.language_model.learn.inference import NumpyLanguageModel
from charnn.tasks.language_model.learn.network import LanguageModelNetwork
from charnn.tasks.language_model.use.runtime import RuntimeLanguageModel
from charnn.tokenizers.base import STOP_ID

VOCABULARY = 11
ATOL = 1e-5
"""Logits are a few units large; fp32 sums in another order differ by some 1e-6."""
CELLS: list[str] = ["rnn", "lstm", "gru"]
DEEP: list[dict[str, Any]] = [{"residual": True}, {"recurrent_depth": 3}, {"residual": True, "recurrent_depth": 2}]
KINDS = [(cell, n, options) for cell in CELLS for n, options in ((1, {}), (2, {}), (3, {}), *((3, o) for o in DEEP))]
Pair = tuple[NumpyLanguageModel, RuntimeLanguageModel]


def graph_and_network(
    cell: str, layers: int, options: Mapping[str, Any] = MappingProxyType({})
) -> tuple[bytes, LanguageModelNetwork]:
    torch.manual_seed(0)
    config = LanguageModelNetworkConfig(
        VOCABULARY, cell=cell, layers=layers, hidden_size=8, embedding_size=5, **options
    )
    network = LanguageModelNetwork(config).eval()
    with torch.no_grad():
        for parameter in network.parameters():  # so that no bias is zero and the logits are far from uniform
            parameter.add_(torch.randn_like(parameter), alpha=0.5)
    weights = {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}
    return language_model_graph(config, weights), network


@pytest.fixture(params=KINDS, ids=lambda p: " ".join(map(str, (p[1], p[0], *p[2].items()))))
def pair(request: pytest.FixtureRequest) -> Pair:
    """The network, and the runtime with its graph."""
    graph, network = graph_and_network(*request.param)
    return NumpyLanguageModel(network), RuntimeLanguageModel(graph)


def ids_of(batch: int, time: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.random.default_rng(batch * 100 + time).integers(VOCABULARY, size=(batch, time))


def flat(state: Any) -> list[np.ndarray[Any, np.dtype[np.float32]]]:
    """The network's state as the arrays (1, B, H) of the runtime."""
    return [tensor.numpy()[None] for layer in state for tensor in layer]


def assert_states_agree(runtime_state: Any, network_state: Any) -> None:
    expected = flat(network_state)
    assert len(runtime_state) == len(expected)
    for array, other in zip(runtime_state, expected, strict=True):
        np.testing.assert_allclose(array, other, rtol=0, atol=ATOL)


@pytest.mark.parametrize(("batch", "time"), [(1, 1), (1, 20), (3, 7)])
def test_sequence_gives_the_networks_logits_and_state(pair: Pair, batch: int, time: int) -> None:
    network, runtime = pair
    ids_BT = ids_of(batch, time)
    expected_BTV, expected_state = network.sequence(ids_BT, network.initial_state(batch))
    logits_BTV, state = runtime.sequence(ids_BT, runtime.initial_state(batch))
    assert (logits_BTV.shape, logits_BTV.dtype) == ((batch, time, VOCABULARY), np.float32)
    np.testing.assert_allclose(logits_BTV, expected_BTV, rtol=0, atol=ATOL)
    assert_states_agree(state, expected_state)


def test_steps_give_the_networks_steps_and_the_whole_sequence(pair: Pair) -> None:
    network, runtime = pair
    ids_BT = ids_of(2, 9)
    whole_BTV, whole_state = runtime.sequence(ids_BT, runtime.initial_state(2))
    expected_state, state = network.initial_state(2), runtime.initial_state(2)
    for time, ids_B in enumerate(ids_BT.T):
        expected_BV, expected_state = network.step(ids_B, expected_state)
        logits_BV, state = runtime.step(ids_B, state)
        assert logits_BV.shape == (2, VOCABULARY)
        np.testing.assert_allclose(logits_BV, expected_BV, rtol=0, atol=ATOL)
        np.testing.assert_allclose(logits_BV, whole_BTV[:, time], rtol=0, atol=ATOL)
    assert_states_agree(state, expected_state)
    assert_states_agree(whole_state, expected_state)


def test_carried_state_gives_one_long_run(pair: Pair) -> None:
    _, runtime = pair
    ids_BT = ids_of(2, 12)
    whole_BTV, _ = runtime.sequence(ids_BT, runtime.initial_state(2))
    first_BTV, state = runtime.sequence(ids_BT[:, :5], runtime.initial_state(2))
    second_BTV, _ = runtime.sequence(ids_BT[:, 5:], state)
    np.testing.assert_allclose(np.concatenate([first_BTV, second_BTV], 1), whole_BTV, rtol=0, atol=ATOL)


def test_state_that_was_carried_on_is_not_changed_by_it(pair: Pair) -> None:
    _, runtime = pair
    _, state = runtime.sequence(ids_of(1, 4), runtime.initial_state(1))
    before = [array.copy() for array in state]
    once, _ = runtime.step(np.array([3]), state)
    again, _ = runtime.step(np.array([3]), state)
    np.testing.assert_array_equal(once, again)
    np.testing.assert_array_equal(np.stack(state), np.stack(before))


def test_lane_of_a_batch_gives_what_it_gives_alone(pair: Pair) -> None:
    _, runtime = pair
    ids_BT = ids_of(4, 6)
    together_BTV, _ = runtime.sequence(ids_BT, runtime.initial_state(4))
    alone_BTV = [runtime.sequence(ids_BT[lane : lane + 1], runtime.initial_state(1))[0][0] for lane in range(4)]
    np.testing.assert_allclose(together_BTV, np.stack(alone_BTV), rtol=0, atol=ATOL)


def test_costs_are_the_networks(pair: Pair) -> None:
    network, runtime = pair
    inputs_BT, targets_BT = ids_of(3, 8), ids_of(3, 9)[:, 1:]
    assert (targets_BT == STOP_ID).any()
    expected, expected_state = network.costs(inputs_BT, targets_BT, network.initial_state(3))
    costs, state = runtime.costs(inputs_BT, targets_BT, runtime.initial_state(3))
    np.testing.assert_allclose(costs, expected, rtol=0, atol=ATOL)
    assert np.array_equal(costs.ends_BT > 0, targets_BT == STOP_ID)
    assert np.array_equal(costs.text_BT > 0, targets_BT != STOP_ID)
    assert_states_agree(state, expected_state)


def test_probabilities_of_all_targets_sum_to_one(pair: Pair) -> None:
    _, runtime = pair
    targets_BT = np.arange(VOCABULARY)[:, None]
    costs, _ = runtime.costs(np.full_like(targets_BT, 4), targets_BT, runtime.initial_state(VOCABULARY))
    assert np.exp(-costs.text_BT - costs.ends_BT).sum() == pytest.approx(1, abs=1e-5)


def test_nats_of_logits_too_large_for_exp_are_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = RuntimeLanguageModel(graph_and_network("rnn", 1)[0])
    logits_BTV = np.array([[[1000.0, 0.0, -1000.0]]], np.float32)
    monkeypatch.setattr(runtime, "sequence", lambda *_: (logits_BTV, ()))
    costs = [runtime.costs(np.array([[0]]), np.array([[k]]), ())[0] for k in range(3)]
    assert [(c.text_BT.item(), c.ends_BT.item()) for c in costs] == [(0.0, 0.0), (1000.0, 0.0), (2000.0, 0.0)]


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint8])
def test_ids_of_any_integer_type_are_taken(dtype: type[np.integer]) -> None:
    runtime = RuntimeLanguageModel(graph_and_network("lstm", 1)[0])
    expected, _ = runtime.sequence(ids_of(1, 5), runtime.initial_state(1))
    logits, _ = runtime.sequence(ids_of(1, 5).astype(dtype), runtime.initial_state(1))
    np.testing.assert_array_equal(logits, expected)


# graphs that are not charnn's


def foreign(*inputs: Any, outputs: tuple[str, ...]) -> bytes:
    """A valid model with these inputs, each of its outputs a copy of the first floating-point input."""
    (copied, *_) = (i for i in inputs if i.type.tensor_type.elem_type == TensorProto.FLOAT)
    nodes = [helper.make_node("Identity", [copied.name], [name]) for name in outputs]
    kind = copied.type.tensor_type
    shape = [d.dim_param or d.dim_value for d in kind.shape.dim]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in outputs]
    graph = helper.make_graph(nodes, "foreign", list(inputs), values)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


def value(name: str, kind: int, *shape: str | int) -> Any:
    return helper.make_tensor_value_info(name, kind, list(shape))


IDS = value("ids", TensorProto.INT64, "B", "T")
HIDDEN = value("hidden.0", TensorProto.FLOAT, 1, "B", 8)
CONTRACT = ("logits", "hidden.0.next")
FOREIGN_GRAPHS = {
    "an image model": foreign(value("image", TensorProto.FLOAT, "B", 3), outputs=("scores",)),
    "no ids": foreign(HIDDEN, outputs=CONTRACT),
    "no next state": foreign(IDS, HIDDEN, outputs=("logits",)),
    "one output more": foreign(IDS, HIDDEN, outputs=(*CONTRACT, "more")),
    "outputs in another order": foreign(IDS, HIDDEN, outputs=CONTRACT[::-1]),
    "a state without a shape": foreign(IDS, value("hidden.0", TensorProto.FLOAT), outputs=CONTRACT),
    "a state of any size": foreign(IDS, value("hidden.0", TensorProto.FLOAT, 1, "B", "H"), outputs=CONTRACT),
}


def changed(change: Callable[[ModelProto], object]) -> bytes:
    """A graph of charnn's after `change`."""
    model = ModelProto.FromString(graph_and_network("lstm", 1)[0])
    change(model)
    return bytes(model.SerializeToString())


DAMAGED_GRAPHS = {
    "empty": b"",
    "not protobuf": b"\xff" * 100,
    "text": b"a graph",
    "cut short": graph_and_network("lstm", 1)[0][:-40],
    "weights gone": changed(lambda model: model.graph.ClearField("initializer")),
    "nodes gone": changed(lambda model: model.graph.ClearField("node")),
    "unknown operator": changed(lambda model: setattr(model.graph.node[0], "op_type", "Teleport")),
    "opset of the future": changed(lambda model: setattr(model.opset_import[0], "version", 9999)),
}
BAD_GRAPHS = FOREIGN_GRAPHS | DAMAGED_GRAPHS


@pytest.mark.parametrize("graph", BAD_GRAPHS.values(), ids=BAD_GRAPHS.keys())
def test_foreign_or_damaged_graph_is_refused_in_one_line_that_names_its_file(graph: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(graph)
    for source, name in ((path, str(path)), (graph, "model.onnx")):
        with pytest.raises(ModelFormatError, match=r"\A[^\n]+\Z") as caught:
            RuntimeLanguageModel(source)
        assert str(caught.value).startswith(f"{name}: ")
