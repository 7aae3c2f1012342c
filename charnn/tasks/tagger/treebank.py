"""A treebank: the tagged sentences to learn from, those held out, and the record that finds the same ones again."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import NamedTuple, NoReturn

from charnn.config.model import SourceFile
from charnn.corpora.data_files import DataFiles
from charnn.corpora.documents import HELD_OUT_FRACTION, Fold
from charnn.corpora.sources import read, read_again
from charnn.errors import CharnnWarning, CorpusError, UsageError
from charnn.readable import counted, file_name, instead_of
from charnn.tasks.tagger.config import PASSED_OVER, Level, TreebankConfig, TreebankFormat
from charnn.tasks.tagger.doubtful_columns import warn_of_doubtful_columns
from charnn.tasks.tagger.entities import recognize_scheme
from charnn.tasks.tagger.formats.raw import align, raw_text
from charnn.tasks.tagger.formats.sentence import (
    HOW_SENTENCES_END,
    NO_TAG,
    NOT_GIVEN,
    Malformed,
    Sentence,
    TaggedSentence,
)
from charnn.tasks.tagger.reference_sentences import (
    check_has_columns,
    reference_sentences,
    treebank_format,
    unnamed_in,
    warn_of_unnamed,
)
from charnn.tasks.tagger.told_columns import told_columns


@dataclass(frozen=True)
class Treebank:
    training: list[TaggedSentence]
    validation: list[TaggedSentence]
    config: TreebankConfig


class _File(NamedTuple):
    text: str
    name: str
    """The name of the file in messages."""
    source: SourceFile


def read_treebank(
    data: DataFiles,
    *,
    columns: Sequence[str] | None = None,
    known_columns: Sequence[str] = (),
    format: TreebankFormat | None = None,
    level: Level = "word",
    tag_paths: Sequence[str] = (),
) -> Treebank:
    """The treebank in these files; see `sources.read`. With `on_error` skip, sentences that are malformed or have bytes
    that are not in the encoding are left out, counted and warned of.

    Where no `format` is given the first file tells, and `tag_paths` mean `aligned`, whose level is always `character`.
    `columns` has `_` for a column that is passed over, where the files have no names for their columns. Where there are
    none the first file tells (`told_columns`), and `known_columns` are those of a model that is started from.
    Sentences without any tag are left out. The last tenth of the others is held out, at least one, or the block of a
    fold. Raises CorpusError for what cannot be read: the first sentence that is malformed, or has a word of several
    characters at the level `character`; also where nothing is left to train on or to validate with. Raises UsageError
    for arguments that contradict each other, and for a column that the files do not have.
    """
    if format is None and tag_paths:
        format = "aligned"
    if format == "aligned":
        _check_aligned(
            len(data.paths), len(tag_paths), len(data.validation_paths), 1 if columns is None else len(columns)
        )
        level = "character"
    elif tag_paths:
        raise UsageError(f"files of tags go with the format aligned, not with {format}")

    def files_at(paths: Sequence[str]) -> list[_File]:
        decoding = Malformed(data.on_error).decoding
        found = [(path, *read(path, encoding=data.encoding, on_error=decoding)) for path in paths]
        return [_File(text, file_name(path), source) for path, text, source in found]

    files, held_out, tags = files_at(data.paths), files_at(data.validation_paths), files_at(tag_paths)
    format = format or treebank_format(files[0].text, files[0].name)
    told = columns is None
    columns = told_columns(files[0].text, files[0].name, format, level, known_columns) if columns is None else columns
    config = TreebankConfig(
        sources=tuple(file.source for file in files),
        format=format,
        columns=tuple(column for column in columns if column != PASSED_OVER),
        file_columns=tuple(columns) if PASSED_OVER in columns else (),
        level=level,
        validation_sources=tuple(file.source for file in held_out),
        tag_sources=tuple(file.source for file in tags),
        encoding=data.encoding,
        held_out=data.holds_out,
        on_error=data.on_error,
    )
    for file in (*files[told:], *held_out) if config.format != "aligned" else ():
        unnamed = unnamed_in(file.text, file.name, config.format, config.columns_in_files, level)
        warn_of_unnamed(file.name, config.format, config.columns_in_files, unnamed)
    treebank = _treebank(files, held_out, tags, config, data.fold)
    if config.format == "columns":
        warn_of_doubtful_columns(files[0].name, treebank.training)
    return treebank


def read_treebank_again(config: TreebankConfig) -> Treebank:
    """The treebank that `config` records. Raises CorpusError where a file of it is missing or has changed."""

    def again(sources: Sequence[SourceFile]) -> list[_File]:
        decoding = Malformed(config.on_error).decoding
        texts = (read_again(source, encoding=config.encoding, on_error=decoding) for source in sources)
        return [_File(text, source.path, source) for text, source in zip(texts, sources, strict=True)]

    files, held_out, tags = again(config.sources), again(config.validation_sources), again(config.tag_sources)
    return _treebank(files, held_out, tags, config)


def _treebank(
    files: list[_File],
    held_out: list[_File],
    tags: list[_File],
    config: TreebankConfig,
    fold: Fold | None = None,
) -> Treebank:
    malformed = Malformed(config.on_error, config.encoding)
    if config.format == "aligned":
        pairs = zip(files, tags, strict=True)
        training = [s for file, tag in pairs for _, s in align(*file[:2], *tag[:2], malformed)]
    else:
        training = [sentence for file in files for sentence in _sentences(file, config, malformed)]
    validation = [sentence for file in held_out for sentence in _sentences(file, config, malformed)]
    malformed.report()
    config = replace(config, skipped_sentences=malformed.left_out)
    every = [*training, *validation]
    if every:
        untagged = tuple(sum(s.tags[number].count(NO_TAG) for s in every) for number in range(len(config.columns)))
        config = replace(config, untagged_words=untagged if any(untagged) else ())
    training, validation = ([s for s in part if any(s.is_tagged)] for part in (training, validation))
    config = replace(config, untagged_sentences=len(every) - len(training) - len(validation))
    if config.untagged_sentences and not training:
        _raise_for_no_tags(files, config, config.columns[0])
    training, validation = _split(training, validation, files, held_out, config, fold)
    _check_columns(training, validation, files, held_out, config)
    schemes = tuple(
        recognize_scheme(sentence.tags[number] for sentence in training) if config.level == "word" else None
        for number in range(len(config.columns))
    )
    counted = replace(
        config,
        schemes=schemes if any(schemes) else (),
        training_sentences=len(training),
        training_words=sum(map(len, training)),
        training_characters=sum(len(word) for sentence in training for word in sentence.words),
        validation_sentences=len(validation) if config.held_out else 0,
        validation_words=sum(map(len, validation)) if config.held_out else 0,
    )
    return Treebank(training, validation, counted)


def _split(
    training: list[TaggedSentence],
    validation: list[TaggedSentence],
    files: list[_File],
    held_out: list[_File],
    config: TreebankConfig,
    fold: Fold | None,
) -> tuple[list[TaggedSentence], list[TaggedSentence]]:
    """The sentences to train on, and those to validate with: those of the files `held_out`, or else a part of the
    others. Raises CorpusError where one of the two has none."""
    _check_enough(files, training, 1 if held_out or not config.held_out else 2, config.format)
    if held_out:
        _check_enough(held_out, validation, 1, config.format)
        return training, validation
    if not config.held_out:
        return training, training
    if fold is not None:
        training, validation = fold.of_blocks(training)
        _check_enough(files, min(training, validation, key=len), 1, config.format)
        return training, validation
    cut = int(len(training) * (1 - HELD_OUT_FRACTION))  # at least one of two or more is on each side
    return training[:cut], training[cut:]


def _check_columns(
    training: list[TaggedSentence],
    validation: list[TaggedSentence],
    files: list[_File],
    held_out: list[_File],
    config: TreebankConfig,
) -> None:
    """Raises UsageError for a column in which no word has a tag, CorpusError for one that cannot be validated."""
    for number, column in enumerate(config.columns):
        if config.format != "aligned" and all(NOT_GIVEN.issuperset(s.tags[number]) for s in training):
            _raise_for_no_tags(files, config, column)
        if not any(map(any, (s.tags[number] for s in validation))):
            names = ", ".join(file.name for file in held_out or files)
            part = "no word" if held_out else "no word of the part that is held out"
            raise CorpusError(
                f"{names}: {part} has a tag of the column {column}", hint="name a file to validate with: --valid FILE"
            )


def _sentences(file: _File, config: TreebankConfig, malformed: Malformed) -> list[TaggedSentence]:
    """Its first sentence opens a paragraph: it does not go on with the file before."""
    sentences = enumerate(_references(file, config, malformed))
    return [_tagged(sentence, config.columns, opens_paragraph=number == 0) for number, sentence in sentences]


def _references(file: _File, config: TreebankConfig, malformed: Malformed) -> Iterator[Sentence]:
    return reference_sentences(file.text, file.name, config.format, config.columns_in_files, config.level, malformed)


def _raise_for_no_tags(files: list[_File], config: TreebankConfig, column: str) -> NoReturn:
    """Raises UsageError, which names the columns in which words have tags."""
    there: dict[str, None] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CharnnWarning)  # what can be said of these files has been said
        for sentence in chain.from_iterable(_references(file, config, Malformed(config.on_error)) for file in files):
            there |= dict.fromkeys(
                c for c in sentence.tag_columns if not NOT_GIVEN.issuperset(sentence.values(c) or ())
            )
    names = ", ".join(file.name for file in files)
    raise UsageError(
        f"{names}: no word that could be trained on has a tag of the column {column}",
        hint=instead_of(column, list(there), "columns with tags are"),
    )


def _tagged(sentence: Sentence, columns: Sequence[str], *, opens_paragraph: bool) -> TaggedSentence:
    check_has_columns(sentence, columns)
    tags = (sentence.reference_tags(column) for column in columns)
    words, *interned = (list(map(sys.intern, column)) for column in (sentence.words, *tags))  # most recur
    return TaggedSentence(words, tuple(interned), raw_text(sentence, opens_paragraph=opens_paragraph))


def _check_enough(files: list[_File], found: list[TaggedSentence], needed: int, format: TreebankFormat) -> None:
    if len(found) < needed:
        names = ", ".join(file.name for file in files)
        if needed == 1:
            raise CorpusError(f"{names}: there is no sentence")
        one = f"is a single sentence, of {counted(len(found[0]), 'word')}" if found else "is no sentence"
        raise CorpusError(
            f"{names}: there {one}, and one must be held out; {HOW_SENTENCES_END[format]}",
            hint="2 sentences are the least, or a file to validate with: --valid FILE, or none: --valid none",
        )


def _check_aligned(files: int, tags: int, validation: int, columns: int) -> None:
    if files != tags:
        raise UsageError(f"the files of text are {files}, but those of tags {tags}: aligned files come in pairs")
    if validation:
        raise UsageError("aligned files have no --valid", hint="the last tenth of the lines is held out")
    if columns != 1:
        raise UsageError(f"aligned files have one column of tags, not {columns}")
