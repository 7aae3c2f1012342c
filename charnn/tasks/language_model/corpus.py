"""Reads a corpus: the documents to learn from, those that are held out, and the record that finds them again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from charnn.config.model import SourceFile
from charnn.corpora.decoding import BadBytes, OnError, marking, naming_the_tokenizer
from charnn.corpora.documents import (
    HELD_OUT_FRACTION,
    DocumentUnit,
    held_out_characters,
    hold_out,
    split_documents,
)
from charnn.corpora.labelled import LabelledLayout, hold_out_labelled, labelled_texts
from charnn.corpora.lines import lines_of
from charnn.corpora.long_documents import LongDocuments
from charnn.corpora.long_texts import LongText, PartOfText
from charnn.corpora.runs import RunLengths, run_lengths
from charnn.corpora.sources import READ_AGAIN, check_length, largest_text, read, read_again
from charnn.corpora.texts import Reading, SourceText
from charnn.errors import CorpusError
from charnn.tasks.language_model.config import CorpusConfig, Label

NOTHING_HELD_OUT = "nothing was held out when the model was trained, which learned all of its data"


class Piece(NamedTuple):
    """A part of a text that was learned before."""

    text: str
    ends: bool
    """Whether a document ends with it, as the model has learned."""


Documents = list[str] | LongDocuments
"""Documents of a corpus, in memory or, where the corpus is long, in its files."""


@dataclass(frozen=True)
class Corpus:
    training: Documents
    validation: Documents
    config: CorpusConfig
    training_labels: list[str] = field(default_factory=list)
    """The label of each document to train on, where documents have labels."""
    validation_labels: list[str] = field(default_factory=list)
    """The label of each document that is held out, likewise."""
    replayed: list[Piece] = field(default_factory=list)
    """Pieces of the text that a model to start from has learned, which are read beside the documents (`replay`)."""
    repeats: int = 1
    """How often each document is read beside them."""
    before: list[str] = field(default_factory=list)
    """What was held out of that text."""

    @property
    def characters_to_read(self) -> int:
        """The characters of an epoch."""
        return self.repeats * self.config.training_characters + sum(len(piece.text) for piece in self.replayed)

    @property
    def user_texts(self) -> Documents:
        """The texts that the vocabulary and the longest runs are those of.

        Where the end of the user's text was held out it is among them, so that no symbol of that text is unknown to the
        model. A separate validation text is not among them.
        """
        if isinstance(self.training, LongDocuments):
            return LongDocuments.of(self.training.texts, self.training.unit)
        is_separate = self.config.validation_sources or not self.config.held_out
        return self.training if is_separate else self.training + self.held_validation

    def run_lengths(self) -> dict[str, RunLengths]:
        """The lengths of the runs of characters in the user's texts, and in what is replayed beside them."""
        texts, known = self.user_texts, [piece.text for piece in self.replayed]
        return texts.run_lengths(known) if isinstance(texts, LongDocuments) else run_lengths([*texts, *known])

    @property
    def held_validation(self) -> list[str]:
        """The documents that are held out, in memory."""
        return held(self.validation)


def held(documents: Documents) -> list[str]:
    """The documents in memory. Raises CorpusError where they are too long for that."""
    if not isinstance(documents, LongDocuments):
        return documents
    check_length(documents.characters, documents.texts[0].path, largest_text())
    return list(documents.documents())


def pieces_of(documents: Documents) -> Iterable[str]:
    """The documents, or pieces of them."""
    return (text for text, _ in documents.blocks()) if isinstance(documents, LongDocuments) else documents


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


def read_corpus(
    paths: Sequence[str],
    validation_paths: Sequence[str] = (),
    *,
    document: DocumentUnit = "file",
    labelled: LabelledLayout | None = None,
    encoding: str = "utf-8",
    any_bytes: bool = False,
    on_error: OnError = "fail",
    holds_out: bool = True,
) -> Corpus:
    """The corpus in the files at `paths`, `-` for standard input; see `sources.read` for the other arguments.

    Without `validation_paths` the last tenth is held out, or less of a long text (`documents.held_out_characters`);
    unless it `holds_out` any, when the corpus is trained on as a whole and validated with itself.

    With `labelled` the files have texts with labels (`corpora.labelled`). Each of them is a document, which ends in a
    line end, and a tenth of each label's texts is held out. Neighbours in a file often have the same label, so these
    documents are put in another order, in which what was read before a text says nothing of its label.

    Raises CorpusError for a file that cannot be read, and where nothing is left to train on or to validate with.
    """
    if labelled is not None:
        with naming_the_tokenizer():
            files, held_out = (
                [read(path, encoding=encoding, any_bytes=any_bytes, on_error=marking(on_error)) for path in every]
                for every in (paths, validation_paths)
            )
        return _labelled_corpus(
            [text for text, _ in files],
            [text for text, _ in held_out],
            CorpusConfig(
                sources=tuple(source for _, source in files),
                validation_sources=tuple(source for _, source in held_out),
                document="line",
                encoding=encoding,
                layout=labelled,
                on_error=on_error,
                held_out=holds_out,
            ),
            any_bytes=any_bytes,
        )
    with naming_the_tokenizer():
        texts, validation_texts = Reading(encoding, any_bytes, on_error, document).texts(paths, validation_paths)
    config = CorpusConfig(
        sources=tuple(source for _, source in texts),
        validation_sources=tuple(source for _, source in validation_texts),
        document=document,
        encoding=encoding,
        on_error=on_error,
        held_out=holds_out,
    )
    return _corpus(texts, validation_texts, config=config)


