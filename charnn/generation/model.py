"""What generation asks of a model, and how a model reads a prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
import numpy.typing as npt

from charnn.tokenizers.base import Tokenizer, first_ids

Ids = npt.NDArray[np.integer]
Floats = npt.NDArray[np.float32]

Conditions = Mapping[str, npt.NDArray[Any]]
"""What steps are given beside their ids: for each condition of the model its values, one for each id, in their shape.
A model without conditions is given none."""
NO_CONDITIONS: Conditions = MappingProxyType({})

PROMPT_BLOCK = 4096
"""Tokens of a prompt that are read at once, so that a long one does not need the memory of all its logits."""


class TextConditions(Protocol):
    """What one text gives its steps beside their ids, as it stands after some of its tokens.

    It never changes. Two of them are equal where they give the same from there on.
    """

    @property
    def values(self) -> Mapping[str, Any]:
        """By the name of each condition its value beside the last token."""

    @property
    def is_over(self) -> bool:
        """Whether they say that the text ends after that token."""

    def next(self) -> Self:
        """What the text gives after one more token."""


class TextStart(NamedTuple):
    """How a text begins with a model, before its prompt is read."""

    logits_V: Floats | None
    """The logits of the first token, where the model had to read the stop that opens the text in order to foretell
    something of it; None where it has read nothing."""
    state: Any
    """The state of one lane, after what has been read."""
    conditions: TextConditions


class NextTokenModel(Protocol):
    """A trained network: ids, their conditions and a state in, the logits of the next token and a new state out."""

    @property
    def draws_stop(self) -> bool:
        """Whether the stop is drawn as any other token is."""

    @property
    def halts(self) -> bool:
        """Whether an output beside the tokens decides at each step if the text ends: the stop's probability is that of
        its end. A model that neither halts nor draws the stop ends a text by its conditions."""

    def initial_state(self, batch: int) -> Any:
        """The state of `batch` lanes that have read nothing."""

    def start(self, prompt_tokens: int, random: np.random.Generator) -> TextStart:
        """How a text begins that has at least `prompt_tokens` tokens, with what the model draws for it."""

    def step(self, ids_B: Ids, state: Any, conditions: Conditions = ...) -> tuple[Floats, Any]:
        """One token of each lane: ids (B,) to logits (B, V)."""

    def advance(self, ids_B: Ids, state: Any, conditions: Conditions = ...) -> Floats:
        """As `step`, but it is `state` itself that becomes the new one. The logits are good until the next call."""

    def sequence(self, ids_BT: Ids, state: Any, conditions: Conditions = ...) -> tuple[Floats, Any]:
        """Several tokens of each lane: ids (B, T) to logits (B, T, V)."""

    def select(self, state: Any, lanes: Ids) -> Any:
        """The state of these lanes, in this order."""

    def join(self, states: list[Any]) -> Any:
        """The state of all their lanes, one after the other."""

    def put(self, state: Any, lane: int, other: Any) -> None:
        """Sets one lane of `state` to the only one of `other`."""


def side_by_side(texts: Sequence[TextConditions]) -> Conditions:
    """The values (B,) of texts of one model, of which there is at least one."""
    if not texts[0].values:  # at every step of most models
        return NO_CONDITIONS
    values = [text.values for text in texts]
    return {name: np.array([each[name] for each in values]) for name in values[0]}


def conditions_at(conditions: Conditions, place: Any) -> Conditions:
    """The values at `place`, which is an index into arrays of the shape that they have."""
    return {name: values[place] for name, values in conditions.items()}


@dataclass(frozen=True)
class ReadPrompt:
    """What a model makes of a prompt."""

    logits_V: Floats
    """The logits of the token that follows."""
    state: Any
    """The state of one lane. It must not be changed: several texts may begin with it."""
    ids_T: Ids
    """The tokens of the prompt."""
    conditions: TextConditions
    """As they stand after the prompt."""


class PromptReader:
    """Reads prompts with one model. Each is read after what opens a document (`tokenizers.base.first_ids`)."""

    def __init__(self, model: NextTokenModel, tokenizer: Tokenizer, *, may_stop: bool) -> None:
        """`may_stop` is whether the model has learned where a document ends."""
        self._model, self._tokenizer = model, tokenizer
        self._first_ids = first_ids(tokenizer, ends_are_learned=may_stop)
        self._last: tuple[str, TextConditions, ReadPrompt] | None = None
        """The last prompt and the conditions that it was begun with: many texts often begin with the same."""

    def read(self, prompt: str, random: np.random.Generator) -> ReadPrompt:
        """Takes from `random` what the model draws for a text."""
        last_prompt, last_conditions, last = self._last or (None, None, None)
        ids_T = last.ids_T if last is not None and prompt == last_prompt else self._tokenizer.encode(prompt)
        start = self._model.start(len(ids_T), random)
        if last is None or prompt != last_prompt or start.conditions != last_conditions:
            last = self._read(ids_T, start)
            self._last = prompt, start.conditions, last
        return last

    def _read(self, ids_T: Ids, start: TextStart) -> ReadPrompt:
        logits_V, state, conditions = start
        unread_T = ids_T if logits_V is not None else np.concatenate((self._first_ids, ids_T))
        for first in range(0, len(unread_T), PROMPT_BLOCK):
            block_T = unread_T[first : first + PROMPT_BLOCK]
            after_each = []
            for _ in block_T:
                conditions = conditions.next()
                after_each.append(conditions)
            of_block = conditions_at(side_by_side(after_each), np.newaxis)
            logits_BTV, state = self._model.sequence(block_T[np.newaxis], state, of_block)
            logits_V = logits_BTV[0, -1]
        assert logits_V is not None, "a text is read after one token at least"
        return ReadPrompt(logits_V, state, ids_T, conditions)
