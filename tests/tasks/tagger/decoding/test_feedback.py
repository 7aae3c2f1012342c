"""The recurrence from output to hidden layer, word by word as it is defined, and over all sequences of tags."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from charnn.tasks.tagger.decoding.feedback import FeedbackDecoder, beam_search

Array = NDArray[np.float64]

few_tags, few_words, seeds = st.integers(1, 4), st.integers(1, 5), st.integers(0, 9999)


class Recurrence:
    """s_t = tanh(scores_t + U[y_{t-1}]), p(y_t | y_{t-1}) = softmax(V s_t + c), one word at a time."""

    def __init__(self, tags: int, hidden: int, seed: int) -> None:
        random = np.random.default_rng(seed)
        self.tags, self.hidden = tags, hidden
        self.U, self.V, self.c = (
            2 * random.normal(size=shape) for shape in ((tags + 1, hidden), (tags, hidden), (tags,))
        )
        self.random = random

    def decoder(self, *, beam: int = 1) -> FeedbackDecoder:
        return FeedbackDecoder(self.U, self.V, self.c, beam=beam)

    def scores(self, *shape: int) -> Array:
        return self.random.normal(size=(*shape, self.hidden))

    def distributions(self, scores_TS: Array, tags: tuple[int, ...]) -> Array:
        """(T, K): of each word's tag after the tag before it."""
        rows = []
        for score, previous in zip(scores_TS, (self.tags, *tags[:-1]), strict=True):
            weights = np.exp(self.V @ np.tanh(score + self.U[previous]) + self.c)
            rows.append(weights / weights.sum())
        return np.array(rows)

    def probability(self, scores_TS: Array, tags: tuple[int, ...]) -> float:
        return math.prod(self.distributions(scores_TS, tags)[np.arange(len(tags)), tags])

    def greedy(self, scores_TS: Array) -> tuple[int, ...]:
        tags: tuple[int, ...] = ()
        for t in range(len(scores_TS)):
            here = self.distributions(scores_TS[: t + 1], (*tags, 0))[t]
            tags = (*tags, int(here.argmax()))
        return tags


@given(few_tags, few_words, seeds)
def test_the_best_tag_of_each_word_is_an_input_of_the_next(tags: int, words: int, seed: int) -> None:
    recurrence = Recurrence(tags, 3, seed)
    scores_BTS = recurrence.scores(1, words)
    decoding = recurrence.decoder().decode(scores_BTS, np.array([words]))
    assert tuple(decoding.tags_BT[0]) == recurrence.greedy(scores_BTS[0])


@pytest.mark.parametrize("beam", [1, 3])
@given(few_tags, few_words, seeds)
def test_probabilities_are_conditional_on_the_tag_chosen_before(beam: int, tags: int, words: int, seed: int) -> None:
    recurrence = Recurrence(tags, 3, seed)
    scores_BTS = recurrence.scores(1, words)
    decoding = recurrence.decoder(beam=beam).decode(scores_BTS, np.array([words]), probabilities=True)
    assert decoding.probabilities_BTK is not None
    expected = recurrence.distributions(scores_BTS[0], tuple(decoding.tags_BT[0]))
    np.testing.assert_allclose(decoding.probabilities_BTK[0], expected, rtol=1e-6, atol=1e-12)


@given(few_tags, few_words, seeds, st.integers(0, 2))
def test_a_full_beam_finds_the_most_probable_of_all_sequences(tags: int, words: int, seed: int, more: int) -> None:
    recurrence = Recurrence(tags, 3, seed)
    scores_BTS = recurrence.scores(1, words)
    sequences = product(range(tags), repeat=words)
    best = max(sequences, key=lambda sequence: recurrence.probability(scores_BTS[0], sequence))
    decoding = recurrence.decoder(beam=tags + more).decode(scores_BTS, np.array([words]))
    assert tuple(decoding.tags_BT[0]) == best


@given(few_tags, seeds)
def test_a_beam_of_1_is_greedy(tags: int, seed: int) -> None:
    recurrence = Recurrence(tags, 3, seed)
    scores_BTS, lengths_B = recurrence.scores(5, 9), recurrence.random.integers(0, 10, 5)
    greedy = recurrence.decoder().decode(scores_BTS, lengths_B).tags_BT
    np.testing.assert_array_equal(beam_search(recurrence.decoder(), scores_BTS, lengths_B, 1), greedy)


def test_a_beam_of_2_finds_what_greed_misses() -> None:
    """0.5 0.4 0.1 for the first word; after 0 and 2 all are alike, after 1 comes 2 for sure: 1 2, at 0.4, is best."""
    U = np.arctanh([[0.0, 0.0], [0.5, 0.0], [0.0, 0.0], [0.0, 0.5]])
    at_start = np.log([0.5, 0.4, 0.1])
    V = np.stack([[-100.0, -100.0, 100.0], 2 * at_start], axis=1)
    scores_BTS, lengths_B = np.zeros((1, 2, 2)), np.array([2])
    first, second = (
        FeedbackDecoder(U, V, np.zeros(3), beam=beam).decode(scores_BTS, lengths_B, probabilities=True)
        for beam in (1, 2)
    )
    assert first.tags_BT.tolist() == [[0, 0]]
    assert second.tags_BT.tolist() == [[1, 2]]
    np.testing.assert_allclose(second.probabilities_BTK, [[[0.5, 0.4, 0.1], [0, 0, 1]]], atol=1e-7)


@pytest.mark.parametrize("beam", [1, 2, 3])
def test_of_equally_good_tags_the_lowest_id_wins(beam: int) -> None:
    decoder = FeedbackDecoder(np.zeros((4, 2)), np.zeros((3, 2)), np.array([0.0, 1.0, 1.0]), beam=beam)
    assert decoder.decode(np.zeros((1, 3, 2)), np.array([3])).tags_BT.tolist() == [[1, 1, 1]]


def test_no_beam_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError):
        FeedbackDecoder(np.zeros((2, 1)), np.zeros((1, 1)), np.zeros(1), beam=0)
