"""Every word for itself: the scores are logits of tags, and no word's tag makes another's more probable."""

from __future__ import annotations

import numpy as np

from charnn.decoding.decoder import Decoding, Lengths, Scores
from charnn.decoding.ragged import words
from charnn.decoding.softmax import softmax


class IndependentDecoder:
    """A `Decoder` with a score for every tag. Of several best tags it chooses the one with the lowest id."""

    def __init__(self, tags: int) -> None:
        self.tags = self.score_size = tags

    def decode(self, scores_BTS: Scores, lengths_B: Lengths, *, probabilities: bool = False) -> Decoding:
        """As `Decoder.decode`. The probabilities are the softmax of the scores."""
        word_BT = words(scores_BTS, lengths_B, self.score_size)
        tags_BT = np.where(word_BT, scores_BTS.argmax(-1), 0).astype(np.int32)
        if not probabilities:
            return Decoding(tags_BT, None)
        probabilities_BTK = np.zeros(scores_BTS.shape, np.float32)
        probabilities_BTK[word_BT] = softmax(scores_BTS[word_BT])
        return Decoding(tags_BT, probabilities_BTK)
