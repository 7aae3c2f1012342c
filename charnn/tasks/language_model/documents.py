"""Documents to learn from, in memory or, where their texts are long, in their files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

import numpy as np

from charnn.corpora.blocks import TextBlock
from charnn.corpora.decoding import OnError
from charnn.corpora.documents import DocumentUnit, split_documents
from charnn.corpora.long_documents import LongDocuments
from charnn.corpora.long_texts import LongText
from charnn.corpora.texts import Reading, SourceText
from charnn.corpora.unpacking import check_length, largest_text

Documents = list[str] | LongDocuments
"""Documents of a corpus, in memory or, where the corpus is long, in its files."""


def read_documents(
    paths: Sequence[str], unit: DocumentUnit, *, encoding: str, any_bytes: bool, on_error: OnError = "fail"
) -> Documents:
    """The documents in the files at `paths`. Raises CorpusError for a file that cannot be read."""
    (texts,) = Reading(encoding, any_bytes, on_error, unit).texts(paths)
    return documents_of(texts, unit)


def documents_of(texts: Sequence[SourceText], unit: DocumentUnit) -> Documents:
    """The documents of the texts, which are all long or all in memory."""
    if any(isinstance(text, LongText) for text, _ in texts):
        return LongDocuments.of([text for text, _ in texts if isinstance(text, LongText)], unit)
    return [document for text, _ in texts if isinstance(text, str) for document in split_documents(text, unit)]


def held(documents: Documents) -> list[str]:
    """The documents in memory. Raises CorpusError where they are too long for that."""
    if not isinstance(documents, LongDocuments):
        return documents
    check_length(documents.characters, documents.texts[0].path, largest_text())
    return list(documents.documents())


def pieces_of(documents: Documents) -> Iterable[str]:
    """The documents, or pieces of them."""
    return (text for text, _ in documents.blocks()) if isinstance(documents, LongDocuments) else documents


def blocks_of_documents(documents: Iterable[str] | LongDocuments) -> Iterator[TextBlock]:
    """The documents in blocks that say where they end."""
    if isinstance(documents, LongDocuments):
        yield from documents.blocks("reading")
        return
    for document in documents:
        yield TextBlock(document, np.array([len(document)], np.int64))


def number_of(documents: Documents) -> int:
    """The number of documents. Those in files must be all of their texts."""
    return documents.number if isinstance(documents, LongDocuments) else len(documents)


def characters_of(documents: Documents) -> int:
    """The number of characters of all documents."""
    return documents.characters if isinstance(documents, LongDocuments) else sum(map(len, documents))


def beginning(texts: Documents, characters: int) -> list[str]:
    """The first texts, at most so many characters in all; where the first one is longer by itself, its beginning."""
    if isinstance(texts, LongDocuments):
        return texts.beginning(characters)
    whole = [text for text, total in zip(texts, accumulate(map(len, texts)), strict=True) if total <= characters]
    return whole or [texts[0][:characters]]
