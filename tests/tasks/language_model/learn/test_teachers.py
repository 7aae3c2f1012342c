"""A network learns from the text and from the mean of what other models say about it."""

from __future__ import annotations

import dataclasses
import json
from itertools import chain, repeat
from typing import Any

import numpy as np
import pytest
import torch

from charnn import load
from charnn.config.training import Budget, TrainingConfig
from charnn.corpora.progress import watched_by
from charnn.errors import CharnnWarning, UsageError
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.corpus import read_corpus_again
from charnn.tasks.language_model.description import describe
from charnn.tasks.language_model.learn.data import EncodedCorpus
from charnn.tasks.language_model.learn.ensemble import AnyNetwork, make_network
from charnn.tasks.language_model.learn.objective import LanguageModelObjective
from charnn.tasks.language_model.learn.session import LanguageModelSession
from charnn.tasks.language_model.learn.teachers import Teacher, Teachers
from charnn.tokenizers.base import STOP_ID

LINE = "to be or not to be, that is the question\n"
CPU = torch.device("cpu")
V = 9
TOKENS = np.random.default_rng(0).integers(1, V, size=700, dtype=np.int32)


def network_of(seed: int, **fields: Any) -> AnyNetwork:
    torch.manual_seed(seed)
    config = LanguageModelNetworkConfig(V, **{"hidden_size": 8, "embedding_size": 4, **fields})
    network = make_network(config)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("head.weight"):
                parameter.mul_(50)  # so that what it says depends on what it has read
    return network


def teacher_of(network: AnyNetwork) -> Teacher:
    return Teacher(network.config, {name: tensor.numpy().copy() for name, tensor in network.state_dict().items()})


@torch.no_grad()
def said_by(network: AnyNetwork, before: int) -> torch.Tensor:
    """The probabilities (N, V) of each token of a ring that is read from `before` tokens before the first one."""
    inputs = np.concatenate([np.roll(TOKENS, 1)[-before:], np.roll(TOKENS, 1)]).astype(np.int64)
    inputs[before] = STOP_ID
    logits, _ = network.eval()(torch.from_numpy(inputs)[None], network.initial_state(1))
    return logits[0, before:].softmax(-1)


def test_teachers_say_the_mean_of_what_each_says_of_every_token_wherever_it_stands() -> None:
    """They differ in size and cell, and one has members itself, but counts as one."""
    networks = [network_of(1), network_of(2, cell="gru", hidden_size=12), network_of(3, members=2)]
    teachers = Teachers([teacher_of(network) for network in networks], TOKENS, {}, CPU)
    places = torch.tensor([[0, 1, 699], [350, 10, 11]])
    each = [said_by(network, before=600) for network in networks]
    said = teachers.probabilities(places)
    assert said.sum(-1).flatten().tolist() == pytest.approx([1.0] * 6, abs=3e-3)
    assert torch.allclose(said, torch.stack(each).mean(0)[places], atol=3e-3)
    assert not torch.allclose(each[0], each[1], atol=0.05), "they differ"


def test_asking_teachers_draws_no_random_numbers() -> None:
    teacher = teacher_of(network_of(1))
    before = torch.get_rng_state()
    Teachers([teacher], TOKENS, {}, CPU).probabilities(torch.tensor([0]))
    assert torch.equal(before, torch.get_rng_state())


CORPUS = EncodedCorpus(TOKENS, len(TOKENS), [TOKENS[:20]], 20)


def objective_of(network: AnyNetwork, *teachers: AnyNetwork) -> LanguageModelObjective:
    config = TrainingConfig(Budget(steps=1), batch_size=4, window_length=16)
    return LanguageModelObjective(network, CORPUS, config, teachers=[teacher_of(one) for one in teachers])


def gradients(objective: LanguageModelObjective) -> tuple[float, list[torch.Tensor]]:
    nats, _ = objective.loss()
    return float(nats.detach()), list(torch.autograd.grad(nats, list(objective.network.parameters())))


