"""Graphs of single steps, which int8 has: close to the network, and no lane knows of another."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from onnx import ModelProto, helper

from charnn.errors import ModelFormatError
from charnn.generation.config import SamplingConfig
from charnn.generation.generator import TextGenerator, generate
from charnn.generation.model import Conditions
from charnn.generation.text import Request
from charnn.tasks.language_model.config import LanguageModelNetworkConfig, Stopping
from charnn.tasks.language_model.learn.inference import NumpyLanguageModel
from charnn.tasks.language_model.learn.network import LanguageModelNetwork
from charnn.tasks.language_model.lengths import LENGTH_CLASSES, remaining_tokens
from charnn.tasks.language_model.step_graph import step_graph
from charnn.tasks.language_model.use.runtime import RuntimeLanguageModel
from charnn.tokenizers.base import STOP_ID
from charnn.tokenizers.characters import CharacterTokenizer

LETTERS = CharacterTokenizer("\nabcdefgh")
V, H = LETTERS.size, 13
CELLS: list[str] = ["rnn", "lstm", "gru"]
STOPPINGS: list[Stopping] = ["symbol", "halt", "length"]
SHAPES: list[dict[str, Any]] = [
    {"layers": 1},
    {"layers": 2},
    {"layers": 3, "residual": True},
    {"layers": 2, "recurrent_depth": 3},
    {"layers": 3, "residual": True, "recurrent_depth": 2},
]
KINDS = [(cell, {"stopping": stopping, **shape}) for cell in CELLS for stopping in STOPPINGS for shape in SHAPES]
IDS_BT = np.random.default_rng(0).integers(V, size=(37, 9))
IDS_BT[:, ::4] = STOP_ID
REMAINING_BT = remaining_tokens(IDS_BT, STOP_ID)
ATOL: dict[str, float] = {"rnn": 0.1, "lstm": 0.05, "gru": 0.04}
"""How far int8 may be off; about twice of what was seen, and little beside what logits differ by."""


@cache
def graph_and_network(cell: str = "lstm", **options: Any) -> tuple[bytes, LanguageModelNetwork]:
    torch.manual_seed(0)
    config = LanguageModelNetworkConfig(V, cell=cell, hidden_size=H, embedding_size=5, **options)
    network = LanguageModelNetwork(config).eval()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "recurrent" not in name or "bias" in name:  # recurrent matrices any larger make an rnn chaotic
                parameter.add_(torch.randn_like(parameter), alpha=0.3)
    weights = {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}
    return step_graph(config, weights), network


@pytest.fixture(scope="module", params=KINDS, ids=lambda p: " ".join(map(str, (p[0], *p[1].values()))))
def runtime(request: pytest.FixtureRequest) -> RuntimeLanguageModel:
    cell, options = request.param
    return RuntimeLanguageModel(graph_and_network(cell, **options)[0])


def countdown(remaining: Any) -> Conditions:
    """What is given to every model: those that do not count down make no use of it."""
    return {"countdown": remaining}


def flat(state: Any) -> list[Any]:
    """The network's state as the arrays (1, B, H) of the runtime."""
    return [tensor.numpy()[None] for layer in state for tensor in layer]


def assert_close(cell: str, ours: Any, theirs: Any) -> None:
    for array, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(array, other, rtol=0, atol=ATOL[cell])


@pytest.mark.parametrize(("cell", "options"), KINDS)
def test_int8_is_close_to_the_network(cell: str, options: dict[str, Any]) -> None:
    graph, module = graph_and_network(cell, **options)
    network, runtime = NumpyLanguageModel(module), RuntimeLanguageModel(graph)
    assert runtime.stopping == network.stopping
    expected_BTV, expected_state = network.sequence(IDS_BT, network.initial_state(37), countdown(REMAINING_BT))
    logits_BTV, state = runtime.sequence(IDS_BT, runtime.initial_state(37), countdown(REMAINING_BT))
    assert (logits_BTV.shape, logits_BTV.dtype) == ((37, 9, V), np.float32)
    assert np.ptp(expected_BTV[np.isfinite(expected_BTV)]) > 16 * ATOL[cell]
    assert_close(cell, [logits_BTV, *state], [expected_BTV, *flat(expected_state)])

    reading = IDS_BT[:, :-1], IDS_BT[:, 1:]
    remaining_BT = REMAINING_BT[:, 1:] + 1
    expected, expected_state = network.costs(*reading, network.initial_state(37), countdown(remaining_BT))
    costs, state = runtime.costs(*reading, runtime.initial_state(37), countdown(remaining_BT))
    assert_close(cell, [*costs, *state], [*expected, *flat(expected_state)])


