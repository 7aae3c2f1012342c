"""Training with each way of ending a document: what it costs, and that ends are learned."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from charnn.config.model import SourceFile
from charnn.config.training import Budget, TrainingConfig
from charnn.errors import UsageError
from charnn.tasks.language_model.conditions import COUNTDOWN, condition_rows
from charnn.tasks.language_model.config import CorpusConfig, LanguageModelNetworkConfig, Stopping
from charnn.tasks.language_model.corpus import Corpus
from charnn.tasks.language_model.learn.data import IGNORED, EncodedCorpus, Windows
from charnn.tasks.language_model.learn.inference import NumpyLanguageModel
from charnn.tasks.language_model.learn.network import LanguageModelNetwork
from charnn.tasks.language_model.learn.objective import LanguageModelObjective
from charnn.tasks.language_model.learn.overrides import LanguageModelOverrides, check_stopping
from charnn.tasks.language_model.learn.session import LanguageModelSession
from charnn.tasks.language_model.learn.transfer import InitialWeights, same_stopping
from charnn.tasks.language_model.lengths import class_of, draw_length
from charnn.tasks.language_model.use.reading import score_carried
from charnn.tasks.language_model.use.runtime import RuntimeLanguageModel
from charnn.tokenizers.base import STOP_ID

STOPPINGS: list[Stopping] = ["symbol", "halt", "length"]
LINE = 7


def lines_corpus(count: int = 120) -> Corpus:
    """Lines of seven letters, drawn at random, so that nothing but their number tells where they end."""
    random = np.random.default_rng(0)
    lines = ["".join(random.choice(list("abc"), LINE)) for _ in range(count)]
    held_out = count // 6
    config = CorpusConfig(
        (SourceFile("lines.txt", "0" * 64, LINE * count),), document="line", documents=count,
        training_characters=LINE * (count - held_out), validation_characters=LINE * held_out,
    )  # fmt: skip
    return Corpus(lines[held_out:], lines[:held_out], config)


# Windows.

documents_of_ids = st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=40), min_size=1, max_size=6)


@given(documents_of_ids, st.integers(1, 9), st.integers(1, 12), st.integers(0, 9))
def test_what_remains_is_known_in_every_window_of_every_lane(
    documents: list[list[int]], lanes: int, window_length: int, seed: int
) -> None:
    """Wherever a lane begins: of each target, what is left of its own document, in which it is found by its id."""
    tokens, left = [], {}
    for document in documents:
        for place in range(len(document) + 1):
            left[len(tokens) + 1] = len(document) - place
            tokens.append(STOP_ID if place == len(document) else len(tokens) + 1)
    ids = np.array(tokens, np.int32)
    windows = Windows(
        ids, stop_id=STOP_ID, lanes=lanes, window_length=window_length,
        random=np.random.default_rng(seed), rows=condition_rows([COUNTDOWN], ids),
    )  # fmt: skip
    while windows.epochs_done < 2:
        window = windows.next()
        for target, found in zip(window.targets_BT.flat, window.rows["countdown"].flat, strict=True):
            if target == STOP_ID:
                assert found == 0
            elif target != IGNORED:
                assert found == class_of(np.array(left[int(target)]))


@pytest.mark.parametrize("stopping", ["symbol", "halt"])
def test_nothing_is_counted_for_those_that_do_not_count_down(stopping: Stopping) -> None:
    assert condition_rows(task_of(stopping).network.conditions, np.array([1, 2, STOP_ID], np.int32)) == {}


# The loss.


DOCUMENTS = [np.array(ids, np.int32) for ids in ([1, 2, 3, 1], [2], [3, 3, 1, 2, 1, 1, 1], [2, 2])]
TRAINING = np.concatenate([part for ids in DOCUMENTS for part in (ids, [STOP_ID])]).astype(np.int32)


def task_of(stopping: Stopping, lanes: int = 3, window_length: int = 8) -> LanguageModelObjective:
    torch.manual_seed(0)
    network = LanguageModelNetwork(
        LanguageModelNetworkConfig(4, layers=1, hidden_size=6, embedding_size=4, stopping=stopping)
    ).train()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.5)
    config = TrainingConfig(Budget(steps=1), batch_size=lanes, window_length=window_length)
    return LanguageModelObjective(network, EncodedCorpus(TRAINING, 14, DOCUMENTS, 14), config)


@pytest.mark.parametrize("stopping", STOPPINGS)
@pytest.mark.parametrize(("lanes", "window_length", "opened"), [(1, 18, 0), (1, 5, 1), (2, 8, 1), (3, 2, 2)])
def test_the_losses_of_an_epoch_are_those_of_its_lanes_and_each_length_counts_once(
    stopping: Stopping, lanes: int, window_length: int, opened: int
) -> None:
    """A lane whose window opens a document begins from zeros, as a text that is generated does."""
    task = task_of(stopping, lanes, window_length)
    ring = np.roll(TRAINING, -task.position()[1]["windows"]["offset"])
    losses = []
    while task.position()[1]["windows"]["epochs_done"] == 0:
        losses.append(task.loss())
    assert sum(targets for _, targets in losses) == 18

    scorer, expected, found = NumpyLanguageModel(task.network.eval()), 0.0, 0
    remaining = np.array([[*ring[place:], *ring, STOP_ID].index(STOP_ID) for place in range(18)])
    bounds = np.arange(lanes + 1) * 18 // lanes
    for first, end in pairwise(bounds.tolist()):
        state = scorer.initial_state(1)
        for start in range(first, end, window_length):
            window = slice(start, min(start + window_length, end))
            inputs_1T, targets_1T = (x[None, window] for x in (np.roll(ring, 1), ring))
            if start > first and inputs_1T[0, 0] == STOP_ID:
                state, found = scorer.initial_state(1), found + 1
            costs, state = scorer.costs(inputs_1T, targets_1T, state, {"countdown": remaining[None, window]})
            expected += float(np.sum(costs))
            if stopping == "length":
                assert np.count_nonzero(costs.ends_BT) == np.count_nonzero(inputs_1T == STOP_ID)
    assert sum(nats.item() for nats, _ in losses) == pytest.approx(expected, rel=1e-5)
    assert found == opened


# Learning.


@pytest.mark.parametrize("stopping", STOPPINGS)
def test_a_tiny_model_learns_where_lines_end(
    start: Callable[..., LanguageModelSession], silent: Any, stopping: Stopping
) -> None:
    """In fp32 and in int8, as they are read from the model directory."""
    corpus = lines_corpus(480)
    session = start(
        corpus, steps=130, layers=1, hidden_size=24, batch_size=16, window_length=20, learning_rate=0.04, dropout=0.0,
        stopping=stopping,
    )  # fmt: skip
    session.run(silent)
    assert session.directory.config().network.stopping == stopping
    ids = [session.tokenizer.encode(line) for line in corpus.validation]
    for quantized in (False, True):
        model = RuntimeLanguageModel(session.directory.graph(quantized=quantized))
        assert model.stopping == stopping
        score = score_carried(model, ids, LINE * len(ids), stop_id=STOP_ID)
        assert score.stops == len(ids)
        assert score.nats_per_stop < 0.25
        assert 1.0 < score.nats_per_character < 1.25, "ln 3 is what the letters are worth"
    if stopping == "length":
        log_p_L = model.open_documents(1)[1][0]
        assert {draw_length(log_p_L, uniform) for uniform in (0.1, 0.5, 0.9)} == {LINE}


def test_lengths_that_follow_from_the_line_before_are_foretold_for_a_first_line_too(
    start: Callable[..., LanguageModelSession], silent: Any
) -> None:
    """Lines of 3 and of 9 letters in turn: known in a text, and a guess for a text that begins."""
    lines = ["abc", "defdefdef"] * 60
    config = CorpusConfig(
        (SourceFile("lines.txt", "0" * 64, 720),), document="line", documents=120,
        training_characters=600, validation_characters=120,
    )  # fmt: skip
    session = start(
        Corpus(lines[20:], lines[:20], config), steps=150, layers=1, hidden_size=24, batch_size=8, window_length=30,
        learning_rate=0.04, dropout=0.0, stopping="length",
    )  # fmt: skip
    session.run(silent)
    model = RuntimeLanguageModel(session.directory.graph(quantized=False))
    score = score_carried(model, [session.tokenizer.encode(line) for line in lines[:20]], 120, stop_id=STOP_ID)
    assert score.nats_per_stop < 0.2
    p_L = np.exp(model.open_documents(1)[1][0])
    assert p_L[3] == pytest.approx(0.5, abs=0.1)
    assert p_L[9] == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("stopping", ["halt", "length"])
def test_a_run_that_is_resumed_goes_on_as_it_would_have(
    start: Callable[..., LanguageModelSession], silent: Any, stopping: Stopping
) -> None:
    corpus, sizes = lines_corpus(60), {"layers": 1, "hidden_size": 8, "batch_size": 4, "window_length": 10}
    whole = start(corpus, "whole", steps=30, stopping=stopping, **sizes)
    whole.run(silent)
    part = start(corpus, "part", steps=30, stopping=stopping, **sizes)
    asked = iter(range(1000))
    assert part.run(silent, lambda: next(asked) >= 12) == "interrupt"
    again = LanguageModelSession.resume(part.directory, corpus)
    again.run(silent)
    ours, theirs = again.network.state_dict(), whole.network.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


# What cannot be, and what begins anew.


@pytest.mark.parametrize("stopping", ["halt", "length"])
def test_the_end_of_a_single_document_cannot_be_learned(
    start: Callable[..., LanguageModelSession], corpus_of: Callable[..., Corpus], stopping: Stopping
) -> None:
    with pytest.raises(UsageError, match=f"--stopping {stopping}: a single document") as caught:
        start(corpus_of("abc\n" * 30, document="file"), stopping=stopping)
    assert "--documents" in str(caught.value.hint)


def test_a_symbol_may_be_asked_for_anyway() -> None:
    check_stopping(LanguageModelOverrides(stopping="symbol"), CorpusConfig((), documents=1))
    check_stopping(LanguageModelOverrides(), CorpusConfig((), documents=1))


@pytest.mark.parametrize(
    ("asked", "documents", "expected"),
    [(None, 2, "length"), (None, 1, None), ("halt", 2, "halt"), ("symbol", 2, "symbol")],
)
def test_a_model_that_starts_from_another_ends_as_that_does_unless_it_cannot(
    asked: Stopping | None, documents: int, expected: Stopping | None
) -> None:
    source = LanguageModelNetworkConfig(5, stopping="length")
    overrides = same_stopping(LanguageModelOverrides(stopping=asked), source, CorpusConfig((), documents=documents))
    assert overrides.stopping == expected


@pytest.mark.parametrize("theirs", STOPPINGS)
@pytest.mark.parametrize("ours", STOPPINGS)
def test_what_ends_documents_is_taken_over_from_those_that_do_it_alike(theirs: Stopping, ours: Stopping) -> None:
    symbols = [("special", "stop"), ("special", "unknown"), ("text", "a")]
    networks = []
    for seed, stopping in enumerate((theirs, ours)):
        torch.manual_seed(seed)
        networks.append(
            LanguageModelNetwork(
                LanguageModelNetworkConfig(3, layers=1, hidden_size=4, embedding_size=2, stopping=stopping)
            )
        )
    with torch.no_grad():
        networks[0].head.bias.fill_(5)
    weights = {name: tensor.numpy().copy() for name, tensor in networks[0].state_dict().items()}
    before = {name: tensor.clone() for name, tensor in networks[1].state_dict().items()}
    InitialWeights(weights, symbols, stops_alike=theirs == ours).copy_into(networks[1], symbols)
    for name, tensor in networks[1].state_dict().items():
        taken = torch.from_numpy(weights[name]) if name in weights else before[name]
        expected = taken.clone()
        if theirs != ours:
            if name.startswith("head."):
                expected[STOP_ID] = before[name][STOP_ID]
            elif name in ("countdown.weight", "lengths.weight", "lengths.bias"):
                expected = before[name]
        assert torch.equal(tensor, expected), name


@pytest.mark.parametrize(("first", "then"), [("symbol", "length"), ("length", "halt"), ("halt", None)])
def test_a_run_starts_from_a_model_that_ends_otherwise(
    start: Callable[..., LanguageModelSession], silent: Any, first: Stopping, then: Stopping | None
) -> None:
    corpus = lines_corpus(60)
    source = start(corpus, "source", steps=5, layers=1, hidden_size=8, batch_size=4, stopping=first)
    source.run(silent)
    session = start(corpus, "again", steps=5, stopping=then, source=source.directory)
    session.run(silent)
    assert session.config.network.stopping == (then or first)
