"""A tokenizer of symbols that stand between spaces, such as phones."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import Literal, Self

import numpy as np

from charnn.arrays import Int32s
from charnn.config.as_json import json_text
from charnn.errors import TokenizerError
from charnn.tokenizers.base import TOKENIZER_JSON, UNKNOWN_TEXT, IncrementalDecoder, read_json

UNKNOWN_ID = 1
_FIRST_ID = 2


class SpacedTokenizer:
    """Gives symbol k of `texts`, which ascend, the id k + 2, and every other symbol the unknown id, 1.

    It is not lossless: how many spaces stand between two symbols is lost, and those at either end are lost, too.
    """

    kind: Literal["spaces", "words"] = "spaces"
    listed = "symbols"
    """The name of the list of them in a file."""
    unknown_id: int | None = UNKNOWN_ID
    file_name = TOKENIZER_JSON

    def __init__(self, texts: Sequence[str]) -> None:
        """Raises TokenizerError where there is no symbol, or where they do not ascend or have a space in them."""
        if not texts or list(texts) != sorted(set(texts)):
            raise TokenizerError("symbols must ascend, and there must be one at least")
        if self.split(" ".join(texts)) != list(texts):
            raise TokenizerError(f"not all of its {self.listed} are such")
        self._texts = ("", UNKNOWN_TEXT, *texts)
        self._ids = {text: number for number, text in enumerate(texts, _FIRST_ID)}
        self.size = len(self._texts)

    @classmethod
    def train(cls, documents: Iterable[str]) -> Self:
        """The tokenizer of every symbol of the documents. Raises TokenizerError where they have none."""
        return cls(sorted({symbol for document in documents for symbol in cls.split(document)}))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        texts = read_json(data, cls.kind, cls.listed)[cls.listed]
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise TokenizerError(f"{TOKENIZER_JSON}: expected a list of {cls.listed}")
        return cls(texts)

    @staticmethod
    def split(text: str) -> list[str]:
        """The symbols of a text."""
        return text.split()

    def encode(self, text: str) -> Int32s:
        known = self._ids.get
        return np.array([known(symbol, UNKNOWN_ID) for symbol in self.split(text)], np.int32)

    def decode(self, tokens: Iterable[int]) -> str:
        return " ".join(text for token in tokens if (text := self._texts[token]))

    def decoder(self) -> IncrementalDecoder:
        return _SpacedDecoder(self._texts)

    def symbols(self) -> tuple[tuple[str, str], ...]:
        return (("special", "stop"), ("special", "unknown"), *(("text", text) for text in self._texts[_FIRST_ID:]))

    def spellings(self) -> tuple[bytes, ...]:
        """The bytes of each symbol with the space before it, which the first symbol of a text has not."""
        return b"", b"", *(f" {text}".encode("utf-8", "surrogatepass") for text in self._texts[_FIRST_ID:])

    def unknown_characters(self, text: str) -> tuple[str, ...]:
        """The symbols of `text` that the vocabulary lacks, each once, in order of appearance."""
        return tuple(dict.fromkeys(symbol for symbol in self.split(text) if symbol not in self._ids))

    def to_bytes(self) -> bytes:
        value = {"kind": self.kind, self.listed: self._texts[_FIRST_ID:]}
        return json_text(value).encode()


class _SpacedDecoder:
    """Decodes each symbol with the space before it, which the first one has not."""

    pending = b""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts, self._space = texts, ""

    def decode(self, token: int) -> str:
        if not self._texts[token]:
            return ""
        text, self._space = self._space + self._texts[token], " "
        return text

    def flush(self) -> str:
        self._space = ""
        return ""

    def fork(self) -> _SpacedDecoder:
        return copy.copy(self)