def read_corpus_again(config: CorpusConfig, *, any_bytes: bool = False) -> Corpus:
    """The corpus that `config` records, with the same part of it held out.

    Raises CorpusError where a file of it is missing or has changed.
    """
    if config.labels:
        texts, held_out = (
            _again(config, sources, any_bytes) for sources in (config.sources, config.validation_sources)
        )
        return _labelled_corpus(texts, held_out, config, any_bytes=any_bytes)
    texts_again = _reading(config, any_bytes).texts_again(config.sources, config.validation_sources)
    return _corpus(*texts_again, config=config)


def _corpus(texts: Sequence[SourceText], validation_texts: Sequence[SourceText], *, config: CorpusConfig) -> Corpus:
    documents, validation = _documents(texts, config.document), _documents(validation_texts, config.document)
    for part, sources in ((documents, config.sources), (validation, config.validation_sources)):
        if sources and not characters_of(part):
            raise CorpusError(f"{', '.join(source.path for source in sources)}: the text is empty")
    if config.validation_sources:
        training = documents
    elif not config.held_out:
        training = validation = documents
    else:
        training, validation = _held_out(documents, config)
    counted = replace(
        config,
        documents=number_of(documents),
        training_characters=characters_of(training),
        validation_characters=characters_of(validation) if config.held_out else 0,
    )
    return Corpus(training, validation, counted)


def _documents(texts: Sequence[SourceText], unit: DocumentUnit) -> Documents:
    if any(isinstance(text, LongText) for text, _ in texts):
        return LongDocuments.of([text for text, _ in texts if isinstance(text, LongText)], unit)
    return [document for text, _ in texts if isinstance(text, str) for document in split_documents(text, unit)]


def _held_out(documents: Documents, config: CorpusConfig) -> tuple[Documents, Documents]:
    """What is trained on, and what is held out: as much as a record says, or as should be."""
    if not isinstance(documents, LongDocuments):
        return hold_out(documents, config.validation_characters or held_out_characters(characters_of(documents)))
    cut = config.training_characters or documents.cut()
    if not 0 < cut < documents.end:
        raise CorpusError(f"{config.sources[0].path}: has changed since the model was trained", hint=READ_AGAIN)
    return replace(documents, end=cut), replace(documents, start=cut)


def line_numbers(config: CorpusConfig, *, any_bytes: bool = False) -> list[list[int] | None]:
    """The numbers that the lines of each text of `training_texts` have in its file, where lines were left out for bad
    bytes or are in another order; None where all are read as they stand. Long texts are not for this."""
    if config.labels:
        places: dict[str, int] = {}
        for text, source in zip(_again(config, config.sources, any_bytes), config.sources, strict=True):
            bad = None if any_bytes else BadBytes(source.path, config.encoding, config.on_error)
            for _, document, line in labelled_texts(text, source.path, config.layout, bad):
                places.setdefault(f"{document}\n", line)
        training = held(read_corpus_again(config, any_bytes=any_bytes).training)
        return [[places[document] + n for document in training for n in range(len(lines_of(document)))]]
    if any_bytes or config.on_error != "skip":
        return [None] * len(config.sources)
    numbers: list[list[int] | None] = []
    for source in config.sources:
        marked = read_again(source, encoding=config.encoding, on_error="mark")
        lines = BadBytes(source.path, config.encoding, config.on_error).lines(lines_of(marked))
        numbers.append([number for number, _ in lines])
    return numbers


def training_texts(config: CorpusConfig, *, any_bytes: bool = False) -> Sequence[tuple[str, str | PartOfText]]:
    """The path and the text of each file that was trained on, without what was held out at the end; also of those that
    the model had learned which the run started from, where these were read again.

    Raises CorpusError where a file is missing or has changed.
    """
    paths = [source.path for source in config.sources]
    if config.labels:
        return [(", ".join(paths), "".join(held(read_corpus_again(config, any_bytes=any_bytes).training)))]
    (read_again_texts,) = _reading(config, any_bytes).texts_again(config.sources)
    documents = _documents(read_again_texts, config.document)
    texts: Sequence[tuple[str, str | PartOfText]]
    if isinstance(documents, LongDocuments):
        texts = replace(documents, end=min(config.training_characters, documents.end)).parts()
    else:
        strings = _cut(_strings(read_again_texts), config.training_characters)[0]
        texts = list(zip(paths, strings, strict=False))
    before = [] if config.replayed is None else training_texts(config.replayed, any_bytes=any_bytes)
    return [*texts, *before]


