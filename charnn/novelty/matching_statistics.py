"""The matching statistics of a text with a corpus, from the suffix array of both."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from charnn.arrays import Integers
from charnn.corpora.code_points import CodePoints

PART = 1 << 20
"""So many suffixes are looked at at once."""


def matching_statistics(text: CodePoints, corpus: CodePoints) -> tuple[Integers, Integers]:
    """The length of the longest run from each place of `text` that stands in `corpus`, and where it stands there.

    In the suffix array of both, take the nearest suffixes of the corpus before and after a suffix of the text. No other
    suffix of the corpus agrees with it for longer. They agree as far as the shortest of the common prefixes between
    neighbours on the way from one to the other.
    """
    from pydivsufsort import divsufsort, kasai

    joined = np.concatenate([text, corpus])
    suffixes = divsufsort(joined)
    common = kasai(joined, suffixes)  # the length of the prefix that each suffix has in common with the next one
    common[-1] = 0
    lengths, places = np.zeros(len(text), np.int32), np.zeros(len(text), np.int32)
    ways = (
        _nearest(suffixes, lambda part: common.take(np.arange(part.start, part.stop) - 1), len(text)),
        _nearest(suffixes[::-1], lambda part: common[::-1][part], len(text)),
    )
    for way in ways:
        for own, length, place in way:
            better = length > lengths[own]
            lengths[own[better]] = length[better]
            places[own[better]] = place[better] - len(text)
    return lengths, places


def _nearest(
    suffixes: Integers, common: Callable[[slice], Integers], text_length: int
) -> Iterator[tuple[Integers, Integers, Integers]]:
    """How far each suffix of the text agrees with the last suffix before it that is of the corpus: in parts the
    suffixes, how far, and the suffixes of the corpus.

    `common` says of a part how far each suffix agrees with the one right before it. For the first one it is 0.
    """
    before, least = suffixes[0], np.int64(0)
    """The last suffix of the corpus before the part, and how far the last suffix of all agrees with it."""
    follows = False
    """Whether the part follows right after it."""
    for start in range(0, len(suffixes), PART):
        part = slice(start, min(start + PART, len(suffixes)))
        own = suffixes[part]
        is_corpus = own >= text_length
        after_corpus = np.concatenate([[follows], is_corpus[:-1]])
        agree = common(part).astype(np.int64)
        if not follows:
            agree[0] = min(agree[0], least)
        block = np.cumsum(after_corpus)
        # This is a running minimum that begins anew after each suffix of the corpus: every block is moved far below the
        # one before it.
        far = np.int64(len(suffixes) + 1)
        smallest = np.minimum.accumulate(agree - block * far) + block * far
        last = np.maximum.accumulate(np.where(after_corpus, np.arange(len(own)), -1))
        nearest = np.where(last > 0, own[np.maximum(last - 1, 0)], before)
        yield own[~is_corpus], smallest[~is_corpus], nearest[~is_corpus]
        follows, least = bool(is_corpus[-1]), smallest[-1]
        before = own[np.flatnonzero(is_corpus)[-1]] if is_corpus.any() else before
