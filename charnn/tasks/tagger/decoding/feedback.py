"""Tags whose scores depend on the tag before: decoded greedily or with a beam."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from charnn.softmax import log_softmax, softmax
from charnn.tasks.tagger.decoding.decoder import (
    BREACH,
    Allowed,
    Decoding,
    Lengths,
    Scores,
    TagIds,
    Transitions,
    groups_by_length,
    word_mask,
)


class TagChain(Protocol):
    """The logits of a word's tag given the tag before it: a Markov chain of first order."""

    tags: int
    score_size: int

    def logits(self, scores: Scores, previous: npt.NDArray[np.integer]) -> Scores:
        """The logits (..., K) for scores (..., S) and tags before (...); the tag before the first word is K."""


def beam_search(
    chain: TagChain,
    scores_BTS: Scores,
    lengths_B: Lengths,
    width: int,
    allowed_BTK: Allowed | None = None,
    rule: Transitions | None = None,
) -> TagIds:
    """The tags (B, T) of the most probable sequence of each sentence that a beam of `width` (1 to K) tags finds.

    Sequences that end in the same tag have the same future, so only the best of them is kept: a beam of K is exact
    (Viterbi), a beam of 1 greedy. Among equally good tags the lowest id is kept, at the last word first.
    With `allowed_BTK` it finds the most probable of the sequences that are allowed, and with a `rule` of those that
    break it least often.
    """
    tags_BT = np.zeros(scores_BTS.shape[:2], np.int32)
    ahead_BTK = None if rule is None else rule.breaches_ahead(lengths_B, scores_BTS.shape[1], allowed_BTK)
    for rows, active_T in groups_by_length(lengths_B, width * max(chain.tags, chain.score_size)):
        kept_TBW = np.zeros((len(active_T), len(rows), width), np.int32)
        origin_TBW = np.zeros_like(kept_TBW)
        nats_BW = np.zeros((len(rows), width))
        open_BW = np.full((len(rows), 1), chain.tags)
        for t, n in enumerate(active_T):
            logits_BWK = chain.logits(scores_BTS[rows[:n], t][:, None], open_BW[:n])
            total_BWK = nats_BW[:n, : open_BW.shape[1], None] - log_softmax(logits_BWK)
            if allowed_BTK is not None:
                total_BWK[np.broadcast_to(~allowed_BTK[rows[:n], t][:, None], total_BWK.shape)] = np.inf
            if rule is not None:
                total_BWK = total_BWK + BREACH * rule.breaches_KK[open_BW[:n]]
            lowest_BK = promised_BK = total_BWK.min(1)
            if ahead_BTK is not None:
                promised_BK = lowest_BK + BREACH * ahead_BTK[rows[:n], t]
            open_BW = np.sort(np.argsort(promised_BK, axis=1, kind="stable")[:, :width], axis=1)
            nats_BW[:n] = np.take_along_axis(lowest_BK, open_BW, 1)
            kept_TBW[t, :n] = open_BW
            origin_TBW[t, :n] = np.take_along_axis(total_BWK.argmin(1), open_BW, 1)
        if rule is not None:
            ends_BW = kept_TBW[lengths_B[rows] - 1, np.arange(len(rows))]
            nats_BW += BREACH * ~rule.last_K[ends_BW]
        place_B = nats_BW.argmin(1)
        for t, n in reversed(list(enumerate(active_T))):
            tags_BT[rows[:n], t] = kept_TBW[t, np.arange(n), place_B[:n]]
            place_B[:n] = origin_TBW[t, np.arange(n), place_B[:n]]
    return tags_BT


class _Network(NamedTuple):
    """The part of a network that chooses tags by its scores and by the tag before."""

    tag_vectors_KS: npt.NDArray[np.floating]
    output_weight_SK: npt.NDArray[np.floating]
    output_bias_K: npt.NDArray[np.floating]

    def logits(self, scores: Scores, previous: npt.NDArray[np.integer]) -> Scores:
        hidden = np.tanh(scores + self.tag_vectors_KS[previous])
        # There is one product a word, as one product of all may round a word's logits differently beside others.
        product: Scores = np.matmul(hidden[..., None, :], self.output_weight_SK)[..., 0, :]
        product += self.output_bias_K
        return product


