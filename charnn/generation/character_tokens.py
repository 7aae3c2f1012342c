"""The tokens that write a character: a bias or a ban names characters, where a model chooses tokens."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from charnn.arrays import Float64s, Int64s
from charnn.errors import UsageError
from charnn.generation.config import Bias
from charnn.generation.filters import LARGEST
from charnn.tokenizers.base import Tokenizer


def bias_amounts(biases: Iterable[Bias], tokenizer: Tokenizer) -> Float64s:
    """The amounts that are added to the logits of the tokens (V,), once for each time that a token has the character.

    They are -inf, or between -`LARGEST` and `LARGEST`. Raises UsageError for a character that no token has.
    """
    amounts_V = np.zeros(tokenizer.size)
    for bias in biases:
        times_V = _times(bias.character, tokenizer)
        if not times_V.any():
            raise UsageError(_nowhere(bias.character, tokenizer))
        has = times_V > 0
        with np.errstate(over="ignore"):
            amounts_V[has] = np.minimum(amounts_V[has] + bias.amount * times_V[has], LARGEST)
    return np.where(amounts_V > -np.inf, np.maximum(amounts_V, -LARGEST), -np.inf)


def banned_ids(characters: Iterable[str], tokenizer: Tokenizer) -> npt.NDArray[np.intp]:
    """The tokens that have one of these characters in them. There is none for a character that the vocabulary lacks.

    Without these tokens no text has such a character. Raises UsageError for a character that is spelt in several bytes,
    because each of them is part of other characters, too, and cannot be ruled out.
    """
    banned_V = np.zeros(tokenizer.size, np.bool_)
    for character in characters:
        if tokenizer.kind != "characters" and not character.isascii():
            raise UsageError(
                f"--ban {character!r}: this model can spell it in bytes, and each of them is part of other characters",
                hint=f"--pattern '[^{character}]*' keeps it out",
            )
        banned_V |= _times(character, tokenizer) > 0
    return np.flatnonzero(banned_V)


def _times(character: str, tokenizer: Tokenizer) -> Int64s:
    """How often each token (V,) writes `character`. A byte that is only part of it does not count."""
    errors = "surrogateescape" if tokenizer.kind == "characters" else "ignore"
    texts = (spelling.decode("utf-8", errors) for spelling in tokenizer.spellings())
    return np.array([text.count(character) for text in texts])


def _nowhere(character: str, tokenizer: Tokenizer) -> str:
    if tokenizer.kind == "characters":
        return f"--bias {character!r}: the model has never seen this character"
    return f"--bias {character!r}: no token of this model has it in it: it is spelt in bytes, which others have too"
