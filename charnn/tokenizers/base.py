"""The protocol that all tokenizers meet, and the reader of tokenizer.json."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Literal, Protocol, Self

import numpy as np

from charnn.arrays import Int32s
from charnn.config.model import ReadKind
from charnn.errors import TokenizerError

STOP_ID = 0
"""The id of the stop token, which ends a document and opens the first one. `encode` never gives it. Code that lays
documents end to end puts it between them."""

UNKNOWN_TEXT = "\ufffd"
"""The text of the unknown token, which stands for any character that the vocabulary lacks."""

TOKENIZER_JSON, TOKENIZER_MODEL = "tokenizer.json", "tokenizer.model"
"""The files of tokenizers, and of SentencePiece's vocabularies."""


class IncrementalDecoder(Protocol):
    """Decodes tokens as they come. All its pieces together are the text that `Tokenizer.decode` gives at once."""

    @property
    def pending(self) -> bytes:
        """The bytes of a character that has begun and is not complete."""
        ...

    def decode(self, token: int) -> str:
        """The text that `token` completes. It is "" while a character has bytes to come, and never half a character."""
        ...

    def flush(self) -> str:
        """What is left of a character whose last bytes never came. Afterwards the decoder is as new."""
        ...

    def fork(self) -> Self:
        """Another decoder in the same state. From there on the two are independent."""
        ...


class Tokenizer(Protocol):
    """Turns text into ids from 0 to `size` - 1, and back into the same text wherever no id is `unknown_id`."""

    @property
    def kind(self) -> ReadKind | Literal["spaces"]:
        """`spaces` is for symbols that stand between spaces, which only the sides of pairs are made of."""
        ...

    @property
    def size(self) -> int:
        """V, the number of ids, the special ones included."""
        ...

    @property
    def unknown_id(self) -> int | None:
        """The id of the unknown token, which must never be sampled; None where there is no such token."""
        ...

    @property
    def file_name(self) -> str:
        """The name of the file in a model directory that keeps `to_bytes`."""
        ...

    def encode(self, text: str) -> Int32s:
        """The ids of `text`, shape [tokens], without a stop token. Raises TokenizerError for text it cannot write."""
        ...

    def decode(self, tokens: Iterable[int]) -> str:
        """The text of `tokens`: nothing for the stop token, U+FFFD for the unknown one."""
        ...

    def decoder(self) -> IncrementalDecoder: ...

    def symbols(self) -> tuple[tuple[str, str], ...]:
        """The symbol that each id stands for. All differ, and two models agree on a token if they share its symbol.

        A symbol is ("special", "stop"), ("special", "unknown"), a text such as ("text", "the"), or for a byte that is
        not ASCII a hexadecimal number such as ("byte", "c3").
        """
        ...

    def spellings(self) -> tuple[bytes, ...]:
        """The bytes that each id writes, in UTF-8. A byte that is not UTF-8 stands for itself, and the stop and unknown
        tokens write b""."""
        ...

    def unknown_characters(self, text: str) -> tuple[str, ...]:
        """The characters of `text` that the vocabulary lacks, each once, in order of appearance."""
        ...

    def to_bytes(self) -> bytes:
        """The contents of a file from which `load` makes the same tokenizer."""
        ...


def first_ids(tokenizer: Tokenizer, *, ends_are_learned: bool) -> Int32s:
    """The ids that a model reads from the zero state before a text; there is at least one.

    It is the stop token, which opens every document. But a model of a single document has read the stop token once at
    most (see `CorpusConfig.ends_are_learned`), so it reads a line end, unless the text that it learned has none either.
    """
    if ends_are_learned or tokenizer.unknown_characters("\n"):
        return np.array([STOP_ID], np.int32)
    return tokenizer.encode("\n")


def read_json(data: bytes, kind: str, *keys: str) -> dict[str, object]:
    """The object in a tokenizer.json of this `kind`, its keys exactly "kind" and `keys`; else TokenizerError."""
    try:
        # RecursionError is for brackets nested a thousand deep, ValueError for all else that is not JSON in UTF-8.
        value = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise TokenizerError(f"{TOKENIZER_JSON}: not JSON") from error
    if not isinstance(value, dict) or set(value) != {"kind", *keys}:
        raise TokenizerError(f"{TOKENIZER_JSON}: expected an object with {' and '.join(('kind', *keys))}")
    if value["kind"] != kind:
        raise TokenizerError(f"{TOKENIZER_JSON}: expected the kind {kind!r}, found {str(value['kind'])[:40]!r}")
    return value
