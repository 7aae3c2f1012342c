"""Documents with labels, one each, and how a part of each label's is held out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from charnn.corpora.decoding import BadBytes, OnError, marking
from charnn.corpora.documents import HELD_OUT_FRACTION
from charnn.corpora.labelled import LabelledLayout, hold_out_labelled, labelled_texts
from charnn.corpora.sources import read
from charnn.errors import CorpusError
from charnn.tasks.language_model.config import CorpusConfig, Label

LabelledDocument = tuple[str, str]
"""A label, and the text of the document that has it, which ends in a line end."""


def read_labelled(
    paths: Sequence[str], layout: LabelledLayout, *, encoding: str, any_bytes: bool, on_error: OnError = "fail"
) -> list[LabelledDocument]:
    """The label and the text of each document at `paths`. Raises CorpusError for a file that cannot be read."""
    files = [read(path, encoding=encoding, any_bytes=any_bytes, on_error=marking(on_error)) for path in paths]
    return [
        document
        for text, source in files
        for document in _labelled(text, source.path, layout, encoding, on_error, any_bytes=any_bytes)
    ]


def labelled_parts(
    texts: Sequence[str], validation_texts: Sequence[str], config: CorpusConfig, *, any_bytes: bool
) -> tuple[list[LabelledDocument], list[LabelledDocument], CorpusConfig]:
    """What is trained on, what is held out, and the configuration with their numbers.

    Neighbours in a file often have the same label, so the documents are put in another order, in which what was read
    before a text says nothing of its label.
    """
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
    return training, validation, counted


def _labelled(
    text: str, path: str, layout: LabelledLayout, encoding: str, on_error: OnError, *, any_bytes: bool
) -> list[LabelledDocument]:
    """The label and the text of each document of a file."""
    result = []
    bad = None if any_bytes else BadBytes(path, encoding, on_error)
    for labels, document, line in labelled_texts(text, path, layout, bad):
        if len(labels) != 1:
            raise CorpusError(f"{path}:{line}: {len(labels)} labels, where a text is written with one")
        result.append((labels[0], f"{document}\n"))
    return result
