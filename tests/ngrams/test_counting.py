from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.ngrams.counting import ALWAYS_KEPT, SPARE_DISCOUNTS, Level, count
from charnn.ngrams.packing import Packing

Context = tuple[int, ...]


def as_dict(levels: list[Level], vocabulary_size: int) -> dict[Context, tuple[float, dict[int, float]]]:
    """For each context what it leaves to the shorter one, and the probability of each id that was met after it."""
    found, packing = {}, Packing(vocabulary_size)
    for length, level in enumerate(levels):
        ends = np.cumsum(level.followers_S)
        for context, end, met, left in zip(
            level.contexts_S.tolist(), ends.tolist(), level.followers_S.tolist(), level.left_S.tolist(), strict=True
        ):
            ids = [context >> (packing.bits * place) & ((1 << packing.bits) - 1) for place in range(length)][::-1]
            part = slice(end - met, end)
            after = dict(zip(level.ids_E[part].tolist(), level.probabilities_E[part].tolist(), strict=True))
            found[tuple(ids)] = left, after
    return found


def by_hand(text: list[int], order: int, before: int) -> dict[Context, Counter[int]]:
    """The counts of interpolated Kneser-Ney smoothing: how often the longest n-grams were met, and how many different
    ids were met before shorter ones."""
    padded = [before] * (order - 1) + text
    grams = {
        length: {tuple(padded[end - length : end]) for end in range(order, len(padded) + 1)}
        for length in range(1, order + 1)
    }
    counts: dict[Context, Counter[int]] = {}
    for end in range(order, len(padded) + 1):
        gram = tuple(padded[end - order : end])
        counts.setdefault(gram[:-1], Counter())[gram[-1]] += 1
    for length in range(1, order):
        for gram in grams[length + 1]:
            counts.setdefault(gram[1:-1], Counter())[gram[-1]] += 1
    return counts


def test_counts_of_abracadabra_by_hand() -> None:
    a, b, c, d, r = range(1, 6)
    text = [a, b, r, a, c, a, d, a, b, r, a]
    found = as_dict(count([np.array(text)], 6, 2, before=0), 6)
    one, two, _ = SPARE_DISCOUNTS  # so few n-grams estimate nothing
    left, after_a = found[(a,)]  # b twice, c and d once
    assert after_a == pytest.approx({b: (2 - two) / 4, c: (1 - one) / 4, d: (1 - one) / 4})
    assert left == pytest.approx((two + one + one) / 4)
    _, at_all = found[()]  # a comes after nothing, r, c and d; each of the others after one
    assert at_all[b] == pytest.approx((1 - one) / 8)
    assert at_all[a] == pytest.approx((4 - SPARE_DISCOUNTS[2]) / 8)
    assert (0,) not in found, "nothing leads to what is before the text"


@given(st.lists(st.integers(1, 3), min_size=1, max_size=60), st.integers(1, ALWAYS_KEPT + 1))
def test_all_contexts_have_the_counts_that_they_have_by_hand(text: list[int], order: int) -> None:
    found = as_dict(count([np.array(text)], 4, order, before=0), 4)
    expected = {context: counts for context, counts in by_hand(text, order, 0).items() if 0 not in context[-1:]}
    for context, (left, after) in found.items():
        assert set(after) == set(expected[context])
        assert left + sum(after.values()) == pytest.approx(1)
    assert {context for context in expected if 0 not in context} <= set(found)


def test_discounts_are_estimated_where_enough_was_counted() -> None:
    text = np.random.default_rng(0).geometric(0.2, size=3000).clip(1, 29)
    left, after = as_dict(count([text], 30, 2, before=0), 30)[(1,)]
    pairs = Counter(zip(text[:-1].tolist(), text[1:].tolist(), strict=True))
    once, twice = (sum(met == n for met in pairs.values()) for n in (1, 2))
    total = sum(met for (first, _), met in pairs.items() if first == 1)
    rare = next(second for (first, second), met in pairs.items() if first == 1 and met == 1)
    assert after[rare] * total == pytest.approx(1 - (1 - 2 * once / (once + 2 * twice) * twice / once), abs=1e-2)
    assert left == pytest.approx(1 - sum(after.values()))


def test_long_contexts_that_were_met_once_are_left_out() -> None:
    text = np.array([1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 7])
    found = as_dict(count([text], 8, 6, before=0), 8)
    assert (1, 2, 3, 4) in found
    assert (2, 3, 4, 5) in found
    assert (4, 5, 6, 1) not in found
    assert (5, 6, 1) in found, "short contexts are all kept"


def test_no_more_ngrams_are_kept_than_asked_for_where_rare_contexts_can_be_left_out() -> None:
    text = np.random.default_rng(0).integers(0, 4, 5000)
    every = sum(len(level.ids_E) for level in count([text], 4, 7, before=0))
    some = sum(len(level.ids_E) for level in count([text], 4, 7, before=0, most=1000))
    assert some <= 1000 < every


def test_what_begins_sequences_counts_as_often_as_it_does() -> None:
    # Nothing else can be before it, so it cannot be told by how many different ids are.
    sequences = [np.array(ids) for ids in ([1, 2, 0], [1, 3, 0], [1, 3, 0], [2, 1, 0])]
    left, after = as_dict(count(sequences, 4, 3, before=0), 4)[(0,)]
    one, _, three = SPARE_DISCOUNTS
    assert after == pytest.approx({1: (3 - three) / 4, 2: (1 - one) / 4})
    assert left == pytest.approx((three + one) / 4)


def test_no_ngram_goes_over_the_end_of_a_sequence() -> None:
    found = as_dict(count([np.array([1, 2]), np.array([3, 4])], 5, 3, before=0), 5)
    assert (2,) not in found
    assert set(found[(3,)][1]) == {4}


def test_ngrams_are_no_longer_than_can_be_packed() -> None:
    assert Packing(1000).longest == 6
    assert len(count([np.arange(20) * 50], 1000, 9, before=0)) <= 6
