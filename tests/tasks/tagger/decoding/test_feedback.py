"""The recurrence from output to hidden layer, word by word as it is defined."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from charnn.tasks.tagger.decoding.feedback import FeedbackDecoder

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

    def decoder(self) -> FeedbackDecoder:
        return FeedbackDecoder(self.U, self.V, self.c)

    def scores(self, *shape: int) -> Array:
        return self.random.normal(size=(*shape, self.hidden))

    def distributions(self, scores_TS: Array, tags: tuple[int, ...]) -> Array:
        """(T, K): of each word's tag after the tag before it."""
        rows = []
        for score, previous in zip(scores_TS, (self.tags, *tags[:-1]), strict=True):
            weights = np.exp(self.V @ np.tanh(score + self.U[previous]) + self.c)
            rows.append(weights / weights.sum())
        return np.array(rows)

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


@given(few_tags, few_words, seeds)
def test_probabilities_are_conditional_on_the_tag_chosen_before(tags: int, words: int, seed: int) -> None:
    recurrence = Recurrence(tags, 3, seed)
    scores_BTS = recurrence.scores(1, words)
    decoding = recurrence.decoder().decode(scores_BTS, np.array([words]), probabilities=True)
    assert decoding.probabilities_BTK is not None
    expected = recurrence.distributions(scores_BTS[0], tuple(decoding.tags_BT[0]))
    np.testing.assert_allclose(decoding.probabilities_BTK[0], expected, rtol=1e-6, atol=1e-12)


def test_of_equally_good_tags_the_lowest_id_wins() -> None:
    decoder = FeedbackDecoder(np.zeros((4, 2)), np.zeros((3, 2)), np.array([0.0, 1.0, 1.0]))
    assert decoder.decode(np.zeros((1, 3, 2)), np.array([3])).tags_BT.tolist() == [[1, 1, 1]]
