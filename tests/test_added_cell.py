"""A cell is an entry in the table and its equation.

Two small ones, which neither torch nor ONNX has, do all that a cell does; and the cells that both have give the same
without their kernels and operators.
"""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from charnn.api import SilentObserver
from charnn.cells import CELLS, Cell, Operations, V
from charnn.config.model import TokenizerConfig
from charnn.config.training import Budget, TrainingConfig
from charnn.corpora.data_files import DataFiles
from charnn.errors import ModelFormatError
from charnn.network.bidirectional import Bidirectional
from charnn.network.cells import CellWeights, step
from charnn.network.recurrent import Recurrent
from charnn.tasks.language_model.corpus import read_corpus
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.language_model.graph import language_model_graph
from charnn.tasks.language_model.learn.inference import NumpyLanguageModel
from charnn.tasks.language_model.learn.overrides import LanguageModelOverrides
from charnn.tasks.language_model.learn.session import LanguageModelSession
from charnn.tasks.language_model.step_graph import step_graph
from charnn.tasks.language_model.use.runtime import RuntimeLanguageModel
from charnn.tasks.tagger.config import TaggerNetworkConfig
from charnn.tasks.tagger.directory import TaggerDirectory
from charnn.tasks.tagger.graph import sentence_graph, vector_size
from charnn.tasks.tagger.learn.network import TaggerNetwork
from charnn.tasks.tagger.learn.plan import TaggerOverrides
from charnn.tasks.tagger.learn.session import TaggerSession
from charnn.tasks.tagger.treebank import read_treebank
from charnn.tasks.tagger.use.runtime import RuntimeTaggerNetwork
from charnn.training.optimizers import make_optimizers
from tests.cells import (
    LENGTHS,
    VOCABULARY,
    B,
    T,
    after,
    assert_a_window_is_its_steps,
    assert_rows_end_where_their_lengths_say,
    assert_same_run,
    flat,
    language_model,
    large,
    read,
    stack,
    warm_state,
)
from tests.quick import quick_runs  # noqa: F401 - a fixture of all tests here
from tests.runs import PLAIN, into

# The cells.


def minimal_gated_unit(op: Operations[V], state: Sequence[V], from_input: V, from_hidden: V) -> tuple[V, ...]:
    """The minimal gated unit (Zhou et al. 2016), with its gate after the product, as in `gru`.

    f = sigmoid(b + W h + U x)    n = tanh(U x + b_ih + f * (W h + b_hh))
    h' = (1 - f) * h + f * n
    """
    (h,) = state
    f_input, n_input = op.chunk(from_input, 2)
    f_hidden, n_hidden = op.chunk(from_hidden, 2)
    f = op.sigmoid(f_input + f_hidden)
    return (op.lerp(h, op.tanh(n_input + f * n_hidden), f),)


def skipping(op: Operations[V], state: Sequence[V], gates: V) -> tuple[V, ...]:
    """A connection over two steps: with d, the hidden state before h,

    f = sigmoid(b + W h + U x)    n = tanh(b + W h + U x)
    h' = f * n + (1 - f) * d      d' = h
    """
    h, d = state
    f, n = op.chunk(gates, 2)
    f = op.sigmoid(f)
    return f * op.tanh(n) + (1 - f) * d, h


ADDED = {
    "mgu": Cell(minimal_gated_unit, gates=2, sums_products=False),
    "skipping": Cell(skipping, gates=2, state=("hidden", "delayed"), open_gate=0),
}
BARE = {f"bare-{name}": dataclasses.replace(cell, torch=None, onnx=None) for name, cell in CELLS.items() if cell.torch}
"""The cells of the table as if neither torch nor ONNX had them."""
each_added = pytest.mark.parametrize("cell", ADDED)
each_bare = pytest.mark.parametrize("cell", BARE)


@pytest.fixture(autouse=True)
def in_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, cell in (ADDED | BARE).items():
        monkeypatch.setitem(CELLS, name, cell)


# Equations in torch.


@each_added
@pytest.mark.parametrize("options", [{}, {"residual": True}, {"recurrent_depth": 2}], ids=str)
def test_a_window_equals_its_steps_in_values_and_gradients(cell: str, options: dict[str, Any]) -> None:
    network = stack(cell, **options)
    x_BTE, state = torch.randn(4, 7, 3, dtype=torch.float64), warm_state(network, 4)
    assert_a_window_is_its_steps(network, x_BTE, state, rtol=1e-12)


