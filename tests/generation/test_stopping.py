from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from charnn.generation.ending import StopStrings

words = st.text("ab", min_size=1, max_size=5)
pieces = st.lists(st.text("abc", max_size=4), max_size=15)


def search(text: str, strings: list[str]) -> tuple[str, str | None]:
    """The definition: at the first place where any string ends, the longest that does; the text before it."""
    for end in range(len(text) + 1):
        matches = [s for s in strings if text[:end].endswith(s)]
        if matches:
            longest = max(matches, key=len)
            return text[: end - len(longest)], longest
    return text, None


def pushed(pieces: list[str], strings: list[str]) -> tuple[list[str], str | None]:
    stops = StopStrings(strings)
    shown = [*(stops.push(piece) for piece in pieces), stops.flush()]
    return shown, stops.matched


@given(pieces, st.lists(words, max_size=4))
@example(["abc", "d"], ["abcd", "bc"])
@example(["a", "a", "b"], ["aab", "ab", "b"])
@example(["aab", "aac"], ["aabaac"])
def test_what_is_shown_is_what_a_search_of_the_whole_text_finds(pieces: list[str], strings: list[str]) -> None:
    shown, matched = pushed(pieces, strings)
    assert ("".join(shown), matched) == search("".join(pieces), strings)


@given(pieces, st.lists(words, max_size=4))
def test_all_that_no_match_can_begin_in_is_shown_at_once(pieces: list[str], strings: list[str]) -> None:
    stops, pushed, shown = StopStrings(strings), "", ""
    for piece in pieces:
        pushed, shown = pushed + piece, shown + stops.push(piece)
        if stops.matched is None:
            held = pushed[len(shown) :]
            assert held == "" or any(s.startswith(held) and s != held for s in strings)
            longer = (pushed[start:] for start in range(len(shown)))
            assert not any(s.startswith(end) for s in strings for end in longer)


def test_stop_string_split_across_pushes_is_not_shown() -> None:
    assert pushed(["one\n", "\nEN", "D two", "three"], ["\n\nEND"]) == (["one", "", "", "", ""], "\n\nEND")


def test_text_held_back_is_released_when_it_can_be_no_match() -> None:
    assert pushed(["x<", "|", "y"], ["<|>"]) == (["x", "", "<|y", ""], None)


def test_text_held_back_is_flushed_at_the_end() -> None:
    assert pushed(["x<", "|"], ["<|>"]) == (["x", "", "<|"], None)


def test_the_match_that_ends_first_wins_though_a_longer_one_began_before_it() -> None:
    assert pushed(["xabcd"], ["abcd", "bc"])[1] == "bc"


def test_of_matches_that_end_together_the_longest_wins() -> None:
    assert pushed(["xabc"], ["c", "abc", "bc"]) == (["x", ""], "abc")


def test_after_a_match_everything_is_dropped() -> None:
    stops = StopStrings(["."])
    assert [stops.push("a.b"), stops.push("c."), stops.flush()] == ["a", "", ""]


def test_nothing_is_flushed_twice() -> None:
    stops = StopStrings(["ab"])
    assert [stops.push("a"), stops.flush(), stops.flush()] == ["", "a", ""]


@pytest.mark.parametrize("text", ["", "a", "\ud800", "é\u0301🦊\0"])
def test_without_strings_text_passes_through(text: str) -> None:
    assert pushed([text], []) == ([text, ""], None)


@given(pieces, st.lists(words, max_size=4))
def test_with_include_the_match_is_shown_too_and_nothing_after_it(pieces: list[str], strings: list[str]) -> None:
    stops = StopStrings(strings, include=True)
    shown = "".join([*(stops.push(piece) for piece in pieces), stops.flush()])
    before, matched = search("".join(pieces), strings)
    assert (shown, stops.matched) == (before + (matched or ""), matched)
