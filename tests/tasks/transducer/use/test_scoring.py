"""AlignedSymbols distances are those of the definition, and alignments have as many edits as the distance says."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.tasks.transducer.use.scoring import aligned_symbols, distance, nearest

WORDS = st.text("abc", max_size=6)


@cache
def by_definition(left: str, right: str) -> int:
    if not left or not right:
        return len(left) + len(right)
    return min(
        by_definition(left[1:], right[1:]) + (left[0] != right[0]),
        by_definition(left[1:], right) + 1,
        by_definition(left, right[1:]) + 1,
    )


@given(reference=WORDS, written=WORDS)
def test_a_distance_is_the_least_number_of_edits(reference: str, written: str) -> None:
    assert distance(reference, written) == by_definition(reference, written)


@given(reference=WORDS, written=WORDS)
def test_an_alignment_has_both_sides_whole_and_as_many_edits_as_the_distance(reference: str, written: str) -> None:
    aligned = aligned_symbols(reference, written)
    assert "".join(edit.reference for edit in aligned) == reference
    assert "".join(edit.written for edit in aligned) == written
    assert sum(edit.reference != edit.written for edit in aligned) == distance(reference, written)


@pytest.mark.parametrize(
    ("references", "expected"), [(["abc", "abd"], (0, 3)), (["a", "abcde"], (2, 1)), (["x"], (3, 1))]
)
def test_the_nearest_reference_counts_with_its_own_length(references: list[str], expected: tuple[int, int]) -> None:
    assert nearest(references, "abd") == expected
