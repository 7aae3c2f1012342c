"""What is told of the columns of a table from how it begins."""

from __future__ import annotations

import pytest

from charnn.corpora.columns import without_its_tabs

PROSE = "It was so.\nHe went, and came back.\nWell, well.\nNo, no, no.\nSo it ended.\n"


@pytest.mark.parametrize(
    ("text", "name", "hint"),
    [
        ("good -> gut\n" * 5, "words.txt", "sed 's/ -> /\\t/' FILE puts a tab there"),
        ("good ||| gut\n" * 5, "words", "sed 's/ ||| /\\t/' FILE puts a tab there"),
        ("good, it is\nbad, so, so\n" * 5, "labels.tsv", "sed 's/,/\\t/' FILE puts a tab there"),
        ("good   it is\n" * 5, "labels.TSV.gz", "sed 's/  /\\t/' FILE puts a tab there"),
        (PROSE, "labels.tsv", ""),
    ],
)
def test_a_text_that_has_something_else_in_the_place_of_tabs_is_said(text: str, name: str, hint: str) -> None:
    said = without_its_tabs(text, name)
    assert said.startswith("it has no tab between columns")
    assert hint in said


@pytest.mark.parametrize("text", [PROSE, "good, it is\n" * 5, "a\tb\n" * 5, "x -> y\n", ""])
def test_other_text_is_let_be(text: str) -> None:
    assert not without_its_tabs(text, "text.txt")
