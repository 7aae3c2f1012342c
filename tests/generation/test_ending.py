from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.generation.config import SamplingConfig
from charnn.generation.ending import Ending


def written(text: str, size: int, **sampling) -> tuple[str, str | None]:
    """What is shown of a text that comes in pieces of `size` and then ends by itself; and why it ended."""
    ending, shown = Ending(SamplingConfig(**sampling)), ""
    for start in range(0, len(text), size):
        if ending.reason is not None:
            break
        shown += ending.push(text[start : start + size])
    if ending.reason is None:
        shown += ending.finish("", "stop")
    return shown, ending.reason


@pytest.mark.parametrize("size", [1, 2, 100])
@pytest.mark.parametrize(
    ("sampling", "shown", "reason"),
    [
        ({"length": 7}, "one two", "length"),
        ({"length": None}, "one two.\nthree END four", "stop"),
        ({"length": 0}, "", "length"),
        ({"words": 2}, "one two.", "words"),
        ({"lines": 1}, "one two.\n", "lines"),
        ({"sentences": 1}, "one two.", "sentences"),
        ({"stop_strings": ("END",)}, "one two.\nthree ", "stop string"),
        ({"stop_strings": ("END",), "include_stop": True}, "one two.\nthree END", "stop string"),
        ({"stop_strings": ("END",), "lines": 1}, "one two.\n", "lines"),
        ({"stop_strings": ("two",), "lines": 1}, "one ", "stop string"),
        ({"words": 3, "length": 100}, "one two.\nthree", "words"),
        ({"words": 3, "length": 5}, "one t", "length"),
    ],
)
def test_what_comes_first_in_the_text_ends_it(size, sampling, shown, reason):
    assert written("one two.\nthree END four", size, **sampling) == (shown, reason)


def test_of_a_stop_string_and_a_length_that_end_together_the_stop_string_is_the_reason():
    assert written("abEND", 1, length=5, stop_strings=("END",)) == ("ab", "stop string")
    assert written("abEND", 1, length=4, stop_strings=("END",)) == ("abEN", "length")


def test_of_a_line_and_a_length_that_end_together_the_line_is_the_reason():
    assert written("ab\ncd", 1, length=3, lines=1) == ("ab\n", "lines")


def test_what_was_held_back_is_shown_when_something_else_ends_the_text():
    assert written("ab EN", 1, stop_strings=("END",)) == ("ab EN", "stop")
    assert written("ab EN D", 1, stop_strings=("END",), words=2) == ("ab EN", "words")


def test_nothing_is_shown_after_the_end():
    ending = Ending(SamplingConfig(length=1))
    assert [ending.push("ab"), ending.push("c"), ending.finish("d", "stop"), ending.reason] == ["a", "", "", "length"]


def test_characters_left_count_down_to_nothing_and_no_further():
    ending = Ending(SamplingConfig(length=3))
    assert (ending.push("ab"), ending.characters_left) == ("ab", 1)
    assert (ending.push("cd"), ending.characters_left) == ("c", 0)
    assert Ending(SamplingConfig(length=None)).characters_left is None


@given(st.text("ab. \n", max_size=25), st.integers(1, 4), st.integers(0, 12), st.lists(st.text("ab", min_size=1)))
def test_how_the_text_is_split_makes_no_difference(text, size, length, stops):
    sampling = {"length": length, "words": 3, "sentences": 2, "stop_strings": tuple(stops)}
    assert written(text, size, **sampling) == written(text, 1, **sampling)
