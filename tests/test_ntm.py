"""The neural Turing machine: the formulas of the paper, and a memory that is carried like any other state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn

from charnn.api import SilentObserver
from charnn.cells.ntm import HEADS, PLACES, WIDTH, widths
from charnn.config.model import TokenizerConfig
from charnn.config.training import Budget, TrainingConfig
from charnn.corpora.data_files import DataFiles
from charnn.errors import ConfigError
from charnn.network.cells import state_type, step
from charnn.network.recurrent import Recurrent
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.corpus import read_corpus
from charnn.tasks.language_model.graph import language_model_graph
from charnn.tasks.language_model.learn.network import LanguageModelNetwork
from charnn.tasks.language_model.learn.overrides import LanguageModelOverrides
from charnn.tasks.language_model.learn.session import LanguageModelSession
from charnn.tasks.language_model.step_graph import step_graph
from charnn.tasks.language_model.use.runtime import RuntimeLanguageModel
from charnn.training.optimizers import make_optimizers
from tests.cells import (
    after,
    assert_a_carried_state_goes_on,
    assert_a_window_is_its_steps,
    assert_graphs_give_what_the_network_gives,
    assert_rows_end_where_their_lengths_say,
    assert_same_run,
    stack,
    warm_state,
)
from tests.quick import quick_runs  # noqa: F401 - a fixture of all tests here
from tests.runs import PLAIN, into

Floats = npt.NDArray[np.float64]


def sigmoid(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))


def softmax(x: Floats) -> Floats:
    return np.exp(x) / np.exp(x).sum()


def addressed(memory_NM: Floats, before_N: Floats, k: Floats, beta: float, g: float, s: Floats, gamma: float) -> Floats:
    """Equations 5 to 9 of Graves, Wayne and Danihelka (2014), place by place; s are the shifts -1, 0 and 1."""
    alike_N = np.array([k @ row / (np.linalg.norm(k) * np.linalg.norm(row)) for row in memory_NM])
    content_N = softmax(beta * alike_N)
    gated_N = g * content_N + (1 - g) * before_N
    places = len(before_N)
    shifted_N = np.zeros(places)
    for i in range(places):
        for j in range(places):
            shift = (i - j + 1) % places - 1
            if shift in (-1, 0, 1):
                shifted_N[i] += gated_N[j] * s[shift + 1]
    sharp_N: Floats = shifted_N**gamma
    return sharp_N / sharp_N.sum()


def step_of_the_paper(weights: dict[str, Floats], x: Floats, state: dict[str, Floats]) -> dict[str, Floats]:
    """A step for a single row, whose state has the reading r itself, the memory (N, M) and both weightings (2, N)."""

    def linear(name: str, *inputs: Floats) -> Floats:
        return weights[f"weight_{name}"] @ np.concatenate(inputs) + weights[f"bias_{name}"]

    r = np.tanh(state["read"])
    gates = linear("ih", x) + linear("controller", state["z"], r)
    i, f, g, o = np.split(gates, 4)
    c = sigmoid(f) * state["c"] + sigmoid(i) * np.tanh(g)
    z = sigmoid(o) * np.tanh(c)
    told = np.split(linear("heads", z), np.cumsum(HEADS)[:-1])
    keys, strengths, interpolations, shifts, sharpness = (part.reshape(2, -1) for part in told[:5])
    erased, added = sigmoid(told[5]), told[6]
    w_2N = np.stack([
        addressed(
            state["memory"], state["heads"][head], keys[head], np.log1p(np.exp(strengths[head, 0])),
            sigmoid(interpolations[head, 0]), softmax(shifts[head]), 1 + np.log1p(np.exp(sharpness[head, 0])),
        )
        for head in range(2)
    ])  # fmt: skip
    writing, reading = w_2N
    memory = np.zeros_like(state["memory"])
    for place in range(len(memory)):
        memory[place] = state["memory"][place] * (1 - writing[place] * erased) + writing[place] * added
    found = np.sum([reading[place] * memory[place] for place in range(len(memory))], 0)
    hidden = np.tanh(linear("out", z, np.tanh(found)))
    return {"hidden": hidden, "z": z, "c": c, "read": found, "memory": memory, "heads": w_2N}


def as_carried(state: dict[str, Floats]) -> list[Floats]:
    """The state of a row as the cell carries it."""
    heads = state["heads"].copy()
    heads[:, 0] -= 1
    parts = state["hidden"], state["z"], state["c"], np.tanh(state["read"]), state["memory"].T.ravel(), heads.ravel()
    return [*parts]


def test_steps_are_those_of_the_papers_formulas() -> None:
    hidden, inputs = 5, 3
    network = Recurrent("ntm", input_size=inputs, hidden_size=hidden, layers=1).double()
    torch.manual_seed(1)
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.7)
    tensors = {name.removesuffix("_l0"): value for name, value in network.layers[0].named_parameters()}
    weights = {name: value.detach().numpy() for name, value in tensors.items()}
    random = np.random.default_rng(0)
    state = {
        "hidden": random.uniform(-1, 1, hidden), "z": random.uniform(-1, 1, hidden), "c": random.normal(size=hidden),
        "read": random.normal(size=WIDTH), "memory": random.normal(size=(PLACES, WIDTH)),
        "heads": random.dirichlet(np.full(PLACES, 0.2), 2),
    }  # fmt: skip
    ours = state_type("ntm")(*(torch.from_numpy(part)[None] for part in as_carried(state)))
    for _ in range(4):
        x = random.normal(size=inputs)
        state = step_of_the_paper(weights, x, state)
        ours = step("ntm", torch.from_numpy(x)[None], ours, tensors)
        for part, expected in zip(ours, as_carried(state), strict=True):
            np.testing.assert_allclose(part.detach().numpy()[0], expected, rtol=0, atol=2e-4)


def told(**values: Any) -> dict[str, Tensor]:
    """The weights of a cell that tells its heads these values, as they are before sigmoids and the like, whatever it
    reads."""
    names = ("keys", "strengths", "gates", "shifts", "sharpness", "erased", "added")
    parts = [torch.zeros(size) for size in HEADS]
    for name, value in values.items():
        parts[names.index(name)][:] = torch.as_tensor(value)
    network = Recurrent("ntm", input_size=1, hidden_size=2, layers=1)
    weights = {name.removesuffix("_l0"): torch.zeros_like(p) for name, p in network.layers[0].named_parameters()}
    return weights | {"bias_heads": torch.cat(parts)}


NEVER, SURELY = -60.0, 60.0
ON = [NEVER, NEVER, SURELY]
"""The shift to the next place."""


def test_heads_start_at_the_first_place_and_what_one_writes_the_other_reads() -> None:
    """Both move on by a place at each step, the second time to where nothing is written yet."""
    a = torch.linspace(-2, 2, WIDTH)
    weights = told(gates=NEVER, shifts=[*ON, *ON], sharpness=SURELY, erased=SURELY, added=a)
    state = state_type("ntm")(*(torch.zeros(1, size) for size in widths(2)))
    for place in (1, 2):
        state = step("ntm", torch.zeros(1, 1), state, weights)
        parts = state._asdict()
        memory_NM = parts["memory"].view(WIDTH, PLACES).T
        for written in range(PLACES):
            expected = a if 1 <= written <= place else torch.zeros(WIDTH)
            torch.testing.assert_close(memory_NM[written], expected, rtol=0, atol=1e-4)
        torch.testing.assert_close(parts["read"][0], torch.tanh(a), rtol=0, atol=1e-4)


def test_a_head_finds_the_place_that_is_like_its_key_and_moves_on_from_it_round_the_circle() -> None:
    memory_NM = torch.randn(PLACES, WIDTH, generator=torch.Generator().manual_seed(0))
    key = 3 * memory_NM[PLACES - 1]  # the last place; its length says nothing
    weights = told(
        keys=torch.cat([key, key]), strengths=200.0, gates=SURELY, shifts=[NEVER, SURELY, NEVER, *ON],
        sharpness=SURELY, erased=NEVER,
    )  # fmt: skip
    before = [torch.zeros(1, size) for size in widths(2)]
    before[4] = memory_NM.T.reshape(1, -1)
    after = step("ntm", torch.zeros(1, 1), state_type("ntm")(*before), weights)._asdict()
    heads_2N = after["heads"].view(2, PLACES)
    heads_2N = torch.cat([heads_2N[:, :1] + 1, heads_2N[:, 1:]], 1)
    assert heads_2N.argmax(1).tolist() == [PLACES - 1, 0]
    torch.testing.assert_close(heads_2N.sum(1), torch.ones(2))
    torch.testing.assert_close(after["read"][0], torch.tanh(memory_NM[0]), rtol=0, atol=1e-3)
    torch.testing.assert_close(after["memory"], before[4])


@pytest.mark.parametrize("options", [{}, {"residual": True}], ids=str)
def test_a_window_equals_its_steps_in_values_and_gradients(options: dict[str, Any]) -> None:
    network = stack("ntm", **options)
    x_BTE, state = torch.randn(3, 6, 3, dtype=torch.float64), warm_state(network, 3)
    assert_a_window_is_its_steps(network, x_BTE, state, rtol=1e-10)


def test_carried_state_equals_one_long_window() -> None:
    assert_a_carried_state_goes_on(stack("ntm"), torch.randn(2, 20, 3, dtype=torch.float64), 7)


def test_gradients_are_those_of_finite_differences() -> None:
    network = Recurrent("ntm", input_size=2, hidden_size=3, layers=1).double()
    x_BTE = torch.randn(2, 3, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    state = warm_state(stack("ntm"), 2)[0]._asdict()
    sizes = network.initial_state(2)[0]._asdict()
    before = state_type("ntm")(*(state[name][:, : part.shape[1]] for name, part in sizes.items()))
    assert torch.autograd.gradcheck(
        lambda x: network(x, (before,))[0], x_BTE.requires_grad_(), eps=1e-6, atol=1e-5, rtol=1e-3
    )


@pytest.mark.parametrize("start", ["zeros", "any"])
def test_gradients_are_finite_from_an_empty_memory_and_from_any_state(start: str) -> None:
    """Any within [-1, 1]: a transducer's decoder begins with what its encoder gives."""
    network = Recurrent("ntm", input_size=3, hidden_size=4, layers=2)
    torch.manual_seed(0)
    state = network.initial_state(3)
    if start == "any":
        state = tuple(type(layer)(*(torch.rand_like(part) * 2 - 1 for part in layer)) for layer in state)
    y_BTH, after = network(torch.randn(3, 9, 3), state)
    y_BTH.square().sum().backward()
    assert all(part.isfinite().all() for layer in after for part in layer)
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


