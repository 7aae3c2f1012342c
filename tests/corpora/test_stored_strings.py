"""Strings and rows of numbers come out of little memory as they went in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.corpora import large_arrays, stored_strings
from charnn.corpora.stored_strings import StoredRows, StoredStrings

ROWS = [[3, 1], [], [70_000], [5] * 300]


@given(st.lists(st.text(alphabet="xy é語😀\udc80\n", max_size=5)))
def test_strings_are_those_that_were_added(texts: list[str]) -> None:
    stored = StoredStrings("texts")
    for text in texts:
        stored.add(text)
    assert [stored[place] for place in range(len(stored))] == texts
    assert stored.lengths.tolist() == [len(text) for text in texts]


def rows() -> StoredRows:
    return StoredRows((np.array(row, np.int32) for row in ROWS), 70_000, "rows")


@pytest.mark.parametrize("in_a_file", [False, True])
def test_rows_are_those_that_were_given(in_a_file: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if in_a_file:
        monkeypatch.setattr(stored_strings, "TOGETHER", 10)
        monkeypatch.setattr(large_arrays, "HELD", 20)
    found = rows()
    assert [row.tolist() for row in found] == ROWS
    assert [row.tolist() for row in found[1:3]] == ROWS[1:3]
    assert found.lengths.tolist() == [2, 0, 1, 300]
    assert [row.tolist() for row in found.chosen(np.array([2, 0]))] == [[70_000], [3, 1]]


def test_rows_take_as_few_bytes_as_the_largest_number() -> None:
    assert rows().numbers.dtype == np.uint32
    assert StoredRows([np.array([1, 255])], 255, "rows").numbers.dtype == np.uint8


def test_padded_rows_end_in_what_they_are_filled_with() -> None:
    assert rows().padded([2, 0, 1], 9).tolist() == [[70_000, 9], [3, 1], [9, 9]]
