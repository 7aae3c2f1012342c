"""What each symbol of a text cost."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from charnn.tokenizers.base import Tokenizer

Floats = npt.NDArray[np.floating]


class SymbolNats:
    """For texts of one tokenizer."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._token_is_character = tokenizer.kind == "characters"
        """Then the unknown token is one, too."""
        self._bytes_V = np.array([len(spelling) for spelling in tokenizer.spellings()], np.intp)

    def of(self, text: str, nats_T: Floats) -> list[tuple[str, float]]:
        """The symbols of `text`, and the nats of each: the shortest parts that are whole characters and whole tokens.

        So a symbol is a character, or the piece of a SentencePiece vocabulary; joined, they are `text` again.
        `nats_T` are those of the text's tokens. One more is that of a stop token, which is a symbol without text.
        """
        if self._token_is_character:
            tokens, symbols = len(text), list(zip(text, nats_T.tolist(), strict=False))
        else:
            ids = self._tokenizer.encode(text)
            tokens, symbols = len(ids), self._shortest(text, self._bytes_V[ids], nats_T[: len(ids)])
        return symbols + [("", float(nats)) for nats in nats_T[tokens:]]

    @staticmethod
    def _shortest(text: str, token_bytes_T: npt.NDArray[np.intp], nats_T: Floats) -> list[tuple[str, float]]:
        if not text:
            return []
        token_ends, character_ends = np.cumsum(token_bytes_T), np.cumsum(_utf8_lengths(text))
        ends = np.intersect1d(token_ends, character_ends)
        after_last_token = np.searchsorted(token_ends, ends, side="right")
        after_last_character = np.searchsorted(character_ends, ends, side="right")
        first_token, first_character = ([0, *after.tolist()] for after in (after_last_token, after_last_character))
        nats = np.add.reduceat(nats_T.astype(np.float64), first_token[:-1])
        parts = [text[start:end] for start, end in pairwise(first_character)]
        return list(zip(parts, nats.tolist(), strict=True))


def _utf8_lengths(text: str) -> npt.NDArray[np.intp]:
    """The bytes of each character. One that stands for a byte that is no UTF-8 (`surrogateescape`) is that byte."""
    code_points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.dtype("<u4"))
    lengths = 1 + (code_points >= 0x80).astype(np.intp) + (code_points >= 0x800) + (code_points >= 0x10000)
    lengths[(code_points >= 0xDC80) & (code_points <= 0xDCFF)] = 1
    return lengths
