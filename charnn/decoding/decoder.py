"""What a decoder is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.floating]
"""(B, T, S): B sentences of up to T words, padded at the end, and the S scores that the network gives each word."""
Lengths = npt.NDArray[np.integer]
"""(B,): the words of each sentence, 0 to T."""
Tags = npt.NDArray[np.int32]
Probabilities = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Decoding:
    """At padded places, and only there, everything is 0."""

    tags_BT: Tags
    probabilities_BTK: Probabilities | None
    """Each word's distribution over all tags; what it is conditional on, each decoder says."""


class Decoder(Protocol):
    """Ids of tags from the scores of words. It holds no state: calls, and the sentences of one, know nothing of each
    other, and a sentence's result is the same, to the last bit, in every batch and with any padding."""

    tags: int
    """K, how many tags there are."""
    score_size: int
    """S, how many scores each word needs."""

    def decode(self, scores_BTS: Scores, lengths_B: Lengths, *, probabilities: bool = False) -> Decoding:
        """The tags of every word, and with `probabilities` their distributions too. Time and memory are linear in T.

        What the scores say at padded places makes no difference; NaN may stand there.
        Raises ModelError where a word has a score that is not finite.
        """
