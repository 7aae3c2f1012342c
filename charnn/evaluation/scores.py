"""The score of a language model on a text, as sums and counts that can be added."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from charnn.evaluation.scorer import Costs


def bits(nats: float) -> float:
    return nats / math.log(2)


@dataclass(frozen=True)
class LanguageScore:
    """What predicting a text cost. Scores of parts add up to the score of the whole.

    Everything is per character of the text, whatever the tokens are, so models with different tokenizers compare.
    """

    nats: float
    """The sum of -ln p over the tokens of the text, stop tokens left out."""
    characters: int
    """Of the text: `len(text)`."""
    stop_nats: float = 0.0
    """What predicting where documents end cost: the sum of -ln p over the stop tokens, or over the lengths that were
    foretold."""
    stops: int = 0

    @classmethod
    def of_costs(
        cls,
        costs: Costs,
        targets_BT: npt.NDArray[np.integer],
        scored_BT: npt.NDArray[np.bool_],
        stop_id: int,
    ) -> LanguageScore:
        """The sums over the places that `scored_BT` marks; `characters` is 0, as tokens do not tell."""
        return cls(
            nats=float(np.sum(costs.text_BT, where=scored_BT, dtype=np.float64)),
            characters=0,
            stop_nats=float(np.sum(costs.ends_BT, where=scored_BT, dtype=np.float64)),
            stops=int(np.count_nonzero(scored_BT & (targets_BT == stop_id))),
        )

    def __add__(self, other: LanguageScore) -> LanguageScore:
        return LanguageScore(
            nats=self.nats + other.nats,
            characters=self.characters + other.characters,
            stop_nats=self.stop_nats + other.stop_nats,
            stops=self.stops + other.stops,
        )

    @property
    def nats_per_character(self) -> float:
        """Raises ValueError where there are no characters: no text has no score."""
        if self.characters == 0:
            raise ValueError("a text without characters has no score per character")
        return self.nats / self.characters

    @property
    def bits_per_character(self) -> float:
        return bits(self.nats_per_character)

    @property
    def perplexity(self) -> float:
        """exp of nats per character, under any tokenizer: never per token. Infinite beyond the range of a float."""
        try:
            return math.exp(self.nats_per_character)
        except OverflowError:
            return math.inf

    @property
    def nats_per_stop(self) -> float | None:
        return self.stop_nats / self.stops if self.stops else None
