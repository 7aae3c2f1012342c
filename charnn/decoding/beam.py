"""Beam search over the tags of sentences whose next tag depends on the one before and on nothing earlier."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from charnn.decoding.decoder import Lengths, Scores, Tags
from charnn.decoding.ragged import groups
from charnn.decoding.softmax import log_softmax


class Chain(Protocol):
    """Logits of a word's tag given the tag before it."""

    tags: int
    score_size: int

    def logits(self, scores: Scores, previous: npt.NDArray[np.integer]) -> Scores:
        """(..., K) from (..., S) and (...); the tag before the first word is K."""


def beam_search(chain: Chain, scores_BTS: Scores, lengths_B: Lengths, width: int) -> Tags:
    """Tags (B, T) of the most probable sequence of each sentence that a beam of `width` (1 to K) tags finds.

    Sequences that end in the same tag have the same future, so only the best of them is kept: a beam of K is exact
    (Viterbi), a beam of 1 greedy. Of several equally good tags the lowest id is kept, at the last word first.
    """
    tags_BT = np.zeros(scores_BTS.shape[:2], np.int32)
    for rows, active_T in groups(lengths_B, width * max(chain.tags, chain.score_size)):
        kept_TBW = np.zeros((len(active_T), len(rows), width), np.int32)
        origin_TBW = np.zeros_like(kept_TBW)
        nats_BW = np.zeros((len(rows), width))
        open_BW = np.full((len(rows), 1), chain.tags)
        for t, n in enumerate(active_T):
            logits_BWK = chain.logits(scores_BTS[rows[:n], t][:, None], open_BW[:n])
            total_BWK = nats_BW[:n, : open_BW.shape[1], None] - log_softmax(logits_BWK)
            lowest_BK = total_BWK.min(1)
            open_BW = np.sort(np.argsort(lowest_BK, axis=1, kind="stable")[:, :width], axis=1)
            nats_BW[:n] = np.take_along_axis(lowest_BK, open_BW, 1)
            kept_TBW[t, :n] = open_BW
            origin_TBW[t, :n] = np.take_along_axis(total_BWK.argmin(1), open_BW, 1)
        place_B = nats_BW.argmin(1)
        for t, n in reversed(list(enumerate(active_T))):
            tags_BT[rows[:n], t] = kept_TBW[t, np.arange(n), place_B[:n]]
            place_B[:n] = origin_TBW[t, np.arange(n), place_B[:n]]
    return tags_BT
