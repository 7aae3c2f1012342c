"""The protocol of the models that generate text, and the reader that takes a model through a prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
import numpy.typing as npt

from charnn.arrays import Float32s
from charnn.tokenizers.base import Tokenizer, first_ids

Ids = npt.NDArray[np.integer]

Conditions = Mapping[str, npt.NDArray[Any]]
"""The values that steps are given beside their ids, by the names of the model's conditions. Each array has a value for
each id, in the shape of the ids. A model without conditions is given none."""
NO_CONDITIONS: Conditions = MappingProxyType({})

PROMPT_BLOCK = 4096
"""The number of tokens of a prompt that are read at once, so that a long one needs no memory for all its logits."""


class TextConditions(Protocol):
    """The conditions of one text after some of its tokens.

    It never changes. Two are equal where they give the same values from there on.
    """

    @property
    def values(self) -> Mapping[str, Any]:
        """The value of each condition beside the last token, by the condition's name."""

    @property
    def is_over(self) -> bool:
        """Whether the conditions say that the text ends after that token."""

    def next(self) -> Self:
        """The conditions after one more token."""


class TextStart(NamedTuple):
    """The beginning of a text, before its prompt is read."""

    logits_V: Float32s | None
    """The logits of the first token, where the model had to read the stop token that opens the text in order to
    foretell something about it. None says that it has read nothing."""
    state: Any
    """The state of one lane after what has been read."""
    conditions: TextConditions


class NextTokenModel(Protocol):
    """A trained network, which takes ids, their conditions and a state, and gives the next token's logits and a new
    state. A lane is a row of the batch."""

    @property
    def draws_stop(self) -> bool:
        """Whether the stop token is drawn as any other token is."""

    @property
    def halts(self) -> bool:
        """Whether a decision apart from the tokens says at each step if the text ends. The stop token's probability is
        then that of the end. A model that neither halts nor draws the stop token ends a text by its conditions."""

    def initial_state(self, batch: int) -> Any:
        """The state of `batch` lanes that have read nothing."""

    def start(self, prompt_tokens: int, random: np.random.Generator) -> TextStart:
        """Begins a text of at least `prompt_tokens` tokens. What the model draws for it comes from `random`."""

    def step(self, ids_B: Ids, state: Any, conditions: Conditions = ...) -> tuple[Float32s, Any]:
        """Reads one token of each lane, ids (B,), and gives logits (B, V) and the state after it."""

    def advance(self, ids_B: Ids, state: Any, conditions: Conditions = ...) -> Float32s:
        """Does what `step` does, but changes `state` itself. The logits are valid until the next call."""

    def sequence(self, ids_BT: Ids, state: Any, conditions: Conditions = ...) -> tuple[Float32s, Any]:
        """Reads several tokens of each lane, ids (B, T), and gives logits (B, T, V) and the state after the last."""

    def select(self, state: Any, lanes: Ids) -> Any:
        """The state of these lanes, in this order."""

    def join(self, states: list[Any]) -> Any:
        """The state of the lanes of all `states`, one after the other."""

    def put(self, state: Any, lane: int, other: Any) -> None:
        """Sets one lane of `state` to the only one of `other`."""


def stack_conditions(texts: Sequence[TextConditions]) -> Conditions:
    """The values (B,) of several texts of one model; there is at least one text."""
    if not texts[0].values:  # at every step of most models
        return NO_CONDITIONS
    values = [text.values for text in texts]
    return {name: np.array([each[name] for each in values]) for name in values[0]}


def conditions_at(conditions: Conditions, place: Any) -> Conditions:
    """The values at `place`, which is an index into each of the arrays."""
    return {name: values[place] for name, values in conditions.items()}


@dataclass(frozen=True)
class ReadPrompt:
    """A prompt that a model has read."""

    logits_V: Float32s
    """The logits of the token that follows the prompt."""
    state: Any
    """The state of one lane after the prompt. It must not be changed, since several texts may begin with it."""
    ids_T: Ids
    """The tokens of the prompt."""
    conditions: TextConditions
    """The conditions after the prompt."""


class PromptReader:
    """Reads prompts with one model, each after the ids that open a document (`tokenizers.base.first_ids`)."""

    def __init__(self, model: NextTokenModel, tokenizer: Tokenizer, *, may_stop: bool) -> None:
        """`may_stop` says whether the model has learned where a document ends."""
        self._model, self._tokenizer = model, tokenizer
        self._first_ids = first_ids(tokenizer, ends_are_learned=may_stop)
        self._last: tuple[str, TextConditions, ReadPrompt] | None = None
        """The last prompt, the conditions that it was begun with, and what was read; the next text often begins with
        the same prompt."""

    def read(self, prompt: str, random: np.random.Generator) -> ReadPrompt:
        """Reads a prompt. What the model draws for the text comes from `random`."""
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
            of_block = conditions_at(stack_conditions(after_each), np.newaxis)
            logits_BTV, state = self._model.sequence(block_T[np.newaxis], state, of_block)
            logits_V = logits_BTV[0, -1]
        assert logits_V is not None, "a text is read after one token at least"
        return ReadPrompt(logits_V, state, ids_T, conditions)
