"""Members are trained side by side in one run, and used as one model: the mean of their probabilities."""

from __future__ import annotations

import dataclasses
import math
import random
from itertools import chain, repeat
from typing import Any

import numpy as np
import pytest
import torch

from charnn import load
from charnn.cells import CELLS
from charnn.config.training import Budget, TrainingConfig
from charnn.errors import CharnnWarning, UsageError
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.graph import language_model_graph
from charnn.tasks.language_model.learn.adaptation import adapted_to
from charnn.tasks.language_model.learn.data import EncodedCorpus
from charnn.tasks.language_model.learn.ensemble import LanguageModelEnsemble, make_network
from charnn.tasks.language_model.learn.inference import NumpyLanguageModel
from charnn.tasks.language_model.learn.objective import LanguageModelObjective
from charnn.tasks.language_model.lengths import remaining_tokens
from charnn.tasks.language_model.step_graph import step_graph
from charnn.tasks.language_model.use.reading import score_carried
from charnn.tasks.language_model.use.runtime import RuntimeLanguageModel
from charnn.tokenizers.base import STOP_ID
from charnn.training.distributed.processes import ALONE
from charnn.training.updates import Updates
from tests.tasks.spoiling import Spoiler

LINE = "to be or not to be, that is the question\n"
V, N, B, T = 9, 3, 5, 12
IDS_BT = np.random.default_rng(0).integers(V, size=(B, T))
IDS_BT[:, ::5] = STOP_ID
REMAINING_BT = remaining_tokens(IDS_BT, STOP_ID)
CONDITIONS = {"countdown": REMAINING_BT, "label": np.random.default_rng(1).integers(4, size=(B, T))}
KINDS: list[dict[str, Any]] = [
    *({"cell": cell} for cell in CELLS),
    {"stopping": "halt", "labels": 4},
    {"stopping": "length", "cell": "gru"},
    {"stopping": "length", "labels": 4, "residual": True, "layers": 3},
    {"cell": "rnn", "recurrent_depth": 2},
]
kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: " ".join(map(str, kind.values())))


def ensemble_of(members: int = N, **fields: Any) -> LanguageModelEnsemble:
    torch.manual_seed(0)
    config = LanguageModelNetworkConfig(V, **{"hidden_size": 8, "embedding_size": 4, "members": members, **fields})
    network = make_network(config).eval()
    assert isinstance(network, LanguageModelEnsemble)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.3)
    return network


def weights_of(network: torch.nn.Module) -> dict[str, Any]:
    return {name: tensor.numpy() for name, tensor in network.state_dict().items()}


def probabilities(logits: Any) -> Any:
    return torch.from_numpy(np.array(logits)).softmax(-1).numpy()


def read_by(model: Any) -> Any:
    return probabilities(model.sequence(IDS_BT, model.initial_state(B), CONDITIONS)[0])


@kinds
def test_probabilities_are_the_mean_of_those_of_each_member_as_a_model_of_its_own(kind: dict[str, Any]) -> None:
    network = ensemble_of(**kind)
    one = dataclasses.replace(network.config, members=1)
    each = [RuntimeLanguageModel(language_model_graph(one, weights_of(member))) for member in network.each]
    said = [read_by(model) for model in each]
    assert np.abs(said[0] - said[1]).max() > 0.05, "they differ"
    expected = np.mean(said, 0)
    whole = RuntimeLanguageModel(language_model_graph(network.config, weights_of(network)))
    np.testing.assert_allclose(read_by(whole), expected, atol=1e-5)
    np.testing.assert_allclose(read_by(NumpyLanguageModel(network)), expected, atol=1e-5)
    steps = [RuntimeLanguageModel(step_graph(one, weights_of(member))) for member in network.each]
    in_bytes = RuntimeLanguageModel(step_graph(network.config, weights_of(network)))
    np.testing.assert_allclose(read_by(in_bytes), np.mean([read_by(model) for model in steps], 0), atol=1e-5)


