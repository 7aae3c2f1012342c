"""The tokens of a line are its words and symbols, and together they are the line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.tasks.transducer.line_tokens import line_of, tokens


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Well, it's 'ok'.", [" Well", ",", " it's", " '", "ok", "'", "."]),
        ("  two\twords ", [" two", " words"]),
        ("中国 x", [" 中", "国", " x"]),
        ("नमस्ते दुनिया", [" नमस्ते", " दुनिया"]),
        ("a-b", [" a", "-", "b"]),
        ("", []),
        (" \t", []),
    ],
)
def test_words_and_symbols_are_tokens(line: str, expected: list[str]) -> None:
    assert tokens(line) == expected


@given(st.text(st.sampled_from("ab ,'.\t中é\u0301\u20199")))
def test_the_tokens_of_a_line_are_the_line(line: str) -> None:
    found = tokens(line)
    assert line_of(found) == " ".join(line.split())
    assert all(token.strip() and not token.endswith(" ") for token in found)
