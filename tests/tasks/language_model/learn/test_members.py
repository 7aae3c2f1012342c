"""Members are trained one after the other, and a pupil learns from the text and from what they say about it."""

from __future__ import annotations

import dataclasses
from itertools import chain, repeat
from typing import Any

import numpy as np
import pytest
import torch

from charnn.config.training import Budget, TrainingConfig
from charnn.errors import UsageError
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.learn.data import EncodedCorpus
from charnn.tasks.language_model.learn.network import LanguageModelNetwork
from charnn.tasks.language_model.learn.objective import LanguageModelObjective
from charnn.tasks.language_model.learn.teachers import Teachers
from charnn.tokenizers.base import STOP_ID

LINE = "to be or not to be, that is the question\n"
V = 9
TOKENS = np.random.default_rng(0).integers(1, V, size=700, dtype=np.int32)


def network_of(seed: int, **fields: Any) -> LanguageModelNetwork:
    torch.manual_seed(seed)
    network = LanguageModelNetwork(LanguageModelNetworkConfig(V, hidden_size=8, embedding_size=4, **fields))
    with torch.no_grad():
        network.head.weight.mul_(50)  # so that what it says depends on what it has read
    return network


@torch.no_grad()
def said_by(network: LanguageModelNetwork, before: int) -> torch.Tensor:
    """The probabilities (N, V) of each token of a ring that is read from `before` tokens before the first one."""
    inputs = np.concatenate([np.roll(TOKENS, 1)[-before:], np.roll(TOKENS, 1)]).astype(np.int64)
    inputs[before] = STOP_ID
    logits, _ = network.eval()(torch.from_numpy(inputs)[None], network.initial_state(1))
    return logits[0, before:].softmax(-1)


def test_teachers_say_the_mean_of_what_each_says_of_every_token_wherever_it_stands() -> None:
    networks = [network_of(seed) for seed in (1, 2)]
    teachers = Teachers(TOKENS, {})
    for network in networks:
        teachers.add(network)
    places = torch.tensor([[0, 1, 699], [350, 10, 11]])
    expected = torch.stack([said_by(network, before=600) for network in networks]).mean(0)
    said = teachers.probabilities(networks[0], places)
    assert said.sum(-1).flatten().tolist() == pytest.approx([1.0] * 6, abs=2e-3)
    assert torch.allclose(said, expected[places], atol=2e-3)
    assert not torch.allclose(expected, said_by(networks[0], before=600), atol=0.05), "they differ"


def test_asking_teachers_draws_no_random_numbers() -> None:
    network = network_of(1)
    teachers = Teachers(TOKENS, {})
    teachers.add(network)
    before = torch.get_rng_state()
    teachers.probabilities(network, torch.tensor([0]))
    assert torch.equal(before, torch.get_rng_state())


def objective_of(network: LanguageModelNetwork, members: int) -> LanguageModelObjective:
    corpus = EncodedCorpus(TOKENS, len(TOKENS), [TOKENS[:20]], 20)
    config = TrainingConfig(Budget(steps=1), batch_size=4, window_length=16, members=members)
    return LanguageModelObjective(network, corpus, config)


def gradients(objective: LanguageModelObjective) -> tuple[float, list[torch.Tensor]]:
    nats, _ = objective.loss()
    return float(nats.detach()), list(torch.autograd.grad(nats, list(objective.network.parameters())))


def test_a_pupil_learns_a_fifth_from_the_text_and_the_rest_from_its_teachers_and_its_loss_is_that_on_the_text() -> None:
    """It has the teacher's own weights, so what the teacher says pulls it nowhere, and a fifth of the text's pull is
    left."""
    network = network_of(1)
    pupil, alone = objective_of(network, members=1), objective_of(network, members=0)
    pupil.add_teacher()
    weights = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    pupil.begin_stage(1)
    assert not torch.equal(network.embedding.weight, weights["embedding.weight"]), "new weights"
    network.load_state_dict(weights)
    for objective in (pupil, alone):  # the first windows are read from no state, and teachers have read before them
        for _ in range(6):
            objective.loss()
    taught, by_text = gradients(pupil), gradients(alone)
    assert taught[0] == pytest.approx(by_text[0], rel=1e-5)
    for ours, text in zip(taught[1], by_text[1], strict=True):
        assert torch.allclose(ours, 0.2 * text, atol=0.02 * float(text.abs().max()))


def test_a_pupil_drops_half_as_much_and_members_as_much_as_was_asked_for() -> None:
    network = network_of(1, dropout=0.3)
    objective = objective_of(network, members=2)
    dropped = [network.dropout.probability]
    for stage in (1, 2):
        objective.add_teacher()
        objective.begin_stage(stage)
        dropped.append(network.recurrent.dropout.probability)
    assert dropped == [0.3, 0.3, 0.15]


def test_there_is_no_stage_beyond_the_pupil() -> None:
    with pytest.raises(ValueError, match="no stage 2"):
        objective_of(network_of(1), members=1).begin_stage(2)


def test_a_text_too_long_for_members_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("charnn.tasks.language_model.learn.teachers.MOST_PROBABILITIES", V * len(TOKENS) - 1)
    with pytest.raises(UsageError, match="--members: a text of 700 tokens"):
        objective_of(network_of(1), members=1)
    objective_of(network_of(1), members=0)


STEPS = 12
STAGES = ["member 1 of 2"] * 4 + ["member 2 of 2"] * 4 + ["pupil"] * 4


def test_a_run_may_be_interrupted_at_every_step_where_a_stage_ends_or_begins(start, corpus_of, silent) -> None:
    def run(name: str, *interruptions: int) -> tuple[Any, Any]:
        corpus = corpus_of(LINE * 20)
        session = start(corpus, name, steps=STEPS, hidden_size=8, batch_size=4, settings={"members": 2})
        for step in interruptions:
            answers = chain(repeat(False, step - session.loop.progress.step - 1), repeat(True))
            assert session.run(silent, lambda: next(answers)) == "interrupt"  # noqa: B023 - it is run at once
            session = type(session).resume(session.directory, corpus)
            assert (session.loop.progress.step, session.loop.stage) == (step, [*STAGES, "pupil"][step])
        assert session.run(silent) == "budget"
        history = session.directory.history()
        assert [entry["stage"] for entry in history] == STAGES
        assert [entry["step"] for entry in history] == list(range(1, STEPS + 1))
        return session.directory.weights(), session.directory.training_state()[0]

    whole = run("whole")
    for steps in [(4,), (8,), (3, 5, 7, 9), (4, 8, 11)]:
        for ours, theirs in zip(run(str(steps), *steps), whole, strict=True):
            assert ours.keys() == theirs.keys()
            assert all(np.array_equal(ours[name], theirs[name]) for name in ours)


def test_sizes_suit_the_part_of_the_budget_that_one_network_has(start, corpus_of) -> None:
    corpus = corpus_of(LINE * 400)
    alone = start(corpus, "alone", steps=None, budget=Budget(epochs=20)).config
    members = start(corpus, "members", steps=None, budget=Budget(epochs=60), settings={"members": 2}).config
    assert members.network == alone.network
    assert members.training == dataclasses.replace(alone.training, budget=Budget(epochs=60), members=2)


def test_the_kept_model_is_one_network_that_says_how_it_was_made(start, corpus_of, silent) -> None:
    session = start(corpus_of(LINE * 20), steps=STEPS, hidden_size=8, settings={"members": 2})
    assert any("2 networks of this size" in line for line in session.description())
    session.run(silent)
    assert session.directory.weights().keys() == session.network.state_dict().keys()
    assert session.directory.config().training.members == 2
