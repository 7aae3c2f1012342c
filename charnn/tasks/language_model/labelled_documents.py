"""Documents with labels, one each, and how a part of each label's is held out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Sized
from dataclasses import replace
from typing import TypedDict, TypeVar

import numpy as np

from charnn.config.model import SourceFile
from charnn.corpora.decoding import BadBytes, Decoding, OnError, marking
from charnn.corpora.documents import HELD_OUT_FRACTION
from charnn.corpora.labelled import labelled_rows
from charnn.corpora.labelled_layout import LabelledLayout
from charnn.corpora.long_rows import LongRows
from charnn.corpora.rereading import RereadableFile, all_at_once, opened_again
from charnn.corpora.sources import check_encoding, note, text_in, text_in_again
from charnn.corpora.stratified import hold_out_labelled
from charnn.corpora.tables import Table
from charnn.errors import CorpusError
from charnn.tasks.language_model.config import CorpusConfig, Label
from charnn.tasks.language_model.documents import Documents, characters_of
from charnn.tasks.language_model.long_labelled import Collected, long_parts

LabelledDocument = tuple[str, str]
"""A label, and the text of the document that has it, which ends in a line end."""
LabelledSource = tuple[str | LongRows, SourceFile]
"""The text of a file of rows, in memory or, where it is long, in the file; and the record that finds it again."""


class _How(TypedDict):
    encoding: str
    any_bytes: bool
    on_error: Decoding


def rows_at(*groups: Sequence[str], encoding: str, any_bytes: bool, on_error: OnError) -> list[list[LabelledSource]]:
    """The files at the paths of each group. All are in memory, or, where they are long together, none is.

    Raises CorpusError for a file that cannot be read.
    """
    check_encoding(encoding, any_bytes)
    files = [[RereadableFile(path) for path in paths] for paths in groups]
    whole = all_at_once([file for group in files for file in group])
    if whole is None:
        long = [[LongRows(f, encoding=encoding, any_bytes=any_bytes, on_error=on_error) for f in g] for g in files]
        for rows in (rows for group in long for rows in group):
            note(rows.source)
        return [[(rows, rows.source) for rows in group] for group in long]
    data, how = iter(whole), _How(encoding=encoding, any_bytes=any_bytes, on_error=marking(on_error))
    return [[text_in(next(data), file.path, **how) for file in group] for group in files]


def rows_again(config: CorpusConfig, *groups: Sequence[SourceFile], any_bytes: bool) -> list[list[LabelledSource]]:
    """The files that the records of each group are of. Raises CorpusError where one is missing or has changed."""
    check_encoding(config.encoding, any_bytes)
    files = [[opened_again(source) for source in group] for group in groups]
    whole = all_at_once([file for group in files for file in group])
    how = _How(encoding=config.encoding, any_bytes=any_bytes, on_error=marking(config.on_error))
    data = iter(whole or [])
    return [
        [
            (
                LongRows(file, encoding=config.encoding, any_bytes=any_bytes, on_error=config.on_error, again=source)
                if whole is None
                else text_in_again(next(data), source, **how),
                source,
            )
            for file, source in zip(group, sources, strict=True)
        ]
        for group, sources in zip(files, groups, strict=True)
    ]


def read_labelled(
    paths: Sequence[str], layout: LabelledLayout, *, encoding: str, any_bytes: bool, on_error: OnError = "fail"
) -> Iterator[LabelledDocument]:
    """The label and the text of each document at `paths`, one by one. Raises CorpusError for a file that cannot be
    read."""
    (files,) = rows_at(paths, encoding=encoding, any_bytes=any_bytes, on_error=on_error)
    for text, source in files:
        yield from _labelled(text, source.path, layout, encoding, on_error, any_bytes=any_bytes)


def labelled_parts(
    texts: Sequence[LabelledSource],
    validation_texts: Sequence[LabelledSource],
    config: CorpusConfig,
    *,
    any_bytes: bool,
) -> tuple[Documents, Documents, Sequence[str], Sequence[str], CorpusConfig]:
    """What is trained on, what is held out, the labels of the documents of both, and the configuration with their
    numbers.

    Neighbours in a file often have the same label, so the documents are put in another order, in which what was read
    before a text says nothing of its label.
    """
    files = ((texts, config.sources), (validation_texts, config.validation_sources))
    if any(isinstance(text, LongRows) for text, _ in (*texts, *validation_texts)):
        collected, separate = (
            _checked(Collected(_documents(part, config, any_bytes=any_bytes), _names(sources)), sources)
            for part, sources in files
        )
        long = long_parts(collected, separate if config.validation_sources else None, holds_out=config.held_out)
        numbers_K = np.bincount(long.training_labels.numbers_D, minlength=len(collected.labels)).tolist()
        counts = {label: count for label, count in zip(collected.labels, numbers_K, strict=True) if count}
        return (*long, _counted(config, long.training, long.validation, counts, len(collected) + len(separate)))
    training, validation = (
        _checked(list(_documents(part, config, any_bytes=any_bytes)), sources) for part, sources in files
    )
    number = len(training) + len(validation)
    if not config.held_out:
        validation = training
    elif not config.validation_sources:
        training, validation = hold_out_labelled(training, HELD_OUT_FRACTION, lambda document: document[0])
    counts = Counter(label for label, _ in training)
    validation = [document for document in validation if document[0] in counts]
    random = np.random.default_rng(0)
    training, validation = ([part[i] for i in random.permutation(len(part))] for part in (training, validation))
    (labels, learned), (validation_labels, held_out) = (
        ([label for label, _ in part], [text for _, text in part]) for part in (training, validation)
    )
    return learned, held_out, labels, validation_labels, _counted(config, learned, held_out, counts, number)


D = TypeVar("D", bound=Sized)


def _checked(documents: D, sources: Sequence[SourceFile]) -> D:
    if sources and not len(documents):
        raise CorpusError(f"{_names(sources)}: no text with a label")
    return documents


def _names(sources: Sequence[SourceFile]) -> str:
    return ", ".join(source.path for source in sources)


def _counted(
    config: CorpusConfig, training: Documents, validation: Documents, counts: Mapping[str, int], documents: int
) -> CorpusConfig:
    """The configuration with the numbers of what was found. Raises CorpusError where nothing is held out."""
    if not characters_of(validation):
        raise CorpusError("no label has two texts, so none can be held out", hint="give a validation file with --valid")
    return replace(
        config,
        documents=documents,
        training_characters=characters_of(training),
        validation_characters=characters_of(validation) if config.held_out else 0,
        labels=tuple(Label(name, counts[name]) for name in sorted(counts)),
    )


def _documents(files: Sequence[LabelledSource], config: CorpusConfig, *, any_bytes: bool) -> Iterator[LabelledDocument]:
    for text, source in files:
        yield from _labelled(text, source.path, config.layout, config.encoding, config.on_error, any_bytes=any_bytes)


def _labelled(
    text: str | LongRows, path: str, layout: LabelledLayout, encoding: str, on_error: OnError, *, any_bytes: bool
) -> Iterator[LabelledDocument]:
    """The label and the text of each document of a file."""
    bad = None if any_bytes else BadBytes(path, encoding, on_error)
    for labels, document, line in labelled_rows(Table(text, path, bad), layout):
        if len(labels) != 1:
            raise CorpusError(f"{path}:{line}: {len(labels)} labels, where a text is written with one")
        yield labels[0], f"{document}\n"