def test_a_step_of_the_minimal_gated_unit_worked_by_hand() -> None:
    """One unit: f = sigmoid(0.5 + 2 * 0.5) and n = tanh(1 + f * 0.5), as its recurrent weights are 2 and 1."""
    weights = CellWeights(
        weight_ih=torch.tensor([[0.5], [1.0]]),
        weight_hh=torch.tensor([[2.0], [1.0]]),
        bias_ih=torch.zeros(2),
        bias_hh=torch.zeros(2),
    )
    hidden_11 = torch.tensor([[0.5]])
    network = Recurrent("mgu", input_size=1, hidden_size=1, layers=1)
    (before,) = network.initial_state(1)
    after = step("mgu", torch.ones(1, 1), type(before)(hidden_11), weights)
    f = 1 / (1 + np.exp(-1.5))
    n = np.tanh(1 + f * 0.5)
    assert after.hidden.item() == pytest.approx((1 - f) * 0.5 + f * n, abs=1e-6)


@each_bare
@pytest.mark.parametrize("options", [{}, {"weight_drop": 0.4}, {"residual": True, "recurrent_depth": 2}], ids=str)
def test_a_window_without_a_kernel_equals_the_kernel_in_values_and_gradients(
    cell: str, options: dict[str, Any]
) -> None:
    """Weights and random numbers are the same, so dropped weights are too."""
    runs = []
    for name in (cell, cell.removeprefix("bare-")):
        network = stack(name, **options)
        torch.manual_seed(2)
        x_BTE = torch.randn(4, 7, 3, dtype=torch.float64)
        state = warm_state(network, 4)
        y_BTH, after = network(x_BTE, state)
        loss = (y_BTH**2).sum() + sum(tensor.sum() for layer in after for tensor in layer)
        runs.append((y_BTH, after, torch.autograd.grad(loss, list(network.parameters()))))
    torch.testing.assert_close(*runs, rtol=1e-12, atol=1e-12)


@each_bare
def test_parameters_have_the_names_and_first_values_that_those_of_a_kernel_have(cell: str) -> None:
    torch.manual_seed(0)
    bare, own = (Recurrent(name, input_size=3, hidden_size=5, layers=2) for name in (cell, cell.removeprefix("bare-")))
    assert [(name, p.shape) for name, p in bare.named_parameters()] == [
        (name, p.shape) for name, p in own.named_parameters()
    ]
    for layer, other in zip(bare.layers, own.layers, strict=True):
        assert torch.equal(layer.bias_ih_l0, other.bias_ih_l0)
        assert torch.equal(layer.bias_hh_l0, other.bias_hh_l0)
        for gate_HH in layer.weight_hh_l0.split(5):
            torch.testing.assert_close(gate_HH @ gate_HH.T, torch.eye(5), rtol=0, atol=1e-5)


def test_the_gate_that_the_table_wants_open_starts_so() -> None:
    zeros, ones = torch.zeros(6), torch.ones(6)
    for cell, blocks in (("mgu", [zeros, zeros]), ("skipping", [ones, zeros])):
        network = Recurrent(cell, input_size=3, hidden_size=6, layers=1)
        assert torch.equal(network.layers[0].bias_ih_l0, torch.cat(blocks))
        assert not network.layers[0].bias_hh_l0.any()


@each_added
def test_weights_and_outputs_are_dropped_in_training_alone(cell: str) -> None:
    network, plain = stack(cell, weight_drop=0.9, dropout=0.5), stack(cell)
    x_BTE, state = torch.randn(2, 5, 3, dtype=torch.float64), warm_state(plain, 2)
    masks: list[Tensor] = []
    network.weight_drop.register_forward_hook(lambda _module, _inputs, output: masks.append(output))
    y_BTH, _ = network(x_BTE, state)
    assert len(masks) == 2
    assert (y_BTH == 0).any()
    torch.testing.assert_close(network.eval()(x_BTE, state), plain(x_BTE, state), rtol=0, atol=0)


@each_added
def test_autocast_keeps_the_precision_of_state_and_gradients(cell: str) -> None:
    network = stack(cell).float()
    state = network.initial_state(2)
    exact_BTH, _ = network(x_BTE := torch.randn(2, 5, 3), state)
    with torch.autocast("cpu", torch.bfloat16):
        y_BTH, state = network(x_BTE, state)
        y_BTH.float().sum().backward()
    assert {tensor.dtype for layer in state for tensor in layer} == {torch.float32}
    assert {parameter.grad.dtype for parameter in network.parameters() if parameter.grad is not None} == {torch.float32}
    torch.testing.assert_close(y_BTH.float(), exact_BTH, rtol=0, atol=0.1)


