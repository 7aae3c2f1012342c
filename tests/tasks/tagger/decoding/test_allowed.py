"""Tags that words may not have: no decoder chooses them, and what is left is decoded as their equations say."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from charnn.tasks.tagger.decoding.crf import CrfDecoder
from charnn.tasks.tagger.decoding.decoder import Decoder, IndependentDecoder
from charnn.tasks.tagger.decoding.feedback import FeedbackDecoder

KINDS = ["independent", "feedback", "crf", "crf-far-apart"]
each_kind = pytest.mark.parametrize("kind", KINDS)
some_tags, some_words, seeds = st.integers(1, 5), st.integers(1, 5), st.integers(0, 9999)


def made(kind: str, tags: int, random: np.random.Generator) -> Decoder:
    if kind == "independent":
        return IndependentDecoder(tags)
    if kind.startswith("crf"):
        scale = 1e3 if kind == "crf-far-apart" else 1.0
        return CrfDecoder(*(scale * random.normal(size=shape) for shape in ((tags, tags), (tags,), (tags,))))
    arrays = (random.normal(size=shape) for shape in ((tags + 1, 6), (tags, 6), (tags,)))
    return FeedbackDecoder(*arrays)


def drawn_allowed(random: np.random.Generator, shape: tuple[int, int, int]) -> NDArray[np.bool_]:
    """Any tags, and one at least."""
    allowed_BTK: NDArray[np.bool_] = random.random(shape) < 0.5
    np.put_along_axis(allowed_BTK, random.integers(shape[2], size=shape[:2])[..., None], True, 2)
    return allowed_BTK


@each_kind
@given(tags=some_tags, lengths=st.lists(st.integers(0, 5), min_size=1, max_size=5), seed=seeds)
@settings(max_examples=30)
def test_no_word_has_a_tag_that_it_may_not_have_nor_is_one_probable(
    kind: str, tags: int, lengths: list[int], seed: int
) -> None:
    random = np.random.default_rng(seed)
    decoder, lengths_B = made(kind, tags, random), np.array(lengths)
    scores_BTS = random.normal(size=(len(lengths), 5, decoder.score_size)).astype(np.float32)
    allowed_BTK = drawn_allowed(random, (len(lengths), 5, tags))
    decoding = decoder.decode(scores_BTS, lengths_B, probabilities=True, allowed_BTK=allowed_BTK)
    assert decoding.probabilities_BTK is not None
    word_BT = np.arange(5) < lengths_B[:, None]
    assert np.take_along_axis(allowed_BTK, decoding.tags_BT[..., None].astype(np.intp), 2)[..., 0][word_BT].all()
    assert not decoding.probabilities_BTK[~allowed_BTK].any()
    np.testing.assert_allclose(decoding.probabilities_BTK.sum(-1), word_BT, atol=1e-5)


@each_kind
def test_where_all_tags_are_allowed_nothing_changes_by_a_bit(kind: str) -> None:
    random = np.random.default_rng(0)
    decoder, lengths_B = made(kind, 7, random), np.array([9, 3, 6])
    scores_BTS = random.normal(size=(3, 9, decoder.score_size)).astype(np.float32)
    free = decoder.decode(scores_BTS, lengths_B, probabilities=True)
    allowed = decoder.decode(scores_BTS, lengths_B, probabilities=True, allowed_BTK=np.ones((3, 9, 7), np.bool_))
    np.testing.assert_array_equal(free.tags_BT, allowed.tags_BT)
    assert free.probabilities_BTK is not None
    np.testing.assert_array_equal(free.probabilities_BTK, allowed.probabilities_BTK)


@given(tags=some_tags, words=some_words, seed=seeds)
@settings(max_examples=40)
def test_the_crf_gives_the_best_sequence_that_is_allowed_and_marginals_over_those(
    tags: int, words: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    transitions, start, end, scores = (random.normal(size=s) for s in ((tags, tags), (tags,), (tags,), (words, tags)))
    allowed_BTK = drawn_allowed(random, (1, words, tags))
    sequences = [s for s in product(range(tags), repeat=words) if allowed_BTK[0, np.arange(words), s].all()]
    totals = np.array(
        [
            start[s[0]]
            + sum(scores[t, tag] for t, tag in enumerate(s))
            + sum(transitions[a, b] for a, b in pairwise(s))
            + end[s[-1]]
            for s in sequences
        ]
    )
    decoding = CrfDecoder(transitions, start, end).decode(
        scores[None], np.array([words]), probabilities=True, allowed_BTK=allowed_BTK
    )
    assert tuple(decoding.tags_BT[0].tolist()) == sequences[int(totals.argmax())]
    expected = np.zeros((words, tags))
    for sequence, p in zip(sequences, np.exp(totals - totals.max()) / np.exp(totals - totals.max()).sum(), strict=True):
        expected[np.arange(words), sequence] += p
    assert decoding.probabilities_BTK is not None
    np.testing.assert_allclose(decoding.probabilities_BTK[0], expected, atol=1e-6)
