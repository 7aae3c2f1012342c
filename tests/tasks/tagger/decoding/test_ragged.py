"""The order in which decoders go through sentences of different lengths."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.errors import ModelError
from charnn.tasks.tagger.decoding import decoder as ragged
from charnn.tasks.tagger.decoding.decoder import STEP_VALUES, groups_by_length, word_mask


def as_lists(lengths: list[int], values: int) -> list[tuple[list[int], list[int]]]:
    return [
        (rows.tolist(), active_T.tolist()) for rows, active_T in groups_by_length(np.array(lengths, np.int32), values)
    ]


def test_longest_first_and_how_many_are_left_at_each_step() -> None:
    assert as_lists([2, 0, 3, 2], values=1) == [([2, 0, 3], [3, 3, 1])]


def test_a_group_is_no_larger_than_suits_a_step_and_has_at_least_one_sentence() -> None:
    assert as_lists([2, 0, 3, 2], values=STEP_VALUES // 2) == [([2, 0], [2, 2, 1]), ([3], [1, 1])]
    assert as_lists([1, 1], values=STEP_VALUES + 1) == [([0], [1]), ([1], [1])]


@pytest.mark.parametrize("lengths", [[], [0], [0, 0]])
def test_without_words_there_is_no_group(lengths: list[int]) -> None:
    assert as_lists(lengths, values=1) == []


@given(lengths=st.lists(st.integers(0, 6), max_size=8), per_group=st.integers(1, 4))
def test_every_word_is_gone_through_once(lengths: list[int], per_group: int) -> None:
    visits = [0] * len(lengths)
    for rows, active_T in as_lists(lengths, values=ragged.STEP_VALUES // per_group):
        assert len(rows) <= per_group
        for t, n in enumerate(active_T):
            assert n > 0
            for row in rows[:n]:
                assert t == visits[row]
                visits[row] += 1
    assert visits == lengths


def test_words_are_the_places_before_each_length() -> None:
    word_BT = word_mask(np.zeros((3, 2, 4)), np.array([0, 1, 2]), 4)
    assert word_BT.tolist() == [[False, False], [True, False], [True, True]]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_not_finite_is_an_error_at_a_word_and_harmless_at_padding(value: float) -> None:
    scores_BTS = np.zeros((2, 3, 4), np.float32)
    scores_BTS[1, 2, 3] = value
    word_mask(scores_BTS, np.array([3, 2]), 4)
    with pytest.raises(ModelError, match="not finite"):
        word_mask(scores_BTS, np.array([0, 3]), 4)
