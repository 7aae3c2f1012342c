"""Matching statistics by a suffix array."""

from __future__ import annotations

import numpy as np

from charnn.corpora.code_points import CodePoints
from charnn.novelty.copied_runs import Integers


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
    before = _nearest(suffixes, np.roll(common, 1), len(text))
    after = [array[::-1] for array in _nearest(suffixes[::-1], common[::-1], len(text))]
    length, place = np.where(before[0] >= after[0], before, after)
    is_text = suffixes < len(text)
    lengths, places = np.empty(len(text), np.int64), np.empty(len(text), np.int64)
    lengths[suffixes[is_text]] = length[is_text]
    places[suffixes[is_text]] = place[is_text] - len(text)
    return lengths, places


def _nearest(suffixes: Integers, common: Integers, text_length: int) -> tuple[Integers, Integers]:
    """How far each suffix agrees with the last suffix before it that is of the corpus, and that suffix.

    `common` says how far each suffix agrees with the one right before it. For the first one it is 0.
    """
    is_corpus = suffixes >= text_length
    after_corpus = np.concatenate([[False], is_corpus[:-1]])
    block = np.cumsum(after_corpus)
    # This is a running minimum that begins anew after each suffix of the corpus: every block is moved far below the one
    # before it.
    far = np.int64(len(suffixes) + 1)
    smallest = np.minimum.accumulate(common - block * far) + block * far
    last = np.maximum.accumulate(np.where(after_corpus, np.arange(len(suffixes)), 0)) - 1
    return smallest, suffixes[last]
