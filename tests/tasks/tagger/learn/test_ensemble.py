"""Members are trained side by side in one run, and used as one tagger: the mean of what they say of each word."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from charnn.errors import CharnnWarning, ModelFormatError
from charnn.readers.reader import Reader, ReaderConfig
from charnn.softmax import softmax
from charnn.tasks.tagger.config import DecoderKind, TaggerNetworkConfig
from charnn.tasks.tagger.decoding.decoder import Decoding
from charnn.tasks.tagger.decoding.saved import decoder_from, decoder_of_members
from charnn.tasks.tagger.graph import sentence_graph, word_graph
from charnn.tasks.tagger.learn.data import encoded_words
from charnn.tasks.tagger.learn.ensemble import TaggerEnsemble, make_network
from charnn.tasks.tagger.learn.network import TaggerNetwork
from charnn.tasks.tagger.learn.session import TaggerSession
from charnn.tasks.tagger.lexicon import Lexicon
from charnn.tasks.tagger.use.runtime import RuntimeTaggerNetwork
from tests.tasks.spoiling import Spoiler

WORDS = ["a", "cat", "1,999", "Sat", "mat", "of"]
LEXICON = Lexicon.of([*WORDS, *WORDS], {"upos": "XYZ", "fine": "VW"})
PLACES_BT = np.array([[0, 1, 2, 3], [5, 4, 0, 0]])
LENGTHS_B = np.array([4, 2])
IS_WORD_BT = np.arange(4) < LENGTHS_B[:, None]
READER = ReaderConfig("text", "forwards", 5, "lstm", 1, 3, 2, False, 1, True, 900, None)
STATES_BTR = np.random.default_rng(3).normal(size=(2, 4, 3)).astype(np.float32) * IS_WORD_BT[..., None]
KINDS: list[dict[str, Any]] = [
    {},
    {"cell": "gru", "words_from": "lstm", "layers": 2},
    {"decoder": "crf", "neighbour_size": 0},
    {"decoder": "feedback"},
    {"readers": (READER,), "context_size": 4},
]
kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: " ".join(kind) or "default")
decoder_kinds = pytest.mark.parametrize("decoder", ["independent", "feedback", "crf"])
TEXT = "the_D cat_N sat_V\na_D dog_N\nthe_D mat_N ran_V off_P\n" * 8


def ensemble_of(members: int = 3, **fields: Any) -> TaggerEnsemble:
    torch.manual_seed(0)
    config = TaggerNetworkConfig(
        words=LEXICON.word_ids,
        characters=LEXICON.character_ids,
        tags=(3, 2),
        hidden_size=5,
        word_size=3,
        character_size=4,
        reader_size=3,
        affix_size=2,
        shape_size=2,
        **{"neighbour_size": 4, "members": members, **fields},
    )
    network = make_network(config, torch.from_numpy(LEXICON.frequencies())).eval()
    assert isinstance(network, TaggerEnsemble)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.3)
    return network


def scores_by(network: Any) -> list[npt.NDArray[np.floating]]:
    """The scores of each column, (B, T, S), as the graphs give them."""
    config, weights = network.config, {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    graphs = word_graph(config, weights), sentence_graph(config, weights)
    runtime = RuntimeTaggerNetwork(*graphs, states_size=config.states_size)
    vectors_BTD = runtime.vectors(LEXICON.features(WORDS))[PLACES_BT] * IS_WORD_BT[..., None]
    if config.readers:
        vectors_BTD = np.concatenate([vectors_BTD, STATES_BTR], 2)
    return [s.transpose(1, 0, 2) for s in runtime.scores(vectors_BTD.transpose(1, 0, 2).copy(), LENGTHS_B)]


def decoded_by(network: Any) -> list[Decoding]:
    return [
        decoder.decode(scores_BTS, LENGTHS_B, probabilities=True)
        for decoder, scores_BTS in zip(network.decoders(), scores_by(network), strict=True)
    ]


@torch.no_grad()
def features_by(network: Any) -> torch.Tensor:
    states = torch.from_numpy(STATES_BTR) if network.config.readers else None
    words = encoded_words(LEXICON.features(WORDS), torch.device("cpu"))
    return network(words, torch.from_numpy(PLACES_BT), torch.from_numpy(LENGTHS_B), states)


@kinds
def test_the_graph_of_members_gives_what_the_network_gives(kind: dict[str, Any]) -> None:
    network = ensemble_of(**kind)
    features_BTF = features_by(network)
    with torch.no_grad():
        for ours, theirs in zip(scores_by(network), network.scores(features_BTF), strict=True):
            np.testing.assert_allclose(ours[IS_WORD_BT], theirs.numpy()[IS_WORD_BT], atol=1e-5)
        tags_CBT = network.decode(features_BTF, torch.from_numpy(LENGTHS_B))
    np.testing.assert_array_equal(tags_CBT, [decoding.tags_BT for decoding in decoded_by(network)])


@pytest.mark.parametrize("kind", [k for k in KINDS if "decoder" not in k], ids=lambda kind: " ".join(kind))
def test_probabilities_of_independent_tags_are_the_mean_of_those_of_each_member(kind: dict[str, Any]) -> None:
    network = ensemble_of(**kind)
    each = [decoded_by(member) for member in network.each]
    assert np.abs(each[0][0].probabilities_BTK - each[1][0].probabilities_BTK).max() > 0.05, "they differ"
    for column, decoding in enumerate(decoded_by(network)):
        expected_BTK = np.mean([one[column].probabilities_BTK for one in each], 0)
        np.testing.assert_allclose(decoding.probabilities_BTK, expected_BTK, atol=1e-5)


def test_probabilities_of_a_feedback_decoder_are_the_mean_after_the_same_tag_before() -> None:
    network = ensemble_of(decoder="feedback")
    each = [(scores_by(member), member.decoders()) for member in network.each]
    for column, decoding in enumerate(decoded_by(network)):
        for row, length in enumerate(LENGTHS_B):
            before = network.config.tags[column]
            for t in range(length):
                said = [
                    softmax(decoders[column].logits(scores[column][row, t], np.array(before)))  # type: ignore[attr-defined]
                    for scores, decoders in each
                ]
                np.testing.assert_allclose(decoding.probabilities_BTK[row, t], np.mean(said, 0), atol=1e-5)
                before = int(decoding.tags_BT[row, t])
                assert before == np.mean(said, 0).argmax()


def test_the_probability_of_a_sequence_by_a_crf_is_the_geometric_mean_over_members() -> None:
    network = ensemble_of(decoder="crf")
    sequences = np.array(list(itertools.product(range(3), repeat=4)))

    def log_probabilities(member: TaggerNetwork) -> npt.NDArray[np.float64]:
        head, scores_TK = member.heads[0], scores_by(member)[0][0].astype(np.float64)
        start, end, between = (getattr(head, name).detach().numpy() for name in ("start", "end", "transitions"))
        total_S = start[sequences[:, 0]] + end[sequences[:, -1]] + scores_TK[np.arange(4), sequences].sum(1)
        total_S = total_S + between[sequences[:, :-1], sequences[:, 1:]].sum(1)
        return total_S - np.log(np.exp(total_S).sum())

    mean_S = softmax(np.mean([log_probabilities(member) for member in network.each], 0))
    decoding = decoded_by(network)[0]
    marginals_TK = [[mean_S[sequences[:, t] == tag].sum() for tag in range(3)] for t in range(4)]
    np.testing.assert_allclose(decoding.probabilities_BTK[0], marginals_TK, atol=1e-5)
    np.testing.assert_array_equal(decoding.tags_BT[0], sequences[mean_S.argmax()])


def test_a_tag_that_every_member_holds_impossible_has_a_finite_score() -> None:
    network = ensemble_of()
    with torch.no_grad():
        for member in network.each:
            member.heads[0].scores_layer.bias[1] = -300.0
    scores_BTS = scores_by(network)[0]
    assert np.isfinite(scores_BTS[IS_WORD_BT]).all()
    assert scores_BTS[IS_WORD_BT][:, 1].max() < -200


@decoder_kinds
def test_a_single_member_decodes_as_the_decoder_of_one_network(decoder: DecoderKind) -> None:
    network = ensemble_of(decoder=decoder).each[0]
    arrays, scores_BTS = network.each_head[0].arrays(), scores_by(network)[0]
    ours, theirs = (
        one.decode(scores_BTS, LENGTHS_B, probabilities=True)
        for one in (decoder_of_members(decoder, [arrays], tags=3), decoder_from(decoder, arrays, tags=3))
    )
    np.testing.assert_array_equal(ours.probabilities_BTK, theirs.probabilities_BTK)


def test_members_that_do_not_belong_together_are_refused() -> None:
    arrays = ensemble_of(decoder="feedback").each[0].each_head[0].arrays()
    narrow = {name: array[..., :-1] if name != "output_bias" else array for name, array in arrays.items()}
    with pytest.raises(ModelFormatError, match="members have arrays of other shapes"):
        decoder_of_members("feedback", [arrays, narrow], tags=3)
    with pytest.raises(ModelFormatError, match="finite"):
        decoder_of_members("feedback", [arrays, {**arrays, "output_bias": np.full(3, np.nan)}], tags=3)


@decoder_kinds
def test_each_member_learns_as_if_it_were_alone(decoder: str) -> None:
    network = ensemble_of(decoder=decoder)
    words = encoded_words(LEXICON.features(WORDS), torch.device("cpu"))
    places_BT, lengths_B = torch.from_numpy(PLACES_BT), torch.from_numpy(LENGTHS_B)
    tags_CBT = torch.tensor([[[0, 1, 2, 1], [2, 0, -2, -2]], [[1, 0, 0, 1], [-2, 1, -2, -2]]])
    nats = network.nats(network(words, places_BT, lengths_B), tags_CBT, lengths_B)
    nats.sum().backward()
    for member, own in zip(network.each, nats, strict=True):
        gradients = [parameter.grad.clone() for parameter in member.parameters()]
        member.zero_grad()
        alone = member.nats(member(words, places_BT, lengths_B), tags_CBT, lengths_B)
        alone.backward()
        torch.testing.assert_close(alone, own)
        for together, parameter in zip(gradients, member.parameters(), strict=True):
            torch.testing.assert_close(together, parameter.grad)


@pytest.mark.filterwarnings("ignore:the loss broke at step")
@pytest.mark.parametrize(("members", "spoilt"), [(2, 1), (3, 0)])
def test_a_member_that_diverges_is_said_and_left_out_and_the_others_go_on(
    start, treebank_of, silent, members: int, spoilt: int
) -> None:
    treebank = treebank_of(TEXT)
    session = start(treebank, steps=20, members=members)
    said = f"member {spoilt + 1} of {members}: the loss broke again and again: it is left out"
    with pytest.warns(CharnnWarning, match=said):
        assert session.run(silent, Spoiler(session, spoilt, "words.weight", 9)) == "budget"
    config, weights = session.directory.config(), session.directory.weights()
    assert config.network.members == members - 1
    assert config.scores is not None
    assert all(np.isfinite(array).all() for array in weights.values())
    longer = TaggerSession.resume(session.directory, treebank, dataclasses.replace(config.training.budget, steps=24))
    assert longer.run(silent) == "budget"
    assert longer.directory.config().network.members == members - 1


@decoder_kinds
def test_members_learn_the_same_at_once_and_in_turn_and_after_a_pause(start, treebank_of, silent, decoder: str) -> None:
    treebank, ends = treebank_of(TEXT), []
    for name, threads, pause in (("in turn", (1,), 99), ("at once", (1, 3), 99), ("in parts", (1, 3), 5)):
        session = start(
            treebank, name, steps=8, members=3, dropout=0.4, decoder=decoder, linear=False, thread_counts=threads
        )
        assert session.threads == threads[-1]
        if session.run(silent, lambda: session.loop.progress.step == pause) == "interrupt":  # noqa: B023
            session = TaggerSession.resume(session.directory, treebank, thread_counts=threads)
            session.run(silent)
        ends.append(session.directory.weights())
    in_turn, *others = ends
    assert not np.array_equal(in_turn["members.0.words.weight"], in_turn["members.1.words.weight"])
    for weights in others:
        assert weights.keys() == in_turn.keys()
        assert all(np.array_equal(weights[name], in_turn[name]) for name in weights)


def test_what_fails_in_the_thread_of_a_member_is_raised(start, treebank_of, silent) -> None:
    session = start(treebank_of(TEXT), steps=8, members=2, thread_counts=(2,))
    session.network.each[1].heads[0].nats = None
    with pytest.raises(TypeError, match="NoneType"):
        session.run(silent)


def test_members_begin_with_those_of_the_model_that_they_start_from(start, treebank_of, silent) -> None:
    treebank = treebank_of(TEXT)
    first = start(treebank, steps=4, members=2)
    first.run(silent)
    second = start(treebank, "second", steps=4, source=first.directory)
    assert second.config.network.members == 2
    kept = first.directory.weights()
    for name, weight in second.network.state_dict().items():
        np.testing.assert_array_equal(weight.numpy(), kept[name])


def test_without_one_of_two_the_other_keeps_what_the_readers_have_learned() -> None:
    tokenizer: Any = None
    reader = Reader(READER, tokenizer, {"readers.forwards.embedding.weight": np.ones((5, 2), np.float32)})
    both = ensemble_of(members=2, readers=(READER,), context_size=4)
    network = TaggerEnsemble(both.each, [reader])
    names = {name for name in network.state_dict() if "readers" in name}
    assert names == {"readers.forwards.embedding.weight"}, "they read once for all members"
    left = network.without(0)
    assert {name for name in left.state_dict() if "readers" in name} == names
    assert isinstance(left, TaggerNetwork)


def test_of_three_members_that_lose_one_two_are_left_in_their_order() -> None:
    network = ensemble_of()
    left = network.without(1)
    kept: Sequence[TaggerNetwork] = left.each  # type: ignore[union-attr]
    assert kept == [network.each[0], network.each[2]]
