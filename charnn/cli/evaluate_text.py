"""`charnn eval` where the model is a language model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from charnn.cli import console, inference
from charnn.cli.options import InferencePrecision
from charnn.corpora.documents import DocumentUnit, split_documents
from charnn.corpora.sources import read
from charnn.errors import CorpusError, UsageError
from charnn.tasks.language_model.corpus import read_corpus_again
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.language_model.use.reading import carried, cropped
from charnn.tokenizers.base import STOP_ID, Tokenizer

LANES = 8
WARM_UP = 2048
"""Tokens read before each lane's part, unscored. On the fables it agreed with a single lane to nine decimals."""


def evaluate(
    directory: LanguageModelDirectory,
    files: Sequence[str],
    *,
    context: str,
    unit: DocumentUnit | None,
    encoding: str,
    precision: InferencePrecision,
    as_json: bool,
) -> None:
    crop = _crop_length(context)
    config = directory.config()
    tokenizer = directory.tokenizer()
    any_bytes = config.tokenizer.kind == "bytes"
    if files:
        texts = [read(file, encoding=encoding, any_bytes=any_bytes)[0] for file in files]
        unit = unit or config.corpus.document
        validation = [document for text in texts for document in split_documents(text, unit)]
        name = ", ".join(files)
    else:
        if unit is not None:
            raise UsageError("--documents is for a FILE; the model's own validation text has its own documents")
        validation = read_corpus_again(config.corpus, any_bytes=any_bytes).validation
        name = "held out of the corpus"
    if not validation:
        raise CorpusError(f"{name}: the text is empty, and no text has no score")
    if unknown := _unknown(tokenizer, validation):
        console.warn(f"the model has never seen {unknown}: scored as the unknown token")
    network = inference.load_language_model(directory, precision, threads=inference.processors())
    if crop is None:
        ids = [tokenizer.encode(document) for document in validation]
        score = carried(network, ids, sum(map(len, validation)), stop_id=STOP_ID, lanes=LANES, warm_up=WARM_UP)
    else:
        score = cropped(network, validation, tokenizer.encode, context=crop, stop_id=STOP_ID)
    result: dict[str, Any] = {
        "nats_per_character": score.nats_per_character,
        "bits_per_character": score.bits_per_character,
        "perplexity": score.perplexity,
        "characters": score.characters,
        "context": "carried" if crop is None else crop,
        "documents": len(validation),
        "nats_per_stop": score.nats_per_stop,
        "precision": precision,
        "model": str(directory.path),
    }
    if as_json:
        console.write_json(result)
    else:
        console.write(_table(result, name) + "\n")


def _crop_length(context: str) -> int | None:
    if context == "carried":
        return None
    if not context.isdecimal() or int(context) < 1:
        raise UsageError(f"--context {context}: give `carried` or a number of characters")
    return int(context)


def _unknown(tokenizer: Tokenizer, documents: list[str]) -> str:
    seen = dict.fromkeys(c for document in documents for c in tokenizer.unknown_characters(document))
    shown = ", ".join(map(repr, list(seen)[:10]))
    return f"{shown} and {len(seen) - 10} more" if len(seen) > 10 else shown


def _table(result: dict[str, Any], name: str) -> str:
    context = (
        "carried through the text" if result["context"] == "carried" else f"crops of {result['context']} characters"
    )
    return "\n".join(
        (
            f"model       {result['model']}",
            f"text        {name}: {result['characters']:,} characters, {result['documents']:,} documents",
            f"context     {context}",
            f"nats/char   {result['nats_per_character']:.4f}",
            f"bits/char   {result['bits_per_character']:.4f}",
            f"perplexity  {result['perplexity']:.3f} per character",
        )
    )