@pytest.mark.parametrize("cell", [*ADDED, *BARE])
def test_neither_padding_nor_the_rows_beside_it_change_what_both_directions_read(cell: str) -> None:
    network = Bidirectional(cell, input_size=3, hidden_size=4, layers=2).double()
    large(network)
    lengths_B = torch.tensor([5, 1, 3])
    x_BTE = torch.randn(3, 7, 3, dtype=torch.float64)
    together_BTF = network(x_BTE, lengths_B)
    for row, length in enumerate(lengths_B.tolist()):
        alone_1TF = network(x_BTE[row : row + 1, :length], lengths_B[row : row + 1])
        torch.testing.assert_close(together_BTF[row : row + 1, :length], alone_1TF, rtol=0, atol=1e-12)


@each_added
def test_muon_has_the_recurrent_matrices_gate_by_gate(cell: str) -> None:
    network = nn.Sequential(nn.Embedding(9, 3), stack(cell), nn.Linear(6, 9))
    config = TrainingConfig(budget=Budget(steps=1), optimizer="muon")
    _, muon = make_optimizers(network, config, torch.device("cpu"), "fp32")
    assert all(group["blocks"] == 2 for group in muon.param_groups)
    matrices = {id(p) for group in muon.param_groups for p in group["params"]}
    assert matrices == {id(p) for p in network[1].parameters() if p.ndim == 2}


# Equations in graphs: whole sequences.


@each_bare
@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("has_lengths", [False, True])
@pytest.mark.parametrize("has_states", [False, True])
def test_sequences_without_an_operator_are_those_of_the_operator(
    cell: str, directions: int, has_lengths: bool, has_states: bool
) -> None:
    """To the end of each row, and beyond it: y is 0 there, and the last states are those at its end."""
    how = {"directions": directions, "has_lengths": has_lengths, "has_states": has_states}
    ours, theirs = (read(name, **how) for name in (cell, cell.removeprefix("bare-")))
    for our, their in zip(ours, theirs, strict=True):
        assert our.shape == their.shape
        np.testing.assert_allclose(our, their, rtol=0, atol=1e-5)
    if has_lengths:
        assert not ours[0][1:, :, 1].any()


@each_added
def test_rows_end_where_their_lengths_say_in_both_directions(cell: str) -> None:
    assert_rows_end_where_their_lengths_say(cell)


# A language model's graphs.

IDS_BT = np.random.default_rng(0).integers(VOCABULARY, size=(5, 9))
SHAPES: list[dict[str, Any]] = [{}, {"layers": 1}, {"residual": True}, {"recurrent_depth": 3}]


@each_added
@pytest.mark.parametrize("options", SHAPES, ids=str)
def test_a_language_models_graph_gives_what_the_network_gives(cell: str, options: dict[str, Any]) -> None:
    config, module, weights = language_model(cell, **options)
    graph = language_model_graph(config, weights)
    onnx.checker.check_model(onnx.ModelProto.FromString(graph), full_check=True)
    network, runtime = NumpyLanguageModel(module), RuntimeLanguageModel(graph)
    expected_state, state = network.initial_state(5), runtime.initial_state(5)
    for ids_BT in (IDS_BT[:, :6], IDS_BT[:, 6:]):  # the second goes on from the state that the first leaves
        expected_BTV, expected_state = network.sequence(ids_BT, expected_state)
        logits_BTV, state = runtime.sequence(ids_BT, state)
        np.testing.assert_allclose(logits_BTV, expected_BTV, rtol=0, atol=1e-5)
        for array, other in zip(state, flat(expected_state), strict=True):
            np.testing.assert_allclose(array, other, rtol=0, atol=1e-5)
    (expected_BV, _), (logits_BV, _) = (
        m.step(IDS_BT[:, 0], s) for m, s in ((network, expected_state), (runtime, state))
    )
    np.testing.assert_allclose(logits_BV, expected_BV, rtol=0, atol=1e-5)


