"""How far a text that is read is believed to say again what it has said before.

What came after the latest place that the text before matches (`ngrams.matches`) is made likelier, or less likely. Its
log-odds change by a sum that is linear in what they are, in whether the match stands in a word and goes on with one,
and in ln of how long ago it was, all of these once by themselves and once times ln of the length of the match. It is a
logistic regression, the last stage after all else. It begins with weights that suit most texts, and goes on being
learned from what each symbol was: after each part of the text the weights are those that make that part likeliest while
they stay near those before, where what all parts so far have said of each weight decides how near (Laplace's
approximation of a Bayesian regression, Spiegelhalter and Lauritzen 1990).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from charnn.arrays import Bools, Float32s, Float64s, Floats, Integers
from charnn.ngrams.matches import NOTHING, Matches, along, gathered
from charnn.ngrams.words import is_of_word
from charnn.tasks.language_model.halting import with_end_apart, without_end
from charnn.tokenizers.base import STOP_ID

Ids = npt.NDArray[np.integer]

USUAL = ((0.55, -0.13, 0.43, 0.61, -0.42), (0.15, -0.13, 0.07, -0.26, 0.18))
"""The weights in the beginning: of the facts by themselves, and of their products with ln of the length of the match.
The facts are 1; the log-odds; whether the last symbol, and the one that came next, are parts of words; ln of the
distance. They were found on texts of other kinds than those that are in the figures (docs/figures)."""
CAUTION = 30.0
"""Each weight costs so many times half the square of how far it is from where it began, in nats."""
STEPS, LEAST_STEP = 6, 1e-4
"""The most of Newton's steps after a part of the text, and the least change of a weight that is tried."""
ENOUGH = 1e-2
"""Nats. A step that brings less is the last one."""
LEAST_ODDS, MOST_ODDS = -15.0, 9.0
"""The log-odds that a change depends on are brought between these."""
LARGEST_CHANGE = 20.0
"""No log-odds change by more."""
CERTAIN = 30.0
"""Larger log-odds count as these."""


class LearnedMatches:
    """What has been read, and how far it is believed to come again. It changes in `read` alone."""

    def __init__(self, spellings: Sequence[bytes], read: str = NOTHING) -> None:
        """`spellings` are the bytes that each id writes, and `read` is what has been read before."""
        texts = [spelling.decode("utf-8", "replace") for spelling in spellings]
        self._is_word_V = np.array([any(map(is_of_word, text)) for text in texts])
        self._weights_K: Floats = np.array(USUAL).reshape(-1)
        self._curvature_KK: Floats = np.eye(len(self._weights_K)) * CAUTION
        self.latest = read
        """What has been read so far, as `ngrams.matches` keeps it."""

    def read(self, before: str, inputs_N: Ids, logits_NV: Floats, ids_N: Ids, *, halts: bool = False) -> Float32s:
        """The logits (N, V) of what follows N places that follow each other, as matches change `logits_NV`. `inputs_N`
        were read there, the first of them after `before`, and then `ids_N` came. Then it learns from these.

        Beside a network that `halts`, the probability that the text ends stays as it is.
        """
        each, self.latest = along(before, inputs_N)
        found = gathered(each, inputs_N)
        known_MK, odds_M = self._known(found, without_end(logits_NV) if halts else logits_NV)
        changes_M = (known_MK @ self._weights_K).clip(-LARGEST_CHANGE, LARGEST_CHANGE)
        changed_NV = logits_NV.astype(np.float32)
        changed_NV[found.rows_M, found.ids_M] += changes_M.astype(np.float32)
        came_M = ids_N[found.rows_M]
        learns_M = np.full(len(came_M), True) if not halts else (came_M != STOP_ID) & (found.ids_M != STOP_ID)
        if learns_M.any():
            is_right_M = came_M == found.ids_M
            self._learn(known_MK[learns_M], odds_M[learns_M], is_right_M[learns_M])
        return with_end_apart(changed_NV, logits_NV) if halts else changed_NV

    def _known(self, found: Matches, logits_NV: Floats) -> tuple[Float64s, Float64s]:
        """What the change after each match depends on, (M, K), and its log-odds (M,), which may be infinite."""
        odds_M = log_odds(logits_NV[found.rows_M], found.ids_M)
        facts_MF = np.column_stack(
            [
                np.ones(len(odds_M)),
                odds_M.clip(LEAST_ODDS, MOST_ODDS),
                self._is_word_V[found.last_M],
                self._is_word_V[found.ids_M],
                np.log(found.distances_M),
            ]
        )
        return np.column_stack([facts_MF, facts_MF * np.log(found.lengths_M)[:, np.newaxis]]), odds_M

    def _learn(self, known_MK: Floats, odds_M: Floats, is_right_M: Bools) -> None:
        """Learns from what came in M places, whose matches have the log-odds `odds_M` before any change."""
        odds_M, before_K = odds_M.clip(-CERTAIN, CERTAIN), self._weights_K

        def cost(tried_K: Floats) -> float:
            now_M, moved_K = odds_M + known_MK @ tried_K, tried_K - before_K
            nats = np.logaddexp(0, now_M) - is_right_M * now_M
            return float(nats.sum() + moved_K @ self._curvature_KK @ moved_K / 2)

        def curved(tried_K: Floats) -> tuple[Floats, Floats]:
            """The probabilities of the matches, and the curvature of all."""
            p_M = 1 / (1 + np.exp(-(odds_M + known_MK @ tried_K).clip(-CERTAIN, CERTAIN)))
            return p_M, self._curvature_KK + (known_MK * (p_M * (1 - p_M))[:, np.newaxis]).T @ known_MK

        weights_K, now = before_K, cost(before_K)
        for _ in range(STEPS):
            p_M, curvature_KK = curved(weights_K)
            gradient_K = known_MK.T @ (is_right_M - p_M) - self._curvature_KK @ (weights_K - before_K)
            step_K = np.linalg.solve(curvature_KK, gradient_K)
            while (then := cost(weights_K + step_K)) > now and np.abs(step_K).max() > LEAST_STEP:
                step_K /= 2
            if then > now:
                break
            weights_K, brought, now = weights_K + step_K, now - then, then
            if brought < ENOUGH:
                break
        self._weights_K, self._curvature_KK = weights_K, curved(weights_K)[1]


def log_odds(logits_MV: Floats, ids_M: Integers) -> Float64s:
    """ln p / (1 - p) of an id in each row, which may be infinite."""
    likelihood_MV = np.exp(logits_MV - logits_MV.max(1, keepdims=True)).astype(np.float64)
    own_M = likelihood_MV[np.arange(len(ids_M)), ids_M]
    with np.errstate(divide="ignore"):
        found: Float64s = np.log(own_M) - np.log((likelihood_MV.sum(1) - own_M).clip(0))
    return found
