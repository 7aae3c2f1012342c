"""Texts that come again have the probabilities that they had, are not read again, and are forgotten in time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.tasks.classifier.use import text_classifier
from charnn.tasks.classifier.use.text_classifier import KnownTexts

Floats = npt.NDArray[np.float64]


class Reader:
    """Gives each text its length and its first code point, and notes what it has read."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def begin(self, texts: Sequence[str]) -> Callable[[], Floats]:
        self.read += texts
        return lambda: expected(texts)


def expected(texts: Sequence[str]) -> Floats:
    return np.array([[len(text), ord(text[0]) if text else 0] for text in texts], np.float64).reshape(-1, 2)


def test_equal_texts_are_read_once_in_a_chunk_and_over_chunks() -> None:
    known, reader = KnownTexts(2), Reader()
    for texts in (["a", "b", "a"], ["b", "c", "c"], ["c", "a"]):
        np.testing.assert_array_equal(known.complete(texts, reader.begin)(), expected(texts))
    assert reader.read == ["a", "b", "c"]


@given(st.lists(st.lists(st.text("ab\u00e9", max_size=4), max_size=9), max_size=9), st.integers(1, 6))
def test_every_text_gets_its_own_however_little_is_remembered_and_however_many_chunks_are_begun(
    chunks: list[list[str]], most: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_classifier, "MOST_TEXTS", most)
        patch.setattr(text_classifier, "LONGEST", 3)
        known, reader = KnownTexts(2), Reader()
    for first, second in pairwise([*chunks, []]):
        waiting = [known.complete(texts, reader.begin) for texts in (first, second)]
        for texts, wait in zip((first, second), waiting, strict=True):
            np.testing.assert_array_equal(wait(), expected(texts))


def test_long_texts_are_not_remembered() -> None:
    known, reader = KnownTexts(2), Reader()
    for _ in range(2):
        known.complete(["a" * (text_classifier.LONGEST + 1)], reader.begin)()
    assert len(reader.read) == 2
