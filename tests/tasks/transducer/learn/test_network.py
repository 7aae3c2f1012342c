"""The networks of all kinds: steps are whole targets, rows are alone, and hard attention sums all alignments."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from charnn.tasks.transducer import copying_graph
from charnn.tasks.transducer.config import WRITING_PLACES, TransducerNetworkConfig
from charnn.tasks.transducer.graph import decoder_graph, encoder_graph, frames_graph
from charnn.tasks.transducer.learn.ctc import CtcNetwork, FramedNetwork
from charnn.tasks.transducer.learn.hard_attention import first_place
from charnn.tasks.transducer.learn.network import SourceBatch, TransducerNetwork
from charnn.tasks.transducer.learn.networks import SteppedNetwork
from charnn.tasks.transducer.symbols import EncodedSource
from charnn.tasks.transducer.use.decoding import SteppedDecoder, after
from charnn.tasks.transducer.use.runtime import RuntimeFramedNetwork, RuntimeTransducerNetwork

INPUTS, OUTPUTS, FEATURES = 9, 7, 2
"""The last two inputs are features."""
KINDS: list[dict[str, Any]] = [
    {"attention": attention, "cell": cell, "layers": layers, "copies": copies}
    for attention in ("none", "additive", "dot", "monotonic")
    for cell, layers, copies in (("lstm", 1, False), ("gru", 2, True), ("rnn", 1, True), ("lstm", 2, True))
    if not (copies and attention == "none")
]
KINDS += [
    {"attention": attention, "cell": "lstm", "layers": 1, "copies": copies, "jumps": jumps}
    for attention in ("hard", "monotonic")
    for copies, jumps in ((False, 3), (True, 8))
]
HARD = [("hard", 2), ("monotonic", 0), ("monotonic", 2)]
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: " ".join(map(str, kind.values())))
SOURCES = [
    EncodedSource([8, 3, 4, 5, 0], 1, [7, 2, 3, 7, 7], [""] * 5),
    EncodedSource([3, 6, 0], 0, [5, 4, 7], [""] * 3),
    EncodedSource([7, 8, 2, 0], 2, [7, 7, 1, 7], [""] * 4),
]
TARGETS = [[2, 3, 3, 0], [5, 0], [1, 4, 6, 2, 0]]


def network_of(kind: dict[str, Any]) -> TransducerNetwork:
    torch.manual_seed(0)
    config = TransducerNetworkConfig(INPUTS, OUTPUTS, hidden_size=8, embedding_size=5, **kind, direct_features=FEATURES)
    network = TransducerNetwork(config).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.5)
    return network


def runtime_of(network: TransducerNetwork) -> RuntimeTransducerNetwork:
    weights = {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}
    return RuntimeTransducerNetwork(
        network.config, encoder_graph(network.config, weights), decoder_graph(network.config, weights)
    )


def stepped(decoder: SteppedDecoder, sources: list[EncodedSource], targets: list[list[int]]) -> list[np.ndarray]:
    """ln p (T, V) of each symbol of each target, one step at a time."""
    state, rows = decoder.begin(sources), np.arange(len(sources))
    last_B, found = np.zeros(len(sources), np.int64), list[np.ndarray]()
    for place in range(max(map(len, targets))):
        step = decoder.step(last_B, state)
        found.append(step.log_p_BV)
        last_B = np.array([target[min(place, len(target) - 1)] for target in targets], np.int64)
        state = after(state, step, rows, last_B)
    return [np.stack([one[row] for one in found[: len(target)]]) for row, target in enumerate(targets)]


def taught(network: TransducerNetwork, source: EncodedSource, target: list[int]) -> np.ndarray:
    """The same (T, V) with the whole target given."""
    sources = SourceBatch(
        torch.tensor([source.ids]),
        torch.tensor([len(source.ids)]),
        torch.tensor([source.features]),
        torch.tensor([source.copies]),
    )
    with torch.no_grad():
        memory = network.remember(sources)
        states = network.decode(memory, torch.tensor([[0, *target[:-1]]]))
        found: Tensor = network.log_probabilities(memory, states, torch.tensor([target]))
    return found[0].numpy()


@each_kind
def test_steps_of_a_batch_are_whole_targets_of_single_sources(kind: dict[str, Any]) -> None:
    network = network_of(kind)
    for row, log_p_TV in enumerate(stepped(SteppedNetwork(network), SOURCES, TARGETS)):
        np.testing.assert_allclose(log_p_TV, taught(network, SOURCES[row], TARGETS[row]), atol=2e-5)


@each_kind
def test_onnx_runtime_gives_what_the_network_gives(kind: dict[str, Any]) -> None:
    network = network_of(kind)
    pairs = zip(
        stepped(SteppedNetwork(network), SOURCES, TARGETS), stepped(runtime_of(network), SOURCES, TARGETS), strict=True
    )
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours, theirs, atol=2e-5)


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind["copies"]], ids=lambda kind: " ".join(map(str, kind.values()))
)
def test_graphs_of_many_symbols_copy_without_a_table_of_their_square(
    kind: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = network_of(kind)
    with_table = stepped(runtime_of(network), SOURCES, TARGETS)
    monkeypatch.setattr(copying_graph, "MOST_IN_TABLE", OUTPUTS - 1)
    for one, other in zip(with_table, stepped(runtime_of(network), SOURCES, TARGETS), strict=True):
        np.testing.assert_allclose(one, other, atol=2e-6)
    weights = {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}
    assert b"copies.table" not in decoder_graph(network.config, weights)


@each_kind
def test_probabilities_of_the_next_symbol_are_1_together(kind: dict[str, Any]) -> None:
    for log_p_TV in stepped(SteppedNetwork(network_of(kind)), SOURCES, TARGETS):
        np.testing.assert_allclose(np.exp(log_p_TV).sum(1), 1, atol=1e-5)


@pytest.mark.parametrize("copies", [False, True])
@pytest.mark.parametrize(("attention", "jumps"), HARD)
@pytest.mark.parametrize("row", range(len(SOURCES)))
def test_hard_attention_is_the_sum_over_all_alignments(row: int, attention: str, jumps: int, copies: bool) -> None:
    """p(target) by trying every sequence of places, with the probabilities of each step from a single place."""
    network = network_of({"attention": attention, "copies": copies, "jumps": jumps})
    source, target = SOURCES[row], TARGETS[row]
    total = sum(taught(network, source, target)[place, symbol] for place, symbol in enumerate(target))
    decoder = SteppedNetwork(network)
    places = range(source.features, len(source.ids))

    @functools.cache
    def step_after(history: tuple[int, ...]) -> tuple[Any, Any]:
        """The step in which the next symbol of the target is said, where those before it were said from these places
        alone; and the state that it begins in."""
        if not history:
            state, last = decoder.begin([source]), np.zeros(1, np.int64)
        else:
            before, state = step_after(history[:-1])
            last = np.array([target[len(history) - 1]])
            state = after(state, before, np.zeros(1, np.intp), last)
            alpha_BS = np.zeros_like(state.alpha_BS)
            alpha_BS[0, history[-1]] = 1
            state = type(state)(state.memory, state.recurrent, alpha_BS)
        return decoder.step(last, state), state

    def joint(history: tuple[int, ...], place: int) -> float:
        """p(place, symbol | the last place) for the next symbol of the target."""
        found = step_after(history)[0].joint_BPV
        assert found is not None
        return float(found[0, place, target[len(history)]])

    p = 0.0
    ways = itertools.product(places, repeat=len(target))
    for path in ways if attention == "hard" else itertools.combinations_with_replacement(places, len(target)):
        p += float(np.prod([joint(path[:length], path[length]) for length in range(len(path))]))
    assert np.log(p) == pytest.approx(total, abs=1e-4)


@pytest.mark.parametrize("copies", [False, True])
@pytest.mark.parametrize(("attention", "jumps"), [("hard", 8), ("monotonic", 0), ("monotonic", 8)])
def test_hard_attention_writes_from_the_likeliest_places_of_a_long_source(
    attention: str, jumps: int, copies: bool
) -> None:
    """The same in both, for rows of which one is short; where it stands is among these places, and nowhere else."""
    network = network_of({"attention": attention, "copies": copies, "jumps": jumps})
    random = np.random.default_rng(0)
    ids = [8, *random.integers(1, 7, 40).tolist(), 0]
    sources = [EncodedSource(ids, 1, [*random.integers(1, 8, len(ids)).tolist()], [""] * len(ids)), SOURCES[0]]
    rows, last_B = np.arange(2), np.zeros(2, np.int64)
    decoders: list[SteppedDecoder] = [SteppedNetwork(network), runtime_of(network)]
    states = [decoder.begin(sources) for decoder in decoders]
    for symbol in (2, 3, 1):
        steps = [decoder.step(last_B, state) for decoder, state in zip(decoders, states, strict=True)]
        np.testing.assert_allclose(steps[0].log_p_BV, steps[1].log_p_BV, atol=2e-5)
        np.testing.assert_allclose(steps[0].attention_BS, steps[1].attention_BS, atol=2e-5)
        attention_S, places_BP = steps[0].attention_BS[0], steps[0].places_BP
        assert places_BP is not None
        assert places_BP.shape == (2, WRITING_PLACES)
        others = np.setdiff1d(np.arange(len(ids)), places_BP[0])
        assert attention_S[places_BP[0]].min() >= attention_S[others].max()
        last_B = np.full(2, symbol)
        states = [after(state, step, rows, last_B) for state, step in zip(states, steps, strict=True)]
        np.testing.assert_allclose(states[0].alpha_BS.sum(1), 1, atol=1e-5)
        np.testing.assert_allclose(states[0].alpha_BS, states[1].alpha_BS, atol=2e-5)
        assert not states[0].alpha_BS[0, others].any()


@pytest.mark.parametrize(("attention", "jumps"), HARD)
def test_monotonic_attention_alone_never_moves_back_and_neither_looks_at_features(attention: str, jumps: int) -> None:
    network = network_of({"attention": attention, "copies": False, "jumps": jumps})
    state = SteppedNetwork(network).begin(SOURCES)
    places_B = first_place(torch.from_numpy(np.asarray(state.memory[-1]))).argmax(1).tolist()
    assert places_B == [source.features for source in SOURCES]
    alpha_BS = np.zeros_like(state.alpha_BS)
    alpha_BS[:, 2] = 1
    moved = type(state)(state.memory, state.recurrent, alpha_BS)
    step = SteppedNetwork(network).step(np.full(len(SOURCES), 2), moved)
    for source, attention_S in zip(SOURCES, step.attention_BS, strict=True):
        assert (attention_S[: source.features] == 0).all()
        assert (attention_S[source.features : 2] > 0).all() == (attention == "hard" or source.features == 2)


CTC_KINDS = [("lstm", 1, False, 1), ("gru", 2, True, 2), ("rnn", 1, True, 3)]


@pytest.mark.parametrize("most_in_table", [0, OUTPUTS])
@pytest.mark.parametrize(("cell", "layers", "copies", "frames"), CTC_KINDS)
def test_frames_of_a_batch_in_onnx_runtime_are_those_of_single_sources(
    cell: str, layers: int, copies: bool, frames: int, most_in_table: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(1)
    monkeypatch.setattr(copying_graph, "MOST_IN_TABLE", most_in_table)
    config = TransducerNetworkConfig(
        INPUTS,
        OUTPUTS,
        cell,
        layers,
        8,
        5,
        "none",
        copies,
        dropout=0.3,
        decoder="ctc",
        frames=frames,
        direct_features=FEATURES,
    )
    network = CtcNetwork(config).eval()
    weights = {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}
    together = RuntimeFramedNetwork(config, frames_graph(config, weights)).frames(SOURCES)
    for source, log_p_FV in zip(SOURCES, together, strict=True):
        (alone,) = FramedNetwork(network).frames([source])
        assert log_p_FV.shape == (frames * len(source.ids), OUTPUTS)
        np.testing.assert_allclose(np.exp(log_p_FV), np.exp(alone), atol=2e-6)
        np.testing.assert_allclose(np.exp(log_p_FV).sum(1), 1, atol=1e-5)
        assert (log_p_FV[: frames * source.features].argmax(1) == 0).all(), "features write blanks"
