"""Edits make of a source the target that they were found between, wherever its symbols stand."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.tasks.transducer.edits import Edit, applied, edits_between


def ids(text: str) -> tuple[int, ...]:
    return tuple(map(ord, text))


def edit(from_end: int, removed: str, written: str) -> Edit:
    return Edit(from_end, ids(removed), ids(written))


@pytest.mark.parametrize(
    ("source", "target", "first", "later"),
    [
        ("haus", "häuser", (), (edit(3, "a", "ä"), edit(0, "", "er"))),
        ("walk", "walked", (), (edit(0, "", "ed"),)),
        ("fly", "flies", (), (edit(1, "y", "ies"),)),
        ("machen", "gemacht", (edit(0, "", "ge"),), (edit(2, "en", "t"),)),
        ("abudia", "nisiabudia", (edit(0, "", "nisi"),), ()),
        ("sheep", "sheep", (), ()),
        ("go", "went", (), (edit(2, "go", "went"),)),
        ("ab", "", (), (edit(2, "ab", ""),)),
        ("", "ab", (), (edit(0, "", "ab"),)),
    ],
)
def test_what_changes_is_told_from_what_stays(
    source: str, target: str, first: tuple[Edit, ...], later: tuple[Edit, ...]
) -> None:
    assert edits_between(ids(source), ids(target)) == (first, later)


symbols = st.lists(st.integers(0, 3), max_size=8)


@given(symbols, symbols)
def test_edits_make_the_target_that_they_were_found_with(source: list[int], target: list[int]) -> None:
    first, later = edits_between(source, target)
    assert applied(first, later, source) == tuple(target)
    assert len(first) <= 1
    assert all(one.from_end > other.from_end for one, other in pairwise(later))


@given(symbols, symbols)
def test_no_more_is_edited_than_a_distance_says(source: list[int], target: list[int]) -> None:
    first, later = edits_between(source, target)
    made = sum(max(len(one.removed), len(one.written)) for one in (*first, *later))
    assert made == distance(tuple(source), tuple(target))


def distance(source: tuple[int, ...], target: tuple[int, ...]) -> int:
    row = list(range(len(target) + 1))
    for i, symbol in enumerate(source, 1):
        before, row = row, [i]
        for j, other in enumerate(target, 1):
            row.append(min(before[j - 1] + (symbol != other), before[j] + 1, row[-1] + 1))
    return row[-1]


def test_longer_and_shorter_sources_are_edited_alike() -> None:
    first, later = edits_between(ids("haus"), ids("häuser"))
    assert applied(first, later, ids("rathaus")) == ids("rathäuser")


@pytest.mark.parametrize("source", ["heus", "as", "", "a"])
def test_what_lacks_what_is_removed_becomes_nothing(source: str) -> None:
    assert applied((), (edit(3, "a", "ä"),), ids(source)) is None


def test_edits_that_overlap_make_nothing() -> None:
    assert applied((), (edit(3, "au", ""), edit(2, "u", "")), ids("haus")) is None
    assert applied((edit(0, "ha", ""),), (edit(3, "a", ""),), ids("haus")) is None


def test_a_prefix_is_written_before_sources_of_every_length() -> None:
    first, later = edits_between(ids("machen"), ids("gemacht"))
    assert applied(first, later, ids("verlachen")) == ids("geverlacht")
