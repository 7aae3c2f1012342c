"""What readers say of a treebank is read once and kept, or where that is too much, read for each batch."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest

from charnn.corpora.progress import watched_by
from charnn.readers.states import SentenceStates
from charnn.tasks.tagger.learn import data
from charnn.tasks.tagger.learn.data import KnownStates

SENTENCES = [["a"] * n for n in (3, 1, 5, 2, 1)] + [["b", "c"]]


class Counting:
    """States that are the number of the word's first letter and its place."""

    size = 2

    def __init__(self) -> None:
        self.read: list[int] = []

    def of(self, sentences: Any) -> Any:
        self.read += map(len, sentences)
        states = np.zeros((max(map(len, sentences)), len(sentences), 2), np.float32)
        for row, words in enumerate(sentences):
            for place, word in enumerate(words):
                states[place, row] = ord(word), place
        return states


@pytest.mark.parametrize(("kept_bytes", "are_kept"), [(2 * 2 * 14, True), (2 * 2 * 14 - 1, False)])
def test_states_are_those_of_the_sentences_kept_or_not(
    monkeypatch: pytest.MonkeyPatch, kept_bytes: int, are_kept: bool
) -> None:
    monkeypatch.setattr(data, "KEPT_BYTES", kept_bytes)
    states = Counting()
    known = KnownStates(SENTENCES, cast(SentenceStates, states))
    assert known.are_kept == are_kept
    assert sorted(states.read) == (sorted(map(len, SENTENCES)) if are_kept else [])
    for chosen in ([5, 0, 1], [2], [4, 3]):
        expected = Counting().of([SENTENCES[i] for i in chosen]).transpose(1, 0, 2)
        np.testing.assert_array_equal(known.of(chosen), expected)
        assert known.of(chosen).flags.c_contiguous
    assert are_kept == (len(states.read) == len(SENTENCES))


def test_reading_says_how_far_it_is() -> None:
    said: list[tuple[str, float]] = []
    with watched_by(lambda what, part: said.append((what, part))):
        KnownStates(SENTENCES * 40, cast(SentenceStates, Counting()))
    assert {what for what, _ in said} == {"reading the treebank"}
    parts = [part for _, part in said]
    assert parts == sorted(parts)
    assert len(parts) > 1
    assert parts[-1] == 1
