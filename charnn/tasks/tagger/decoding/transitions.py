"""Which tag may follow which, as a rule that every decoder keeps to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from charnn.tasks.tagger.decoding.decoder import Allowed, Lengths

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

    @property
    def breaches_KK(self) -> npt.NDArray[np.int64]:
        """(K + 1, K): 1 where a tag may not follow; the tag before the first word is K."""
        return np.vstack([~self.allowed_KK, ~self.first_K]).astype(np.int64)

    def breaches_ahead(
        self, lengths_B: Lengths, time: int, allowed_BTK: Allowed | None = None
    ) -> npt.NDArray[np.int64]:
        """(B, T, K): the fewest breaches after a word that has this tag, the end of its sentence included, where the
        words after it have tags that are allowed."""
        between_KK, ends_K = self.breaches_KK[:-1], (~self.last_K).astype(np.int64)
        left_BT = lengths_B[:, None] - np.arange(time) - 1
        if allowed_BTK is None:
            ahead_TK = np.zeros((time, self.tags), np.int64)
            for r in range(time):
                ahead_TK[r] = (between_KK + ahead_TK[r - 1]).min(1) if r else ends_K
            ahead_BTK: npt.NDArray[np.int64] = ahead_TK[left_BT.clip(0)]
            return ahead_BTK
        ahead_BTK = np.zeros((len(lengths_B), time, self.tags), np.int64)
        for t in reversed(range(time)):
            if t + 1 < time:
                next_BK = np.where(allowed_BTK[:, t + 1], ahead_BTK[:, t + 1], _NEVER)
                ahead_BTK[:, t] = (between_KK + next_BK[:, None]).min(2)
            ahead_BTK[left_BT[:, t] <= 0, t] = ends_K
        return ahead_BTK

    def penalties(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """What is added to the transitions (K, K), starts (K,) and ends (K,) of a crf: 0, or -BREACH."""
        of_KK, first_K, last_K = (
            np.where(flags, 0.0, -BREACH) for flags in (self.allowed_KK, self.first_K, self.last_K)
        )
        return of_KK, first_K, last_K