class FeedbackDecoder:
    """A `Decoder` that chooses the best tag of each word in turn and feeds it back, or that searches with a beam.

    It computes in the precision of its weights, and in fp32 at least.
    """

    def __init__(
        self,
        tag_vectors_KS: npt.NDArray[np.floating],
        output_weight_KS: npt.NDArray[np.floating],
        output_bias_K: npt.NDArray[np.floating],
        *,
        beam: int = 1,
        rule: Transitions | None = None,
    ) -> None:
        """The arrays are U (K + 1, S), V (K, S) and c (K) of logits = V tanh(scores + U[tag before]) + c.

        Those of several networks lie one after the other on a first axis, (M, ...), and a word has the scores of all,
        (M S). The probabilities of a tag after the tag before it are then the mean of those of the networks.

        `beam` is how many tags are kept open at each word, from 1, which is greedy, to K and above, which is exact.
        With a `rule` each choice is among the tags after which a sentence can still keep to it.
        """
        assert beam >= 1
        self.tags, size = output_weight_KS.shape[-2:]
        self.beam = beam
        self._rule = rule
        self._dtype = np.result_type(np.float32, tag_vectors_KS, output_weight_KS, output_bias_K)
        self._each = [
            _Network(
                vectors_KS.astype(self._dtype),
                np.ascontiguousarray(weight_KS.T, self._dtype),
                bias_K.astype(self._dtype),
            )
            for vectors_KS, weight_KS, bias_K in zip(
                tag_vectors_KS.reshape(-1, self.tags + 1, size),
                output_weight_KS.reshape(-1, self.tags, size),
                output_bias_K.reshape(-1, self.tags),
                strict=True,
            )
        ]
        self.score_size = size * len(self._each)

    def decode(
        self,
        scores_BTS: Scores,
        lengths_B: Lengths,
        *,
        probabilities: bool = False,
        allowed_BTK: Allowed | None = None,
    ) -> Decoding:
        """Decodes as `Decoder.decode` says. Among equally good tags the greedy choice takes the lowest id.

        The probabilities of a word are conditional on the tag chosen for the word before it, as if that were certain;
        with a rule they are those of the tags that may still be chosen there. A tag that is given changes what the
        greedy choice takes after it, and with a beam or a rule also what it takes before.
        """
        word_BT = word_mask(scores_BTS, lengths_B, self.score_size)
        scores_BTS = scores_BTS.astype(self._dtype, copy=False)
        if self.beam == 1:
            tags_BT = self._greedy(scores_BTS, lengths_B, allowed_BTK)
        else:
            tags_BT = beam_search(self, scores_BTS, lengths_B, min(self.beam, self.tags), allowed_BTK, self._rule)
        if not probabilities:
            return Decoding(tags_BT, None)
        previous_BT = np.roll(tags_BT, 1, axis=1)
        previous_BT[:, :1] = self.tags
        probabilities_BTK = np.zeros((*tags_BT.shape, self.tags), np.float32)
        logits_NK = self.logits(scores_BTS[word_BT], previous_BT[word_BT])
        if allowed_BTK is not None:
            logits_NK = np.where(allowed_BTK[word_BT], logits_NK, -np.inf)
        if self._rule is not None:
            ahead_NK = self._rule.breaches_ahead(lengths_B, tags_BT.shape[1], allowed_BTK)[word_BT]
            logits_NK = _least_breaches(logits_NK, self._rule.breaches_KK[previous_BT[word_BT]] + ahead_NK)
        probabilities_BTK[word_BT] = softmax(logits_NK)
        return Decoding(tags_BT, probabilities_BTK)

    def logits(self, scores: Scores, previous: npt.NDArray[np.integer]) -> Scores:
        """The logits (..., K) of words with these scores (..., S) after these tags (...).

        K is the tag before the first word. The leading axes of the two are broadcast.
        """
        if len(self._each) == 1:
            return self._each[0].logits(scores, previous)
        own = np.split(scores, len(self._each), axis=-1)
        log_p = [log_softmax(one.logits(scores, previous)) for one, scores in zip(self._each, own, strict=True)]
        mean: Scores = np.logaddexp.reduce(log_p) - np.log(len(log_p))
        return mean

    def _greedy(self, scores_BTS: Scores, lengths_B: Lengths, allowed_BTK: Allowed | None) -> TagIds:
        tags_BT = np.zeros(scores_BTS.shape[:2], np.int32)
        rule, time = self._rule, scores_BTS.shape[1]
        ahead_BTK = None if rule is None else rule.breaches_ahead(lengths_B, time, allowed_BTK)
        for rows, active_T in groups_by_length(lengths_B, max(self.tags, self.score_size)):
            tags_TB = np.zeros((len(active_T), len(rows)), np.int32)
            previous_B = np.full(len(rows), self.tags)
            for t, n in enumerate(active_T):
                logits_BK = self.logits(scores_BTS[rows[:n], t], previous_B[:n])
                if allowed_BTK is not None:
                    logits_BK = np.where(allowed_BTK[rows[:n], t], logits_BK, -np.inf)
                if rule is not None and ahead_BTK is not None:
                    breaches_BK = rule.breaches_KK[previous_B[:n]] + ahead_BTK[rows[:n], t]
                    logits_BK = _least_breaches(logits_BK, breaches_BK)
                previous_B = logits_BK.argmax(-1)
                tags_TB[t, :n] = previous_B
            tags_BT[rows, : len(active_T)] = tags_TB.T
        return tags_BT


def _least_breaches(logits_NK: Scores, breaches_NK: npt.NDArray[np.int64]) -> Scores:
    """The logits, with -inf for the tags that lead to more breaches than others; one of -inf is out from the start."""
    breaches_NK = np.where(np.isneginf(logits_NK), np.iinfo(np.int64).max, breaches_NK)
    kept: Scores = np.where(breaches_NK == breaches_NK.min(-1, keepdims=True), logits_NK, -np.inf)
    return kept
