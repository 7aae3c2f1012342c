"""Conditions: what a language model is told at each step beside the id, such as how many tokens remain.

A condition has one value for each id that is read. The network has an embedding for it, whose row for the value is
added to the embedding of the id. Today there is one, the countdown of a model that foretells how long a document will
be. Another one would be a `Condition` in `CONDITIONS`, and a value in `TextConditionValues` for texts that are written.
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
    """A condition that each step is given beside its id."""

    name: str
    """The name of the condition. Its embedding is the network's parameter `NAME.weight`, (size, E)."""
    port: str
    """The name of the graph's input for the rows of the embedding, which has the shape of the ids. It is not the
    condition's name, because that is the embedding's in the graph."""
    size: int
    """The number of rows of the embedding."""
    beside_stops: bool
    """Whether it is added to the embedding of a stop token, too."""
    row_of: Callable[[Ints], Ints]
    """Gives the row of the embedding for each value, in the shape of the values."""
    of_targets: Callable[[Ints, Ints | None], Ints]
    """Gives the values for the inputs of a known text, as `ConditionedLanguageModel.conditions` describes them."""


def _remaining(targets_BT: Ints, later_B: Ints | None) -> Ints:
    remaining_BT = remaining_tokens(targets_BT, STOP_ID)
    return remaining_BT if later_B is None else remaining_BT + later_B[:, np.newaxis]


COUNTDOWN = Condition("countdown", "left", LENGTH_CLASSES, beside_stops=False, row_of=class_of, of_targets=_remaining)
"""The number of tokens of the document that follow each id, 0 after the last one. The network sees it as a class of
lengths."""

CONDITIONS: dict[Stopping, tuple[Condition, ...]] = {"symbol": (), "halt": (), "length": (COUNTDOWN,)}
"""The conditions that a model has for each way to end a document."""


def condition_rows(conditions: Iterable[Condition], targets_N: Ints) -> dict[str, Ints]:
    """The rows of each condition's embedding, by its name, for the inputs of a text with these targets."""
    return {
        c.name: c.row_of(c.of_targets(targets_N[np.newaxis], None)[0]).astype(np.min_scalar_type(c.size - 1))
        for c in conditions
    }


@dataclass(frozen=True)
class TextConditionValues:
    """The conditions of one text that is being written. It meets `generation.model.TextConditions`."""

    remaining: int | None = None
    """The number of tokens that are still to come, or None for a model that does not count down."""

    @property
    def values(self) -> Mapping[str, Any]:
        return {} if self.remaining is None else {COUNTDOWN.name: self.remaining}

    @property
    def is_over(self) -> bool:
        return self.remaining == 0

    def next(self) -> TextConditionValues:
        return self if self.remaining is None else replace(self, remaining=max(self.remaining - 1, 0))


class ConditionedLanguageModel(ABC):
    """A language model, whatever runs its network. It knows how the model ends a text, and its conditions."""

    stopping: Stopping
    """The way in which the model ends a document."""

    @property
    def draws_stop(self) -> bool:
        """Whether the stop token is drawn as any other token is."""
        return self.stopping == "symbol"

    @property
    def halts(self) -> bool:
        """Whether a decision apart from the tokens says at each step if the text ends."""
        return self.stopping == "halt"

    def conditions(self, targets_BT: Ints, later_B: Ints | None = None) -> Conditions:
        """The values (B, T) of each condition for the inputs of a known text, where `targets_BT` are the next tokens.

        The document at the end of each row has `later_B` more tokens beyond it. Without `later_B` it ends with the row.
        """
        return {c.name: c.of_targets(targets_BT, later_B) for c in CONDITIONS[self.stopping]}

    def start(self, prompt_tokens: int, random: np.random.Generator) -> TextStart:
        """Begins a text, as `generation.model.NextTokenModel` describes it."""
        if self.stopping != "length":
            return TextStart(None, self.initial_state(1), TextConditionValues())
        logits_1V, log_p_1L, state = self.open_documents(1)
        length = draw_length(log_p_1L[0], random.random(), at_least=max(1, prompt_tokens))
        return TextStart(logits_1V[0], state, TextConditionValues(length))

    @abstractmethod
    def initial_state(self, batch: int) -> Any:
        """The state of `batch` lanes that have read nothing."""

    @abstractmethod
    def open_documents(self, batch: int, conditions: Conditions = NO_CONDITIONS) -> tuple[Floats, Floats, Any]:
        """Reads the stop token that opens each of `batch` documents, where `stopping` is `length`.

        `conditions` (B,) are those beside the stop tokens, without the countdown, which has not begun. It gives the
        logits (B, V) of the first token, ln p (B, L) of the class of the document's length for `draw_length`, and the
        state after the stop token.
        """