@kinds
def test_logits_are_the_logarithms_of_the_probabilities(kind: dict[str, Any]) -> None:
    network = ensemble_of(**kind)
    for graph in (language_model_graph, step_graph):
        model = RuntimeLanguageModel(graph(network.config, weights_of(network)))
        logits, _ = model.sequence(IDS_BT, model.initial_state(B), CONDITIONS)
        np.testing.assert_allclose(np.exp(logits).sum(-1), 1.0, atol=1e-5)


@kinds
def test_a_sequence_is_its_steps_and_lanes_are_selected_and_joined_as_those_of_one_network(
    kind: dict[str, Any],
) -> None:
    network = ensemble_of(**kind)
    for model in (
        NumpyLanguageModel(network),
        RuntimeLanguageModel(language_model_graph(network.config, weights_of(network))),
        RuntimeLanguageModel(step_graph(network.config, weights_of(network))),
    ):
        whole = read_by(model)
        state, changed = model.initial_state(B), model.initial_state(B)
        for t in range(T):
            at = {name: values[:, t] for name, values in CONDITIONS.items()}
            logits, state = model.step(IDS_BT[:, t], state, at)
            np.testing.assert_allclose(probabilities(logits), whole[:, t], atol=1e-5)
            np.testing.assert_allclose(probabilities(model.advance(IDS_BT[:, t], changed, at)), whole[:, t], atol=1e-5)
            lanes = np.array([3, 0])
            turned = {name: values[lanes] for name, values in at.items()}
            two = model.join([model.select(state, lanes[:1]), model.select(state, lanes[1:])])
            again, _ = model.step(IDS_BT[lanes, t], model.select(state, lanes), turned)
            apart, _ = model.step(IDS_BT[lanes, t], two, turned)
            np.testing.assert_allclose(again, apart, atol=1e-6)


