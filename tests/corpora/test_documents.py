from __future__ import annotations

import time
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.corpora.documents import DocumentUnit, split_documents

units = st.sampled_from(get_args(DocumentUnit))
texts = st.text(alphabet="ab \t\r\n\x0b\x0c\x1c\x85\u00a0\u2028\ud800")


@given(texts, units)
def test_documents_joined_are_the_text_and_none_is_empty(text: str, unit: DocumentUnit) -> None:
    documents = split_documents(text, unit)
    assert "".join(documents) == text
    assert all(documents)


@given(texts)
def test_paragraphs_are_those_of_a_reading_line_by_line(text: str) -> None:
    expected: list[str] = []
    inside_blank_lines = False
    for line in split_documents(text, "line"):
        blank = not line.strip(" \t\r\n")
        begins = not blank and inside_blank_lines and bool(expected[-1].strip(" \t\r\n"))
        if begins or not expected:
            expected.append("")
        expected[-1] += line
        inside_blank_lines = blank
    assert split_documents(text, "paragraph") == expected


def test_a_file_is_one_document_and_an_empty_one_none() -> None:
    assert split_documents("a\n\nb\n", "file") == ["a\n\nb\n"]
    for unit in get_args(DocumentUnit):
        assert split_documents("", unit) == []


def test_a_line_keeps_its_end_whichever_of_the_three_it_is() -> None:
    assert split_documents("a\nb\r\nc\rd\n\n\r\r\ne", "line") == ["a\n", "b\r\n", "c\r", "d\n", "\n", "\r", "\r\n", "e"]


def test_other_characters_that_python_calls_line_ends_end_none() -> None:
    text = "a\x0bb\x0cc\x1cd\x1de\x1ef\x85g\u2028h\u2029i"
    assert split_documents(text, "line") == [text]
    assert split_documents("a\n\u2028\nb", "paragraph") == ["a\n\u2028\nb"]


@pytest.mark.parametrize(
    ("text", "paragraphs"),
    [
        ("a\nb\n\nc\n", ["a\nb\n\n", "c\n"]),
        ("a\r\nb\r\n\r\nc\r\n", ["a\r\nb\r\n\r\n", "c\r\n"]),
        ("a\r\rb", ["a\r\r", "b"]),
        ("a\n \t\n\n  b", ["a\n \t\n\n", "  b"]),
        ("\n \na\n\nb", ["\n \na\n\n", "b"]),
        ("a\n\n  ", ["a\n\n  "]),
        (" \n\n", [" \n\n"]),
    ],
)
def test_blank_lines_go_with_the_paragraph_before_them_and_leading_ones_with_the_first(
    text: str, paragraphs: list[str]
) -> None:
    assert split_documents(text, "paragraph") == paragraphs


@pytest.mark.parametrize("text", ["\r\n" * 500_000, " " * 1_000_000, "a \t" * 300_000, ("\n" + " " * 999 + "x") * 1000])
def test_time_grows_with_length_and_no_faster(text: str) -> None:
    start = time.process_time()
    for unit in get_args(DocumentUnit):
        split_documents(text, unit)
    assert time.process_time() - start < 5
