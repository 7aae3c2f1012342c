"""A tokenizer of pieces, from single characters to words, learnt with SentencePiece and made lossless.

SentencePiece by itself loses text. It writes a space as U+2581, so it cannot tell the two apart; it learns nothing from
a line with U+2585, its own mark of the unknown; it takes no NUL; and it reads lines. Therefore a text is cut at these
three characters and at line ends. SentencePiece encodes the stretches between, and the characters themselves are spelt
in the byte pieces (`<0x0A>`) that it has for characters which it does not know. Ids are decoded here, too, by way of
bytes, so that text can be given as it is sampled.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import accumulate, chain
from typing import Literal

import numpy as np
import sentencepiece

from charnn.arrays import Int32s
from charnn.errors import TokenizerError
from charnn.tokenizers.base import STOP_ID, TOKENIZER_MODEL, UNKNOWN_TEXT, IncrementalDecoder
from charnn.tokenizers.byte import Utf8Decoder, byte_symbol

UNKNOWN_ID = 1
_SPACE = "\u2581"
_SPELT_IN_BYTES = re.compile("([\n\r\0\u2581\u2585]+)")
_SURROGATE = re.compile("[\ud800-\udfff]")
_SPECIALS = 2 + 256
"""The number of ids before the first piece of text: those of the stop, of the unknown token and of the bytes."""
_CHARACTER_COVERAGE = 0.9995
"""The fraction of a text whose characters have a piece of their own. The rarest ones beyond it are spelt in bytes."""
_LONGEST_LINE = 4000
"""The most characters of a line. SentencePiece learns nothing from longer ones, so it is given them in parts."""
BATCH = 50_000
"""The number of parts of a text, an even one, whose ids are Python integers at once before they become an array."""
_THREADS = 4
"""The number of threads, the same on every machine: the sums of unigram training, and its vocabulary, depend on it."""
_PROBE = "  a  \ufb01\u0301  "


class SentencePieceTokenizer:
    """Gives the stop token id 0 and the unknown token, which `encode` never gives, id 1; bytes and pieces follow."""

    unknown_id: int | None = UNKNOWN_ID
    file_name = TOKENIZER_MODEL

    def __init__(self, kind: Literal["unigram", "bpe"], model: bytes) -> None:
        """Raises TokenizerError where `model` is not a SentencePiece model, or one that would lose text."""
        self.kind = kind
        self._model = model
        try:
            self._processor = sentencepiece.SentencePieceProcessor()
            self._processor.load_from_serialized_proto(model)
            self.size = self._processor.get_piece_size()
            self._spellings = tuple(map(self._spelling, range(self.size)))
        except (RuntimeError, ValueError) as error:
            raise TokenizerError(f"{self.file_name}: not a SentencePiece model") from error
        self._byte_tokens = {
            self._spellings[token][0]: token for token in range(self.size) if self._processor.is_byte(token)
        }
        specials = self._processor.is_control(STOP_ID) and self._processor.is_unknown(UNKNOWN_ID)
        if not specials or len(self._byte_tokens) < 256:
            raise TokenizerError(f"{self.file_name}: a SentencePiece model, but not one that charnn made")
        if self.decode(self.encode(_PROBE).tolist()) != _PROBE:
            raise TokenizerError(f"{self.file_name}: this SentencePiece model does not keep text as it is")

    @classmethod
    def train(
        cls, kind: Literal["unigram", "bpe"], documents: Sequence[str], *, vocabulary_size: int
    ) -> SentencePieceTokenizer:
        """A tokenizer of at most `vocabulary_size` ids. There are fewer where the text has no more pieces.

        Raises TokenizerError, which says how many ids are needed, where the text's characters alone need more.
        """
        for document in documents:
            _refuse_surrogates(document)
        if next(_training_lines(documents), None) is None:
            raise TokenizerError("no text to learn a vocabulary from")
        model = io.BytesIO()
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=_training_lines(documents),
                model_writer=model,
                model_type=kind,
                vocab_size=vocabulary_size,
                hard_vocab_limit=False,
                character_coverage=_CHARACTER_COVERAGE,
                # A space without a piece would be spelt in the bytes of U+2581, and decoded as that.
                required_chars=_SPACE,
                byte_fallback=True,
                normalization_rule_name="identity",
                add_dummy_prefix=False,
                remove_extra_whitespaces=False,
                allow_whitespace_only_pieces=True,
                max_sentence_length=4 * _LONGEST_LINE,
                eos_id=STOP_ID,
                unk_id=UNKNOWN_ID,
                bos_id=-1,
                pad_id=-1,
                num_threads=_THREADS,
                minloglevel=3,
            )
        except RuntimeError as error:
            needed = _SPECIALS + _characters_with_a_piece(_training_lines(documents))
            if vocabulary_size < needed:
                raise TokenizerError(
                    f"{vocabulary_size} pieces are too few: this text needs {needed}, {_SPECIALS} of them for bytes",
                    hint=f"--vocab-size {needed} or more",
                ) from error
            raise TokenizerError(
                f"SentencePiece finds no {kind} vocabulary in this text", hint="try --tokenizer bytes"
            ) from error
        return cls(kind, model.getvalue())

    def encode(self, text: str) -> Int32s:
        _refuse_surrogates(text)
        # The parts are a stretch, the characters that it was cut at, a stretch, and so on; nothing follows the last.
        parts = [*_SPELT_IN_BYTES.split(text), ""]
        return np.concatenate([self._encode(parts[i : i + BATCH]) for i in range(0, len(parts), BATCH)])

    def decode(self, tokens: Iterable[int]) -> str:
        return b"".join(map(self._spellings.__getitem__, tokens)).decode("utf-8", "replace")

    def decoder(self) -> IncrementalDecoder:
        return Utf8Decoder(self._spellings, errors="replace")

    def symbols(self) -> tuple[tuple[str, str], ...]:
        tokens = range(self.size)
        pieces = {self._spellings[token] for token in tokens if not self._processor.is_byte(token)}
        return tuple(self._symbol(token, pieces) for token in tokens)

    def spellings(self) -> tuple[bytes, ...]:
        return tuple(b"" if token == UNKNOWN_ID else spelling for token, spelling in enumerate(self._spellings))

    def unknown_characters(self, text: str) -> tuple[str, ...]:
        return ()

    def to_bytes(self) -> bytes:
        return self._model

    def _encode(self, parts: list[str]) -> Int32s:
        stretches = self._processor.encode(parts[0::2], out_type=int)
        between = ([self._byte_tokens[byte] for byte in part.encode()] for part in parts[1::2])
        return np.fromiter(chain.from_iterable(chain.from_iterable(zip(stretches, between, strict=True))), np.int32)

    def _spelling(self, token: int) -> bytes:
        """The bytes that `token` stands for. Raises ValueError where a damaged model has it stand for none."""
        if self._processor.is_unknown(token):
            return UNKNOWN_TEXT.encode()
        if self._processor.is_control(token):
            return b""
        piece = self._processor.id_to_piece(token)
        if self._processor.is_byte(token):
            return bytes([int(piece.removeprefix("<0x").removesuffix(">"), 16)])
        return piece.replace(_SPACE, " ").encode()

    def _symbol(self, token: int, pieces: Set[bytes]) -> tuple[str, str]:
        if token == STOP_ID:
            return "special", "stop"
        if token == UNKNOWN_ID:
            return "special", "unknown"
        spelling = self._spellings[token]
        if not self._processor.is_byte(token):
            return "text", spelling.decode()
        # "e" is usually a piece as well as a byte. Text is encoded with the piece, so the piece has the symbol.
        return ("byte", spelling.hex()) if spelling in pieces else byte_symbol(spelling[0])


def _training_lines(documents: Iterable[str]) -> Iterator[str]:
    """The stretches of text that SentencePiece learns from. It takes them as they are; none is empty or too long."""
    for document in documents:
        for stretch in _SPELT_IN_BYTES.split(document)[0::2]:
            for start in range(0, len(stretch), _LONGEST_LINE):
                yield stretch[start : start + _LONGEST_LINE]


def _characters_with_a_piece(lines: Iterable[str]) -> int:
    """How many characters have a piece: the space, and the most frequent ones that cover enough of `lines`."""
    counts = Counter(chain.from_iterable(lines))
    enough = _CHARACTER_COVERAGE * counts.total()
    covered_before = accumulate((count for _, count in counts.most_common()), initial=0)
    ranked = zip(counts.most_common(), covered_before, strict=False)
    return len({" "} | {character for (character, _), covered in ranked if covered < enough})


def _refuse_surrogates(text: str) -> None:
    """Raises TokenizerError for a lone surrogate, which stands for a byte that is not UTF-8: SentencePiece loses it."""
    if found := _SURROGATE.search(text):
        raise TokenizerError(
            f"character {found.start() + 1:,} of this text is not Unicode (U+{ord(found[0]):04X})",
            hint="--tokenizer bytes takes any bytes",
        )
