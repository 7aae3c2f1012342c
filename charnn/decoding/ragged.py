"""Sentences of different lengths in one padded batch: which places are words, and in which order to go through them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from charnn.decoding.decoder import Lengths, Scores
from charnn.errors import ModelError

STEP_VALUES = 2**17
"""What one step should work on at most, so that it stays in a processor's own cache (1 MB in float64)."""


def words(scores_BTS: Scores, lengths_B: Lengths, score_size: int) -> npt.NDArray[np.bool_]:
    """(B, T), true where there is a word. Raises ModelError where the scores of a word are not all finite."""
    batch, time, size = scores_BTS.shape
    assert size == score_size
    assert lengths_B.shape == (batch,)
    assert np.all((lengths_B >= 0) & (lengths_B <= time))
    word_BT: npt.NDArray[np.bool_] = np.arange(time) < lengths_B[:, None]
    is_finite_BTS = np.isfinite(scores_BTS)
    if not is_finite_BTS.all() and not is_finite_BTS[word_BT].all():
        raise ModelError(
            "the model cannot say which tag a word has: a score of it is not finite",
            hint="its weights are damaged, or its training diverged",
        )
    return word_BT


def groups(lengths_B: Lengths, values: int) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """All sentences that have words, the longest first, in groups for which a step suits the cache.

    `values` is how many numbers one step works on for one sentence; a group has at least one sentence.
    Yields the rows of the group, and for every step t how many of them, counted from the first, still have a word
    there: a slice takes the place of a mask, and what is padding for all is never gone through.
    """
    rows_B = np.argsort(-lengths_B.astype(np.int64), kind="stable")[: np.count_nonzero(lengths_B)]
    size = max(1, STEP_VALUES // values)
    for first in range(0, len(rows_B), size):
        rows = rows_B[first : first + size]
        shortest_first = lengths_B[rows[::-1]]
        yield rows, len(rows) - np.searchsorted(shortest_first, np.arange(shortest_first[-1]), side="right")
