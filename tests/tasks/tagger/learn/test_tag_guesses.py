"""The recurrent layers of a tagger learn to guess the tags of the words beside each word, and the model directory has
nothing of it."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn

from charnn.tasks.tagger.learn.data import UNTAGGED
from charnn.tasks.tagger.learn.network import TaggerNetwork
from charnn.tasks.tagger.learn.tag_guesses import WEIGHT, TagGuesses

TAGS = 4
TEXT = "the_D cat_N saw_V the_D saw_N\nthe_D saw_V\n"


def guesses(*tags: int, weight: float = 0.0) -> TagGuesses:
    """Those of states that have as many numbers as there are tags, each of them `weight` times the score of a tag."""
    made = TagGuesses(tags, TAGS)
    for parameter in made.parameters():
        nn.init.zeros_(parameter)
    with torch.no_grad():
        for layer in (*made.forwards, *made.backwards):
            layer.weight += weight * torch.eye(layer.out_features, TAGS)
    return made


def test_each_direction_guesses_the_tag_of_the_word_that_it_reads_next() -> None:
    sure = guesses(TAGS, weight=99.0)
    tags_BT = torch.tensor([[0, 1, 2, 3]])
    own = torch.eye(TAGS)[tags_BT]
    following, preceding = own.roll(-1, 1), own.roll(1, 1)
    assert sure(torch.cat([following, preceding], -1), tags_BT[None]).item() == pytest.approx(0, abs=1e-6)
    for states in ([preceding, following], [own, own]):
        assert sure(torch.cat(states, -1), tags_BT[None]).item() == pytest.approx(WEIGHT * 6 * 99)


@pytest.mark.parametrize(
    ("tags", "guessed"),
    [([[0, 1, 2]], 4), ([[0, 1, UNTAGGED]], 2), ([[0, UNTAGGED, 2]], 0), ([[0]], 0), ([[0, 1], [2, UNTAGGED]], 2)],
)
def test_nothing_is_guessed_beside_a_word_without_a_tag(tags: list[list[int]], guessed: int) -> None:
    tags_BT = torch.tensor(tags)
    nats = guesses(TAGS)(torch.randn(*tags_BT.shape, 2 * TAGS), tags_BT[None])
    assert nats.item() == pytest.approx(WEIGHT * guessed * math.log(TAGS))


def test_the_tags_of_every_column_are_guessed() -> None:
    nats = guesses(3, 2)(torch.randn(1, 2, 2 * TAGS), torch.tensor([[[2, 0]], [[1, 1]]]))
    assert nats.item() == pytest.approx(WEIGHT * 2 * (math.log(3) + math.log(2)))


def test_the_loss_that_is_shown_is_that_of_the_tags(start, treebank_of) -> None:
    network = start(treebank_of(TEXT, valid=TEXT)).network
    assert isinstance(network, TaggerNetwork)
    features = torch.randn(1, 3, network.each_head[0].scores_layer.in_features, requires_grad=True)
    tags_CBT, lengths_B = torch.tensor([[[0, 1, 2]]]), torch.tensor([3])
    of_tags = sum(head.nats(features, tags_CBT[0], lengths_B) for head in network.each_head)
    shown = network.nats(features, tags_CBT, lengths_B)
    assert shown.item() == pytest.approx(of_tags.item())
    each = [torch.autograd.grad(nats, features)[0] for nats in (of_tags, shown)]
    read = 2 * network.config.hidden_size
    torch.testing.assert_close(each[0][..., read:], each[1][..., read:])
    assert (each[0][..., :read] != each[1][..., :read]).any()


@pytest.mark.parametrize("members", [1, 2])
def test_a_model_directory_has_nothing_of_the_guesses(members: int, start, treebank_of, silent) -> None:
    session = start(treebank_of(TEXT, valid=TEXT), steps=3, members=members)
    session.run(silent)
    assert any("guesses" in name for name, _ in session.network.named_parameters())
    weights = session.directory.weights()
    assert not any("guesses" in name for name in weights)
    assert session.parameters == sum(array.size for array in weights.values())


@pytest.mark.parametrize(
    ("text", "how", "guesses"),
    [(TEXT, {}, True), ("a_X b_Y\n" * 4, {"level": "character"}, False)],
)
def test_taggers_of_words_guess_and_those_of_characters_do_not(
    text: str, how: dict[str, Any], guesses: bool, start, treebank_of
) -> None:
    assert start(treebank_of(text, **how)).config.network.guesses_tags == guesses
