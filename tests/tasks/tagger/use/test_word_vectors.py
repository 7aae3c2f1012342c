"""Vectors of words: each made once, and kept within bounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charnn.arrays import Float32s
from charnn.tasks.tagger.lexicon import Lexicon
from charnn.tasks.tagger.use import word_vectors
from charnn.tasks.tagger.use.word_vectors import WordVectors

LEXICON = Lexicon.of("abc", {"upos": ["A"]})
words = st.text("abc", max_size=4)
calls = st.lists(st.lists(st.lists(words, max_size=6), min_size=1, max_size=5), max_size=6)


def alone(network, word: str) -> list[float]:
    return network.vectors(LEXICON.features([word]))[0].tolist()


@pytest.mark.parametrize("at_once", [1, 3, 100])
@given(calls=calls, capacity=st.integers(1, 12))
@settings(max_examples=60)
def test_rows_are_those_of_the_words_whatever_is_remembered_or_forgotten(
    make_network, at_once, calls, capacity
) -> None:
    network, reference = make_network(), make_network()
    vectors = WordVectors(LEXICON, network, capacity=capacity)
    given_out = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(word_vectors, "AT_ONCE", at_once)
        for sentences in calls:
            given_out.append((sentences, *vectors.of(sentences)))
    # All at the end: a table that was given out keeps its rows, whatever came after.
    for sentences, rows, table in given_out:
        assert not table[0].any()
        assert [len(row) for row in rows] == list(map(len, sentences))
        for row, sentence in zip(rows, sentences, strict=True):
            assert table[row].tolist() == [alone(reference, word) for word in sentence]


def test_a_word_is_read_once_while_it_is_remembered(make_network) -> None:
    network = make_network()
    vectors = WordVectors(LEXICON, network, capacity=5)
    for _ in range(3):
        vectors.of([["a", "b", "a"], ["c", "b"]])
    assert network.words_read == 3
    vectors.of([["aa", "bb"]])
    assert network.words_read == 5
    vectors.of([["cc", "a"]])
    assert network.words_read == 7  # five were forgotten, and `a` read again
    vectors.of([["b"]])
    assert network.words_read == 8


def test_a_call_with_more_words_than_are_kept_is_no_trouble(make_network) -> None:
    network = make_network()
    vectors = WordVectors(LEXICON, network, capacity=2)
    many = ["a" * length for length in range(1, 20)]
    ((row,), table) = vectors.of([many])
    assert table[row].tolist() == [alone(make_network(), word) for word in many]
    assert network.words_read == 19


def test_memory_is_bounded_in_words_and_in_their_characters(make_network, monkeypatch) -> None:
    vectors = WordVectors(LEXICON, make_network(), capacity=10)
    sizes = []
    for number in range(200):
        _, table = vectors.of([[f"{number}", "a"]])
        sizes.append(len(table))
    assert set(sizes) == {11}
    monkeypatch.setattr(word_vectors, "CHARACTERS", 100)
    network = make_network()
    vectors = WordVectors(LEXICON, network, capacity=1000)
    vectors.of([["a" * 60]])
    vectors.of([["b" * 60]])
    vectors.of([["a" * 60]])
    assert network.words_read == 3


class Lengths:
    """Adds to each of `size` scores how long a word is."""

    def __init__(self, size: int) -> None:
        self.size = size

    def additions(self, words: Sequence[str], knows: Callable[[str], bool]) -> Float32s:
        return np.array([[len(word)] * self.size for word in words], np.float32)


def test_what_fewer_words_add_is_kept_where_each_adds_to_more_scores_and_none_where_very_few_are(
    make_network, monkeypatch
) -> None:
    monkeypatch.setattr(word_vectors, "FEWEST", 3)
    monkeypatch.setattr(word_vectors, "MOST_KEPT", 100)
    for size, rows, is_kept in ((10, 10, True), (20, 5, True), (33, 3, True), (34, 50, False)):
        vectors = WordVectors(LEXICON, make_network(), capacity=50, beside=Lengths(size))
        assert vectors.has_additions == is_kept
        for _ in range(2):
            for word in ("a", "aa", "b", "bbb", "c", "cc"):
                ((row,), table) = vectors.of([[word]])
                assert len(table) == 1 + rows
                own, added = np.split(table[row[0]], [make_network().vector_size])
                assert own.tolist() == alone(make_network(), word)
                assert added.tolist() == [len(word)] * size * is_kept


def test_padding_stays_zero_after_forgetting(make_network) -> None:
    vectors = WordVectors(LEXICON, make_network(), capacity=1)
    for word in "abcabc":
        assert np.all(vectors.of([[word]])[1][0] == 0)
