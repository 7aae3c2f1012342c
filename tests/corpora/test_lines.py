r"""Text is cut into lines at \n, \r\n and \r and nowhere else, and lines lose their ends and nothing more."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from charnn.corpora.lines import bare_lines, lines_of, without_end, without_ends

TEXTS = st.text("ab\n\r\x0b\x0c\x85\u2028", max_size=20)


@given(TEXTS)
def test_lines_end_in_one_line_end_each_and_are_the_text_together(text: str) -> None:
    lines = lines_of(text)
    assert "".join(lines) == text
    assert lines == [line for line in re.findall(r"[^\r\n]*(?:\r\n|\r|\n|\Z)", text) if line]


@given(TEXTS)
def test_the_ends_of_many_lines_are_those_of_each(text: str) -> None:
    lines = lines_of(text)
    assert without_ends(lines) == bare_lines(text) == [without_end(line) for line in lines]


def test_lines_that_were_not_neighbours_keep_their_ends_apart() -> None:
    assert without_ends(["a\r", "\n", "b"]) == ["a", "", "b"]
