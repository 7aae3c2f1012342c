"""Documents and runs of a text that comes in pieces are those of the whole text."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.corpora.blocks import blocks_of
from charnn.corpora.code_points import code_points
from charnn.corpora.documents import DocumentUnit, split_documents
from charnn.corpora.runs import Runs, run_lengths

pieces = st.lists(st.text("ab é😀\t\r\n", min_size=1, max_size=6), max_size=12)


@pytest.mark.parametrize("unit", get_args(DocumentUnit))
@given(pieces)
def test_pieces_have_the_documents_and_runs_of_the_whole_text(unit: DocumentUnit, pieces: list[str]) -> None:
    documents, begun, runs = [], "", Runs()
    for text, ends in blocks_of(pieces, unit):
        start = 0
        for end in ends.tolist():
            documents.append(begun + text[start:end])
            begun, start = "", end
        begun += text[start:]
        runs.add(code_points(text), ends)
    assert documents == split_documents("".join(pieces), unit)
    assert begun == ""
    assert runs.lengths() == run_lengths(documents)


def test_a_long_text_of_a_single_document_is_held_in_no_block() -> None:
    read = ["ab\n\n" * 10] * 50
    assert max(len(text) for text, _ in blocks_of(read, "file")) == 40
    assert max(len(text) for text, _ in blocks_of(read, "line")) <= 41
    assert max(len(text) for text, _ in blocks_of(read, "paragraph")) <= 42
