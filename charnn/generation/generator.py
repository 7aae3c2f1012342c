"""Text from a language model, in pieces, as it is made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from charnn.config import SamplingConfig
from charnn.generation.filters import choose, forbid
from charnn.generation.stopping import StopStrings
from charnn.tokenizers.base import STOP_ID, Decoder, Tokenizer

Reason = Literal["stop", "stop string", "length"]

PROMPT_BLOCK = 4096
"""Tokens of a prompt that are read at once, so that a long one does not need the memory of all its logits."""


class LanguageModel(Protocol):
    """What a trained network does here: ids and a state in, the logits of the next token and a new state out."""

    def initial_state(self, batch: int) -> Any:
        """The zero state of `batch` streams."""

    def step(self, ids: npt.NDArray[np.int64], state: Any) -> tuple[npt.NDArray[np.float32], Any]:
        """One token of each stream: ids (B,) to logits (B, V)."""

    def sequence(self, ids: npt.NDArray[np.int64], state: Any) -> tuple[npt.NDArray[np.float32], Any]:
        """Several tokens of each stream: ids (B, T) to logits (B, T, V)."""


class Generation(Iterator[str]):
    """The text that tokens make, in non-empty pieces, none with half a character.

    `reason` is None until the text has ended, then why it did: the stop token, a stop string (of which nothing is
    yielded), or `sampling.length` characters. Characters are counted after decoding, whatever the tokenizer, so
    where a token runs over the length its text is cut, and a stop string that would end beyond it is not seen.
    No token is taken from `tokens` that the text does not need.
    """

    def __init__(self, tokens: Iterator[int], decoder: Decoder, sampling: SamplingConfig) -> None:
        self.reason: Reason | None = None
        self._pieces = self._decode(tokens, decoder, sampling)

    def __next__(self) -> str:
        return next(self._pieces)

    def _decode(self, tokens: Iterator[int], decoder: Decoder, sampling: SamplingConfig) -> Iterator[str]:
        stops = StopStrings(sampling.stop_strings)
        remaining = sampling.length
        if remaining == 0:
            self.reason = "length"
        while self.reason is None:
            token = next(tokens)
            text = decoder.flush() if token == STOP_ID else decoder.decode(token)
            shown = stops.push(text[:remaining])
            remaining -= len(text)
            if stops.matched is not None:
                self.reason = "stop string"
            elif remaining <= 0:
                self.reason = "length"
            elif token == STOP_ID:
                self.reason = "stop"
            if self.reason is not None:
                shown += stops.flush()
            if shown:
                yield shown


def generate(
    model: LanguageModel,
    tokenizer: Tokenizer,
    prompt: str,
    sampling: SamplingConfig,
    random: np.random.Generator,
    *,
    may_stop: bool = True,
) -> Generation:
    """The text that follows `prompt`, which is not repeated; a stop string counts only in what follows.

    The state starts at zero. The model reads the stop token, which opens every document, and the prompt. One number
    is taken from `random` for each token. The unknown token is never chosen. A model that has seen no document end may
    not stop: it has not learned when to, and reads a line end where others read the stop token. Nothing runs before
    the first piece is asked for; asking raises ModelError where the model's logits are not finite.
    """
    forbidden = [token for token in (tokenizer.unknown_id, None if may_stop else STOP_ID) if token is not None]
    read = np.concatenate((_opening(tokenizer, may_stop), tokenizer.encode(prompt)))
    tokens = _sample(model, read, forbidden, sampling, random)
    return Generation(tokens, tokenizer.decoder(), sampling)


def _opening(tokenizer: Tokenizer, may_stop: bool) -> npt.NDArray[np.int32]:
    """What a text is read after: the stop token, or a line end for a model that has hardly ever read a stop token."""
    if may_stop or tokenizer.unknown_characters("\n"):
        return np.array([STOP_ID], np.int32)
    return tokenizer.encode("\n")


def _sample(
    model: LanguageModel,
    read: npt.NDArray[np.int32],
    forbidden: Sequence[int],
    sampling: SamplingConfig,
    random: np.random.Generator,
) -> Iterator[int]:
    """Token ids without end. The model takes a step only once the next one is asked for."""
    ids_T = read.astype(np.int64)
    state = model.initial_state(batch=1)
    for start in range(0, len(ids_T), PROMPT_BLOCK):
        logits_BTV, state = model.sequence(ids_T[np.newaxis, start : start + PROMPT_BLOCK], state)
    logits_V = logits_BTV[0, -1]
    while True:
        token = choose(forbid(logits_V, forbidden), sampling, random.random())
        yield token
        logits_BV, state = model.step(np.array([token], dtype=np.int64), state)
        logits_V = logits_BV[0]