@each_added
@pytest.mark.parametrize("options", SHAPES, ids=str)
def test_a_language_models_int8_graph_is_close_to_the_network(cell: str, options: dict[str, Any]) -> None:
    config, module, weights = language_model(cell, **options)
    network, runtime = NumpyLanguageModel(module), RuntimeLanguageModel(step_graph(config, weights))
    expected_BTV, expected_state = network.sequence(IDS_BT, network.initial_state(5))
    logits_BTV, state = runtime.sequence(IDS_BT, runtime.initial_state(5))
    assert np.ptp(expected_BTV) > 2
    np.testing.assert_allclose(logits_BTV, expected_BTV, rtol=0, atol=0.1)
    for array, other in zip(state, flat(expected_state), strict=True):
        np.testing.assert_allclose(array, other, rtol=0, atol=0.1)


@each_added
@pytest.mark.parametrize("options", SHAPES, ids=str)
def test_int8_steps_in_place_are_its_steps(cell: str, options: dict[str, Any]) -> None:
    """Even where a part of the state is read for another part alone, as the hidden state of `skipping` is for the
    delayed one: it may not be written over before."""
    config, _, weights = language_model(cell, **options)
    runtime = RuntimeLanguageModel(step_graph(config, weights))
    for batch in (1, 5):
        state, advanced = runtime.initial_state(batch), runtime.initial_state(batch)
        for ids_B in IDS_BT[:batch].T:
            logits_BV, state = runtime.step(ids_B, state)
            np.testing.assert_array_equal(runtime.advance(ids_B, advanced), logits_BV)
            np.testing.assert_array_equal(np.stack(advanced), np.stack(state))


@each_bare
@pytest.mark.parametrize("options", SHAPES, ids=str)
def test_int8_graphs_do_not_depend_on_kernels_and_operators(cell: str, options: dict[str, Any]) -> None:
    config, _, weights = language_model(cell, **options)
    own = dataclasses.replace(config, cell=cell.removeprefix("bare-"))
    assert step_graph(config, weights) == step_graph(own, weights)


# A tagger's graph.


@pytest.mark.parametrize("cell", [*ADDED, *BARE])
@pytest.mark.parametrize("layers", [1, 2])
def test_scores_of_ragged_sentences_are_the_networks(cell: str, layers: int) -> None:
    sizes = {"word_size": 3, "character_size": 4, "reader_size": 3, "affix_size": 2, "shape_size": 2}
    config = TaggerNetworkConfig(7, 12, (3, 5), cell=cell, layers=layers, hidden_size=6, neighbour_size=0, **sizes)
    network = TaggerNetwork(config, torch.ones(config.words)).eval()
    large(network)
    weights = {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}
    graph = sentence_graph(config, weights)
    onnx.checker.check_model(onnx.ModelProto.FromString(graph), full_check=True)
    is_word_TB = np.arange(T)[:, None] < LENGTHS
    vectors_TBD = np.random.default_rng(0).normal(0, 1, (T, B, vector_size(config))).astype(np.float32)
    vectors_TBD *= is_word_TB[..., None]
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    scores = session.run(["scores.0", "scores.1"], {"vectors": vectors_TBD, "lengths": LENGTHS})

    vectors_BTD = torch.from_numpy(vectors_TBD).transpose(0, 1)
    with torch.inference_mode():
        read_BTF = network.recurrent(vectors_BTD, torch.from_numpy(LENGTHS))
        features_BTF = torch.cat([read_BTF, vectors_BTD], -1)
        for scores_TBS, head in zip(scores, network.heads, strict=True):
            expected_TBS = head.scores(features_BTF).transpose(0, 1).numpy()
            np.testing.assert_allclose(scores_TBS[is_word_TB], expected_TBS[is_word_TB], rtol=0, atol=1e-5)


# Runs.

LINE = "to be or not to be, the question"
SENTENCES = "the_DET cat_NOUN sleeps_VERB\na_DET dog_NOUN barks_VERB loudly_ADV\nsleep_VERB\n"


def said(directory: LanguageModelDirectory, prompt: str, *, quantized: bool) -> str:
    """What the model takes for the likeliest end of the line that begins with `prompt`."""
    model, tokenizer = RuntimeLanguageModel(directory.graph(quantized=quantized)), directory.tokenizer()
    state, ids = model.initial_state(1), [0, *tokenizer.encode(prompt)]
    for known in ids[:-1]:
        _, state = model.step(np.array([known]), state)
    while len(ids) <= len(LINE):
        logits_1V, state = model.step(np.array(ids[-1:]), state)
        ids.append(int(logits_1V[0].argmax()))
    return tokenizer.decode(ids[1:])


