"""What every tokenizer promises, and the form of a tokenizer.json."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from charnn.config.tokenizer import TokenizerKind
from charnn.errors import TokenizerError

STOP_ID = 0
"""Ends a document, and opens the first. `encode` never gives it; whoever lays documents end to end puts it between."""

UNKNOWN_TEXT = "\ufffd"
"""What a token that stands for no text in particular is written as."""

TOKENIZER_JSON = "tokenizer.json"


class Decoder(Protocol):
    """Text from tokens as they come: all that it gave, `flush` at the end, is what `Tokenizer.decode` gives at once."""

    def decode(self, token: int) -> str:
        """The text that `token` completes: "" while a character has bytes to come, never half a character."""
        ...

    def flush(self) -> str:
        """What is left of a character whose last bytes never came; the decoder is then as new."""
        ...


class Tokenizer(Protocol):
    """Text to ids from 0 to `size` - 1, and back to the same text wherever no id is `unknown_id`."""

    @property
    def kind(self) -> TokenizerKind: ...

    @property
    def size(self) -> int:
        """V: ids there are, specials included."""
        ...

    @property
    def unknown_id(self) -> int | None:
        """The id that must never be sampled, where there is one."""
        ...

    @property
    def file_name(self) -> str:
        """What `to_bytes` is kept as in a model directory."""
        ...

    def encode(self, text: str) -> npt.NDArray[np.int32]:
        """The ids of `text`, shape [tokens], without a stop token. Raises TokenizerError for text it cannot write."""
        ...

    def decode(self, tokens: Iterable[int]) -> str:
        """The text of `tokens`: nothing for the stop token, U+FFFD for the unknown one."""
        ...

    def decoder(self) -> Decoder: ...

    def symbols(self) -> tuple[tuple[str, str], ...]:
        """What each id stands for, none twice: two models agree on a token where they share its symbol.

        ("special", "stop"), ("special", "unknown"), ("text", "the") or, for a byte that is no ASCII, ("byte", "c3").
        """
        ...

    def spellings(self) -> tuple[bytes, ...]:
        """The bytes that each id writes: UTF-8, a byte that is none itself; b"" for the stop and the unknown token."""
        ...

    def unknown_characters(self, text: str) -> tuple[str, ...]:
        """The characters of `text` that the vocabulary lacks, each once, in order of appearance."""
        ...

    def to_bytes(self) -> bytes:
        """What `load` makes the same tokenizer from."""
        ...


def first_ids(tokenizer: Tokenizer, *, ends_are_learned: bool) -> npt.NDArray[np.int32]:
    """The ids, at least one, that stand before a text which a model reads from the zero state.

    That is the stop token, which opens every document. But a model of a single document has read it once at most (see
    `CorpusConfig.ends_are_learned`): before its texts stands a line end, unless it has never seen one of those either.
    """
    if ends_are_learned or tokenizer.unknown_characters("\n"):
        return np.array([STOP_ID], np.int32)
    return tokenizer.encode("\n")


def read_json(data: bytes, kind: TokenizerKind, *keys: str) -> dict[str, object]:
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
