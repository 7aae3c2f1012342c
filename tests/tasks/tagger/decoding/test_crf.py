"""The conditional random field against sums and maxima over all sequences of tags, in float64."""

from __future__ import annotations

import math
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from charnn.softmax import softmax
from charnn.tasks.tagger.decoding.crf import CrfDecoder

Array = NDArray[np.float64]

few_tags, few_words, seeds = st.integers(1, 4), st.integers(1, 5), st.integers(0, 9999)
scales = st.sampled_from([0.1, 1.0, 100.0, 1e4])
"""At the last two, transitions are too far apart for products of their exponentials."""


class Field:
    """A random field over one sentence, and what it says, written out."""

    def __init__(self, words: int, transitions: Array, start: Array, end: Array, scores: Array) -> None:
        self.tags = len(start)
        self.transitions, self.start, self.end, self.scores = transitions, start, end, scores
        self.sequences = list(product(range(self.tags), repeat=words))
        self.totals = [self.total(sequence) for sequence in self.sequences]

    def total(self, tags: tuple[int, ...]) -> float:
        within = sum(self.scores[t, tag] for t, tag in enumerate(tags))
        between = sum(self.transitions[a, b] for a, b in pairwise(tags))
        return float(self.start[tags[0]] + within + between + self.end[tags[-1]])

    def marginals(self) -> Array:
        weights = np.exp(np.array(self.totals) - max(self.totals))
        table = np.zeros_like(self.scores)
        for tags, p in zip(self.sequences, weights / weights.sum(), strict=True):
            table[np.arange(len(tags)), tags] += p
        return table

    def decoded(self) -> tuple[list[int], NDArray[np.float32]]:
        decoder = CrfDecoder(self.transitions, self.start, self.end)
        decoding = decoder.decode(self.scores[None], np.array([len(self.scores)]), probabilities=True)
        assert decoding.probabilities_BTK is not None
        return decoding.tags_BT[0].tolist(), decoding.probabilities_BTK[0]


def random_field(tags: int, words: int, seed: int, scale: float) -> Field:
    random = np.random.default_rng(seed)
    shapes = ((tags, tags), (tags,), (tags,), (words, tags))
    return Field(words, *(scale * random.normal(size=shape) for shape in shapes))


@given(few_tags, few_words, seeds, scales)
def test_tags_are_those_of_the_best_of_all_sequences(tags: int, words: int, seed: int, scale: float) -> None:
    field = random_field(tags, words, seed, scale)
    assert field.decoded()[0] == list(field.sequences[int(np.argmax(field.totals))])


@given(few_tags, few_words, seeds, scales)
def test_probabilities_are_marginals_over_all_sequences(tags: int, words: int, seed: int, scale: float) -> None:
    field = random_field(tags, words, seed, scale)
    np.testing.assert_allclose(field.decoded()[1], field.marginals(), rtol=1e-6, atol=1e-7)


@given(few_tags, few_words, seeds)
def test_of_several_best_sequences_the_lowest_ids_win_from_the_last_word_on(tags: int, words: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    shapes = ((tags, tags), (tags,), (tags,), (words, tags))
    field = Field(words, *(random.integers(0, 2, size=shape).astype(float) for shape in shapes))
    best = [s for s, total in zip(field.sequences, field.totals, strict=True) if total == max(field.totals)]
    assert field.decoded()[0] == list(min(best, key=lambda sequence: sequence[::-1]))


def test_two_words_by_hand() -> None:
    """Scores alone say 0 0; that 1 follows 0, and not 0 1, makes it 0 1; the end makes it 1 0 at last."""
    scores_BTK = np.log([[[0.6, 0.4], [0.6, 0.4]]])
    transitions_KK = np.log([[1.0, 9.0], [1.0, 1.0]])
    lengths_B, no_KK, no_K = np.array([2]), np.zeros((2, 2)), np.zeros(2)
    assert CrfDecoder(no_KK, no_K, no_K).decode(scores_BTK, lengths_B).tags_BT.tolist() == [[0, 0]]

    decoding = CrfDecoder(transitions_KK, no_K, no_K).decode(scores_BTK, lengths_B, probabilities=True)
    assert decoding.tags_BT.tolist() == [[0, 1]]
    # Weights 0.36 (0 0), 2.16 (0 1), 0.24 (1 0), 0.16 (1 1).
    expected = [[[2.52 / 2.92, 0.40 / 2.92], [0.60 / 2.92, 2.32 / 2.92]]]
    np.testing.assert_allclose(decoding.probabilities_BTK, expected, rtol=1e-6)

    end_K = np.array([0.0, -10.0])
    assert CrfDecoder(transitions_KK, no_K, end_K).decode(scores_BTK, lengths_B).tags_BT.tolist() == [[0, 0]]
    start_K = np.array([-10.0, 0.0])
    assert CrfDecoder(transitions_KK, start_K, end_K).decode(scores_BTK, lengths_B).tags_BT.tolist() == [[1, 0]]


def test_without_transitions_it_is_independent_in_a_long_sentence_too() -> None:
    scores_BTK = np.random.default_rng(0).normal(size=(1, 3000, 5), scale=[1.0, 1.0, 1.0, 1.0, 1e4])
    decoder = CrfDecoder(np.zeros((5, 5)), np.zeros(5), np.zeros(5))
    decoding = decoder.decode(scores_BTK, np.array([3000]), probabilities=True)
    np.testing.assert_array_equal(decoding.tags_BT, scores_BTK.argmax(-1))
    np.testing.assert_allclose(decoding.probabilities_BTK, softmax(scores_BTK), atol=1e-7)


@pytest.mark.parametrize("apart", [300.0, 340.0, 360.0, 760.0, 1e4, 1e9])
def test_a_way_past_the_worst_transitions_is_not_lost(apart: float) -> None:
    """Tag 0 is ahead by as much as the transitions from it are behind: the first tags are alike, however far."""
    transitions_KK = np.array([[-apart, -apart], [0.0, 0.0]])
    scores_BTK = np.array([[[apart, 0.0], [0.0, math.log(3)]]])
    decoder = CrfDecoder(transitions_KK, np.zeros(2), np.zeros(2))
    decoding = decoder.decode(scores_BTK, np.array([2]), probabilities=True)
    np.testing.assert_allclose(decoding.probabilities_BTK, [[[0.5, 0.5], [0.25, 0.75]]], rtol=1e-6)
    assert decoding.tags_BT.tolist() == [[0, 1]]