@pytest.mark.parametrize("options", [{}, {"layers": 1}, {"residual": True}], ids=str)
def test_graphs_give_what_the_network_gives_and_steps_in_place_are_its_steps(options: dict[str, Any]) -> None:
    assert_graphs_give_what_the_network_gives("ntm", 12, options)


def test_rows_end_where_their_lengths_say_in_both_directions() -> None:
    assert_rows_end_where_their_lengths_say("ntm")


def test_only_the_forget_gate_of_the_controller_starts_open() -> None:
    (layer,) = Recurrent("ntm", input_size=3, hidden_size=6, layers=1).layers
    zeros, ones = torch.zeros(6), torch.ones(6)
    assert torch.equal(layer.bias_ih_l0, torch.cat([zeros, ones, zeros, zeros]))
    assert not any(layer.get_parameter(f"bias_{name}_l0").any() for name in ("controller", "heads", "out"))


def test_muon_has_what_the_heads_are_told_as_one_matrix_and_the_controller_gate_by_gate() -> None:
    network = Recurrent("ntm", input_size=3, hidden_size=6, layers=1)
    config = TrainingConfig(budget=Budget(steps=1), optimizer="muon")
    _, muon = make_optimizers(network, config, torch.device("cpu"), "fp32")
    blocks = {id(group["params"][0]): group["blocks"] for group in muon.param_groups}
    found = {name: blocks[id(p)] for name, p in network.layers[0].named_parameters() if p.ndim == 2}
    expected = {"weight_ih_l0": 4, "weight_controller_l0": 4, "weight_heads_l0": 1, "weight_out_l0": 1}
    assert found == expected


