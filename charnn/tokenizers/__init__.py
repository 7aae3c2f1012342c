"""Turns text into ids and back without loss: by characters, bytes, or the pieces of a SentencePiece vocabulary.

Words, for models that write none, come back without capitals and spaces.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from charnn.config.model import ReadKind, TokenizerConfig
from charnn.errors import TokenizerError
from charnn.tokenizers.base import STOP_ID, TOKENIZER_JSON, TOKENIZER_MODEL, IncrementalDecoder, Tokenizer
from charnn.tokenizers.byte import ByteTokenizer
from charnn.tokenizers.characters import CharacterTokenizer

if TYPE_CHECKING:
    from charnn.corpora.long_documents import LongDocuments

__all__ = ["STOP_ID", "IncrementalDecoder", "Tokenizer", "load", "train"]

FILE_NAMES: Mapping[ReadKind, str] = {
    "characters": TOKENIZER_JSON,
    "bytes": TOKENIZER_JSON,
    "unigram": TOKENIZER_MODEL,
    "bpe": TOKENIZER_MODEL,
    "words": TOKENIZER_JSON,
}
"""The file in a model directory of each kind of tokenizer."""
LARGEST_FILE = 64 * 1024 * 1024
"""The most bytes that a tokenizer's file may have. All code points together make a tokenizer.json of 8 MB."""


def train(config: TokenizerConfig, documents: Sequence[str] | LongDocuments) -> Tokenizer:
    """The tokenizer that `config` asks for, with a vocabulary learnt from `documents`. Equal documents give equal ids.

    Pieces of several characters are learnt from a sample of documents that are long.
    Raises TokenizerError where they hold no text, or none that such a vocabulary can be made from.
    """
    # Imported here, so that a model starts without what reads long texts, and where it can without SentencePiece.
    from charnn.corpora.long_documents import LongDocuments

    if not (documents.characters if isinstance(documents, LongDocuments) else any(documents)):
        raise TokenizerError("no text to learn a vocabulary from")
    if config.kind == "characters":
        return CharacterTokenizer.train(documents, min_count=config.min_count)
    if config.kind == "bytes":
        return ByteTokenizer()
    texts = documents.sample() if isinstance(documents, LongDocuments) else documents
    if config.kind == "words":
        from charnn.tokenizers.words import WordTokenizer

        return WordTokenizer.train(texts, min_count=config.min_count)
    from charnn.tokenizers.sentencepiece import SentencePieceTokenizer

    return SentencePieceTokenizer.train(config.kind, texts, vocabulary_size=config.vocabulary_size)


def load(kind: ReadKind, data: bytes) -> Tokenizer:
    """The tokenizer whose `to_bytes` gave `data`. Raises TokenizerError where they are anything else."""
    if len(data) > LARGEST_FILE:
        raise TokenizerError(f"a tokenizer of {len(data):,} bytes is not one of ours; the limit is {LARGEST_FILE:,}")
    if kind == "characters":
        return CharacterTokenizer.from_bytes(data)
    if kind == "bytes":
        return ByteTokenizer.from_bytes(data)
    if kind == "words":
        from charnn.tokenizers.words import WordTokenizer

        return WordTokenizer.from_bytes(data)
    from charnn.tokenizers.sentencepiece import SentencePieceTokenizer

    return SentencePieceTokenizer(kind, data)


def join_vocabularies(
    source: Tokenizer, config: TokenizerConfig, documents: Sequence[str] | LongDocuments
) -> Tokenizer:
    """The tokenizer of a model that starts from the weights of another, whose tokenizer is `source`.

    A tokenizer of the same kind has all symbols of `source`. Characters and words of `documents` are added to them, and
    bytes and pieces are kept as they are. A tokenizer of another kind is learnt from `documents`.
    """
    if config.kind != source.kind:
        return train(config, documents)
    if isinstance(source, CharacterTokenizer):
        ours = CharacterTokenizer.train(documents, min_count=config.min_count)
        characters = {text for tokenizer in (source, ours) for kind, text in tokenizer.symbols() if kind == "text"}
        return CharacterTokenizer("".join(sorted(characters)))
    if source.kind == "words":
        from charnn.tokenizers.words import WordTokenizer

        both = (source, train(config, documents))
        return WordTokenizer(sorted({text for one in both for kind, text in one.symbols() if kind == "text"}))
    return source