def test_a_fifth_of_what_is_learned_is_from_the_text_and_the_loss_is_that_on_the_text() -> None:
    """The network has its teacher's own weights, so what that says pulls it nowhere, and a fifth of the text's pull is
    left."""
    network = network_of(1)
    taught, alone = objective_of(network, network), objective_of(network)
    for objective in (taught, alone):  # the first windows are read from no state, and teachers have read before them
        for _ in range(6):
            objective.loss()
    by_teacher, by_text = gradients(taught), gradients(alone)
    assert by_teacher[0] == pytest.approx(by_text[0], rel=1e-5)
    for ours, text in zip(by_teacher[1], by_text[1], strict=True):
        assert torch.allclose(ours, 0.2 * text, atol=0.02 * float(text.abs().max()))


def test_a_text_too_long_for_teachers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("charnn.tasks.language_model.learn.teachers.MOST_PROBABILITIES", V * len(TOKENS) - 1)
    with pytest.raises(UsageError, match="--teacher: a text of 700 tokens"):
        objective_of(network_of(1), network_of(2))
    objective_of(network_of(1))


TEACHER: dict[str, Any] = {"hidden_size": 24, "batch_size": 4, "dropout": 0.0, "learning_rate": 0.02}


@pytest.fixture
def teacher(start, corpus_of, silent) -> LanguageModelSession:
    session: LanguageModelSession = start(corpus_of(LINE * 40), "teacher", steps=20, **TEACHER)
    session.run(silent)
    return session


def test_a_network_believes_teachers_in_what_they_do_not_know_too(start, corpus_of, silent) -> None:
    """A teacher that has learned nothing says that all symbols are as likely, and a fifth of the loss is on the text:
    what follows then gets a probability of 1/5 and a little."""
    corpus = corpus_of(LINE * 40)
    ignorant = start(corpus, "ignorant", steps=1, **TEACHER)
    ignorant.run(silent)
    nats = {}
    for name, teachers in (("alone", []), ("misled", [ignorant.directory])):
        session = start(corpus, name, steps=150, teachers=teachers, **TEACHER)
        session.run(silent)
        nats[name] = session.config.scores.nats_per_character
    assert nats["alone"] < 0.3
    assert nats["misled"] > 1.0


def test_it_drops_half_as_much_unless_it_is_told_how_much(start, corpus_of, teacher) -> None:
    corpus = corpus_of(LINE * 40)
    plain = start(corpus, "plain", steps=None, budget=Budget(epochs=40)).config
    taught = start(corpus, "taught", steps=None, budget=Budget(epochs=40), teachers=[teacher.directory]).config
    told = start(corpus, "told", steps=None, budget=Budget(epochs=40), dropout=0.3, teachers=[teacher.directory]).config
    assert plain.network.dropout > 0.1
    assert taught.network == dataclasses.replace(plain.network, dropout=round(plain.network.dropout / 2, 4))
    assert (taught.training, told.network.dropout) == (plain.training, 0.3)


def test_it_says_who_taught_it_and_goes_on_without_them(start, corpus_of, silent, teacher, tmp_path) -> None:
    """The teachers are in the training state: a run goes on to the bit when their directories are gone."""
    ends = []
    for name, pauses in (("whole", ()), ("parts", (3, 8))):
        corpus = corpus_of(LINE * 20)
        session = start(corpus, name, steps=12, hidden_size=8, batch_size=4, teachers=[teacher.directory])
        assert any(line.startswith(f"teachers  {teacher.directory.path}; a fifth") for line in session.description())
        for step in pauses:
            answers = chain(repeat(False, step - session.loop.progress.step - 1), repeat(True))
            assert session.run(silent, lambda: next(answers)) == "interrupt"  # noqa: B023 - it is run at once
            if teacher.directory.path.exists():
                teacher.directory.path.rename(tmp_path / "elsewhere")
            session = type(session).resume(session.directory, corpus)
        session.run(silent)
        assert session.directory.config().teachers == (str(teacher.directory.path),)
        ends.append((session.directory.weights(), session.directory.training_state()[0]))
    for ours, theirs in zip(*ends, strict=True):
        assert ours.keys() == theirs.keys()
        assert all(np.array_equal(ours[name], theirs[name]) for name in ours)


def test_members_may_be_taught_too(start, corpus_of, silent, teacher) -> None:
    session = start(corpus_of(LINE * 20), "both", steps=4, members=2, hidden_size=8, teachers=[teacher.directory])
    session.run(silent)
    assert session.config.network.members == 2


