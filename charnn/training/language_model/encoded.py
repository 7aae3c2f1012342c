"""A corpus as ids, each document encoded once, before training begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from charnn.corpora import Corpus
from charnn.tokenizers import STOP_ID, Tokenizer

Ids = npt.NDArray[np.int32]


@dataclass(frozen=True)
class EncodedCorpus:
    training: Ids
    """(N,): the documents end to end, a stop token after each that is whole."""
    training_characters: int
    validation: list[Ids]
    """Each document, without its stop token."""
    validation_characters: int

    @classmethod
    def encode(cls, corpus: Corpus, tokenizer: Tokenizer, validation_characters: int | None = None) -> EncodedCorpus:
        """With the beginning alone of what was held out, where it is longer than `validation_characters`."""
        limit = validation_characters
        validation = corpus.validation if limit is None else beginning(corpus.validation, limit)
        return cls(
            _end_to_end(corpus.training, tokenizer, corpus.config.ends_are_learned),
            corpus.config.training_characters,
            [tokenizer.encode(document) for document in validation],
            sum(map(len, validation)),
        )


def beginning(texts: Sequence[str], characters: int) -> list[str]:
    """The first texts, at most so many characters in all; of a first one that is longer, its beginning."""
    whole = [text for text, total in zip(texts, accumulate(map(len, texts)), strict=True) if total <= characters]
    return whole or [texts[0][:characters]]


def _end_to_end(documents: Sequence[str], tokenizer: Tokenizer, ends_whole: bool) -> Ids:
    stop = np.array([STOP_ID], np.int32)
    parts = [part for document in documents for part in (tokenizer.encode(document), stop)]
    return np.concatenate(parts if ends_whole else parts[:-1])