@each_added
def test_a_language_model_is_trained_resumed_and_sampled_from(cell: str, tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_text(f"{LINE}\n" * 4)
    corpus = read_corpus(DataFiles([str(tmp_path / "lines.txt")], [str(tmp_path / "lines.txt")]), document="line")
    wishes = LanguageModelOverrides(
        cell=cell,
        layers=1,
        hidden_size=16,
        embedding_size=8,
        dropout=0.0,
        learning_rate=0.05,
        budget=Budget(steps=70),
        settings=PLAIN,
    )

    def start(name: str) -> LanguageModelSession:
        return LanguageModelSession.start(into(tmp_path / name), corpus, TokenizerConfig(), wishes)

    whole = start("whole")
    assert whole.run(SilentObserver()) == "budget"
    half = start("half")
    assert half.run(SilentObserver(), after(30)) == "interrupt"
    assert LanguageModelSession.resume(half.directory, corpus).run(SilentObserver()) == "budget"
    assert_same_run(half.directory, whole.directory)
    directory = LanguageModelDirectory.open(tmp_path / "half")
    assert directory.config().network.cell == cell
    for quantized in (False, True):
        assert said(directory, "to be or n", quantized=quantized) == LINE


def tagged(directory: TaggerDirectory, words: Sequence[str]) -> list[str]:
    """A sentence's likeliest tags, as the graphs in the directory score them."""
    runtime = RuntimeTaggerNetwork(directory.word_graph(), directory.graph(quantized=False))
    lexicon = directory.lexicon()
    vectors_TD = runtime.vectors(lexicon.features(list(words)))
    (scores_T1S,) = runtime.scores(vectors_TD[:, None], np.array([len(words)]))
    return [lexicon.tags["tag"][number] for number in scores_T1S[:, 0].argmax(-1)]


@each_added
def test_a_tagger_is_trained_resumed_and_tags(cell: str, tmp_path: Path) -> None:
    (tmp_path / "treebank.txt").write_text(SENTENCES * 6)
    (tmp_path / "dev.txt").write_text(SENTENCES)
    treebank = read_treebank(DataFiles([str(tmp_path / "treebank.txt")], [str(tmp_path / "dev.txt")]), columns=("tag",))
    wishes = TaggerOverrides(
        cell=cell,
        layers=1,
        hidden_size=8,
        word_size=8,
        dropout=0.0,
        learning_rate=0.02,
        budget=Budget(steps=60),
        settings=PLAIN,
    )

    def start(name: str) -> TaggerSession:
        return TaggerSession.start(into(tmp_path / name), treebank, wishes)

    whole = start("whole")
    assert whole.run(SilentObserver()) == "budget"
    half = start("half")
    assert half.run(SilentObserver(), after(25)) == "interrupt"
    assert TaggerSession.resume(half.directory, treebank).run(SilentObserver()) == "budget"
    assert_same_run(half.directory, whole.directory)
    directory = TaggerDirectory.open(tmp_path / "half")
    assert directory.config().scores.accuracies == (1.0,)
    assert not directory.has_quantized_graph()
    for line in SENTENCES.splitlines():
        words, tags = zip(*(word.split("_") for word in line.split()), strict=True)
        assert tagged(directory, words) == [*tags]


def test_a_model_whose_cell_is_gone_from_the_table_is_refused_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "text.txt").write_text(f"{LINE}\n" * 4)
    session = LanguageModelSession.start(
        into(tmp_path / "model"),
        read_corpus(DataFiles([str(tmp_path / "text.txt")])),
        TokenizerConfig(),
        LanguageModelOverrides(cell="mgu", layers=1, hidden_size=4, budget=Budget(steps=2), settings=PLAIN),
    )
    session.run(SilentObserver())
    for name in (*ADDED, *BARE):
        monkeypatch.delitem(CELLS, name)
    with pytest.raises(
        ModelFormatError, match=r"\A[^\n]*there is no cell 'mgu'; there are rnn, lstm, gru, wavenet, ntm\Z"
    ):
        session.directory.config()


def test_the_table_needs_neither_torch_nor_onnx_nor_numpy() -> None:
    script = (
        "import sys, charnn.cells; print([n for n in ('torch', 'onnx', 'onnxruntime', 'numpy') if n in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "[]\n"
