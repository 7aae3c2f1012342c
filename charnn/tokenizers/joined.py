"""The vocabulary of a model that starts from the weights of another."""

from __future__ import annotations

from collections.abc import Sequence

from charnn.config.tokenizer import TokenizerConfig
from charnn.corpora.long_documents import LongDocuments
from charnn.tokenizers import train
from charnn.tokenizers.base import Tokenizer
from charnn.tokenizers.characters import CharacterTokenizer


def join_vocabularies(
    source: Tokenizer, config: TokenizerConfig, documents: Sequence[str] | LongDocuments
) -> Tokenizer:
    """The tokenizer of a model that starts from the weights of another, whose tokenizer is `source`.

    A tokenizer of the same kind has all symbols of `source`. Characters of `documents` are added to them, and bytes and
    pieces are kept as they are. A tokenizer of another kind is learnt from `documents`.
    """
    if config.kind != source.kind:
        return train(config, documents)
    if isinstance(source, CharacterTokenizer):
        ours = CharacterTokenizer.train(documents, min_count=config.min_count)
        characters = {text for tokenizer in (source, ours) for kind, text in tokenizer.symbols() if kind == "text"}
        return CharacterTokenizer("".join(sorted(characters)))
    return source
