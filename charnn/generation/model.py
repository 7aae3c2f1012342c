"""What generation asks of a model, and how a text is begun with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from charnn.generation.config import Stopping
from charnn.tasks.language_model.lengths import draw_length
from charnn.tokenizers.base import STOP_ID, Tokenizer
from charnn.tokenizers.opening import opening

Ids = npt.NDArray[np.integer]
Floats = npt.NDArray[np.float32]

PROMPT_BLOCK = 4096
"""Tokens of a prompt that are read at once, so that a long one does not need the memory of all its logits."""
BELOW_ONE = np.nextafter(1.0, 0.0)


class NextTokenModel(Protocol):
    """A trained network: ids and a state in, the logits of the next token and a new state out.

    `remaining` is how many tokens of the text follow each id; only a model whose `stopping` is `length` needs it.
    """

    @property
    def stopping(self) -> Stopping:
        """How it ends a text."""

    def initial_state(self, batch: int) -> Any:
        """The zero state of `batch` lanes."""

    def opening(self, batch: int) -> tuple[Floats, Floats, Any]:
        """Of a model that foretells lengths, what follows the stop token that opens a text: logits (B, V), ln p (B, L)
        of the classes of lengths, and the state."""

    def step(self, ids_B: Ids, state: Any, remaining_B: Ids | None = None) -> tuple[Floats, Any]:
        """One token of each lane: ids (B,) to logits (B, V)."""

    def advance(self, ids_B: Ids, state: Any, remaining_B: Ids | None = None) -> Floats:
        """As `step`, but it is `state` itself that becomes the new one. The logits are good until the next call."""

    def sequence(self, ids_BT: Ids, state: Any, remaining_BT: Ids | None = None) -> tuple[Floats, Any]:
        """Several tokens of each lane: ids (B, T) to logits (B, T, V)."""

    def select(self, state: Any, lanes: Ids) -> Any:
        """The state of these lanes, in this order."""

    def join(self, states: list[Any]) -> Any:
        """The state of all their lanes, one after the other."""

    def put(self, state: Any, lane: int, other: Any) -> None:
        """Sets one lane of `state` to the only one of `other`."""


@dataclass(frozen=True)
class Opened:
    """What a model makes of a prompt."""

    logits_V: Floats
    state: Any
    """Of one lane. Not to be changed: several texts may begin with it."""
    ids_T: Ids
    """The tokens of the prompt."""
    countdown: int | None
    """Tokens to come, where the model has foretold it."""


class Opening:
    """Reads prompts. The state starts at zero; the model reads what opens a document, and then the prompt."""

    def __init__(self, model: NextTokenModel, tokenizer: Tokenizer, *, may_stop: bool) -> None:
        self._model, self._tokenizer = model, tokenizer
        self._first = opening(tokenizer, ends_are_learned=may_stop)
        self._last: tuple[str, Opened] | None = None
        """Many texts often begin with the same prompt."""

    def read(self, prompt: str, random: np.random.Generator) -> Opened:
        """A model that foretells a length takes one number from `random`, and no length that the prompt exceeds."""
        if self._model.stopping == "length":
            return self._read_counting_down(prompt, random.random())
        if self._last is None or self._last[0] != prompt:
            ids_T = self._tokenizer.encode(prompt)
            read_T = np.concatenate((self._first, ids_T))
            logits_V, state = self._sequence(read_T, self._model.initial_state(1), None)
            self._last = prompt, Opened(logits_V, state, ids_T, None)
        return self._last[1]

    def _read_counting_down(self, prompt: str, uniform: float) -> Opened:
        ids_T = self._tokenizer.encode(prompt)
        logits_BV, log_p_BL, state = self._model.opening(1)
        logits_V = logits_BV[0]
        length = draw_length(log_p_BL[0], uniform, at_least=max(1, len(ids_T)))
        countdown = length - len(ids_T)
        if len(ids_T):
            logits_V, state = self._sequence(ids_T, state, np.arange(length - 1, countdown - 1, -1))
        return Opened(logits_V, state, ids_T, countdown)

    def _sequence(self, ids_T: Ids, state: Any, remaining_T: Ids | None) -> tuple[Floats, Any]:
        for start in range(0, len(ids_T), PROMPT_BLOCK):
            block = np.s_[None, start : start + PROMPT_BLOCK]
            remaining_BT = None if remaining_T is None else remaining_T[block]
            logits_BTV, state = self._model.sequence(ids_T[block], state, remaining_BT)
        return logits_BTV[0, -1], state


def halt(
    logits_BV: Floats, uniforms_B: npt.NDArray[np.float64], *, greedy: bool
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """What a model with an output that halts decides: whether each lane ends, and what is left of its random number.

    The probability is that of the stop token. Below it the random number ends the text; above it, it is spread over
    [0, 1) again, for the choice among the characters. If `greedy`, what is more probable is done.
    """
    wide_BV = logits_BV.astype(np.float64)
    mass_BV = np.exp(wide_BV - wide_BV.max(-1, keepdims=True))
    p_B = mass_BV[:, STOP_ID] / mass_BV.sum(-1)
    if greedy:
        return p_B > 0.5, uniforms_B
    halts_B = uniforms_B < p_B
    left_B = (uniforms_B - p_B) / np.where(halts_B, 1.0, 1 - p_B)
    return halts_B, np.where(halts_B, 0.0, np.minimum(left_B, BELOW_ONE))


def end_where_it_leaves(logits_BV: Floats, allowed_BV: npt.NDArray[np.bool_]) -> None:
    """Gives the stop token, where it is allowed, the probability of all that is not allowed, in place.

    So a text that matches a pattern ends where the model would leave the pattern, and goes on where it would not.
    """
    ends_B = allowed_BV[:, STOP_ID]
    here_BV, others_BV = logits_BV[ends_B], ~allowed_BV[ends_B]
    others_BV[:, STOP_ID] = True
    top_B1 = here_BV.max(-1, keepdims=True)
    with np.errstate(divide="ignore"):
        here_BV[:, STOP_ID] = np.log(np.exp(here_BV - top_B1).sum(-1, where=others_BV)) + top_B1[:, 0]
    others_BV[:, STOP_ID] = False
    here_BV[others_BV] = -np.inf
    logits_BV[ends_B] = here_BV
