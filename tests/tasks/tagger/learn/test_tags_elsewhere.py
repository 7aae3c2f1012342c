"""What tags a word had elsewhere is told without the occurrence at hand, and becomes part of the words' own weights."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from charnn.linear.rows import SparseRows
from charnn.tasks.tagger.learn.tags_elsewhere import EDGE_ID, TagsElsewhere
from charnn.tasks.tagger.linear_model import DISTANCES, REACH

TAGS, WORDS = 3, 4
NO_TAG = -2
SENTENCE = st.lists(st.tuples(st.integers(1, WORDS - 1), st.sampled_from([NO_TAG, *range(TAGS)])), min_size=1)
SENTENCES = st.lists(SENTENCE, min_size=1, max_size=4)

Sentences = list[list[tuple[int, int]]]


def around(sentences: Sentences, part: int, edge: int) -> np.ndarray:
    """(N, D)."""
    rows = []
    for sentence in sentences:
        padded = [edge] * REACH + [pair[part] for pair in sentence] + [edge] * REACH
        rows += [[padded[REACH + place + d] for d in DISTANCES] for place in range(len(sentence))]
    return np.array(rows)


def elsewhere(sentences: Sentences, forgetting: float = 0.0) -> TagsElsewhere:
    return TagsElsewhere(around(sentences, 0, EDGE_ID), around(sentences, 1, NO_TAG), WORDS, TAGS, forgetting)


def dense(rows: SparseRows, columns: int) -> np.ndarray:
    table = np.zeros((len(rows), columns), np.float32)
    for number in range(len(rows)):
        place = slice(rows.starts[number], rows.starts[number + 1])
        assert (np.diff(rows.ids[place]) > 0).all()
        table[number, rows.ids[place]] = rows.values[place]
    return table


def fractions(sentences: Sentences, word: int, without: int = NO_TAG) -> np.ndarray:
    """By hand: the fractions of the tags of a word, one occurrence with the tag `without` left out."""
    if word == EDGE_ID:
        return np.zeros(TAGS + 1)
    counts = Counter(tag for sentence in sentences for other, tag in sentence if other == word and tag >= 0)
    counts[without] -= without >= 0
    total = sum(counts.values())
    return np.array([*(counts[tag] / total if total else 0 for tag in range(TAGS)), not total], np.float64)


@given(SENTENCES)
def test_a_vector_has_the_fractions_of_the_tags_that_each_word_has_elsewhere(sentences: Sentences) -> None:
    found = elsewhere(sentences)
    expected = [
        np.concatenate([fractions(sentences, *pair) for pair in zip(words, tags, strict=True)])
        for words, tags in zip(around(sentences, 0, EDGE_ID), around(sentences, 1, NO_TAG), strict=True)
    ]
    np.testing.assert_allclose(dense(found.rows(), found.size), expected, rtol=1e-6)


def test_a_word_that_is_met_once_has_no_tag_elsewhere() -> None:
    found = elsewhere([[(1, 0), (2, 1), (1, 2)]])
    middle = dense(found.rows(), found.size)[1].reshape(len(DISTANCES), TAGS + 1)
    assert middle.tolist() == [[0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0], [0, 0, 0, 0]]


def test_a_rare_word_is_often_taken_to_have_no_tag_elsewhere_where_it_is_to_be_tagged_itself() -> None:
    sentences = [[(1, 0), (2, 1)]] * 99 + [[(3, 2), (2, 1)]] * 2
    shape = len(sentences), 2, len(DISTANCES), TAGS + 1
    whole, found = (dense(one.rows(), one.size).reshape(shape) for one in map(elsewhere, [sentences] * 2, [0.0, 9.0]))
    own = DISTANCES.index(0)
    np.testing.assert_array_equal(np.delete(found, own, 2), np.delete(whole, own, 2))
    is_forgotten = found[:, :, own, TAGS] == 1
    assert not found[is_forgotten, own, :TAGS].any()
    np.testing.assert_array_equal(found[~is_forgotten, own], whole[~is_forgotten, own])
    assert 0 < is_forgotten[:99].sum() < 40
    every = elsewhere(sentences, 1e9)
    assert (dense(every.rows(), every.size).reshape(shape)[:, :, own, TAGS] == 1).all()


@given(SENTENCES, st.integers(0, 9))
def test_weights_of_words_give_a_new_text_the_scores_that_its_vectors_would(sentences: Sentences, seed: int) -> None:
    found, random = elsewhere(sentences), np.random.default_rng(seed)
    table = random.normal(size=(found.size, TAGS)).astype(np.float32)
    added_DVK, bias_K = found.weights_of_words(table)
    for words in around([[(word, NO_TAG) for word in (1, 2, 3)]], 0, EDGE_ID):
        vector = np.concatenate([fractions(sentences, word) for word in words])
        total = bias_K + sum(added_DVK[number, word] for number, word in enumerate(words))
        np.testing.assert_allclose(total, vector @ table, rtol=1e-4, atol=1e-5)


def test_a_word_that_has_no_tag_anywhere_adds_nothing_of_its_own() -> None:
    found = elsewhere([[(1, 0), (3, NO_TAG)]])
    added_DVK, _ = found.weights_of_words(np.ones((found.size, TAGS), np.float32))
    assert not added_DVK[:, [2, 3]].any()


@given(SENTENCES, SENTENCES)
def test_rows_beside_others_are_the_vectors_one_after_the_other(one: Sentences, other: Sentences) -> None:
    ours, theirs = elsewhere(one), elsewhere(other)
    rows, others = ours.rows(), theirs.rows()
    count = min(len(rows), len(others))
    both = rows.part(0, count).beside(others.part(0, count), ours.size)
    expected = [dense(rows, ours.size)[:count], dense(others, theirs.size)[:count]]
    np.testing.assert_array_equal(dense(both, ours.size + theirs.size), np.concatenate(expected, 1))
