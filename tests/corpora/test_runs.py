from __future__ import annotations

import math
from collections import defaultdict
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.corpora import runs
from charnn.corpora.runs import run_lengths


def by_reading(texts: list[str]) -> dict[str, tuple[int, int]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for text in texts:
        for character, run in groupby(text):
            if (length := len(list(run))) > 1:
                found[character].append(length)
    ranked = {character: sorted(lengths) for character, lengths in found.items()}
    return {c: (lengths[math.ceil(0.99 * len(lengths)) - 1], lengths[-1]) for c, lengths in ranked.items()}


@given(st.lists(st.text("ab \U0001f600\udcff", max_size=12), max_size=6), st.integers(1, 7))
def test_they_are_those_that_reading_finds_however_the_texts_lie_in_blocks(texts: list[str], block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "BLOCK_LENGTH", block)
        assert run_lengths(texts) == by_reading(texts)


def test_no_run_goes_on_from_one_text_into_the_next() -> None:
    assert run_lengths(["a--", "--b", "", "---"]) == {"-": (3, 3)}


@pytest.mark.parametrize(("short", "usual"), [(98, 9), (99, 4), (100, 4)])
def test_usual_is_what_99_of_100_runs_do_not_exceed(short: int, usual: int) -> None:
    assert run_lengths(["----a" * short + "---------"]) == {"-": (usual, 9)}
