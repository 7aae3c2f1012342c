"""Where a text has said before what it says now."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from charnn.ngrams.matches import LENGTHS, NOTHING, REMEMBERED, Match, along, gathered, match


def ids_of(text: str) -> np.ndarray:
    return np.array([ord(character) for character in text], np.int32)


def read_of(text: str) -> str:
    return along(NOTHING, ids_of(text))[1]


def naive(text: str) -> Match | None:
    """The same by comparing all places."""
    place = reached = 0
    for length in LENGTHS:
        ends = [end for end in range(length, len(text)) if text[end - length : end] == text[len(text) - length :]]
        ends = [end for end in ends if not reached or len(text) - end >= place]
        if len(text) < length or not ends:
            break
        place, reached = len(text) - ends[-1], length
    return Match(ord(text[len(text) - place]), reached, place) if reached else None


def test_what_came_after_the_last_ids_before_is_the_match() -> None:
    assert match(read_of("abcXabc")) == Match(ord("X"), 3, 4)


def test_two_ids_are_no_match() -> None:
    assert match(read_of("abXab")) is None
    assert match(NOTHING) is None


def test_of_two_places_the_latest_is_the_match() -> None:
    assert match(read_of("abcXabcYabc")) == Match(ord("Y"), 3, 4)


def test_a_longer_match_is_preferred_to_a_later_one() -> None:
    assert match(read_of("12abcX--abcY--12abc")) == Match(ord("X"), 5, 14)


def test_what_was_read_too_long_ago_is_forgotten() -> None:
    between = "".join(map(chr, range(1000, 1000 + REMEMBERED)))
    assert match(read_of("abcX" + between[: REMEMBERED - 7] + "abc")) is not None
    assert match(read_of("abcX" + between[: REMEMBERED - 6] + "abc")) is None
    assert len(read_of("abc" * REMEMBERED)) == REMEMBERED


def test_ids_beyond_the_characters_of_one_byte_match_too() -> None:
    ids = np.array([70_000, 0xD800, 5, 9, 70_000, 0xD800, 5], np.int64)
    assert along(NOTHING, ids)[0][-1] == Match(9, 3, 4)


@given(st.text("ab ", max_size=120))
def test_matches_are_those_that_all_places_compared_give(text: str) -> None:
    found, read = along(NOTHING, ids_of(text))
    assert found == [naive(text[: end + 1]) for end in range(len(text))]
    assert read == text[::-1]


@given(st.text("abc", max_size=60), st.integers(0, 60))
def test_ids_are_read_in_parts_as_at_once(text: str, cut: int) -> None:
    before, between = along(NOTHING, ids_of(text[:cut]))
    later, read = along(between, ids_of(text[cut:]))
    assert (before + later, read) == along(NOTHING, ids_of(text))


def test_matches_are_gathered_with_the_places_that_have_them() -> None:
    text = "abcXabcX"
    found, _ = along(NOTHING, ids_of(text))
    gathered_M = gathered(found, ids_of(text))
    np.testing.assert_array_equal(gathered_M.rows_M, [6, 7])
    np.testing.assert_array_equal(gathered_M.ids_M, ids_of("Xa"))
    np.testing.assert_array_equal(gathered_M.lengths_M, [3, 3])
    np.testing.assert_array_equal(gathered_M.distances_M, [4, 4])
    np.testing.assert_array_equal(gathered_M.last_M, ids_of("cX"))
    assert len(gathered([None], ids_of("a")).rows_M) == 0
