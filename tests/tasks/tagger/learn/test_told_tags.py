"""The tags that a word had elsewhere are a part of its vector, without the occurrence that is learned from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from charnn.tasks.tagger.learn.data import UNTAGGED, EncodedTreebank
from charnn.tasks.tagger.learn.network import TaggerNetwork
from charnn.tasks.tagger.learn.session import TaggerSession
from charnn.tasks.tagger.learn.told_tags import DOUBT, ToldTags
from charnn.tasks.tagger.lexicon import LEAST_COUNT
from charnn.tasks.tagger.treebank import Treebank

TAGS, SIZE = [2, 3], 4
COUNTS_VK = torch.tensor([[0, 0, 0, 0, 0], [3, 1, 1, 2, 0], [1, 0, 0, 0, 1], [0, 0, 0, 0, 0]], dtype=torch.float32)
"""Of three words; the last never has a tag."""


def by_hand(told: ToldTags, counts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([one / (one.sum() + DOUBT) for one in counts]) @ told.weight.detach().numpy()


def test_an_occurrence_is_left_out_where_it_is_learned_from() -> None:
    told = ToldTags(COUNTS_VK, TAGS, SIZE)
    ids_BT = torch.tensor([[1, 2, 0, 2, 3]])
    tags_CBT = torch.tensor([[[0, 0, 1, UNTAGGED, UNTAGGED]], [[1, UNTAGGED, 0, 2, UNTAGGED]]])
    left = [([2, 1], [1, 1, 0]), ([0, 0], [0, 0, 1]), ([0, 0], [0, 0, 0]), ([1, 0], [0, 0, 0]), ([0, 0], [0, 0, 0])]
    expected = [by_hand(told, [np.array(first), np.array(second)]) for first, second in left]
    np.testing.assert_allclose(told(ids_BT, tags_CBT)[0].detach(), expected, rtol=1e-5, atol=1e-6)


def test_without_tags_every_occurrence_counts() -> None:
    told = ToldTags(COUNTS_VK, TAGS, SIZE)
    torch.testing.assert_close(told(torch.arange(4)[None])[0], told.of_words())
    assert not told.of_words()[[0, 3]].any()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1)), min_size=1, max_size=5))
def test_what_is_told_never_depends_on_the_tag_that_is_to_be_learned(words: list[tuple[int, int]]) -> None:
    told = ToldTags(torch.zeros(4, 2), [2], SIZE)
    counts_VK = torch.zeros(4, 2)
    for word, tag in words:
        counts_VK[word, tag] += int(word > 0)
    told._counts_VK = counts_VK
    for word, tag in words:
        others = counts_VK.clone()
        others[word, tag] -= int(word > 0)
        told._counts_VK = others
        expected = told(torch.tensor([[word]]))
        told._counts_VK = counts_VK
        torch.testing.assert_close(told(torch.tensor([[word]]), torch.tensor([[[tag]]])), expected)


TEXT = "the_D cat_N saw_V the_D saw_N\nthe_D saw_V\n"


def encoded(session: TaggerSession, treebank: Treebank) -> EncodedTreebank:
    return EncodedTreebank(treebank, session.lexicon, longest=99)


def test_counts_are_of_words_with_a_vector_and_of_words_with_a_tag(start, treebank_of) -> None:
    treebank = treebank_of("a_X a_Y b_X\nb_X a_X c_Y\na__ b_Y a_X\n", valid="a_Y c_Y\n")
    session = start(treebank)
    counts_VK = encoded(session, treebank).tag_counts(session.config.network)
    assert counts_VK is not None
    assert dict(zip(session.lexicon.words_with_vectors, counts_VK[1:].tolist(), strict=True)) == {
        "a": [3, 1],
        "b": [2, 1],
        "c": [0, 1],
    }
    assert counts_VK[0].tolist() == [0, 0]


def test_a_model_directory_has_it_within_the_vectors_of_words(start, treebank_of, silent) -> None:
    session = start(treebank_of(TEXT, valid=TEXT), steps=3)
    session.run(silent)
    session.network.eval()
    assert isinstance(session.network, TaggerNetwork)
    assert session.network.told is not None
    state = session.network.state_dict()
    assert "told.weight" not in state
    assert set(session.directory.weights()) == set(state)
    own, told = session.network.words.weight, session.network.told.of_words()
    torch.testing.assert_close(state["words.weight"], own + told)
    torch.testing.assert_close(dict(session.network.named_parameters())["words.weight"], own)


@pytest.mark.parametrize(
    ("text", "how", "is_told"),
    [(TEXT, {}, True), ("a_X b_Y\n" * 4, {"level": "character"}, False)],
)
def test_taggers_of_words_are_told_and_those_of_characters_are_not(
    text: str, how: dict[str, Any], is_told: bool, start, treebank_of
) -> None:
    session = start(treebank_of(text, **how))
    assert session.config.network.tells_tags == is_told
    assert session.lexicon.least_count == (1 if is_told else LEAST_COUNT)


def test_a_treebank_of_very_many_words_and_tags_is_learned_without(start, treebank_of, silent, monkeypatch) -> None:
    monkeypatch.setattr("charnn.tasks.tagger.learn.plan.MOST_COUNTS", 8)
    session = start(treebank_of(TEXT, valid=TEXT), steps=2)
    session.run(silent)
    assert not session.config.network.tells_tags
    assert session.config.network.word_dropout < 1
    assert session.directory.lexicon().least_count == LEAST_COUNT
