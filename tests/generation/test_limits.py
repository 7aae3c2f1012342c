from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.generation.config import SamplingConfig
from charnn.generation.ending import LineLimit, SentenceLimit, WordLimit, limits

TEXTS = st.text("ab \n\r\t.!?\"')。」", max_size=30)


def cut(kind, count: int, pieces: list[str]) -> str | None:
    """The text up to the end of the last unit; None where that does not come."""
    limit, before = kind(count), ""
    for piece in pieces:
        if (end := limit.end(piece)) is not None:
            return before + piece[:end]
        before += piece
    return None


def search(expression: str, count: int, text: str) -> str | None:
    """The definition, for a whole text: the end of the `count`-th match."""
    matches = list(re.finditer(expression, text))
    return text[: matches[count - 1].end()] if len(matches) >= count else None


DEFINITIONS = [
    (LineLimit, r"[^\r\n]*(?:\r\n|\n|\r(?=.))"),
    (WordLimit, r"\S+(?=\s)"),
    # A run of stops and closers that begins with a stop: it ends a sentence before white space, and wherever its last
    # stop is a full-width one.
    (SentenceLimit, r"(?:[.!?。][.!?。\"')」]*(?=\s))|(?:[.!?。][.!?。\"')」]*(?<=。)[\"')」]*(?![.!?。\"')」])(?=.))"),
]


@pytest.mark.parametrize(("kind", "expression"), DEFINITIONS, ids=lambda value: getattr(value, "unit", ""))
@given(text=TEXTS, count=st.integers(1, 4), size=st.integers(1, 5))
def test_the_end_is_that_of_a_search_in_the_whole_text_however_it_is_split(kind, expression, text, count, size):
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    assert cut(kind, count, pieces) == search(expression, count, text)


@pytest.mark.parametrize(
    ("text", "count", "shown"),
    [
        ('"Go!" he said. So he went.\n', 1, '"Go!"'),
        ("It cost 3.50 in all. Yes.", 1, "It cost 3.50 in all."),
        ("Wait... what?! No.", 2, "Wait... what?!"),
        ("一。二。三", 2, "一。二。"),
        ("「一。」二", 1, "「一。」"),
        ("no end here", 1, None),
        ("an end at the end.", 1, None),
    ],
)
def test_sentences_end_where_a_reader_would_say(text, count, shown):
    assert cut(SentenceLimit, count, [text]) == shown


def test_a_line_end_belongs_to_its_line_and_a_blank_line_is_one():
    assert cut(LineLimit, 2, ["a\n\nb\n"]) == "a\n\n"


def test_a_line_that_is_written_ends_as_one_that_is_read():
    """A return alone ends a line once something else follows it."""
    assert cut(LineLimit, 1, ["a\r", "b"]) == "a\r"
    assert cut(LineLimit, 1, ["a\r", "\nb"]) == "a\r\n"
    assert cut(LineLimit, 2, ["a\r\r", "b\r"]) == "a\r\r"
    assert cut(LineLimit, 1, ["a\f\x85\u2028b"]) is None


def test_the_white_space_after_a_word_does_not_belong_to_it():
    assert cut(WordLimit, 2, ["  one", "\n\n", "two", " three"]) == "  one\n\ntwo"


def test_there_are_as_many_limits_as_were_asked_for():
    assert limits(SamplingConfig()) == []
    assert [limit.unit for limit in limits(SamplingConfig(lines=1, words=2, sentences=3))] == [
        "lines",
        "words",
        "sentences",
    ]