def held_out_texts(config: CorpusConfig, characters: int, *, any_bytes: bool = False) -> list[str]:
    """The texts that were held out, at most so many characters of them. Raises as `training_texts`."""
    if not config.held_out:
        raise CorpusError(NOTHING_HELD_OUT)
    if config.labels:
        held_out = ["".join(read_corpus_again(config, any_bytes=any_bytes).held_validation)]
        return _cut(held_out, characters)[0]
    (texts,) = _reading(config, any_bytes).texts_again(config.validation_sources or config.sources)
    start = 0 if config.validation_sources else config.training_characters
    documents = _documents(texts, config.document)
    if isinstance(documents, LongDocuments):
        end = min(start + characters, documents.end)
        return [part[:] for _, part in replace(documents, start=min(start, end), end=end).parts()]
    return _cut(_cut(_strings(texts), start)[1], characters)[0]


def _reading(config: CorpusConfig, any_bytes: bool) -> Reading:
    return Reading(config.encoding, any_bytes, config.on_error, config.document)


def _strings(texts: Sequence[SourceText]) -> list[str]:
    return [text for text, _ in texts if isinstance(text, str)]


def read_documents(
    paths: Sequence[str], unit: DocumentUnit, *, encoding: str, any_bytes: bool, on_error: OnError = "fail"
) -> Documents:
    """The documents in the files at `paths`. Raises as `read_corpus`."""
    (texts,) = Reading(encoding, any_bytes, on_error, unit).texts(paths)
    return _documents(texts, unit)


def read_labelled(
    paths: Sequence[str], layout: LabelledLayout, *, encoding: str, any_bytes: bool, on_error: OnError = "fail"
) -> list[tuple[str, str]]:
    """The label and the text of each document at `paths`. Raises as `read_corpus`."""
    files = [read(path, encoding=encoding, any_bytes=any_bytes, on_error=marking(on_error)) for path in paths]
    return [
        document
        for text, source in files
        for document in _labelled(text, source.path, layout, encoding, on_error, any_bytes=any_bytes)
    ]


def _labelled_corpus(texts: list[str], validation_texts: list[str], config: CorpusConfig, *, any_bytes: bool) -> Corpus:
    training, validation = (
        [
            document
            for text, source in zip(files, sources, strict=True)
            for document in _labelled(
                text, source.path, config.layout, config.encoding, config.on_error, any_bytes=any_bytes
            )
        ]
        for files, sources in ((texts, config.sources), (validation_texts, config.validation_sources))
    )
    for part, sources in ((training, config.sources), (validation, config.validation_sources)):
        if sources and not part:
            raise CorpusError(f"{', '.join(source.path for source in sources)}: no text with a label")
    documents = len(training) + len(validation)
    if not config.held_out:
        validation = training
    elif not config.validation_sources:
        training, validation = hold_out_labelled(training, HELD_OUT_FRACTION, lambda document: document[0])
    counts = Counter(label for label, _ in training)
    validation = [document for document in validation if document[0] in counts]
    if not validation:
        raise CorpusError("no label has two texts, so none can be held out", hint="give a validation file with --valid")
    random = np.random.default_rng(0)
    training, validation = ([part[i] for i in random.permutation(len(part))] for part in (training, validation))
    counted = replace(
        config,
        documents=documents,
        training_characters=sum(len(text) for _, text in training),
        validation_characters=sum(len(text) for _, text in validation) if config.held_out else 0,
        labels=tuple(Label(name, counts[name]) for name in sorted(counts)),
    )
    return Corpus(
        [text for _, text in training],
        [text for _, text in validation],
        counted,
        [label for label, _ in training],
        [label for label, _ in validation],
    )


def _labelled(
    text: str, path: str, layout: LabelledLayout, encoding: str, on_error: OnError, *, any_bytes: bool
) -> list[tuple[str, str]]:
    """The label and the text of each document of a file."""
    result = []
    bad = None if any_bytes else BadBytes(path, encoding, on_error)
    for labels, document, line in labelled_texts(text, path, layout, bad):
        if len(labels) != 1:
            raise CorpusError(f"{path}:{line}: {len(labels)} labels, where a text is written with one")
        result.append((labels[0], f"{document}\n"))
    return result


def _again(config: CorpusConfig, sources: Sequence[SourceFile], any_bytes: bool) -> list[str]:
    decoding = marking(config.on_error) if config.labels else config.on_error
    return [read_again(source, encoding=config.encoding, any_bytes=any_bytes, on_error=decoding) for source in sources]


def _cut(texts: Sequence[str], characters: int) -> tuple[list[str], list[str]]:
    """The first `characters` of the texts together, and the rest; no text of either is empty."""
    before, after = [], []
    for text in texts:
        before.append(text[:characters])
        after.append(text[characters:])
        characters = max(characters - len(text), 0)
    return [text for text in before if text], [text for text in after if text]