@pytest.mark.parametrize("option", [{"weight_drop": 0.5}, {"recurrent_depth": 2}], ids=str)
def test_options_of_blocks_of_recurrent_weights_are_refused(option: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="are for --cell rnn or lstm or gru, not ntm"):
        LanguageModelNetworkConfig(11, cell="ntm", **option)


LINE = "to be or not to be"


def test_it_learns_a_line_and_both_graphs_write_it() -> None:
    torch.manual_seed(0)
    symbols = sorted(set(LINE))
    config = LanguageModelNetworkConfig(
        len(symbols) + 1, cell="ntm", layers=1, hidden_size=12, embedding_size=6, dropout=0
    )
    network = LanguageModelNetwork(config)
    ids_1T = torch.tensor([[0, *(symbols.index(symbol) + 1 for symbol in LINE), 0]])
    optimizer = torch.optim.Adam(network.parameters(), 0.03)
    for _ in range(60):
        logits_1TV, _ = network(ids_1T[:, :-1], network.initial_state(1))
        optimizer.zero_grad()
        nn.functional.cross_entropy(logits_1TV[0], ids_1T[0, 1:]).backward()
        optimizer.step()
    weights = {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}
    for graph in (language_model_graph(config, weights), step_graph(config, weights)):
        model = RuntimeLanguageModel(graph)
        state, ids = model.initial_state(1), [0]
        while len(ids) < ids_1T.shape[1]:
            logits_1V, state = model.step(np.array(ids[-1:]), state)
            ids.append(int(logits_1V[0].argmax()))
        assert "".join("" if number == 0 else symbols[number - 1] for number in ids) == LINE
        assert ids[-1] == 0


def test_a_resumed_run_is_the_whole_run_to_the_last_bit(tmp_path: Path) -> None:
    """The memory is carried from window to window, and so from the first half of a run to the second."""
    (tmp_path / "text.txt").write_text(f"{LINE}, that is the question. " * 30)
    corpus = read_corpus(DataFiles([str(tmp_path / "text.txt")]))

    def start(name: str) -> LanguageModelSession:
        wishes = LanguageModelOverrides(
            cell="ntm", layers=1, hidden_size=6, batch_size=2, window_length=16, budget=Budget(steps=6), settings=PLAIN
        )
        return LanguageModelSession.start(into(tmp_path / name), corpus, TokenizerConfig(), wishes)

    whole = start("whole")
    assert whole.run(SilentObserver()) == "budget"
    half = start("half")
    assert half.run(SilentObserver(), after(3)) == "interrupt"
    assert LanguageModelSession.resume(half.directory, corpus).run(SilentObserver()) == "budget"
    assert_same_run(half.directory, whole.directory)
