"""One text from a language model, in pieces, as it is made."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from charnn.generation.config import SamplingConfig
from charnn.generation.ending import Reason
from charnn.generation.lanes import Lanes
from charnn.generation.model import NextTokenModel
from charnn.generation.text import Piece, Request
from charnn.tokenizers.base import Tokenizer


class Generation(Iterator[str]):
    """The text in non-empty pieces, none with half a character. `reason` is None until it ends, then why it did."""

    def __init__(self, pieces: Iterator[Piece]) -> None:
        self.reason: Reason | None = None
        self._pieces = pieces

    def __next__(self) -> str:
        for piece in self._pieces:
            self.reason = piece.text.reason
            if piece.shown:
                return piece.shown
        raise StopIteration


def generate(
    model: NextTokenModel,
    tokenizer: Tokenizer,
    prompt: str,
    sampling: SamplingConfig,
    random: np.random.Generator,
    *,
    may_stop: bool = True,
) -> Generation:
    """The text that follows `prompt`, which is not repeated; stop strings and limits count only in what follows.

    The state starts at zero. The model reads what opens a document (`tokenizers.opening`), and the prompt. The unknown
    token is never chosen, nor the stop token by a model that may not stop, as it has seen no document end. Nothing runs
    before the first piece is asked for; what asking raises is said in `Lanes.texts`.
    """
    lanes = Lanes(model, tokenizer, sampling, may_stop=may_stop)
    return Generation(lanes.texts([Request(0, prompt, random)]))