@pytest.mark.parametrize("stopping", ["symbol", "halt", "length"])
def test_a_text_costs_the_mean_of_the_probabilities_of_its_symbols_and_of_its_length(stopping: Any) -> None:
    network = ensemble_of(stopping=stopping)
    inputs, targets = IDS_BT[:, :-1], IDS_BT[:, 1:]
    conditions = {"countdown": REMAINING_BT[:, 1:] + 1}
    cost = NumpyLanguageModel(network).costs(inputs, targets, network.initial_state(B), conditions)[0]
    each = [
        NumpyLanguageModel(member).costs(inputs, targets, member.initial_state(B), conditions)[0]
        for member in network.each
    ]
    for ours, theirs in zip(cost, zip(*each, strict=True), strict=True):
        np.testing.assert_allclose(np.exp(-ours), np.exp(-np.array(theirs)).mean(0), atol=1e-5)
    graph = RuntimeLanguageModel(language_model_graph(network.config, weights_of(network)))
    again = graph.costs(inputs, targets, graph.initial_state(B), conditions)[0]
    for ours, theirs in zip(again, cost, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_a_member_learns_as_if_it_were_alone() -> None:
    """The gradients of each member are those that it has in a run without the others."""
    network = ensemble_of(stopping="length")
    tokens = np.random.default_rng(0).integers(0, V, size=700, dtype=np.int32)
    corpus = EncodedCorpus(tokens, 700, [tokens[:20]], 20)
    config = TrainingConfig(Budget(steps=1), batch_size=4, window_length=16)
    nats, targets = LanguageModelObjective(network, corpus, config).loss()
    gradients = torch.autograd.grad(nats.sum(), list(network.parameters()))
    own, apart = iter(gradients), []
    for number, member in enumerate(network.each):
        alone, counted = LanguageModelObjective(member, corpus, config).loss()
        apart.append(alone)
        assert (counted, alone.item()) == (targets, pytest.approx(nats[number].item(), rel=1e-6))
        for theirs in torch.autograd.grad(alone, list(member.parameters())):
            assert torch.allclose(next(own), theirs, atol=1e-5)
    assert nats.shape == (N,)
    assert len({round(float(loss.detach()), 3) for loss in apart}) == N


SHAPE: dict[str, Any] = {"hidden_size": 8, "batch_size": 4, "dropout": 0.2, "weight_drop": 0.1}


@pytest.mark.parametrize("seed", range(3))
def test_a_run_may_be_interrupted_anywhere(start, corpus_of, silent, seed: int) -> None:
    steps = 14

    def run(name: str, *interruptions: int) -> tuple[Any, Any]:
        corpus = corpus_of(LINE * 20)
        session = start(corpus, name, steps=steps, members=3, **SHAPE)
        for step in interruptions:
            answers = chain(repeat(False, step - session.loop.progress.step - 1), repeat(True))
            assert session.run(silent, lambda: next(answers)) == "interrupt"  # noqa: B023 - it is run at once
            session = type(session).resume(session.directory, corpus)
        assert session.run(silent) == "budget"
        return session.directory.weights(), session.directory.training_state()[0]

    drawn = random.Random(seed)
    places = sorted(drawn.sample(range(1, steps), drawn.randint(1, 4)))
    for ours, theirs in zip(run("parts", *places), run("whole"), strict=True):
        assert ours.keys() == theirs.keys()
        assert all(np.array_equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize(
    "drops", [{"weight_drop": 0.3}, {"embedding_dropout": 0.3}, {"stopping": "length"}], ids=" ".join
)
def test_members_learn_the_same_at_once_and_in_turn_and_after_a_pause(start, corpus_of, silent, drops: Any) -> None:
    corpus, ends = corpus_of(LINE * 20, document="line"), []
    for name, threads, pause in (("in turn", (1,), 99), ("at once", (3,), 99), ("in parts", (3,), 5)):
        shape = {"hidden_size": 8, "batch_size": 4, "dropout": 0.3, **drops}
        session = start(corpus, name, steps=8, members=3, thread_counts=threads, **shape)
        assert session.threads == threads[-1]
        if session.run(silent, lambda: session.loop.progress.step == pause) == "interrupt":  # noqa: B023
            session = type(session).resume(session.directory, corpus, thread_counts=threads)
            session.run(silent)
        ends.append({**session.directory.weights(), **session.directory.training_state()[0]})
    in_turn, *others = ends
    for arrays in others:
        assert arrays.keys() == in_turn.keys()
        assert all(np.array_equal(arrays[name], in_turn[name]) for name in arrays)


def test_members_are_one_model_that_says_how_many_they_are(start, corpus_of, silent) -> None:
    session = start(corpus_of(LINE * 20), steps=12, members=2, **SHAPE)
    assert any("2 members, each 2 x 8 lstm" in line for line in session.description())
    session.run(silent)
    directory = session.directory
    assert directory.config().network.members == 2
    assert directory.config().scores == session.loop.best
    weights = directory.weights()
    assert {name.split(".")[1] for name in weights} == {"0", "1"}
    assert not np.array_equal(weights["members.0.embedding.weight"], weights["members.1.embedding.weight"])
    model = load(directory.path)
    assert "".join(model.sample("to", length=20, seed=1)) == "".join(model.sample("to", length=20, seed=1))


def test_what_is_validated_is_the_mean(start, corpus_of, silent) -> None:
    text = LINE[::-1] + LINE * 3
    session = start(corpus_of(LINE * 60, valid=text), steps=40, members=3, hidden_size=16, batch_size=4)
    session.run(silent)
    network = make_network(session.config.network)
    network.load_state_dict({name: torch.from_numpy(array) for name, array in session.directory.weights().items()})

    def nats(one: Any) -> float:
        document, scorer = session.tokenizer.encode(text), NumpyLanguageModel(one.eval())
        return score_carried(scorer, [document], len(text), stop_id=STOP_ID, lanes=1, warm_up=0).nats_per_character

    assert nats(network) == pytest.approx(session.config.scores.nats_per_character, abs=1e-4)
    assert nats(network) < np.mean([nats(member) for member in network.each])


@pytest.mark.filterwarnings("ignore:the loss broke at step")
@pytest.mark.parametrize(("members", "spoilt"), [(2, 1), (3, 0), (3, 2)])
def test_a_member_that_diverges_is_said_and_left_out_and_the_others_go_on(
    start, corpus_of, silent, members: int, spoilt: int
) -> None:
    corpus = corpus_of(LINE * 20)

    session = start(corpus, steps=20, members=members, **SHAPE)
    said = f"member {spoilt + 1} of {members}: the loss broke again and again: it is left out"
    with pytest.warns(CharnnWarning, match=said):
        assert session.run(silent, Spoiler(session, spoilt, "head.weight", 9)) == "budget"
    config = session.directory.config()
    assert config.network.members == members - 1
    assert config.scores is not None
    assert [entry["step"] for entry in session.directory.history()][-1] == 20
    assert "".join(load(session.directory.path).sample("to", length=20, seed=1))
    weights = session.directory.weights()
    assert all(np.isfinite(array).all() for array in weights.values())
    longer = type(session).resume(session.directory, corpus, Budget(steps=24))
    assert longer.run(silent) == "budget"
    assert longer.directory.config().network.members == members - 1


def test_a_member_whose_weights_are_not_finite_is_told_before_any_loss_is() -> None:
    network = ensemble_of()
    tokens = np.random.default_rng(0).integers(0, V, size=700, dtype=np.int32)
    config = TrainingConfig(Budget(steps=1), batch_size=4, window_length=16)
    objective = LanguageModelObjective(network, EncodedCorpus(tokens, 700, [tokens[:20]], 20), config)
    updates = Updates(objective, config, torch.device("cpu"), "fp32", ALONE)
    assert updates.not_finite() is None
    with torch.no_grad():
        network.each[2].embedding.weight[3, 0] = math.inf
    assert updates.not_finite() == 2


@pytest.mark.filterwarnings("ignore:the loss broke at step", "ignore:member . of")
def test_a_run_without_a_member_goes_on_to_the_bit_after_an_interruption(start, corpus_of, silent) -> None:
    corpus, ends = corpus_of(LINE * 20), []
    for name, pause in (("whole", 99), ("parts", 13)):
        session = start(corpus, name, steps=20, members=3, **SHAPE)
        spoiler = Spoiler(session, 1, "head.weight", 9)
        outcome = session.run(silent, lambda: spoiler() or session.loop.progress.step == pause)  # noqa: B023
        if outcome == "interrupt":
            session = type(session).resume(session.directory, corpus)
            assert session.network.config.members == 2
            session.run(silent)
        ends.append((session.directory.weights(), session.directory.training_state()[0]))
    for ours, theirs in zip(*ends, strict=True):
        assert ours.keys() == theirs.keys()
        assert all(np.array_equal(ours[name], theirs[name]) for name in ours)


def test_the_last_member_that_diverges_ends_the_run(start, corpus_of, silent) -> None:
    session = start(corpus_of(LINE * 20), steps=20, members=2, **SHAPE)

    def spoil() -> bool:
        if session.loop.progress.step == 9:
            with torch.no_grad():
                next(session.objective.network.parameters())[0, 0] = math.nan
        return False

    with pytest.warns(CharnnWarning) as caught:
        outcome = session.run(silent, spoil)
    assert outcome == "diverged"
    assert sum("left out" in str(warning.message) for warning in caught) == 1
    assert len(caught) == 9, "four retreats of both, and four of the one that was left"
    assert "".join(load(session.directory.path).sample("to", length=20, seed=1)), "what was saved before"


def test_members_go_on_from_those_of_another_model(start, corpus_of, silent) -> None:
    first = start(corpus_of(LINE * 20), "first", steps=6, members=2, **SHAPE)
    first.run(silent)
    other = corpus_of("a longer text, to be read\n" * 20)
    session = start(other, "second", steps=1, source=first.directory)
    assert session.config.network.members == 2
    begun = {name: tensor.detach().clone() for name, tensor in session.network.named_parameters()}
    for name, array in first.directory.weights().items():
        if "recurrent" in name:
            assert np.array_equal(begun[name].numpy(), array)
    session.run(silent)
    with pytest.raises(UsageError, match="has members 2, not 3"):
        start(other, "third", steps=1, source=first.directory, members=3)


def test_members_adapt_to_what_they_read_and_are_written_as_members(start, corpus_of, silent, tmp_path) -> None:
    session = start(corpus_of(LINE * 20), steps=12, members=2, **SHAPE)
    session.run(silent)
    made = adapted_to("not to be. " * 40, session.directory, tmp_path / "adapted")
    assert made.config().network.members == 2
    before, after = session.directory.weights(), made.weights()
    assert all(not np.array_equal(before[name], after[name]) for name in before if "head" in name)
