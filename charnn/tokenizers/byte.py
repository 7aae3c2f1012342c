"""A tokenizer of the 256 bytes. It takes any text in any script, and files that are not text at all."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Sequence

import numpy as np

from charnn.arrays import Int32s
from charnn.config.model import TokenizerKind
from charnn.errors import TokenizerError
from charnn.tokenizers.base import TOKENIZER_JSON, IncrementalDecoder, read_json


class ByteTokenizer:
    """Gives byte b of a text's UTF-8 the id b + 1, so V is 257.

    A byte that is not UTF-8 is in the str as `errors="surrogateescape"` puts it there, and so comes back as it was.
    """

    kind: TokenizerKind = "bytes"
    size = 257
    unknown_id: int | None = None
    file_name = TOKENIZER_JSON

    _spellings = (b"", *(bytes([byte]) for byte in range(256)))

    @classmethod
    def from_bytes(cls, data: bytes) -> ByteTokenizer:
        read_json(data, cls.kind)
        return cls()

    def encode(self, text: str) -> Int32s:
        try:
            data = text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError as error:
            raise TokenizerError(f"U+{ord(text[error.start]):04X} is half of a surrogate pair, and no bytes") from error
        return np.add(np.frombuffer(data, np.uint8), 1, dtype=np.int32)

    def decode(self, tokens: Iterable[int]) -> str:
        return b"".join(map(self._spellings.__getitem__, tokens)).decode("utf-8", "surrogateescape")

    def decoder(self) -> IncrementalDecoder:
        return Utf8Decoder(self._spellings, errors="surrogateescape")

    def symbols(self) -> tuple[tuple[str, str], ...]:
        return (("special", "stop"), *map(byte_symbol, range(256)))

    def spellings(self) -> tuple[bytes, ...]:
        return self._spellings

    def unknown_characters(self, text: str) -> tuple[str, ...]:
        return ()

    def to_bytes(self) -> bytes:
        return json.dumps({"kind": self.kind}).encode() + b"\n"


class Utf8Decoder:
    """A decoder for tokens that stand for bytes, where one character may take several tokens.

    `spellings` are the bytes of each id; `errors` says what becomes of bytes that are not UTF-8.
    """

    def __init__(self, spellings: Sequence[bytes], *, errors: str) -> None:
        self._spellings, self._errors = spellings, errors
        self._utf8 = codecs.getincrementaldecoder("utf-8")(errors)

    @property
    def pending(self) -> bytes:
        return self._utf8.getstate()[0]

    def decode(self, token: int) -> str:
        return self._utf8.decode(self._spellings[token])

    def flush(self) -> str:
        return self._utf8.decode(b"", final=True)

    def fork(self) -> Utf8Decoder:
        other = Utf8Decoder(self._spellings, errors=self._errors)
        other._utf8.setstate(self._utf8.getstate())
        return other


def byte_symbol(byte: int) -> tuple[str, str]:
    """The symbol of a byte by itself: its character where it is ASCII, and otherwise the byte in hexadecimal."""
    return ("text", chr(byte)) if byte < 0x80 else ("byte", f"{byte:02x}")
