"""What a text costs a language model, as sums and counts that can be added; and what scoring asks of a model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from charnn.generation.model import Conditions

Floats = npt.NDArray[np.floating]
Ids = npt.NDArray[np.integer]


class Costs(NamedTuple):
    """What reading cost at each place, in nats; the two add up to all that it cost."""

    text_BT: Floats
    """-ln p of each target that is a token of the text; 0 where it is a stop."""
    ends_BT: Floats
    """-ln p of each target that is a stop, 0 elsewhere. Where a model foretells lengths, it is -ln p of the length of
    the document that each stop among the inputs opens: its end itself costs nothing more."""

    @classmethod
    def of_tokens(cls, nats_BT: Floats, targets_BT: Ids, stop_id: int) -> Costs:
        """The costs where the end of a document is a token like any other: `nats_BT` is -ln p of each target."""
        is_stop_BT = targets_BT == stop_id
        zero = nats_BT.dtype.type(0)
        return cls(np.where(is_stop_BT, zero, nats_BT), np.where(is_stop_BT, nats_BT, zero))


class Scorer(Protocol):
    """A recurrent model that tells what its next tokens cost. Rows of a batch know nothing of each other."""

    def initial_state(self, batch: int) -> Any:
        """The state of `batch` rows that have read nothing."""

    def conditions(self, targets_BT: Ids, later_B: Ids | None = None) -> Conditions:
        """What the inputs before `targets_BT` are given beside their ids.

        It depends on where documents end. The document of a row's last target has `later_B` more tokens beyond the row;
        without it, it ends with the row.
        """

    def costs(self, inputs_BT: Ids, targets_BT: Ids, state: Any, conditions: Conditions) -> tuple[Costs, Any]:
        """The costs, given the state and the inputs up to each place; and the state after the last.

        Inputs and targets are ids, (B, T), and so are the values of the `conditions` of the inputs. What a row gives at
        one step does not depend on its later steps, so padding at the end of a row is harmless.
        """


def bits(nats: float) -> float:
    return nats / math.log(2)


@dataclass(frozen=True)
class LanguageScore:
    """What predicting a text cost. Scores of parts add up to the score of the whole.

    All figures are per character of the text, whatever the tokens are, so that models with different tokenizers
    compare.
    """

    nats: float
    """The sum of -ln p over the tokens of the text, stop tokens left out."""
    characters: int
    """The length of the text, `len(text)`."""
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
        """exp of the nats per character, never per token, under any tokenizer. Infinite beyond the range of a float."""
        try:
            return math.exp(self.nats_per_character)
        except OverflowError:
            return math.inf

    @property
    def nats_per_stop(self) -> float | None:
        return self.stop_nats / self.stops if self.stops else None
