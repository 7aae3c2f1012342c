"""The texts that `charnn sample` is asked for, and how they are written."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from charnn.cli import console
from charnn.generation.text import ChosenToken, Piece, Request, Text
from charnn.tokenizers.base import Tokenizer


def requests(
    prompts: Iterable[str | None], tokenizer: Tokenizer, *, number: int, seed: int
) -> Iterator[Request | None]:
    """`number` texts for each prompt, each with random numbers of its own, made from the seed and its place.

    A character that the model has never seen is warned of once.
    """
    count, warned = itertools.count(), set[str]()
    for prompt in prompts:
        if prompt is None:
            yield None
            continue
        if unknown := [character for character in tokenizer.unknown_characters(prompt) if character not in warned]:
            warned.update(unknown)
            console.warn(f"the model has never seen {', '.join(map(repr, unknown))}: read as the unknown token")
        for _ in range(number):
            place = next(count)
            yield Request(place, prompt, np.random.default_rng((seed, place)))


class TextWriter:
    """Takes the pieces of one text after the other."""

    def __init__(self, *, echo: bool, seed: int, as_json: bool) -> None:
        self._echo, self._seed, self._as_json = echo, seed, as_json
        self._current: Text | None = None
        self._shown: list[str] = []
        self._last = ""

    def write(self, piece: Piece) -> None:
        """The first piece of a text is where it begins."""
        text, shown, is_last = piece
        if text is not self._current:
            self._current, self._shown, self._last = text, [], ""
            shown = (text.request.prompt if self._echo else "") + shown
        if self._as_json:
            self._shown.append(shown)
            if is_last:
                console.write_json(self._record(text))
            return
        self._last = shown or self._last
        if is_last and not self._last.endswith("\n"):
            shown += "\n"
        if shown:
            console.write(shown)

    def _record(self, text: Text) -> dict[str, Any]:
        record: dict[str, Any] = {
            "text": "".join(self._shown),
            "prompt": text.request.prompt,
            "reason": text.reason,
            "seed": self._seed,
            "number": text.request.number,
            "log_probability": text.log_probability,
        }
        if text.tokens:
            record["symbols"] = [_token(token) for token in text.tokens]
        return record


def _token(token: ChosenToken) -> dict[str, Any]:
    return {
        "text": token.text,
        "log_probability": token.log_probability,
        "alternatives": [[text, log_probability] for text, log_probability in token.alternatives],
    }
