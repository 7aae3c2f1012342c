"""What every decoder promises: a sentence is decoded as if it were alone, and any finite scores will do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from charnn.errors import ModelError
from charnn.tasks.tagger.decoding import decoder as ragged
from charnn.tasks.tagger.decoding.crf import CrfDecoder
from charnn.tasks.tagger.decoding.decoder import Decoder, IndependentDecoder
from charnn.tasks.tagger.decoding.feedback import FeedbackDecoder

Array = NDArray[np.float32]


def normal(*shape: int, scale: float = 1.0) -> Array:
    return np.random.default_rng(len(shape)).normal(size=shape, scale=scale).astype(np.float32)


def feedback(tags: int) -> Decoder:
    return FeedbackDecoder(normal(tags + 1, 6), normal(tags, 6), normal(tags))


def crf(tags: int, *, scale: float) -> Decoder:
    return CrfDecoder(normal(tags, tags, scale=scale), normal(tags), normal(tags))


MAKERS: dict[str, Callable[[int], Decoder]] = {
    "independent": IndependentDecoder,
    "feedback": feedback,
    "crf": lambda tags: crf(tags, scale=1.0),
    "crf-far-apart": lambda tags: crf(tags, scale=1e4),
}
each_decoder = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
seeds = st.integers(0, 9999)


@each_decoder
@given(tags=st.integers(1, 19), lengths=st.lists(st.integers(0, 6), max_size=20), seed=seeds)
@settings(max_examples=30)
def test_neither_neighbours_nor_padding_change_a_bit(
    make: Callable[[int], Decoder], tags: int, lengths: list[int], seed: int
) -> None:
    decoder, random = make(tags), np.random.default_rng(seed)
    lengths_B = np.array(lengths, np.int32)
    scores_BTS = random.normal(size=(len(lengths), 7, decoder.score_size)).astype(np.float32)
    for row, length in zip(scores_BTS, lengths, strict=True):
        row[length:] = random.choice([np.nan, np.inf, -np.inf, 3e38, 0.0], size=row[length:].shape)
    together = decoder.decode(scores_BTS, lengths_B, probabilities=True)

    assert together.probabilities_BTK is not None
    for row, length in enumerate(lengths):
        alone = decoder.decode(scores_BTS[row : row + 1, :length], lengths_B[row : row + 1], probabilities=True)
        assert alone.probabilities_BTK is not None
        np.testing.assert_array_equal(together.tags_BT[row, :length], alone.tags_BT[0])
        np.testing.assert_array_equal(together.probabilities_BTK[row, :length], alone.probabilities_BTK[0])
        assert not together.tags_BT[row, length:].any()
        assert not together.probabilities_BTK[row, length:].any()


@each_decoder
def test_sentences_in_several_groups_are_decoded_as_in_one(
    make: Callable[[int], Decoder], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = make(5)
    scores_BTS, lengths_B = normal(7, 4, decoder.score_size), np.array([1, 4, 0, 2, 4, 3, 1])
    one = decoder.decode(scores_BTS, lengths_B, probabilities=True)
    monkeypatch.setattr(ragged, "STEP_VALUES", 1)
    several = decoder.decode(scores_BTS, lengths_B, probabilities=True)
    np.testing.assert_array_equal(one.tags_BT, several.tags_BT)
    np.testing.assert_array_equal(one.probabilities_BTK, several.probabilities_BTK)


@each_decoder
@given(data=st.data())
@settings(max_examples=30)
def test_any_finite_scores_give_tags_and_distributions(make: Callable[[int], Decoder], data: st.DataObject) -> None:
    decoder = make(4)
    floats = st.floats(width=32, allow_nan=False, allow_infinity=False) | st.sampled_from([-1e4, 1e4, -3e38, 3e38])
    shape = (2, 3, decoder.score_size)
    scores_BTS = data.draw(arrays.arrays(np.float32, shape, elements=floats))
    before = scores_BTS.copy()
    decoding = decoder.decode(scores_BTS, np.array([3, 2]), probabilities=True)

    assert decoding.probabilities_BTK is not None
    assert decoding.tags_BT.dtype == np.int32
    assert decoding.probabilities_BTK.dtype == np.float32
    assert ((decoding.tags_BT >= 0) & (decoding.tags_BT < 4)).all()
    sums_BT = decoding.probabilities_BTK.sum(-1)
    np.testing.assert_allclose(sums_BT, [[1, 1, 1], [1, 1, 0]], rtol=1e-6)
    np.testing.assert_array_equal(scores_BTS, before)


@each_decoder
def test_probabilities_are_not_computed_unless_asked_for_and_change_no_tag(make: Callable[[int], Decoder]) -> None:
    decoder = make(5)
    scores_BTS, lengths_B = normal(3, 9, decoder.score_size), np.array([9, 5, 7])
    without = decoder.decode(scores_BTS, lengths_B)
    assert without.probabilities_BTK is None
    np.testing.assert_array_equal(without.tags_BT, decoder.decode(scores_BTS, lengths_B, probabilities=True).tags_BT)


@each_decoder
@pytest.mark.parametrize(("batch", "time"), [(0, 0), (0, 3), (2, 0), (2, 3)])
def test_batches_without_words_are_empty_or_zeros(make: Callable[[int], Decoder], batch: int, time: int) -> None:
    decoder = make(4)
    decoding = decoder.decode(
        np.full((batch, time, decoder.score_size), np.nan, np.float32), np.zeros(batch, np.int64), probabilities=True
    )
    assert decoding.probabilities_BTK is not None
    np.testing.assert_array_equal(decoding.tags_BT, np.zeros((batch, time)))
    np.testing.assert_array_equal(decoding.probabilities_BTK, np.zeros((batch, time, 4)))


@each_decoder
def test_damaged_scores_of_a_word_are_an_error(make: Callable[[int], Decoder]) -> None:
    decoder = make(4)
    scores_BTS = np.zeros((1, 2, decoder.score_size), np.float32)
    scores_BTS[0, 1, 0] = np.nan
    decoder.decode(scores_BTS, np.array([1]))
    with pytest.raises(ModelError, match="not finite"):
        decoder.decode(scores_BTS, np.array([2]))


@each_decoder
def test_scores_and_lengths_that_do_not_fit_are_our_own_mistake(make: Callable[[int], Decoder]) -> None:
    decoder = make(4)
    scores_BTS = normal(2, 3, decoder.score_size)
    for wrong in ([4, 1], [-1, 1], [1]):
        with pytest.raises(AssertionError):
            decoder.decode(scores_BTS, np.array(wrong))
    with pytest.raises(AssertionError):
        decoder.decode(scores_BTS[..., 1:], np.array([1, 1]))


def test_independent_tags_are_the_largest_scores_and_of_several_the_first() -> None:
    scores_BTK = np.log(np.array([[[1, 2, 1], [3, 1, 0.5], [2, 4, 4]]], np.float32))
    decoding = IndependentDecoder(3).decode(scores_BTK, np.array([3]), probabilities=True)
    assert decoding.tags_BT.tolist() == [[1, 0, 1]]
    expected = [[[1 / 4, 2 / 4, 1 / 4], [6 / 9, 2 / 9, 1 / 9], [2 / 10, 4 / 10, 4 / 10]]]
    np.testing.assert_allclose(decoding.probabilities_BTK, expected, rtol=1e-6)


def test_independent_takes_a_thousand_tags() -> None:
    scores_BTK = normal(2, 5, 1000)
    decoding = IndependentDecoder(1000).decode(scores_BTK, np.array([5, 5]))
    np.testing.assert_array_equal(decoding.tags_BT, scores_BTK.argmax(-1))
