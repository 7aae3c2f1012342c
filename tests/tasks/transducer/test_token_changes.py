"""What became of a token can be done to others, and is stored as numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.tasks.transducer.token_changes import Change, change_between, changes_of

TOKENS = st.builds(lambda space, bare: " " * space + bare, st.booleans(), st.text("abé🧊", min_size=1, max_size=6))


@pytest.mark.parametrize(
    ("token", "target", "other", "expected"),
    [
        (" well", " Well", " was", " Was"),
        (" well", " well,", " so", " so,"),
        (" .", ".", " .", "."),
        (".", " .", ".", " ."),
        (".", " .", " .", None),
        (" um", "", " um", ""),
        (" cat", " cats", "dog", "dogs"),
    ],
)
def test_a_change_is_done_to_another_token(token: str, target: str, other: str, expected: str | None) -> None:
    assert change_between(token, target).of(other) == expected


@given(TOKENS, st.one_of(TOKENS, st.just("")))
def test_a_change_makes_the_target_of_its_token(token: str, target: str) -> None:
    change = change_between(token, target)
    assert change.of(token) == target
    assert list(changes_of([change.numbers()])) == [change]


@pytest.mark.parametrize("row", [[], [1], [3, 0], [1, 2], [1, 1, 0, 0, 1, 0x110000], [1, 0, 0, 5]])
def test_numbers_that_are_no_change_are_refused(row: list[int]) -> None:
    with pytest.raises(ValueError, match=r"change|code points|edits"):
        list(changes_of([row]))


def test_a_change_is_told_by_its_parts() -> None:
    assert change_between(" a", "a") == Change(-1, (), ())
