"""Reads a corpus: the documents to learn from, those that are held out, and the record that finds them again."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from charnn.corpora.data_files import DataFiles
from charnn.corpora.decoding import naming_the_tokenizer
from charnn.corpora.documents import DocumentUnit, held_out_characters, hold_out
from charnn.corpora.labelled_layout import LabelledLayout
from charnn.corpora.long_documents import LongDocuments
from charnn.corpora.runs import RunLengths, run_lengths
from charnn.corpora.sources import READ_AGAIN
from charnn.corpora.texts import Reading, SourceText
from charnn.corpora.unseen import UnseenCharacters, shown
from charnn.errors import CharnnWarning, CorpusError
from charnn.readable import counted
from charnn.tasks.language_model.config import CorpusConfig
from charnn.tasks.language_model.documents import Documents, characters_of, documents_of, held, number_of, pieces_of
from charnn.tasks.language_model.labelled_documents import LabelledSource, labelled_parts, rows_again, rows_at
from charnn.tokenizers.base import Tokenizer


class ReplayedPart(NamedTuple):
    """A part of a text that was learned before."""

    text: str
    ends: bool
    """Whether a document ends with it, as the model has learned."""


@dataclass(frozen=True)
class Corpus:
    training: Documents
    validation: Documents
    config: CorpusConfig
    training_labels: Sequence[str] = ()
    """The label of each document to train on, where documents have labels."""
    validation_labels: Sequence[str] = ()
    """The label of each document that is held out, likewise."""
    replayed: list[ReplayedPart] = field(default_factory=list)
    """Pieces of the text that a model to start from has learned, which are read beside the documents (`replay`)."""
    known: list[ReplayedPart] = field(default_factory=list)
    """All of that text that was learned, without what was held out of it."""
    repeats: int = 1
    """How often each document is read beside them."""
    before: list[str] = field(default_factory=list)
    """What was held out of that text."""

    @property
    def blank_lines(self) -> int:
        """How many of the documents to train on are blank lines, where each line is one and they are in memory."""
        if self.config.document != "line" or self.training_labels or isinstance(self.training, LongDocuments):
            return 0
        return sum(not line.strip() for line in self.training)

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
            return replace(self.training, start=0, end=sum(map(len, self.training.texts)))
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


def read_corpus(
    data: DataFiles,
    *,
    document: DocumentUnit = "file",
    labelled: LabelledLayout | None = None,
    any_bytes: bool = False,
) -> Corpus:
    """The corpus in these files; see `sources.read` for `any_bytes`. The last tenth is held out, or less of a long text
    (`documents.held_out_characters`). There are no folds of it.

    With `labelled` the files have texts with labels (`corpora.labelled`). Each of them is a document, which ends in a
    line end, and a tenth of each label's texts is held out. Neighbours in a file often have the same label, so these
    documents are put in another order, in which what was read before a text says nothing of its label.

    Raises CorpusError for a file that cannot be read, and where nothing is left to train on or to validate with.
    """
    if labelled is not None:
        with naming_the_tokenizer():
            files, held_out = rows_at(
                data.paths,
                data.validation_paths,
                encoding=data.encoding,
                any_bytes=any_bytes,
                on_error=data.on_error,
            )
        return _labelled(
            files,
            held_out,
            CorpusConfig(
                sources=tuple(source for _, source in files),
                validation_sources=tuple(source for _, source in held_out),
                document="line",
                encoding=data.encoding,
                layout=labelled,
                on_error=data.on_error,
                held_out=data.holds_out,
            ),
            any_bytes=any_bytes,
        )
    with naming_the_tokenizer():
        reading = Reading(data.encoding, any_bytes, data.on_error, document)
        texts, validation_texts = reading.texts(data.paths, data.validation_paths)
    config = CorpusConfig(
        sources=tuple(source for _, source in texts),
        validation_sources=tuple(source for _, source in validation_texts),
        document=document,
        encoding=data.encoding,
        on_error=data.on_error,
        held_out=data.holds_out,
    )
    return _corpus(texts, validation_texts, config=config)


def read_corpus_again(config: CorpusConfig, *, any_bytes: bool = False) -> Corpus:
    """The corpus that `config` records, with the same part of it held out.

    Raises CorpusError where a file of it is missing or has changed.
    """
    if config.labels:
        texts, held_out = rows_again(config, config.sources, config.validation_sources, any_bytes=any_bytes)
        return _labelled(texts, held_out, config, any_bytes=any_bytes)
    read = reading_of(config, any_bytes).texts_again(config.sources, config.validation_sources)
    return _corpus(*read, config=config)


def _corpus(texts: Sequence[SourceText], validation_texts: Sequence[SourceText], *, config: CorpusConfig) -> Corpus:
    documents, validation = documents_of(texts, config.document), documents_of(validation_texts, config.document)
    for part, sources in ((documents, config.sources), (validation, config.validation_sources)):
        if sources and not characters_of(part):
            raise CorpusError(f"{', '.join(source.path for source in sources)}: the text is empty")
        if sources and not isinstance(part, LongDocuments) and not any(map(str.strip, part)):
            raise CorpusError(f"{', '.join(source.path for source in sources)}: the text is nothing but white space")
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


def _held_out(documents: Documents, config: CorpusConfig) -> tuple[Documents, Documents]:
    """What is trained on, and what is held out: as much as a record says, or as should be."""
    if not isinstance(documents, LongDocuments):
        return hold_out(documents, config.validation_characters or held_out_characters(characters_of(documents)))
    cut = config.training_characters or documents.cut()
    if not 0 < cut < documents.end:
        raise CorpusError(f"{config.sources[0].path}: has changed since the model was trained", hint=READ_AGAIN)
    return replace(documents, end=cut), replace(documents, start=cut)


def _labelled(
    texts: Sequence[LabelledSource],
    validation_texts: Sequence[LabelledSource],
    config: CorpusConfig,
    *,
    any_bytes: bool,
) -> Corpus:
    training, validation, labels, validation_labels, counted = labelled_parts(
        texts, validation_texts, config, any_bytes=any_bytes
    )
    return Corpus(training, validation, counted, labels, validation_labels)


def reading_of(config: CorpusConfig, any_bytes: bool) -> Reading:
    """How the texts of a corpus are read."""
    return Reading(config.encoding, any_bytes, config.on_error, config.document)


def warn_of_unseen(corpus: Corpus, tokenizer: Tokenizer) -> None:
    """Warns of characters that a separate validation text has and the vocabulary lacks."""
    unseen = UnseenCharacters(tokenizer.unknown_characters)
    for document in pieces_of(corpus.validation):
        unseen.see(document)
    if unseen.counts:
        first = shown(character for character, _ in unseen.counts.most_common())
        warnings.warn(
            f"the validation text has {counted(unseen.counts.total(), 'character')} that the training text lacks "
            f"({first}): the model reads them as the unknown token{unseen.known_writing}",
            CharnnWarning,
            stacklevel=2,
        )
