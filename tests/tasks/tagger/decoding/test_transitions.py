"""Decoders that keep to a rule: nothing that it forbids, and of what it allows the best."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from charnn.tasks.tagger.decoding.decoder import Decoder, Transitions
from charnn.tasks.tagger.decoding.saved import decoder_from
from charnn.tasks.tagger.entities import transitions

TAGS = {
    "BIO": ["B-A", "B-B", "I-A", "I-B", "O"],
    "IOB1": ["B-A", "I-A", "I-B", "O"],
    "IOBES": ["B-A", "E-A", "I-A", "O", "S-B"],
}


def normal(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(len(shape)).normal(size=shape, scale=2).astype(np.float32)


def independent(tags: int, rule: Transitions | None) -> Decoder:
    return decoder_from("independent", {}, tags=tags, rule=rule)


def crf(tags: int, rule: Transitions | None) -> Decoder:
    arrays = {"transitions": normal(tags, tags), "start": normal(tags), "end": normal(tags)}
    return decoder_from("crf", arrays, tags=tags, rule=rule)


def feedback(tags: int, rule: Transitions | None) -> Decoder:
    arrays = {"tag_vectors": normal(tags + 1, 6), "output_weight": normal(tags, 6), "output_bias": normal(tags)}
    return decoder_from("feedback", arrays, tags=tags, rule=rule)


MAKERS = {"independent": independent, "crf": crf, "feedback": feedback}
each_decoder = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
each_scheme = pytest.mark.parametrize("scheme", TAGS)


def breaches(rule: Transitions, ids: NDArray[np.int32]) -> int:
    inner = (~rule.allowed_KK[ids[:-1], ids[1:]]).sum()
    return int(inner) + int(~rule.first_K[ids[0]]) + int(~rule.last_K[ids[-1]])


@each_decoder
@each_scheme
@given(lengths=st.lists(st.integers(0, 7), min_size=1, max_size=6), seed=st.integers(0, 9999))
@settings(max_examples=30)
def test_no_decoder_breaks_the_rule(
    make: Callable[[int, Transitions | None], Decoder], scheme: str, lengths: list[int], seed: int
) -> None:
    tags = TAGS[scheme]
    rule = transitions(scheme, tags)  # type: ignore[arg-type]
    assert rule is not None
    decoder = make(len(tags), rule)
    scores_BTS = np.random.default_rng(seed).normal(size=(len(lengths), 7, decoder.score_size), scale=5)
    decoding = decoder.decode(scores_BTS, np.array(lengths), probabilities=True)
    assert decoding.probabilities_BTK is not None
    for ids, probabilities_TK, length in zip(decoding.tags_BT, decoding.probabilities_BTK, lengths, strict=True):
        if length:
            assert breaches(rule, ids[:length]) == 0
            np.testing.assert_allclose(probabilities_TK[:length].sum(-1), 1, rtol=1e-5)
            assert not probabilities_TK[0][~rule.first_K].any()
            assert not probabilities_TK[length - 1][~rule.last_K].any()


@pytest.mark.parametrize("make", [independent, crf], ids=["independent", "crf"])
@each_scheme
def test_of_the_sequences_that_keep_to_the_rule_the_best_is_found(
    make: Callable[[int, Transitions | None], Decoder], scheme: str
) -> None:
    tags = TAGS[scheme]
    rule = transitions(scheme, tags)  # type: ignore[arg-type]
    assert rule is not None
    kept = make(len(tags), rule)
    for seed in range(20):
        scores_TS = np.random.default_rng(seed).normal(size=(4, kept.score_size))
        (found,) = kept.decode(scores_TS[None], np.array([4])).tags_BT

        def score(ids: tuple[int, ...], scores_TS: NDArray[np.float64] = scores_TS) -> float:
            if make is independent:
                return float(sum(scores_TS[t, k] for t, k in enumerate(ids)))
            between, start, end = normal(len(tags), len(tags)), normal(len(tags)), normal(len(tags))
            inner = sum(between[i, j] for i, j in pairwise(ids))
            return float(sum(scores_TS[t, k] for t, k in enumerate(ids)) + inner + start[ids[0]] + end[ids[-1]])

        legal = [ids for ids in product(range(len(tags)), repeat=4) if not breaches(rule, np.array(ids))]
        assert tuple(found) == max(legal, key=score)


@pytest.mark.parametrize("make", [independent, crf], ids=["independent", "crf"])
def test_the_probabilities_are_those_among_the_sequences_that_keep_to_the_rule(
    make: Callable[[int, Transitions | None], Decoder],
) -> None:
    tags = TAGS["IOBES"]
    rule = transitions("IOBES", tags)
    assert rule is not None
    scores_TK = np.random.default_rng(5).normal(size=(3, 5))
    zero = make is independent
    between, start, end = (0 * a if zero else a for a in (normal(5, 5), normal(5), normal(5)))
    expected_TK = np.zeros((3, 5))
    for ids in product(range(5), repeat=3):
        if not breaches(rule, np.array(ids)):
            total = scores_TK[range(3), ids].sum() + between[ids[:-1], ids[1:]].sum() + start[ids[0]] + end[ids[-1]]
            expected_TK[range(3), ids] += np.exp(total)
    expected_TK /= expected_TK.sum(-1, keepdims=True)
    found = make(5, rule).decode(scores_TK[None], np.array([3]), probabilities=True).probabilities_BTK
    assert found is not None
    np.testing.assert_allclose(found[0], expected_TK, atol=1e-6)


@each_decoder
def test_where_no_sequence_keeps_to_the_rule_one_with_the_fewest_breaches_is_given(
    make: Callable[[int, Transitions | None], Decoder],
) -> None:
    rule = transitions("IOBES", ["B", "E"])  # no word can be an entity by itself
    assert rule is not None
    scores_BTS = np.random.default_rng(0).normal(size=(1, 5, make(2, rule).score_size))
    for length, fewest in ((1, 1), (2, 0), (3, 1), (4, 0), (5, 1)):
        (ids,) = make(2, rule).decode(scores_BTS, np.array([length])).tags_BT
        assert breaches(rule, ids[:length]) == fewest


@each_decoder
def test_a_rule_that_forbids_nothing_changes_nothing(make: Callable[[int, Transitions | None], Decoder]) -> None:
    rule = Transitions(np.ones((4, 4), bool), np.ones(4, bool), np.ones(4, bool))
    scores_BTS = normal(3, 6, make(4, None).score_size)
    free, kept = (make(4, r).decode(scores_BTS, np.array([6, 2, 4]), probabilities=True) for r in (None, rule))
    np.testing.assert_array_equal(free.tags_BT, kept.tags_BT)
    assert free.probabilities_BTK is not None
    assert kept.probabilities_BTK is not None
    np.testing.assert_allclose(free.probabilities_BTK, kept.probabilities_BTK, atol=1e-6)


@each_decoder
@each_scheme
@given(seed=st.integers(0, 9999))
@settings(max_examples=20)
def test_a_rule_is_kept_around_tags_that_are_given(
    make: Callable[[int, Transitions | None], Decoder], scheme: str, seed: int
) -> None:
    """Given tags stay, and the words before and after them get tags that go with them."""
    tags = TAGS[scheme]
    rule = transitions(scheme, tags)  # type: ignore[arg-type]
    assert rule is not None
    random = np.random.default_rng(seed)
    decoder = make(len(tags), rule)
    lengths_B = random.integers(1, 6, 3)
    scores_BTS = random.normal(size=(3, 5, decoder.score_size), scale=5)
    allowed_BTK = random.random((3, 5, len(tags))) < 0.4
    allowed_BTK[np.arange(len(tags)) == random.integers(len(tags), size=(3, 5, 1))] = True
    decoding = decoder.decode(scores_BTS, lengths_B, probabilities=True, allowed_BTK=allowed_BTK)
    for ids, allowed_TK, length in zip(decoding.tags_BT, allowed_BTK, lengths_B, strict=True):
        assert allowed_TK[range(length), ids[:length]].all()
        every = product(*(np.flatnonzero(allowed_K) for allowed_K in allowed_TK[:length]))
        assert breaches(rule, ids[:length]) == min(breaches(rule, np.array(other)) for other in every)
