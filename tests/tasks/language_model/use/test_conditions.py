"""Conditions are general: a label that stays constant, alone or beside the countdown, goes all the way."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch

from charnn.errors import ModelFormatError
from charnn.generation.beam import likeliest_texts
from charnn.generation.config import SamplingConfig
from charnn.generation.generator import TextGenerator, in_order
from charnn.generation.model import Conditions
from charnn.generation.text import Request
from charnn.tasks.language_model.conditions import weights_of_labels
from charnn.tasks.language_model.config import LanguageModelNetworkConfig, Stopping
from charnn.tasks.language_model.graph import language_model_graph
from charnn.tasks.language_model.learn.inference import NumpyLanguageModel
from charnn.tasks.language_model.learn.network import LanguageModelNetwork
from charnn.tasks.language_model.step_graph import step_graph
from charnn.tasks.language_model.use.reading import score_carried, score_crops
from charnn.tasks.language_model.use.runtime import RuntimeLanguageModel
from charnn.tokenizers.base import STOP_ID
from charnn.tokenizers.characters import CharacterTokenizer

LETTERS = CharacterTokenizer("abcdefgh")
V, LABELS = LETTERS.size, 3
IDS_BT = np.array([[0, 3, 4, 5, 0, 6], [2, 1, 1, 0, 2, 3]])


@pytest.fixture(params=["symbol", "halt", "length"])
def stopping(request: pytest.FixtureRequest) -> Stopping:
    """A way to end documents, of models that have a label besides."""
    kind: Stopping = request.param
    return kind


def network_of(stopping: Stopping, cell: str = "lstm") -> LanguageModelNetwork:
    torch.manual_seed(0)
    config = LanguageModelNetworkConfig(
        V, cell=cell, layers=1, hidden_size=8, embedding_size=5, stopping=stopping, labels=LABELS
    )
    network = LanguageModelNetwork(config).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.5)
    return network


def graphs(network: LanguageModelNetwork) -> tuple[bytes, bytes]:
    weights = {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}
    return language_model_graph(network.config, weights), step_graph(network.config, weights)


def given(stopping: Stopping, labels_B: list[int]) -> Conditions:
    conditions = {"label": np.repeat(np.array(labels_B)[:, None], IDS_BT.shape[1], 1)}
    return conditions | ({"countdown": np.tile(np.arange(6, 0, -1), (2, 1))} if stopping == "length" else {})


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_graphs_read_a_label_as_the_network_does(stopping: Stopping, cell: str) -> None:
    network = network_of(stopping, cell)
    assert network.get_parameter("label.weight").shape == (LABELS, 5)
    expected = NumpyLanguageModel(network)
    for graph, atol in zip(graphs(network), (1e-5, 0.2), strict=True):
        runtime, logits = RuntimeLanguageModel(graph), {}
        for labels_B in ([0, 2], [1, 2]):
            conditions = given(stopping, labels_B)
            theirs_BTV, _ = expected.sequence(IDS_BT, expected.initial_state(2), conditions)
            logits_BTV, _ = runtime.sequence(IDS_BT, runtime.initial_state(2), conditions)
            np.testing.assert_allclose(logits_BTV, theirs_BTV, rtol=0, atol=atol)
            logits[labels_B[0]] = logits_BTV
        assert not np.allclose(logits[0][0, 0], logits[1][0, 0]), "a label counts from the first stop on"
        np.testing.assert_array_equal(logits[0][1], logits[1][1])


def test_a_label_is_given_beside_the_stop_that_the_countdown_is_not_given_beside(stopping: Stopping) -> None:
    network = network_of(stopping)
    stop = torch.tensor([[STOP_ID]])
    rows = {"label": torch.tensor([[2]]), "countdown": torch.tensor([[3]])}
    y_BTH, _ = network.read(stop, network.initial_state(1), rows)
    x_BTE = (network.embedding.weight[STOP_ID] + network.get_parameter("label.weight")[2])[None, None]
    torch.testing.assert_close(y_BTH, network.recurrent(x_BTE, network.initial_state(1))[0])


def test_a_mixture_adds_the_weighted_sum_of_its_labels_vectors(stopping: Stopping) -> None:
    """A label that weighs 1 is the label itself; and both graphs mix as the network does."""
    network = network_of(stopping)
    expected = NumpyLanguageModel(network)
    alone, mixed = given(stopping, [1, 2]), given(stopping, [1, 2])
    alone["label"] = np.eye(LABELS, dtype=np.float32)[alone["label"]]
    mixed["label"] = np.broadcast_to(np.array([0.25, 0.0, 0.75], np.float32), (*IDS_BT.shape, LABELS))
    vectors = network.get_parameter("label.weight")
    with torch.no_grad():
        vectors[1] = 0.25 * vectors[0] + 0.75 * vectors[2]
    for graph, atol in zip(graphs(network), (1e-5, 0.2), strict=True):
        runtime = RuntimeLanguageModel(graph)
        for conditions, same in ((alone, given(stopping, [1, 2])), (mixed, given(stopping, [1, 1]))):
            theirs_BTV, _ = expected.sequence(IDS_BT, expected.initial_state(2), same)
            for model in (runtime, expected):
                logits_BTV, _ = model.sequence(IDS_BT, model.initial_state(2), conditions)
                np.testing.assert_allclose(logits_BTV, theirs_BTV, rtol=0, atol=atol)


def test_a_text_is_scored_under_the_labels_that_are_given(stopping: Stopping) -> None:
    """Each document under its own, or all under those of the model."""
    network = network_of(stopping)
    model = RuntimeLanguageModel(graphs(network)[0])
    documents = ["abcabc", "", "hgf"]
    ids = [LETTERS.encode(text) for text in documents]
    labels = [np.full(len(each) + 1, label, np.int32) for each, label in zip(ids, (1, 2, 1), strict=True)]
    whole = score_carried(model, ids, 9, labels=labels, stop_id=STOP_ID)
    reference = score_carried(NumpyLanguageModel(network), ids, 9, labels=labels, stop_id=STOP_ID)
    assert whole.nats == pytest.approx(reference.nats, rel=1e-5)
    of_model = model.with_labels((0.0, 1.0, 0.0))
    alike = [np.full(len(each) + 1, 1, np.int32) for each in ids]
    expected = score_carried(model, ids, 9, labels=alike, stop_id=STOP_ID)
    assert score_carried(of_model, ids, 9, stop_id=STOP_ID).nats == pytest.approx(expected.nats, rel=1e-5)
    assert expected.nats != pytest.approx(whole.nats, rel=1e-4)
    assert score_crops(of_model, documents, LETTERS.encode, context=20, stop_id=STOP_ID).stops == 3


def written(model: RuntimeLanguageModel, prompts: list[str], *, batch: int) -> list[str]:
    requests = [Request(n, prompt, np.random.default_rng(n)) for n, prompt in enumerate(prompts)]
    generator = TextGenerator(model, LETTERS, SamplingConfig(length=30), batch=batch)
    texts = [""] * len(prompts)
    for text, shown, _ in in_order(generator.texts(requests)):
        texts[text.request.number] += shown
    return texts


def test_a_text_is_written_with_its_label_from_the_first_step_to_the_last(stopping: Stopping) -> None:
    """This holds in any batch and with any prompt; and what is written shows the label that the model was given."""
    model = RuntimeLanguageModel(graphs(network_of(stopping))[1]).with_labels((0.0, 1.0, 0.0))
    prompts = ["", "abc", "abc", "h"] * 5
    texts = written(model, prompts, batch=1)
    assert texts == written(model, prompts, batch=7)
    assert texts != written(model.with_labels((0.0, 0.0, 1.0)), prompts, batch=7)


def test_texts_draw_their_labels_as_often_as_they_were_seen(stopping: Stopping) -> None:
    model = RuntimeLanguageModel(graphs(network_of(stopping))[1]).with_labels(None, (0.2, 0.8, 0.0))
    starts = [model.start(1, np.random.default_rng(n)).conditions.values["label"] for n in range(400)]
    drawn = np.array(starts).mean(0)
    np.testing.assert_allclose(drawn, (0.2, 0.8, 0.0), atol=0.06)
    assert all(sum(weights) == max(weights) == 1 for weights in starts)
    assert written(model, [""] * 9, batch=1) == written(model, [""] * 9, batch=4)


def test_a_beam_carries_a_label(stopping: Stopping) -> None:
    texts = []
    for weights in ((0.0, 1.0, 0.0), (0.0, 0.0, 1.0)):
        model = RuntimeLanguageModel(graphs(network_of(stopping))[0]).with_labels(weights)
        requests = [Request(0, "a", np.random.default_rng(0))]
        sampling = SamplingConfig(length=12, beams=3)
        found = list(likeliest_texts(model, LETTERS, sampling, requests, number=3, may_stop=True, echo=False))
        texts.append([(piece.shown, piece.text.log_probability) for piece in found])
        assert all(tuple(piece.text.conditions["label"]) == weights for piece in found)
    assert all(len(found) == 3 for found in texts)
    assert texts[0] != texts[1]


def test_a_graph_whose_labels_have_no_number_is_refused() -> None:
    graph = onnx.load_from_string(graphs(network_of("symbol"))[0])
    port = next(port for port in graph.graph.input if port.name == "label_weights")
    port.type.tensor_type.shape.dim[2].dim_param = "K"
    with pytest.raises(ModelFormatError, match="not a graph of charnn's"):
        RuntimeLanguageModel(graph.SerializeToString())


@pytest.mark.parametrize("shape", [(), (4,), (2, 3)])
def test_numbers_of_labels_are_weights_of_1(shape: tuple[int, ...]) -> None:
    numbers = np.random.default_rng(0).integers(0, 5, shape).astype(np.int32)
    np.testing.assert_array_equal(weights_of_labels(numbers, 5), np.eye(5, dtype=np.float32)[numbers])
    assert weights_of_labels(numbers, 5).dtype == np.float32