@pytest.mark.parametrize(
    ("text", "how", "other", "said"),
    [
        (LINE.replace("q", "é"), {}, {}, "its vocabulary lacks 'é', which the text has"),
        (LINE, {"document": "line"}, {}, "it has not learned where a text ends"),
        (LINE, {}, {"corpus": LINE + "XYZ"}, "its vocabulary also has 'X', 'Y', 'Z'"),
        (LINE, {}, {"corpus": LINE.replace("q", "")}, "its vocabulary lacks 'q'"),
        (LINE, {}, {"tokenizer": "bytes"}, "its vocabulary is one of bytes, not of characters"),
    ],
)
def test_a_teacher_that_differs_is_refused_in_words(
    start, corpus_of, silent, teacher, tmp_path, text, how, other, said
) -> None:
    teachers = [teacher.directory]
    if other:
        data = corpus_of(other.pop("corpus", LINE) * 20)
        second = start(data, "second", steps=1, hidden_size=8, batch_size=4, **other)
        second.run(silent)
        teachers.append(second.directory)
    with pytest.raises(UsageError, match=said) as error:
        start(corpus_of(text * 20, **how), "refused", steps=1, hidden_size=8, teachers=teachers)
    assert str(teachers[-1].path) in str(error.value)
    assert not (tmp_path / "refused").exists()


def test_a_teacher_that_ends_texts_otherwise_is_refused(start, corpus_of, silent) -> None:
    lines = LINE * 40
    halting = start(corpus_of(lines, document="line"), "halting", steps=1, hidden_size=8, stopping="halt")
    halting.run(silent)
    with pytest.raises(UsageError, match="it ends texts by halt, not by length"):
        start(corpus_of(lines, document="line"), "r", steps=1, stopping="length", teachers=[halting.directory])
    taken = start(corpus_of(lines, document="line"), "taken", steps=1, hidden_size=8, teachers=[halting.directory])
    assert taken.config.network.stopping == "halt", "as the teacher, where nothing else was asked for"


def test_a_teacher_that_may_know_what_is_held_out_is_said(start, corpus_of, silent, recwarn) -> None:
    text = LINE * 40
    whole = start(corpus_of(text, holds_out=False), "whole", steps=2, settings={"keeps": "last"}, **TEACHER)
    whole.run(silent)
    with pytest.warns(CharnnWarning, match="whole may have learned what is held out here"):
        start(corpus_of(text), "pupil", steps=1, hidden_size=8, teachers=[whole.directory])
    same = start(corpus_of(text), "same", steps=2, **TEACHER)
    same.run(silent)
    recwarn.clear()
    start(corpus_of(text), "other", steps=1, hidden_size=8, teachers=[same.directory])
    assert not recwarn.list


def test_a_model_that_networks_of_its_own_run_taught_is_used_and_its_run_does_not_go_on(teacher) -> None:
    """An early version trained members one after the other, and kept a network that they had taught."""
    path = teacher.directory.path / "config.json"
    document = json.loads(path.read_text())
    document["training"]["members"] = 2
    path.write_text(json.dumps(document))
    config = teacher.directory.config()
    assert (config.training.taught_in_run_by, config.network.members) == (2, 1)
    assert config.to_json()["training"]["members"] == 2
    assert ("teachers", "2 networks of this size, one after the other") in describe(teacher.directory).training
    assert "".join(load(path.parent).sample("to", length=9, seed=1))
    with pytest.raises(UsageError, match="trained several networks one after the other, and cannot go on"):
        LanguageModelSession.resume(teacher.directory, read_corpus_again(config.corpus), Budget(steps=99))


def test_what_teachers_say_takes_nothing_of_the_budget_and_is_watched(start, corpus_of, silent, teacher) -> None:
    seen: list[tuple[str, float]] = []
    with watched_by(lambda what, done: seen.append((what, done))):
        session = start(
            corpus_of(LINE * 40),
            "taught",
            steps=2,
            hidden_size=8,
            ngram_order=0,
            teachers=[teacher.directory] * 2,
        )
    said = [done for what, done in seen if what == "what the teachers say"]
    assert said == sorted(said)
    assert (said[0], 0.5 in said, said[-1] < 1) == (0.0, True, True)
    assert session.loop.progress.seconds == 0
