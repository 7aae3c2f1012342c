"""What a decoder is, which takes the scores that a network gives the words of sentences to tags; and the simplest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt

from charnn.arrays import Bools, Float64s, Int64s
from charnn.errors import ModelError
from charnn.softmax import softmax

Scores = npt.NDArray[np.floating]
"""(B, T, S): B sentences of up to T words, padded at the end, and the S scores that the network gives each word."""
Lengths = npt.NDArray[np.integer]
"""(B,): the words of each sentence, 0 to T."""
TagIds = npt.NDArray[np.int32]
Probabilities = npt.NDArray[np.float32]
Allowed = npt.NDArray[np.bool_]
"""(B, T, K): which tags each word may have. Each has one at least; what stands at padded places makes no difference."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """What a decoder says of the words of a batch. At padded places, and only there, everything is 0."""

    tags_BT: TagIds
    probabilities_BTK: Probabilities | None
    """Each word's distribution over all tags; each decoder says what it is conditional on."""


class Decoder(Protocol):
    """Chooses the tags of words by their scores.

    It has no state: the result of a sentence is the same, to the last bit, in every call and batch, with any padding.
    """

    tags: int
    """K, how many tags there are."""
    score_size: int
    """S, how many scores each word needs."""

    def decode(
        self,
        scores_BTS: Scores,
        lengths_B: Lengths,
        *,
        probabilities: bool = False,
        allowed_BTK: Allowed | None = None,
    ) -> Decoding:
        """The tags of every word, and with `probabilities` their distributions too. Time and memory are linear in T.

        With `allowed_BTK` no word has another tag than it may, and the distributions are conditional on that: the other
        tags have none of the probability. What the scores say at padded places makes no difference; NaN may stand
        there.
        Raises ModelError where a word has a score that is not finite.
        """


class IndependentDecoder:
    """A `Decoder` with a score for every tag. It chooses the best tag, and among equals the one with the lowest id."""

    def __init__(self, tags: int) -> None:
        self.tags = self.score_size = tags

    def decode(
        self,
        scores_BTS: Scores,
        lengths_B: Lengths,
        *,
        probabilities: bool = False,
        allowed_BTK: Allowed | None = None,
    ) -> Decoding:
        """As `Decoder.decode`. The probabilities are the softmax of the scores of the tags that are allowed."""
        word_BT = word_mask(scores_BTS, lengths_B, self.score_size)
        if allowed_BTK is not None:
            scores_BTS = np.where(allowed_BTK, scores_BTS, -np.inf)
        tags_BT = np.where(word_BT, scores_BTS.argmax(-1), 0).astype(np.int32)
        if not probabilities:
            return Decoding(tags_BT, None)
        probabilities_BTK = np.zeros(scores_BTS.shape, np.float32)
        probabilities_BTK[word_BT] = softmax(scores_BTS[word_BT])
        return Decoding(tags_BT, probabilities_BTK)


STEP_VALUES = 2**17
"""As many numbers as one step should work on, so that they stay in a processor's own cache (1 MB in float64)."""


def word_mask(scores_BTS: Scores, lengths_B: Lengths, score_size: int) -> Bools:
    """Where there is a word, (B, T). Raises ModelError where the scores of a word are not all finite."""
    batch, time, size = scores_BTS.shape
    assert size == score_size
    assert lengths_B.shape == (batch,)
    assert np.all((lengths_B >= 0) & (lengths_B <= time))
    word_BT: Bools = np.arange(time) < lengths_B[:, None]
    is_finite_BTS = np.isfinite(scores_BTS)
    if not is_finite_BTS.all() and not is_finite_BTS[word_BT].all():
        raise ModelError(
            "the model cannot say which tag a word has: a score of it is not finite",
            hint="its weights are damaged, or its training diverged",
        )
    return word_BT


def groups_by_length(lengths_B: Lengths, values: int) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """All sentences that have words, the longest first, in groups for which a step suits a processor's own cache.

    `values` is how many numbers one step works on for one sentence; a group has at least one sentence. Each group is
    its rows, and for every step t how many of them, counted from the first, have a word there. So a slice takes the
    place of a mask, and steps that are padding for all rows are never taken.
    """
    rows_B = np.argsort(-lengths_B.astype(np.int64), kind="stable")[: np.count_nonzero(lengths_B)]
    size = max(1, STEP_VALUES // values)
    for first in range(0, len(rows_B), size):
        rows = rows_B[first : first + size]
        shortest_first = lengths_B[rows[::-1]]
        yield rows, len(rows) - np.searchsorted(shortest_first, np.arange(shortest_first[-1]), side="right")


Flags = npt.NDArray[np.bool_]
BREACH = 1e9
"""What a breach of the rule costs, in nats. A sum of scores never comes near it, so sequences with fewer breaches are
better; it is finite, so that there is a best sequence even where none keeps to the rule."""
_NEVER = 1 << 40
"""More breaches than a sentence can have."""


@dataclass(frozen=True, eq=False)
class Transitions:
    """What a scheme of K tags allows. Sequences that break it are never decoded where one keeps to it.

    Where none does (the tags that words are allowed to have contradict the scheme; a sentence of one word, and no tag
    may be both first and last), one with the fewest breaches is.
    """

    allowed_KK: Flags
    """Whether tag j may stand right after tag i, at [i, j]."""
    first_K: Flags
    """Whether a tag may be the first of a sentence."""
    last_K: Flags
    """Whether a tag may be the last of a sentence."""

    @property
    def tags(self) -> int:
        return len(self.first_K)

    @cached_property
    def breaches_KK(self) -> Int64s:
        """(K + 1, K): 1 where a tag may not follow; the tag before the first word is K."""
        return np.vstack([~self.allowed_KK, ~self.first_K]).astype(np.int64)

    def breaches_ahead(self, lengths_B: Lengths, time: int, allowed_BTK: Allowed | None = None) -> Int64s:
        """(B, T, K): the fewest breaches after a word that has this tag, the end of its sentence included, where the
        words after it have tags that are allowed."""
        between_KK, ends_K = self.breaches_KK[:-1], (~self.last_K).astype(np.int64)
        left_BT = lengths_B[:, None] - np.arange(time) - 1
        if allowed_BTK is None:
            ahead_TK = np.zeros((time, self.tags), np.int64)
            for r in range(time):
                ahead_TK[r] = (between_KK + ahead_TK[r - 1]).min(1) if r else ends_K
            ahead_BTK: Int64s = ahead_TK[left_BT.clip(0)]
            return ahead_BTK
        ahead_BTK = np.zeros((len(lengths_B), time, self.tags), np.int64)
        for t in reversed(range(time)):
            if t + 1 < time:
                next_BK = np.where(allowed_BTK[:, t + 1], ahead_BTK[:, t + 1], _NEVER)
                ahead_BTK[:, t] = (between_KK + next_BK[:, None]).min(2)
            ahead_BTK[left_BT[:, t] <= 0, t] = ends_K
        return ahead_BTK

    def penalties(self) -> tuple[Float64s, Float64s, Float64s]:
        """What is added to the transitions (K, K), starts (K,) and ends (K,) of a crf: 0, or -BREACH."""
        of_KK, first_K, last_K = (
            np.where(flags, 0.0, -BREACH) for flags in (self.allowed_KK, self.first_K, self.last_K)
        )
        return of_KK, first_K, last_K
