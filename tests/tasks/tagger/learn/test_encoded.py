"""A treebank as numbers: batches say exactly what the sentences said, and padding says nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from charnn.tasks.tagger.config import TreebankConfig
from charnn.tasks.tagger.formats.sentence import TaggedSentence
from charnn.tasks.tagger.learn.data import UNSEEN, UNTAGGED, Batch, EncodedTreebank
from charnn.tasks.tagger.lexicon import Lexicon, WordFeatures
from charnn.tasks.tagger.treebank import Treebank

CPU = torch.device("cpu")
COLUMNS = ("upos", "xpos")
FORMS = ["the", "The", "cat", "New York", "1999", "x" * 30, "é", " "]
Row = tuple[str, str, str]
ROWS = st.tuples(st.sampled_from(FORMS), st.sampled_from("ABC"), st.sampled_from("pq"))
SENTENCES = st.lists(st.lists(ROWS, min_size=1, max_size=7), min_size=1, max_size=6)


def sentence(rows: list[Row]) -> TaggedSentence:
    words, upos, xpos = zip(*rows, strict=True)
    return TaggedSentence(list(words), (list(upos), list(xpos)))


def lexicon_of(sentences: list[TaggedSentence]) -> Lexicon:
    tags = {column: [tag for s in sentences for tag in s.tags[number]] for number, column in enumerate(COLUMNS)}
    return Lexicon.of([word for s in sentences for word in s.words], tags)


def encoded(training: list[TaggedSentence], validation: list[TaggedSentence], longest: int = 100) -> EncodedTreebank:
    treebank = Treebank(training, validation, TreebankConfig((), "conllu", COLUMNS))
    return EncodedTreebank(treebank, lexicon_of(training), longest=longest)


def features_of(batch: Batch, row: int) -> list[list[int]]:
    """All that the network is told of each word of a sentence."""
    words, places_T = batch.words, batch.places_BT[row, : int(batch.lengths_B[row])]
    return [
        [v for name in WordFeatures.__slots__ for v in getattr(words, name)[n].flatten().tolist()] for n in places_T
    ]


@given(SENTENCES, st.integers(0, 99))
def test_a_batch_says_what_its_sentences_said_in_the_order_asked_for(rows: list[list[Row]], seed: int) -> None:
    sentences = [sentence(row) for row in rows]
    treebank, lexicon = encoded(sentences, sentences[:1]), lexicon_of(sentences)
    order = np.random.default_rng(seed).permutation(len(rows))
    batch = treebank.batch(treebank.training, order, CPU)
    width = batch.words.characters_NL.shape[1]
    for row, number in enumerate(order):
        expected = sentences[number]
        for word, values in zip(expected.words, features_of(batch, row), strict=True):
            alone = lexicon.features([word])
            characters = np.pad(alone.characters_NL[0], (0, width - alone.characters_NL.shape[1]))
            parts = [alone.words_N, characters, alone.lengths_N, alone.affixes_NA[0], alone.shapes_N]
            assert values == np.concatenate(parts).tolist()
        length = int(batch.lengths_B[row])
        assert length == len(expected)
        for names, ids_BT, tags in zip(lexicon.tags.values(), batch.tags_CBT, expected.tags, strict=True):
            assert [names[k] for k in ids_BT[row, :length]] == tags
        assert (batch.tags_CBT[:, row, length:] == UNTAGGED).all()
        assert not batch.places_BT[row, length:].any()


def test_each_distinct_word_is_in_a_batch_once_and_no_longer_than_its_longest_word() -> None:
    treebank = encoded(
        [sentence([("a", "A", "p"), ("bb", "A", "p"), ("a", "B", "p")]), sentence([("c" * 9, "A", "p")])], []
    )
    batch = treebank.batch(treebank.training, np.array([0, 0]), CPU)
    assert batch.words.lengths_N.tolist() == [3, 4]
    assert batch.words.characters_NL.shape == (2, 4)
    assert batch.places_BT.tolist() == [[0, 1, 0], [0, 1, 0]]


@given(SENTENCES, st.integers(1, 4))
def test_long_training_sentences_are_cut_into_parts_and_no_word_is_lost(rows: list[list[Row]], longest: int) -> None:
    sentences = [sentence(row) for row in rows]
    treebank = encoded(sentences, sentences, longest)
    lengths = treebank.training.lengths.tolist()
    assert max(lengths) <= longest
    assert lengths == [min(longest, len(s) - at) for s in sentences for at in range(0, len(s), longest)]
    np.testing.assert_array_equal(np.concatenate(treebank.training.forms), np.concatenate(treebank.validation.forms))
    np.testing.assert_array_equal(
        treebank.training.tags_of(range(len(treebank.training.words))),
        treebank.validation.tags_of(range(len(treebank.validation.words))),
    )


def test_validation_sentences_are_never_cut() -> None:
    long = sentence([("a", "A", "p")] * 10)
    assert encoded([long], [long, long], longest=4).validation.lengths.tolist() == [10, 10]


def test_a_tag_that_training_does_not_have_is_unseen_in_its_column_alone() -> None:
    treebank = encoded([sentence([("a", "A", "p"), ("a", "B", "q")])], [sentence([("a", "C", "q"), ("b", "B", "r")])])
    batch = treebank.batch(treebank.validation, np.array([0]), CPU)
    assert batch.tags_CBT.tolist() == [[[UNSEEN, 1]], [[1, UNSEEN]]]


def test_a_word_without_a_tag_is_untagged_in_its_column_and_a_part_without_any_is_left_out() -> None:
    tagged = sentence([("a", "A", ""), ("b", "", "p")])
    half = sentence([("a", "A", "q"), ("b", "B", "p"), ("c", "", ""), ("d", "", "")])
    lexicon = Lexicon.of("ab", {"upos": "AB", "xpos": "pq"})
    treebank = EncodedTreebank(
        Treebank([tagged, half], [half], TreebankConfig((), "conllu", COLUMNS)), lexicon, longest=2
    )
    assert treebank.training.lengths.tolist() == [2, 2]
    assert treebank.batch(treebank.training, [0], CPU).tags_CBT.tolist() == [[[0, UNTAGGED]], [[UNTAGGED, 0]]]
    assert treebank.validation.lengths.tolist() == [4]


def test_words_are_known_whose_form_is_in_the_training_sentences() -> None:
    training = sentence([("cat", "A", "p"), ("New York", "A", "p")])
    validation = sentence([("Cat", "A", "p"), ("New York", "A", "p"), ("cat", "A", "p"), ("York", "A", "p")])
    treebank = encoded([training], [validation])
    (forms,) = treebank.validation.forms
    assert treebank.is_known[forms].tolist() == [False, True, True, False]


@pytest.mark.parametrize("longest", [1, 3])
def test_a_sentence_of_one_word_is_a_batch_too(longest: int) -> None:
    one = sentence([("a", "A", "p")])
    treebank = encoded([one], [one], longest)
    batch = treebank.batch(treebank.training, np.array([0]), CPU)
    assert (batch.places_BT.shape, batch.tags_CBT.shape, batch.lengths_B.tolist()) == ((1, 1), (2, 1, 1), [1])
