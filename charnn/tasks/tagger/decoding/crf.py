"""A linear-chain conditional random field (Lafferty et al. 2001) over a network's scores (Lample et al. 2016).

The score of tags y_1 ... y_T is start[y_1] + sum_t scores_t[y_t] + sum_t transitions[y_t, y_{t+1}] + end[y_T]; their
probability is its exponential, divided by the sum of those of all K^T sequences.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from charnn.arrays import Floats
from charnn.softmax import softmax
from charnn.tasks.tagger.decoding.decoder import (
    Allowed,
    Decoding,
    Lengths,
    Probabilities,
    Scores,
    TagIds,
    Transitions,
    groups_by_length,
    word_mask,
)

Array = npt.NDArray[np.float64]

LARGEST_SPREAD = 350.0
"""Where transitions are this close, the largest term of a sum of their exponentials cannot be lost: it is at least
exp(-350), and float64 goes down to exp(-708)."""


class CrfDecoder:
    """A `Decoder` with a score for every tag. It finds the best sequence exactly, in float64.

    Among several best sequences it chooses the one whose last tag has the lowest id, then the tag before it, and so on.
    """

    def __init__(
        self,
        transitions_KK: Floats,
        start_K: Floats,
        end_K: Floats,
        *,
        rule: Transitions | None = None,
    ) -> None:
        """`transitions_KK[i, j]` is the score of j right after i. With a `rule` there are only the sequences that keep
        to it: the best one and the marginals are among them."""
        self.tags = self.score_size = len(start_K)
        self._transitions_KK = transitions_KK.astype(np.float64)
        self._start_K = start_K.astype(np.float64)
        self._end_K = end_K.astype(np.float64)
        if rule is not None:
            penalties_KK, first_K, last_K = rule.penalties()
            self._transitions_KK += penalties_KK
            self._start_K += first_K
            self._end_K += last_K
        self._into_KK = np.ascontiguousarray(self._transitions_KK.T)

    def decode(
        self,
        scores_BTS: Scores,
        lengths_B: Lengths,
        *,
        probabilities: bool = False,
        allowed_BTK: Allowed | None = None,
    ) -> Decoding:
        """Decodes as `Decoder.decode` says. The tags are those of the most probable sequence (Viterbi), of those
        that are allowed: so a tag that is given changes those of its neighbours.

        The probabilities are marginals, those of a word's tags whatever the other words have (forward-backward). So the
        tag of a word need not be its most probable one.
        """
        word_mask(scores_BTS, lengths_B, self.score_size)
        tags_BT = np.zeros(scores_BTS.shape[:2], np.int32)
        probabilities_BTK = np.zeros(scores_BTS.shape, np.float32) if probabilities else None
        for rows, active_T in groups_by_length(lengths_B, self.tags**2):
            scores_TBK = np.array(scores_BTS[rows, : len(active_T)].swapaxes(0, 1), np.float64, order="C")
            if allowed_BTK is not None:
                scores_TBK[~allowed_BTK[rows, : len(active_T)].swapaxes(0, 1)] = -np.inf
            if probabilities_BTK is not None:
                marginals_TBK = self._marginals(scores_TBK, active_T)
                probabilities_BTK[rows, : len(active_T)] = marginals_TBK.swapaxes(0, 1)
            tags_BT[rows, : len(active_T)] = self._best(scores_TBK, active_T).T
        return Decoding(tags_BT, probabilities_BTK)

    def _best(self, scores_TBK: Array, active_T: npt.NDArray[np.intp]) -> TagIds:
        """The tags (T, B) of the best sequences. Overwrites the scores."""
        best_TBK = scores_TBK  # the best score of the sequences that end here with this tag
        best_TBK[0] += self._start_K
        sums_KBK = np.empty((self.tags, *best_TBK.shape[1:]))
        for t, n in enumerate(active_T[1:], 1):
            sums = np.add(best_TBK[t - 1, :n].T[:, :, None], self._transitions_KK[:, None], out=sums_KBK[:, :n])
            best_TBK[t, :n] += sums.max(0)
        tags_TB = np.zeros(best_TBK.shape[:2], np.int32)
        following = 0
        for t, n in reversed(list(enumerate(active_T))):
            best_BK = best_TBK[t, :n]
            # The sums of the way here are made once more, for the chosen tag only. That is cheaper than keeping where
            # all came from, and the same to the last bit.
            if following:
                best_BK[:following] += self._into_KK[tags_TB[t + 1, :following]]
            best_BK[following:] += self._end_K
            tags_TB[t, :n] = best_BK.argmax(-1)
            following = n
        return tags_TB

    def _marginals(self, scores_TBK: Array, active_T: npt.NDArray[np.intp]) -> Probabilities:
        """The marginals (T, B, K), which are 0 at padded places."""
        forward, backward = _log_sums(self._transitions_KK), _log_sums(self._into_KK)
        log_TBK = scores_TBK.copy()  # the log of the sum over all sequences that end here with this tag
        log_TBK[0] += self._start_K
        for t, n in enumerate(active_T[1:], 1):
            log_TBK[t, :n] += forward(log_TBK[t - 1, :n])
        probabilities_TBK = np.zeros(log_TBK.shape, np.float32)
        rest_BK = np.empty(log_TBK.shape[1:])  # the log of the sum over all that may follow this tag here
        following = 0
        for t, n in reversed(list(enumerate(active_T))):
            if following:
                rest_BK[:following] = backward(rest_BK[:following] + scores_TBK[t + 1, :following])
            rest_BK[following:n] = self._end_K
            probabilities_TBK[t, :n] = softmax(log_TBK[t, :n] + rest_BK[:n])
            following = n
        return probabilities_TBK


def _log_sums(transitions_KK: Array) -> Callable[[Array], Array]:
    """The function of log_BK whose value (B, K) at j is log sum_i exp(log_BK[:, i] + transitions_KK[i, j])."""
    top = transitions_KK.max()

    def by_product(log_BK: Array) -> Array:
        top_B1 = log_BK.max(-1, keepdims=True)
        # There is one product a sentence, as one product of all may round a sentence differently beside others.
        sums: Array = np.matmul(np.exp(log_BK - top_B1)[:, None], exponentials_KK)[:, 0]
        log_sums: Array = np.log(sums) + (top_B1 + top)
        return log_sums

    def one_by_one(log_BK: Array) -> Array:
        sums_KBK = log_BK.T[:, :, None] + transitions_KK[:, None]
        top_BK = sums_KBK.max(0)
        log_sums: Array = np.log(np.exp(sums_KBK - top_BK).sum(0)) + top_BK
        return log_sums

    if top - transitions_KK.min() > LARGEST_SPREAD:
        return one_by_one
    exponentials_KK = np.exp(transitions_KK - top)
    return by_product
