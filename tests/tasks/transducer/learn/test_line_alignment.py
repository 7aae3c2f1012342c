"""The tokens of a source are aligned with what they become."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.tasks.transducer.learn.line_alignment import aligned_tokens
from charnn.tasks.transducer.line_tokens import tokens

TEXTS = st.text(st.sampled_from("abc ,.é"), min_size=1, max_size=12).filter(str.strip)


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("u r here", "You are here.", [(" u", " You"), (" r", " are"), (" here", " here.")]),
        ("so , he .", "so, he.", [(" so", " so"), (" ,", ","), (" he", " he"), (" .", ".")]),
        ("so, he", "so , he", [(" so", " so"), (",", " ,"), (" he", " he")]),
        ("ofthe day", "of the day", [(" ofthe", " of the"), (" day", " day")]),
        ("a um day", "a day", [(" a", " a"), (" um", ""), (" day", " day")]),
        ("один два", "a bcdef", [(" один", " a"), (" два", " bcdef")]),
        ("da end", "the end", [(" da", " the"), (" end", " end")]),
    ],
)  # fmt: skip
def test_each_token_has_its_part_of_the_target(source: str, target: str, expected: list[tuple[str, str]]) -> None:
    assert aligned_tokens([(source, target)]) == [expected]


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=5))
def test_the_parts_are_the_source_and_the_target(pairs: list[tuple[str, str]]) -> None:
    for (source, target), line in zip(pairs, aligned_tokens(pairs), strict=True):
        assert [token for token, _ in line] == tokens(source)
        assert "".join(part for _, part in line) == "".join(tokens(target))
