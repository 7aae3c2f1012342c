"""What the steps of a language model are given beside their ids: conditions, such as how many tokens remain.

A condition has one value for each id that is read. The network has an embedding for it, whose row for the value is
added to the embedding of the id. Today there is one, the countdown of a model that foretells how long a document will
be. Another is a `Condition` in `CONDITIONS`, and a value in `TextConditions` for the texts that are written with it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from charnn.generation.model import NO_CONDITIONS, Conditions, TextStart
from charnn.tasks.language_model.config import Stopping
from charnn.tasks.language_model.lengths import LENGTH_CLASSES, class_of, draw_length, remaining_tokens
from charnn.tokenizers.base import STOP_ID

Ints = npt.NDArray[np.integer]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Condition:
    """A value that each step is given beside its id."""

    name: str
    """The network's parameter `NAME.weight`, (size, E), is its embedding."""
    port: str
    """The graph's input for the rows of the embedding, in the shape of the ids. It is not the condition's name, which
    the embedding has in the graph."""
    size: int
    """How many rows the embedding has."""
    beside_stops: bool
    """Whether it is added to the embedding of a stop, too."""
    row_of: Callable[[Ints], Ints]
    """The row of each value, in the shape that they have."""
    of_targets: Callable[[Ints, Ints | None], Ints]
    """The values beside the inputs of a text that is known, as `ConditionedLanguageModel.conditions` describes it."""


def _remaining(targets_BT: Ints, later_B: Ints | None) -> Ints:
    remaining_BT = remaining_tokens(targets_BT, STOP_ID)
    return remaining_BT if later_B is None else remaining_BT + later_B[:, np.newaxis]


COUNTDOWN = Condition("countdown", "left", LENGTH_CLASSES, beside_stops=False, row_of=class_of, of_targets=_remaining)
"""How many tokens of the document follow each id, 0 after the last. The network tells such numbers apart by classes."""

CONDITIONS: dict[Stopping, tuple[Condition, ...]] = {"symbol": (), "halt": (), "length": (COUNTDOWN,)}
"""The conditions of a model, by the way in which it ends a document."""


def condition_rows(conditions: Iterable[Condition], targets_N: Ints) -> dict[str, Ints]:
    """The rows of each embedding, by the condition's name, for the inputs of a text of these targets, in few bytes."""
    return {
        c.name: c.row_of(c.of_targets(targets_N[np.newaxis], None)[0]).astype(np.min_scalar_type(c.size - 1))
        for c in conditions
    }


@dataclass(frozen=True)
class TextConditions:
    """What one text that is being written gives its steps; meets `generation.model.TextConditions`."""

    remaining: int | None = None
    """How many tokens are still to come; None for a model that does not count down."""

    @property
    def values(self) -> Mapping[str, Any]:
        return {} if self.remaining is None else {COUNTDOWN.name: self.remaining}

    @property
    def is_over(self) -> bool:
        return self.remaining == 0

    def next(self) -> TextConditions:
        return self if self.remaining is None else replace(self, remaining=max(self.remaining - 1, 0))


class ConditionedLanguageModel(ABC):
    """A language model, whatever runs its network: how it ends a text, and what its steps are given beside the ids."""

    stopping: Stopping
    """How it ends a document."""

    @property
    def draws_stop(self) -> bool:
        """Whether the stop is drawn as any other token is."""
        return self.stopping == "symbol"

    @property
    def halts(self) -> bool:
        """Whether an output beside the tokens decides at each step if the text ends."""
        return self.stopping == "halt"

    def conditions(self, targets_BT: Ints, later_B: Ints | None = None) -> Conditions:
        """What the inputs of a text that is known are given, each value (B, T), where `targets_BT` follow them.

        The document of a row's last token has `later_B` more tokens beyond the row; without it, it ends with the row.
        """
        return {c.name: c.of_targets(targets_BT, later_B) for c in CONDITIONS[self.stopping]}

    def start(self, prompt_tokens: int, random: np.random.Generator) -> TextStart:
        """How a text begins; as `generation.model.NextTokenModel` describes it."""
        if self.stopping != "length":
            return TextStart(None, self.initial_state(1), TextConditions())
        logits_1V, log_p_1L, state = self.open_documents(1)
        length = draw_length(log_p_1L[0], random.random(), at_least=max(1, prompt_tokens))
        return TextStart(logits_1V[0], state, TextConditions(length))

    @abstractmethod
    def initial_state(self, batch: int) -> Any:
        """The state of `batch` lanes that have read nothing."""

    @abstractmethod
    def open_documents(self, batch: int, conditions: Conditions = NO_CONDITIONS) -> tuple[Floats, Floats, Any]:
        """Reads the stop that opens each of `batch` documents, where `stopping` is `length`.

        `conditions` (B,) are those beside the stops, but for the countdown, which has not begun. Gives the logits (B,
        V) of the first token; ln p (B, L) of the class of the document's length, for `draw_length`; and the state after
        the stop.
        """
