"""A tokenizer of the characters (code points) that occur in a text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from charnn.arrays import Int32s
from charnn.config.as_json import json_text
from charnn.config.model import TokenizerKind
from charnn.corpora.code_points import CodePoints, code_points
from charnn.errors import TokenizerError
from charnn.tokenizers.base import TOKENIZER_JSON, UNKNOWN_TEXT, IncrementalDecoder, read_json

if TYPE_CHECKING:
    from charnn.corpora.long_documents import LongDocuments

UNKNOWN_ID = 1
_FIRST_ID = 2
BLOCK_LENGTH = 4_000_000
"""The number of characters that are encoded at once. A block of them needs some 50 MB beside the text and its ids."""


class CharacterTokenizer:
    """Gives character k of `characters`, which ascend, the id k + 2, and every other character the unknown id, 1."""

    kind: TokenizerKind = "characters"
    unknown_id: int | None = UNKNOWN_ID
    file_name = TOKENIZER_JSON

    def __init__(self, characters: str) -> None:
        """Raises TokenizerError where `characters` is empty, or does not ascend."""
        if not characters:
            raise TokenizerError("a vocabulary needs at least one character")
        for before, after in pairwise(characters):
            if before >= after:
                raise TokenizerError(f"characters must ascend: found U+{ord(after):04X} after U+{ord(before):04X}")
        self.size = _FIRST_ID + len(characters)
        self._characters = characters
        self._texts = ("", UNKNOWN_TEXT, *characters)
        # The table has an id for each code point up to the last that is known, and one more for all that follow.
        self._ids = np.full(ord(characters[-1]) + 2, UNKNOWN_ID, np.int32)
        self._ids[[ord(character) for character in characters]] = np.arange(_FIRST_ID, self.size)

    @classmethod
    def train(cls, documents: Sequence[str] | LongDocuments, *, min_count: int = 1) -> CharacterTokenizer:
        """The tokenizer of every character that occurs at least `min_count` times in all `documents` together."""
        from charnn.corpora.facts import CODE_POINTS, add_counts
        from charnn.corpora.long_documents import LongDocuments

        if isinstance(documents, LongDocuments):
            counts = documents.character_counts()
        else:
            counts = np.zeros(CODE_POINTS, np.int64)
            for document in documents:
                for codes in _blocks(document):
                    add_counts(counts, codes)
        frequent = np.flatnonzero(counts >= min_count)
        if not frequent.size:
            raise TokenizerError(f"no character of this text is there {min_count} times", hint="lower --min-count")
        return cls("".join(map(chr, frequent)))

    @classmethod
    def from_bytes(cls, data: bytes) -> CharacterTokenizer:
        characters = read_json(data, cls.kind, "characters")["characters"]
        if not isinstance(characters, list) or not all(isinstance(c, str) and len(c) == 1 for c in characters):
            raise TokenizerError(f"{TOKENIZER_JSON}: expected a list of single characters")
        try:
            return cls("".join(characters))
        except TokenizerError as error:
            raise TokenizerError(f"{TOKENIZER_JSON}: {error}") from error

    def encode(self, text: str) -> Int32s:
        tokens = np.empty(len(text), np.int32)
        start = 0
        for codes in _blocks(text):
            end = start + len(codes)
            self._ids.take(codes, mode="clip", out=tokens[start:end])
            start = end
        return tokens

    def decode(self, tokens: Iterable[int]) -> str:
        return "".join(map(self._texts.__getitem__, tokens))

    def decoder(self) -> IncrementalDecoder:
        return _CharacterDecoder(self._texts)

    def symbols(self) -> tuple[tuple[str, str], ...]:
        return (("special", "stop"), ("special", "unknown"), *(("text", c) for c in self._characters))

    def spellings(self) -> tuple[bytes, ...]:
        return b"", b"", *map(_spelling, self._characters)

    def unknown_characters(self, text: str) -> tuple[str, ...]:
        return tuple(sorted(set(text).difference(self._characters), key=text.index))

    def to_bytes(self) -> bytes:
        # It is a list, since two halves of a surrogate pair that are neighbours in one JSON string would read as one
        # character.
        value = {"kind": self.kind, "characters": list(self._characters)}
        return json_text(value).encode()


class _CharacterDecoder:
    """Decodes each token by itself, since a token is a whole character."""

    pending = b""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts

    def decode(self, token: int) -> str:
        return self._texts[token]

    def flush(self) -> str:
        return ""

    def fork(self) -> _CharacterDecoder:
        return self  # it has no state


def _spelling(character: str) -> bytes:
    try:
        return character.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half of a surrogate pair that stands for no byte
        return character.encode("utf-8", "surrogatepass")


def _blocks(text: str) -> Iterator[CodePoints]:
    """The code points of `text` in consecutive blocks, so that a long text is never in memory at four bytes a
    character."""
    for start in range(0, len(text), BLOCK_LENGTH):
        yield code_points(text[start : start + BLOCK_LENGTH])
