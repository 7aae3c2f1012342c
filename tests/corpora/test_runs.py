from __future__ import annotations

from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.corpora import runs
from charnn.corpora.runs import longest_runs


def by_reading(texts: list[str]) -> dict[str, int]:
    lengths: dict[str, int] = {}
    for text in texts:
        for character, run in groupby(text):
            lengths[character] = max(lengths.get(character, 0), len(list(run)))
    return {character: length for character, length in lengths.items() if length > 1}


@given(st.lists(st.text("ab \U0001f600\udcff", max_size=12), max_size=6), st.integers(1, 7))
def test_they_are_those_that_reading_finds_however_the_texts_lie_in_blocks(texts: list[str], block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "BLOCK_LENGTH", block)
        assert longest_runs(texts) == by_reading(texts)


def test_no_run_goes_on_from_one_text_into_the_next() -> None:
    assert longest_runs(["a--", "--b", "", "---"]) == {"-": 3}
