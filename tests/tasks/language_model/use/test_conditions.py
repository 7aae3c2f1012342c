"""Conditions are general: a label that stays constant, alone or beside the countdown, goes all the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from charnn.generation.beam import likeliest_texts
from charnn.generation.config import SamplingConfig
from charnn.generation.generator import TextGenerator, in_order
from charnn.generation.model import NO_CONDITIONS, Conditions, TextStart
from charnn.generation.text import Request
from charnn.tasks.language_model.conditions import CONDITIONS, Condition, TextConditionValues
from charnn.tasks.language_model.config import LanguageModelNetworkConfig, Stopping
from charnn.tasks.language_model.learn.graph import language_model_graph
from charnn.tasks.language_model.learn.inference import NumpyLanguageModel
from charnn.tasks.language_model.learn.network import LanguageModelNetwork
from charnn.tasks.language_model.learn.step_graph import step_graph
from charnn.tasks.language_model.use.reading import score_carried, score_crops
from charnn.tasks.language_model.use.runtime import RuntimeLanguageModel
from charnn.tokenizers.base import STOP_ID
from charnn.tokenizers.characters import CharacterTokenizer

LETTERS = CharacterTokenizer("abcdefgh")
V, LABELS = LETTERS.size, 3
IDS_BT = np.array([[0, 3, 4, 5, 0, 6], [2, 1, 1, 0, 2, 3]])


def label_of(number: int) -> Condition:
    """A condition that has the same value beside every id, a stop too."""
    return Condition(
        "label", "labels", LABELS, beside_stops=True, row_of=lambda labels: labels,
        of_targets=lambda targets_BT, later_B: np.full(targets_BT.shape, number),
    )  # fmt: skip


@dataclass(frozen=True)
class Labelled:
    """What a text with a label gives its steps, beside what it gives them anyway."""

    label: int
    others: TextConditionValues

    @property
    def values(self) -> dict[str, Any]:
        return {"label": self.label, **self.others.values}

    @property
    def is_over(self) -> bool:
        return self.others.is_over

    def next(self) -> Labelled:
        return Labelled(self.label, self.others.next())


class LabelledModel(RuntimeLanguageModel):
    """Writes every text with one label."""

    label = 1

    def open_documents(self, batch: int, conditions: Conditions = NO_CONDITIONS) -> tuple[Any, Any, Any]:
        return super().open_documents(batch, {"label": np.full(batch, self.label)})

    def start(self, prompt_tokens: int, random: np.random.Generator) -> TextStart:
        logits_V, state, conditions = super().start(prompt_tokens, random)
        return TextStart(logits_V, state, Labelled(self.label, conditions))


@pytest.fixture(params=["symbol", "halt", "length"])
def stopping(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Stopping:
    """A way to end documents, of models that have a label besides."""
    kind: Stopping = request.param
    monkeypatch.setitem(CONDITIONS, kind, (*CONDITIONS[kind], label_of(1)))
    return kind


def network_of(stopping: Stopping, cell: str = "lstm") -> LanguageModelNetwork:
    torch.manual_seed(0)
    config = LanguageModelNetworkConfig(V, cell=cell, layers=1, hidden_size=8, embedding_size=5, stopping=stopping)
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


def test_a_text_is_scored_under_the_label_that_the_model_gives(stopping: Stopping) -> None:
    network = network_of(stopping)
    model = RuntimeLanguageModel(graphs(network)[0])
    documents = ["abcabc", "", "hgf"]
    ids = [LETTERS.encode(text) for text in documents]
    whole = score_carried(model, ids, 9, stop_id=STOP_ID)
    conditions = model.conditions(np.concatenate([np.append(i, STOP_ID) for i in ids])[None])
    assert set(conditions["label"].flat) == {1}
    assert whole.nats == pytest.approx(
        score_carried(NumpyLanguageModel(network), ids, 9, stop_id=STOP_ID).nats, rel=1e-5
    )
    assert score_crops(model, documents, LETTERS.encode, context=20, stop_id=STOP_ID).stops == 3
    CONDITIONS[stopping] = (*CONDITIONS[stopping][:-1], label_of(2))
    assert score_carried(model, ids, 9, stop_id=STOP_ID).nats != pytest.approx(whole.nats, rel=1e-3)


def written(model: RuntimeLanguageModel, prompts: list[str], *, batch: int) -> list[str]:
    requests = [Request(n, prompt, np.random.default_rng(n)) for n, prompt in enumerate(prompts)]
    generator = TextGenerator(model, LETTERS, SamplingConfig(length=30), batch=batch)
    texts = [""] * len(prompts)
    for text, shown, _ in in_order(generator.texts(requests)):
        texts[text.request.number] += shown
    return texts


def test_a_text_is_written_with_its_label_from_the_first_step_to_the_last(stopping: Stopping) -> None:
    """In any batch, with any prompt; and what is written shows the label that the model was given."""
    model = LabelledModel(graphs(network_of(stopping))[1])
    prompts = ["", "abc", "abc", "h"] * 5
    texts = written(model, prompts, batch=1)
    assert texts == written(model, prompts, batch=7)
    model.label = 2
    assert texts != written(model, prompts, batch=7)


def test_a_beam_carries_a_label(stopping: Stopping) -> None:
    texts = []
    for label in (1, 2):
        model = LabelledModel(graphs(network_of(stopping))[0])
        model.label = label
        requests = [Request(0, "a", np.random.default_rng(0))]
        sampling = SamplingConfig(length=12, beams=3)
        found = likeliest_texts(model, LETTERS, sampling, requests, number=3, may_stop=True, echo=False)
        texts.append([(piece.shown, piece.text.log_probability) for piece in found])
    assert all(len(found) == 3 for found in texts)
    assert texts[0] != texts[1]