def test_a_sequence_is_its_steps_and_no_state_is_changed_by_them(runtime: RuntimeLanguageModel) -> None:
    whole_BTV, after = runtime.sequence(IDS_BT, runtime.initial_state(37), countdown(REMAINING_BT))
    states = [runtime.initial_state(37)]
    for t in range(9):
        logits_BV, state = runtime.step(IDS_BT[:, t], states[-1], countdown(REMAINING_BT[:, t]))
        np.testing.assert_array_equal(logits_BV, whole_BTV[:, t])
        states.append(state)
    np.testing.assert_array_equal(states[-1], after)
    for t in (0, 4, 8):
        again_BV, _ = runtime.step(IDS_BT[:, t], states[t], countdown(REMAINING_BT[:, t]))
        np.testing.assert_array_equal(again_BV, whole_BTV[:, t])


def test_a_lane_is_the_same_to_the_last_bit_alone_and_in_company(runtime: RuntimeLanguageModel) -> None:
    whole_BTV, whole_state = runtime.sequence(IDS_BT, runtime.initial_state(37), countdown(REMAINING_BT))
    for lanes in (np.arange(1), np.arange(36, 37), np.array([20, 3]), np.arange(5, 21)):
        logits_BTV, state = runtime.sequence(
            IDS_BT[lanes], runtime.initial_state(len(lanes)), countdown(REMAINING_BT[lanes])
        )
        np.testing.assert_array_equal(logits_BTV, whole_BTV[lanes])
        np.testing.assert_array_equal(state, runtime.select(whole_state, lanes))


def test_advancing_is_stepping_in_place_whatever_happens_to_the_state_between(runtime: RuntimeLanguageModel) -> None:
    read = [runtime.sequence(IDS_BT[:B], runtime.initial_state(B), countdown(REMAINING_BT[:B]))[1] for B in (3, 1)]
    advanced, (state, other) = runtime.join([read[0]]), read
    for t in range(9):
        if t == 5:
            for changed in (state, advanced):
                runtime.put(changed, 1, other)
        ids_B, remaining_B = IDS_BT[4:7, t], REMAINING_BT[4:7, t]
        logits_BV, state = runtime.step(ids_B, state, countdown(remaining_B))
        np.testing.assert_array_equal(runtime.advance(ids_B, advanced, countdown(remaining_B)), logits_BV)
        if t % 3 == 0:  # and beside another state, of another size
            logits_BV, after = runtime.step(ids_B[:1], other, countdown(remaining_B[:1]))
            np.testing.assert_array_equal(runtime.advance(ids_B[:1], other, countdown(remaining_B[:1])), logits_BV)
            np.testing.assert_array_equal(other, after)
    np.testing.assert_array_equal(advanced, state)


def test_lanes_of_a_state_are_selected_joined_and_put(runtime: RuntimeLanguageModel) -> None:
    states = [
        runtime.sequence(IDS_BT[i : i + 1], runtime.initial_state(1), countdown(REMAINING_BT[i : i + 1]))[1]
        for i in (0, 1)
    ]
    swapped = runtime.select(runtime.join(states), np.array([1, 0, 1]))
    last = runtime.join([states[1], states[0], states[0]])
    runtime.put(last, 2, states[1])
    ids_B, remaining_B = np.array([1, 2, 3]), np.array([4, 5, 6])
    logits = [runtime.step(ids_B, state, countdown(remaining_B))[0] for state in (swapped, last)]
    np.testing.assert_array_equal(*logits)
    alone = [
        runtime.step(ids_B[k : k + 1], states[i], countdown(remaining_B[k : k + 1]))[0][0]
        for k, i in enumerate((1, 0, 1))
    ]
    np.testing.assert_array_equal(logits[0], alone)


