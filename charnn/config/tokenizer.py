"""Which tokenizer a model has, and how its vocabulary was made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from charnn.config.as_json import Json, require

TokenizerKind = Literal["characters", "bytes", "unigram", "bpe"]


@dataclass(frozen=True)
class TokenizerConfig(Json):
    kind: TokenizerKind = "characters"
    vocabulary_size: int = 1000
    """Pieces of a SentencePiece vocabulary; the other kinds take theirs from the text."""
    min_count: int = 1
    """Characters seen fewer times than this share the unknown token (`characters` only)."""

    def __post_init__(self) -> None:
        require(self.vocabulary_size >= 2, "a vocabulary needs at least 2 pieces")
        require(self.min_count >= 1, "the minimum count of a character is at least 1")
