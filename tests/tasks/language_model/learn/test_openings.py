"""The openings of documents that are learned from the initial state, beside the windows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from charnn.config.model import SourceFile
from charnn.config.training import Budget, TrainingConfig
from charnn.generation.config import SamplingConfig
from charnn.generation.generator import generate
from charnn.tasks.language_model.config import CorpusConfig, LanguageModelNetworkConfig, Stopping
from charnn.tasks.language_model.corpus import Corpus
from charnn.tasks.language_model.learn.data import IGNORED, EncodedCorpus
from charnn.tasks.language_model.learn.network import LanguageModelNetwork
from charnn.tasks.language_model.learn.objective import LanguageModelObjective
from charnn.tasks.language_model.learn.openings import (
    LANES_PER_OPENING,
    OPENING_LENGTH,
    OPENING_WEIGHT,
    Openings,
)
from charnn.tasks.language_model.learn.session import LanguageModelSession
from charnn.tasks.language_model.use.runtime import RuntimeLanguageModel
from charnn.tokenizers.base import STOP_ID
from charnn.training.distributed.processes import ALONE, Processes

LONG = list(range(10, 40))
DOCUMENTS = [[1, 2, 3], [4], LONG, [5, 6]]
LANES = 2 * LANES_PER_OPENING


def end_to_end(documents: list[list[int]]) -> np.ndarray:
    return np.array([token for document in documents for token in (*document, STOP_ID)], np.int32)


def openings_of(documents: list[list[int]], lanes: int = LANES, **options: Any) -> Openings:
    return Openings(end_to_end(documents), lanes=lanes, seed=0, **options)


# What is read.


def test_a_window_has_the_beginnings_of_documents_after_a_stop_and_nothing_beyond_them() -> None:
    openings = openings_of(DOCUMENTS, lanes=4 * LANES_PER_OPENING)
    window = openings.next(20)
    assert window.inputs_BT.shape == window.targets_BT.shape == (4, 20)
    assert (window.inputs_BT[:, 0] == STOP_ID).all()
    found = [[int(target) for target in row if target != IGNORED] for row in window.targets_BT]
    assert sorted(found) == sorted([[1, 2, 3, STOP_ID], [4, STOP_ID], LONG[:OPENING_LENGTH], [5, 6, STOP_ID]])
    for inputs, targets in zip(window.inputs_BT, found, strict=True):
        assert inputs[1 : len(targets)].tolist() == targets[:-1]


@given(count=st.integers(1, 9), lanes=st.integers(1, 200), length=st.integers(1, 30))
def test_each_document_is_read_as_often_as_any_other_and_the_order_changes(count: int, lanes: int, length: int) -> None:
    openings = openings_of([[number] * 3 for number in range(1, count + 1)], lanes)
    windows = -(-3 * count * LANES_PER_OPENING // lanes)
    read = [int(first) for _ in range(windows) for first in openings.next(length).targets_BT[:, 0]]
    assert len(read) == windows * lanes // LANES_PER_OPENING
    for reading in range(3):
        assert sorted(read[reading * count : (reading + 1) * count]) == list(range(1, count + 1))


def test_documents_are_read_in_a_new_order_each_time_and_by_another_seed_in_another() -> None:
    documents = [[number] for number in range(1, 65)]
    openings = openings_of(documents)
    first, second = ([openings.next(1).targets_BT[:, 0].tolist() for _ in range(32)] for _ in range(2))
    assert first != second
    other = Openings(end_to_end(documents), lanes=LANES, seed=1)
    assert first != [other.next(1).targets_BT[:, 0].tolist() for _ in range(32)]


def test_few_lanes_have_an_opening_in_some_windows_only() -> None:
    openings = openings_of(DOCUMENTS, lanes=LANES_PER_OPENING // 4)
    assert [len(openings.next(5).inputs_BT) for _ in range(9)] == [0, 0, 0, 1, 0, 0, 0, 1, 0]


def test_a_text_without_a_stop_has_no_opening() -> None:
    openings = Openings(np.arange(1, 30, dtype=np.int32), lanes=LANES, seed=0)
    assert len(openings) == 0
    assert [openings.in_window for _ in range(3) if openings.next(4).inputs_BT.shape == (0, 4)] == [0, 0, 0]


@given(lanes=st.integers(1, 300), size=st.integers(1, 5))
def test_processes_share_the_openings_of_one(lanes: int, size: int) -> None:
    one = openings_of(DOCUMENTS, lanes)
    every = [openings_of(DOCUMENTS, lanes, processes=Processes(rank, size)) for rank in range(size)]
    for _ in range(6):
        whole, parts = one.next(7), [part.next(7) for part in every]
        assert np.array_equal(whole.targets_BT, np.concatenate([part.targets_BT for part in parts]))
        assert {part.in_window for part in every} == {one.in_window}


# The loss.


def objective_of(
    documents: list[list[int]],
    *,
    ends: bool = True,
    stopping: Stopping = "symbol",
    batch_size: int = 32,
    processes: Processes = ALONE,
    **network: Any,
) -> LanguageModelObjective:
    torch.manual_seed(0)
    model = LanguageModelNetwork(
        LanguageModelNetworkConfig(50, layers=1, hidden_size=6, embedding_size=4, stopping=stopping, **network)
    ).train()
    ids = end_to_end(documents)[: None if ends else -1]
    config = TrainingConfig(Budget(steps=1), batch_size=batch_size, window_length=4)
    return LanguageModelObjective(model, EncodedCorpus(ids, len(ids), [ids], len(ids)), config, processes)


MANY = [[1 + (7 * number + place) % 49 for place in range(30)] for number in range(20)]


def gradients(objective: LanguageModelObjective, loss: torch.Tensor) -> list[torch.Tensor]:
    return list(torch.autograd.grad(loss, [*objective.network.parameters()], allow_unused=True, materialize_grads=True))


@pytest.mark.parametrize("stopping", get_args(Stopping))
def test_openings_are_learned_from_zeros_and_not_counted(stopping: Stopping, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gradient is that of the window and, by its weight, that of an opening which is read by itself."""
    objective = objective_of(MANY, stopping=stopping)
    nats, targets = objective.loss()
    monkeypatch.setattr(Openings, "in_window", 0)
    without = objective_of(MANY, stopping=stopping)
    expected_nats, expected_targets = without.loss()
    assert (nats.item(), targets) == pytest.approx((expected_nats.item(), expected_targets))
    monkeypatch.undo()

    window = Openings(end_to_end(MANY), lanes=32, seed=0).next(4)
    assert window.inputs_BT.shape == (1, 4)
    network = objective.network
    ids, state = torch.from_numpy(window.inputs_BT), network.initial_state(1)
    place = MANY.index(next(document for document in MANY if document[:4] == window.targets_BT[0].tolist()))
    remaining = np.array([[len(MANY[place]) - step for step in range(4)]])
    rows = {c.name: torch.from_numpy(c.row_of(remaining)) for c in network.conditions}
    logits, _ = network(ids, state, rows)
    opening_nats = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), torch.from_numpy(window.targets_BT).flatten(), reduction="sum"
    )
    pairs = zip(
        gradients(objective, nats),
        gradients(without, expected_nats),
        gradients(objective, OPENING_WEIGHT * opening_nats),
        strict=True,
    )
    for found, of_window, of_opening in pairs:
        torch.testing.assert_close(found, of_window + of_opening, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("size", [2, 3])
def test_the_openings_that_processes_share_add_up_to_those_of_one(size: int) -> None:
    """In float64, with every kind of dropout: 70 lanes have two or three openings beside them."""
    dropouts = {"dropout": 0.4, "weight_drop": 0.3, "embedding_dropout": 0.2}

    def steps(processes: Processes) -> list[list[torch.Tensor]]:
        objective = objective_of(MANY, batch_size=70, processes=processes, **dropouts)
        objective.network.double()
        torch.manual_seed(1)
        return [gradients(objective, objective.loss()[0]) for _ in range(4)]

    parts = [steps(Processes(rank, size)) for rank in range(size)]
    for whole, *own in zip(steps(ALONE), *parts, strict=True):
        for expected, *summands in zip(whole, *own, strict=True):
            torch.testing.assert_close(sum(summands), expected, rtol=1e-9, atol=1e-12)


def test_the_state_that_is_carried_is_that_of_the_lanes_alone() -> None:
    objective = objective_of(MANY)
    objective.loss()
    assert {tensor.shape for tensor in objective.position()[0].values()} == {(32, 6)}


def test_the_end_of_an_epoch_has_shorter_openings() -> None:
    objective = objective_of(MANY)
    while objective.epoch < 2:
        nats, _ = objective.loss()
        nats.backward()
        assert torch.isfinite(nats)


def test_a_single_document_without_its_end_is_read_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """No row beside the lanes, no number drawn for one, and nothing in the saved position."""
    objective, sizes = objective_of([LONG * 5], ends=False, dropout=0.3), []
    objective.network.recurrent.register_forward_pre_hook(lambda module, inputs: sizes.append(len(inputs[0])))
    for _ in range(9):
        objective.loss()
    assert sizes == [32] * 9
    assert objective.position()[1].keys() == {"windows", "random"}


# What is saved.


@pytest.mark.parametrize("read", [0, 1, 5, 23])
def test_a_restored_objective_reads_the_same_openings(read: int) -> None:
    objective, restored = objective_of(MANY, batch_size=40), objective_of(MANY, batch_size=40)
    for _ in range(read):
        objective.loss()
    tensors, values = objective.position()
    restored.restore(tensors, json.loads(json.dumps(values)))
    for _ in range(12):
        found, expected = (gradients(each, each.loss()[0]) for each in (restored, objective))
        assert all(torch.equal(left, right) for left, right in zip(found, expected, strict=True))


def test_a_run_from_before_openings_were_read_goes_on_with_the_first_of_them() -> None:
    objective = objective_of(MANY)
    objective.loss()
    tensors, values = objective.position()
    del values["windows_with_openings"]
    objective.restore(tensors, values)
    assert objective.position()[1]["windows_with_openings"] == 0
    objective.loss()


# Learning.


def chapters() -> Corpus:
    """Sixteen long documents of words at random, each of which begins with the same three letters."""
    random = np.random.default_rng(0)
    texts = ["xyz" + "".join(random.choice(["lion ", "bear ", "hare "], 140)) for _ in range(16)]
    config = CorpusConfig(
        tuple(SourceFile(f"{number}.txt", "0" * 64, 703) for number in range(16)), documents=16,
        training_characters=14 * 703, validation_characters=2 * 703,
    )  # fmt: skip
    return Corpus(texts[:14], texts[14:], config)


@pytest.mark.usefixtures("quick_runs")
@pytest.mark.parametrize(
    ("stopping", "tokenizer"),
    [("symbol", "characters"), ("halt", "bytes"), ("length", "characters"), ("symbol", "unigram")],
)
def test_texts_begin_as_long_documents_do_of_which_there_are_few(
    start: Callable[..., LanguageModelSession], silent: Any, stopping: Stopping, tokenizer: str
) -> None:
    session = start(
        chapters(), steps=90, layers=1, hidden_size=24, batch_size=32, window_length=20, learning_rate=0.04,
        dropout=0.0, stopping=stopping, tokenizer=tokenizer, vocabulary_size=300,
    )  # fmt: skip
    session.run(silent)
    model = RuntimeLanguageModel(session.directory.graph(quantized=False))
    settings = SamplingConfig(temperature=1.0, length=8)
    texts = [
        "".join(generate(model, session.tokenizer, "", settings, np.random.default_rng(seed))) for seed in range(50)
    ]
    assert sum(text.startswith("xyz") for text in texts) >= 45, texts
