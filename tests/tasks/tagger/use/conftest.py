"""A tagger whose network is a few lines of numpy, so that what it should say can be said again in plain Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from charnn.tasks.tagger.decoding.decoder import IndependentDecoder
from charnn.tasks.tagger.lexicon import Lexicon, WordFeatures
from charnn.tasks.tagger.use.sentence_tagger import SentenceTagger

LETTERS = "abcdefghijklmnopqrstuvwxyz"
TAGS = {"upos": ("A", "B", "C", "D"), "xpos": ("x", "y")}
CONTEXT = 2
"""Words on either side that a word's scores depend on."""

Array = NDArray[np.float32]


class StubNetwork:
    """Words to their weights, and weights to scores: small whole numbers and eighths, so all is exact."""

    vector_size = 2

    def __init__(self) -> None:
        self.words_read = 0
        self.shapes: list[tuple[int, ...]] = []
        """(T, B, D) of each call."""

    def vectors(self, features: WordFeatures) -> Array:
        self.words_read += len(features.words_N)
        letters_NL = np.maximum(features.characters_NL - 3, 0)  # a is 1; the marks of beginning and end are 0
        weights_N = (letters_NL * np.arange(letters_NL.shape[1])).sum(1)
        return np.stack([weights_N, np.ones_like(weights_N)], 1).astype(np.float32)

    def scores(self, vectors_TBD: Array, lengths_B: NDArray[np.integer]) -> list[Array]:
        self.shapes.append(vectors_TBD.shape)
        inside_TB = np.arange(len(vectors_TBD))[:, None] < lengths_B
        np.testing.assert_array_equal(vectors_TBD[..., 1], inside_TB)
        assert not vectors_TBD[~inside_TB].any()
        weights_TB = vectors_TBD[..., 0]
        padded_TB = np.pad(weights_TB, ((CONTEXT, CONTEXT), (0, 0)))
        around_TB = 3 * weights_TB + sum(padded_TB[k : k + len(weights_TB)] for k in range(2 * CONTEXT + 1))
        scores = [np.stack([_score(around_TB, k) for k in range(len(tags))], 2) for tags in TAGS.values()]
        for scores_TBS in scores:
            scores_TBS[~inside_TB] = np.nan
        return scores


def _score(around: Array, tag: int) -> Array:
    return (around + 5 * tag) % 7 - np.float32(tag / 8)


def _scores_alone(words: Sequence[str]) -> list[list[list[float]]]:
    """The scores of all tags for each column and word; one sentence, word by word."""
    weights = [sum(place * (1 + LETTERS.index(letter)) for place, letter in enumerate(word, 1)) for word in words]
    around = [3 * own + sum(weights[max(t - CONTEXT, 0) : t + CONTEXT + 1]) for t, own in enumerate(weights)]
    return [[[float(_score(total, k)) for k in range(len(tags))] for total in around] for tags in TAGS.values()]


@pytest.fixture(scope="session")
def scores_of() -> Callable[[Sequence[str]], list[list[list[float]]]]:
    """`scores_of(words)[column][word][tag]`, as the network gives them to a sentence by itself."""
    return _scores_alone


@pytest.fixture(scope="session")
def tags_of() -> Callable[[Sequence[str]], list[list[str]]]:
    """`tags_of(words)[column]`: what a tagger should say of a sentence."""

    def tags(words: Sequence[str]) -> list[list[str]]:
        return [
            [names[max(range(len(names)), key=scores.__getitem__)] for scores in column]
            for names, column in zip(TAGS.values(), _scores_alone(words), strict=True)
        ]

    return tags


@pytest.fixture(scope="session")
def make_network() -> Callable[[], StubNetwork]:
    return StubNetwork


@pytest.fixture(scope="module")
def make_tagger() -> Iterator[Callable[..., SentenceTagger]]:
    """`make_tagger(network, threads=..., capacity=...)`, with the columns upos and xpos."""
    made: list[SentenceTagger] = []

    def make(network: StubNetwork | None = None, **options: int) -> SentenceTagger:
        lexicon = Lexicon.of(LETTERS, TAGS)
        decoders = [IndependentDecoder(len(tags)) for tags in TAGS.values()]
        made.append(SentenceTagger(lexicon, network or StubNetwork(), decoders, **options))
        return made[-1]

    yield make
    for tagger in made:
        tagger.close()
