"""Data cut into folds: each item is held out once, and kinds and groups are cut as they should be."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from charnn.corpora.documents import Fold

items = st.lists(st.integers(0, 5), max_size=40)
counts = st.integers(2, 7)


def kind_of(one: tuple[int, int]) -> int:
    return one[1]


@given(items, counts)
def test_each_item_is_held_out_in_one_fold_and_learned_in_all_others(values: list[int], count: int) -> None:
    numbered = list(enumerate(values))
    for cut in (
        lambda fold: fold.of_blocks(numbered),
        lambda fold: fold.of_kinds(numbered, kind_of),
        lambda fold: fold.of_groups(numbered, kind_of),
    ):
        parts = [cut(Fold(number, count)) for number in range(count)]
        assert sorted(one for _, held_out in parts for one in held_out) == numbered
        for training, held_out in parts:
            assert sorted([*training, *held_out]) == numbered


@given(items, counts)
def test_each_fold_has_its_share_of_every_kind(values: list[int], count: int) -> None:
    numbered = list(enumerate(values))
    found = [Counter(kind for _, kind in Fold(n, count).of_kinds(numbered, kind_of)[1]) for n in range(count)]
    for kind in set(values):
        shares = [one[kind] for one in found]
        assert max(shares) - min(shares) <= 1


@given(items, counts)
def test_no_group_is_in_two_folds(values: list[int], count: int) -> None:
    for number in range(count):
        training, held_out = Fold(number, count).of_groups(values, lambda one: one)
        assert not set(training) & set(held_out)


def test_blocks_are_runs_of_neighbours() -> None:
    assert [Fold(n, 3).of_blocks("abcdefg")[1] for n in range(3)] == [["a", "b"], ["c", "d"], ["e", "f", "g"]]
