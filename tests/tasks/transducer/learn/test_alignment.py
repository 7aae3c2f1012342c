from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charnn.tasks.transducer.graphones import SHAPES
from charnn.tasks.transducer.learn.alignment import Aligned, align

SYMBOLS = 4
sides = st.lists(st.integers(0, SYMBOLS - 1), min_size=1, max_size=5)
Chunk = tuple[int, ...]


def aligned(pairs: list[tuple[list[int], list[int]]], counts: list[int] | None = None, **options: int) -> Aligned:
    sources, targets = [source for source, _ in pairs], [target for _, target in pairs]
    return align(sources, targets, counts or [1] * len(pairs), inputs=SYMBOLS, outputs=SYMBOLS, **options)


def code(source: Chunk, target: Chunk) -> int:
    """The code of a graphone: its symbols as digits from 1, the source's first."""
    base, value = SYMBOLS + 1, 0
    for symbols in (source, target):
        value = value * base**2
        for place, symbol in enumerate(reversed(symbols)):
            value += (symbol + 1) * base**place
    return value


def ways(source: Chunk, target: Chunk) -> list[list[int]]:
    """Every sequence of graphones that a pair is."""
    if not source:
        return [[]] if not target else []
    return [
        [code(source[:taken], target[:given]), *rest]
        for taken, given in SHAPES
        if taken <= len(source) and given <= len(target)
        for rest in ways(source[taken:], target[given:])
    ]


def test_two_rounds_of_ab_to_x_by_hand() -> None:
    # a:x b: and a: b:x have the probability 1/25, and ab:x has 1/5; so they are used 1/7, 1/7 and 5/7 times.
    found = aligned([([0, 1], [2])], rounds=2)
    assert found.log_likelihoods == pytest.approx([math.log(7 / 25), math.log(2 / 81 + 5 / 9)])
    assert found.graphones.codes.tolist() == [code((0, 1), (2,))]
    (path,) = found.paths
    assert path is not None
    assert path.tolist() == [0]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(sides, sides), min_size=1, max_size=6), st.data())
def test_the_likelihood_never_falls(pairs: list[tuple[list[int], list[int]]], data: st.DataObject) -> None:
    counts = data.draw(st.lists(st.integers(1, 5), min_size=len(pairs), max_size=len(pairs)))
    found = aligned(pairs, counts)
    assert all(after >= before - 1e-6 for before, after in pairwise(found.log_likelihoods))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(sides, sides), min_size=1, max_size=5))
def test_the_first_likelihood_is_the_sum_over_all_alignments(pairs: list[tuple[list[int], list[int]]]) -> None:
    every = [ways(tuple(source), tuple(target)) for source, target in pairs]
    # Before the first round all graphones that begin and end within a pair are alike, used in an alignment or not.
    there = {
        code(tuple(source[i : i + taken]), tuple(target[j : j + given]))
        for source, target in pairs
        for i in range(len(source))
        for j in range(len(target) + 1)
        for taken, given in SHAPES
        if i + taken <= len(source) and j + given <= len(target)
    }
    wanted = sum(math.log(sum(len(there) ** -len(way) for way in some)) for some in every if some)
    found = aligned(pairs, rounds=1)
    assert found.log_likelihoods == pytest.approx([wanted])
    assert [path is None for path in found.paths] == [not some for some in every]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(sides, sides), min_size=1, max_size=5))
def test_a_path_is_one_of_the_alignments_of_its_pair(pairs: list[tuple[list[int], list[int]]]) -> None:
    found = aligned(pairs)
    for (source, target), path in zip(pairs, found.paths, strict=True):
        if path is not None:
            assert found.graphones.codes[path].tolist() in ways(tuple(source), tuple(target))


def test_two_letters_that_are_always_one_sound_are_aligned_with_it() -> None:
    s, h, a, t = range(4)
    words = [[s, h, a], [a, s, h], [s, h, a, t], [t, a, s, h], [a, t], [t, a]]
    pairs = [(word, [{s: 0, a: 2, t: 3}[letter] for letter in word if letter != h]) for word in words]
    found = aligned(pairs)
    assert found.graphones.codes.tolist() == sorted([code((s, h), (0,)), code((a,), (2,)), code((t,), (3,))])


def test_of_many_graphones_the_most_used_are_kept() -> None:
    pairs = [([0], [0]), ([1], [1]), ([2], [2])]
    found = aligned(pairs, [5, 4, 1], most=2)
    assert found.graphones.codes.tolist() == sorted([code((0,), (0,)), code((1,), (1,))])
    assert [path is None for path in found.paths] == [False, False, True]


def test_nothing_is_aligned_where_no_pair_can_be() -> None:
    found = aligned([([0], [0, 1, 2])])
    assert found.paths == [None]
    assert len(found.graphones) == 0
    assert np.isfinite(found.log_likelihoods).all()