@pytest.mark.parametrize("cell", CELLS)
def test_an_opening_is_a_stop_that_is_read(cell: str) -> None:
    graph, module = graph_and_network(cell, stopping="length")
    network, runtime = NumpyLanguageModel(module), RuntimeLanguageModel(graph)
    expected_BV, expected_lengths_BL, expected_state = network.open_documents(3)
    logits_BV, log_p_BL, state = runtime.open_documents(3)
    assert (logits_BV.shape, log_p_BL.shape) == ((3, V), (3, LENGTH_CLASSES))
    assert_close(cell, [logits_BV, log_p_BL, *state], [expected_BV, expected_lengths_BL, *flat(expected_state)])
    read_BV, after = runtime.step(np.full(3, STOP_ID), runtime.initial_state(3), countdown(np.full(3, 9)))
    np.testing.assert_array_equal(logits_BV, read_BV)
    np.testing.assert_array_equal(state, after)


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint8])
def test_ids_of_any_integer_type_are_taken(dtype: type[np.integer]) -> None:
    runtime = RuntimeLanguageModel(graph_and_network()[0])
    expected, _ = runtime.sequence(IDS_BT, runtime.initial_state(37))
    logits, _ = runtime.sequence(IDS_BT.astype(dtype), runtime.initial_state(37))
    np.testing.assert_array_equal(logits, expected)


def texts(model: RuntimeLanguageModel, batch: int) -> list[str]:
    wanted = [Request(number, "abc"[: number % 4], np.random.default_rng((1, number))) for number in range(40)]
    shown = dict.fromkeys(range(40), "")
    for piece in TextGenerator(model, LETTERS, SamplingConfig(length=40, lines=3), batch=batch).texts(wanted):
        shown[piece.text.request.number] += piece.shown
    return list(shown.values())


@pytest.mark.parametrize("stopping", STOPPINGS)
@pytest.mark.parametrize("cell", CELLS)
def test_a_text_is_the_same_alone_and_beside_others(cell: str, stopping: Stopping) -> None:
    model = RuntimeLanguageModel(graph_and_network(cell, layers=2, stopping=stopping)[0])
    alone = texts(model, 1)
    assert len(set(alone)) > 25
    assert texts(model, 32) == texts(model, 7) == alone
    for number in (0, 6):
        random, prompt = np.random.default_rng((1, number)), "abc"[: number % 4]
        pieces = generate(model, LETTERS, prompt, SamplingConfig(length=40, lines=3), random)
        assert "".join(pieces) == alone[number]


# graphs that are not charnn's


def changed(**changes: Any) -> bytes:
    """A graph that counts down, after `changes` of the shapes of its ports and of the properties that it has."""
    model = ModelProto.FromString(graph_and_network(layers=1, stopping="length")[0])
    for port in (*model.graph.input, *model.graph.output):
        if port.name in changes:
            elements = port.type.tensor_type.elem_type
            port.CopyFrom(helper.make_tensor_value_info(port.name, elements, changes[port.name]))
    helper.set_model_props(model, {"stopping": changes.get("stopping", "length")})
    return bytes(model.SerializeToString())


@pytest.mark.parametrize(
    "changes",
    [
        {"ids": ["B", "T"]},
        {"ids": ["B", "T", "S"]},
        {"ids": []},
        {"left": ["B", "T"]},
        {"hidden.0": ["B", H]},
        {"stopping": "symbol"},
        {"stopping": "never"},
    ],
    ids=str,
)
def test_a_graph_whose_ports_do_not_go_together_is_refused(changes: dict[str, Any]) -> None:
    assert RuntimeLanguageModel(changed()).stopping == "length"
    with pytest.raises(ModelFormatError, match=r"\A[^\n]+\Z"):
        RuntimeLanguageModel(changed(**changes))


@pytest.mark.parametrize("part", ["initializer", "node"])
def test_a_damaged_graph_is_refused(part: str) -> None:
    graph, _ = graph_and_network()
    model = ModelProto.FromString(graph)
    model.graph.ClearField(part)
    for damaged in (bytes(model.SerializeToString()), graph[:-40]):
        with pytest.raises(ModelFormatError, match=r"\A[^\n]+\Z"):
            RuntimeLanguageModel(damaged)
