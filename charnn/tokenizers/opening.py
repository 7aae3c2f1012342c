"""What a model reads before a text."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from charnn.tokenizers.base import STOP_ID, Tokenizer


def opening(tokenizer: Tokenizer, *, ends_are_learned: bool) -> npt.NDArray[np.int32]:
    """The ids, at least one, that stand before a text that is read from a zero state.

    The stop token, which opens every document; but a line end for a model that has read it once at most, as one of a
    single document has (`CorpusConfig.ends_are_learned`), unless it has never seen a line end either.
    """
    if ends_are_learned or tokenizer.unknown_characters("\n"):
        return np.array([STOP_ID], np.int32)
    return tokenizer.encode("\n")
