"""The configuration of a tokenizer: its kind, and how its vocabulary is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from charnn.config.as_json import Json, require

TokenizerKind = Literal["characters", "bytes", "unigram", "bpe"]
SymbolKind = Literal["characters", "spaces", "bytes", "unigram"]
"""What one side of a pair is made of: `spaces` is symbols that stand between spaces, such as phones."""


@dataclass(frozen=True)
class TokenizerConfig(Json):
    kind: TokenizerKind = "characters"
    vocabulary_size: int = 1000
    """The number of pieces in a SentencePiece vocabulary. It is ignored for characters and bytes."""
    min_count: int = 1
    """Characters that occur fewer times than this share the unknown token (`characters` only)."""

    def __post_init__(self) -> None:
        require(self.vocabulary_size >= 2, "a vocabulary needs at least 2 pieces")
        require(self.min_count >= 1, "the minimum count of a character is at least 1")
