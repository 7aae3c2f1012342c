"""Tags whose scores depend on the tag before: each is chosen in turn, and fed back."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from charnn.arrays import Floats, Int64s, Integers
from charnn.softmax import log_softmax, softmax
from charnn.tasks.tagger.decoding.decoder import (
    Allowed,
    Decoding,
    Lengths,
    Scores,
    TagIds,
    Transitions,
    groups_by_length,
    word_mask,
)


class _Network(NamedTuple):
    """The part of a network that chooses tags by its scores and by the tag before."""

    tag_vectors_KS: Floats
    output_weight_SK: Floats
    output_bias_K: Floats

    def logits(self, scores: Scores, previous: Integers) -> Scores:
        hidden = np.tanh(scores + self.tag_vectors_KS[previous])
        # There is one product a word, as one product of all may round a word's logits differently beside others.
        product: Scores = np.matmul(hidden[..., None, :], self.output_weight_SK)[..., 0, :]
        product += self.output_bias_K
        return product


class FeedbackDecoder:
    """A `Decoder` that chooses the best tag of each word in turn, and feeds it back. That is greedy, and not exact.

    It computes in the precision of its weights, and in fp32 at least.
    """

    def __init__(
        self,
        tag_vectors_KS: Floats,
        output_weight_KS: Floats,
        output_bias_K: Floats,
        *,
        rule: Transitions | None = None,
    ) -> None:
        """The arrays are U (K + 1, S), V (K, S) and c (K) of logits = V tanh(scores + U[tag before]) + c.

        Those of several networks lie one after the other on a first axis, (M, ...), and a word has the scores of all,
        (M S). The probabilities of a tag after the tag before it are then the mean of those of the networks.

        With a `rule` each choice is among the tags after which a sentence can still keep to it.
        """
        self.tags, size = output_weight_KS.shape[-2:]
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
        """Decodes as `Decoder.decode` says. Among equally good tags the lowest id is taken.

        The probabilities of a word are conditional on the tag chosen for the word before it, as if that were certain;
        with a rule they are those of the tags that may still be chosen there. A tag that is given changes what is
        chosen after it, and with a rule also what is chosen before.
        """
        word_BT = word_mask(scores_BTS, lengths_B, self.score_size)
        scores_BTS = scores_BTS.astype(self._dtype, copy=False)
        tags_BT = self._tags(scores_BTS, lengths_B, allowed_BTK)
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

    def logits(self, scores: Scores, previous: Integers) -> Scores:
        """The logits (..., K) of words with these scores (..., S) after these tags (...).

        K is the tag before the first word. The leading axes of the two are broadcast.
        """
        if len(self._each) == 1:
            return self._each[0].logits(scores, previous)
        own = np.split(scores, len(self._each), axis=-1)
        log_p = [log_softmax(one.logits(scores, previous)) for one, scores in zip(self._each, own, strict=True)]
        mean: Scores = np.logaddexp.reduce(log_p) - np.log(len(log_p))
        return mean

    def _tags(self, scores_BTS: Scores, lengths_B: Lengths, allowed_BTK: Allowed | None) -> TagIds:
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


def _least_breaches(logits_NK: Scores, breaches_NK: Int64s) -> Scores:
    """The logits, with -inf for the tags that lead to more breaches than others; one of -inf is out from the start."""
    breaches_NK = np.where(np.isneginf(logits_NK), np.iinfo(np.int64).max, breaches_NK)
    kept: Scores = np.where(breaches_NK == breaches_NK.min(-1, keepdims=True), logits_NK, -np.inf)
    return kept
