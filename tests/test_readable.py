"""How a person reads lists of names: the first few, and how many more there are."""

from __future__ import annotations

import pytest

from charnn.readable import as_many_as_fit, both_ends, first_few, instead_of, nearest_names


@pytest.mark.parametrize(
    ("most", "expected"), [(1, "a and 2 more"), (2, "a, b and 1 more"), (3, "a, b, c"), (4, "a, b, c")]
)
def test_the_first_names_are_shown_and_the_others_counted(most: int, expected: str) -> None:
    assert first_few("abc", most) == expected


def test_thousands_of_names_are_counted_with_commas() -> None:
    assert first_few(map(str, range(2001)), 1) == "0 and 2,000 more"


@pytest.mark.parametrize(
    ("columns", "expected"),
    [(0, "noun and 2 more"), (9, "noun and 2 more"), (10, "noun, verb and 1 more"), (17, "noun, verb, punct")],
)
def test_as_many_names_are_shown_as_fit_and_at_least_one(columns: int, expected: str) -> None:
    """The commas and spaces between them count, and what says how many more there are does not."""
    names = ["noun", "verb", "punct"]
    assert as_many_as_fit(names, columns) == expected


def test_a_name_that_is_like_none_is_answered_with_those_that_there_are() -> None:
    assert instead_of("adjective", ["NOUN", "VERB"], "its tags are") == "its tags are NOUN, VERB"
    assert instead_of("noun", ["NOUN", "VERB"], "its tags are") == "did you mean NOUN? its tags are NOUN, VERB"
    assert instead_of("x", [], "its tags are") == "its tags are none"


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("temprature", ["temp", "temp-range"]),
        ("temp-rnage", ["temp-range", "temp"]),
        ("TEMP", ["temp", "temp-range"]),
        ("len", ["length"]),
        ("t", []),
    ],
)
def test_a_name_is_like_the_one_it_begins_with_or_lengthens(name: str, nearest: list[str]) -> None:
    assert nearest_names(name, ["temp-range", "temp", "length", "top-k"])[:2] == nearest


@pytest.mark.parametrize(("text", "expected"), [("abcd", "abcd"), ("abcde", "abde"), ("abcdefgh", "abgh"), ("", "")])
def test_a_long_text_is_known_by_both_its_ends(text: str, expected: str) -> None:
    assert both_ends(text, 4) == expected
