"""The texts that a model has learned, read again by its record: to compare with, or to learn beside a new one.

A network that learns from a few lines alone soon knows little else (McCloskey and Cohen 1989). What helps most is also
the simplest: to go on reading what was learned before (Robins 1995).
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from charnn.corpora.decoding import BadBytes
from charnn.corpora.lines import lines_of
from charnn.corpora.long_documents import LongDocuments
from charnn.corpora.long_texts import PartOfText
from charnn.corpora.sources import read_again
from charnn.corpora.texts import SourceText
from charnn.errors import CharnnWarning, CorpusError
from charnn.tasks.language_model.config import CorpusConfig
from charnn.tasks.language_model.corpus import Corpus, ReplayedPart, read_corpus_again, reading_of
from charnn.tasks.language_model.documents import documents_of, held
from charnn.tasks.language_model.learned_documents import StretchesOfText, learned_files

LearnedText = str | PartOfText | StretchesOfText


class NumberedText(NamedTuple):
    path: str
    text: LearnedText
    numbers: Sequence[int] | None


NOTHING_HELD_OUT = "nothing was held out when the model was trained, which learned all of its data"


def numbered_texts(config: CorpusConfig, *, any_bytes: bool = False) -> list[NumberedText]:
    """What `training_texts` gives, each with the numbers that its lines have in its file, where lines were left out for
    bad bytes or are in another order; None where all are read as they stand, and for long texts without labels."""
    if config.labels:
        return [NumberedText(*one) for one in learned_files(config, any_bytes=any_bytes)]
    texts = training_texts(config, any_bytes=any_bytes)
    are_long = not all(isinstance(text, str) for _, text in texts)
    numbers = [] if are_long else _line_numbers(config, any_bytes=any_bytes)
    padded = [*numbers, *[None] * (len(texts) - len(numbers))]
    return [NumberedText(path, text, own) for (path, text), own in zip(texts, padded, strict=False)]


def _line_numbers(config: CorpusConfig, *, any_bytes: bool) -> list[list[int] | None]:
    if any_bytes or config.on_error != "skip":
        return [None] * len(config.sources)
    numbers: list[list[int] | None] = []
    for source in config.sources:
        marked = read_again(source, encoding=config.encoding, on_error="mark")
        lines = BadBytes(source.path, config.encoding, config.on_error).lines(lines_of(marked))
        numbers.append([number for number, _ in lines])
    return numbers


def training_texts(config: CorpusConfig, *, any_bytes: bool = False) -> Sequence[tuple[str, LearnedText]]:
    """The path and the text of each file that was trained on, without what was held out at the end; also of those that
    the model had learned which the run started from, where these were read again.

    Raises CorpusError where a file is missing or has changed.
    """
    paths = [source.path for source in config.sources]
    if config.labels:
        return [(one.path, one.text) for one in learned_files(config, any_bytes=any_bytes)]
    (read_again_texts,) = reading_of(config, any_bytes).texts_again(config.sources)
    documents = documents_of(read_again_texts, config.document)
    texts: Sequence[tuple[str, LearnedText]]
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
        validation = read_corpus_again(config, any_bytes=any_bytes).validation
        if isinstance(validation, LongDocuments):
            end = min(validation.start + characters, validation.end)
            return [part[:] for _, part in replace(validation, end=end).parts()]
        return _cut(["".join(validation)], characters)[0]
    (texts,) = reading_of(config, any_bytes).texts_again(config.validation_sources or config.sources)
    start = 0 if config.validation_sources else config.training_characters
    documents = documents_of(texts, config.document)
    if isinstance(documents, LongDocuments):
        end = min(start + characters, documents.end)
        return [part[:] for _, part in replace(documents, start=min(start, end), end=end).parts()]
    return _cut(_cut(_strings(texts), start)[1], characters)[0]


def _strings(texts: Sequence[SourceText]) -> list[str]:
    return [text for text, _ in texts if isinstance(text, str)]


def _cut(texts: Sequence[str], characters: int) -> tuple[list[str], list[str]]:
    """The first `characters` of the texts together, and the rest; no text of either is empty."""
    before, after = [], []
    for text in texts:
        before.append(text[:characters])
        after.append(text[characters:])
        characters = max(characters - len(text), 0)
    return [text for text in before if text], [text for text in after if text]


REPEATS = 10
"""The new text is read so often."""
TIMES = 9
"""So many characters of the old text are read beside each of the new one, other ones each time."""
LENGTH = 500
"""The old text is read in pieces of about so many characters, from all over it."""


def with_replay(corpus: Corpus, old: CorpusConfig, *, any_bytes: bool) -> Corpus:
    """`corpus` with parts of the old text beside it, if the old one has more than that and both are without labels.

    Where the old text is not there any more, or has changed, a warning says so.
    """
    if old.labels or corpus.config.labels or corpus.config.training_characters * TIMES > old.training_characters:
        return corpus
    config = dataclasses.replace(corpus.config, replayed=old)
    try:
        return replaying(dataclasses.replace(corpus, config=config), any_bytes=any_bytes)
    except CorpusError as error:
        warnings.warn(
            f"{error}: the model was trained on it, and may forget it, as it cannot be read again",
            CharnnWarning,
            stacklevel=2,
        )
        return corpus


def replaying(corpus: Corpus, *, any_bytes: bool) -> Corpus:
    """`corpus` with the same parts of the text that its configuration names as replayed, if it names one.

    Raises CorpusError where a file is missing or has changed.
    """
    old = corpus.config.replayed
    if old is None:
        return corpus
    again = replaying(read_corpus_again(old, any_bytes=any_bytes), any_bytes=any_bytes)
    documents = [ReplayedPart(document, ends=old.ends_are_learned) for document in held(again.training)]
    pieces = spread(documents + again.replayed, TIMES * REPEATS * corpus.config.training_characters)
    return dataclasses.replace(
        corpus,
        replayed=pieces,
        known=documents + again.known,
        repeats=REPEATS,
        before=again.held_validation if old.held_out else [],
    )


def spread(documents: Sequence[ReplayedPart], characters: int) -> list[ReplayedPart]:
    """Pieces of the documents at equal distances, about so many characters in all. A short document is one as a
    whole."""
    cut = [
        ReplayedPart(document.text[start : start + LENGTH], document.ends and start + LENGTH >= len(document.text))
        for document in documents
        for start in range(0, len(document.text), LENGTH)
    ]
    ends = np.cumsum([len(piece.text) for piece in cut])
    if characters >= ends[-1]:
        return cut
    # So much of what comes before the end of each piece should be taken, in pieces of mean length.
    due = np.floor(ends * (characters / ends[-1]) * len(cut) / ends[-1] + 1e-9)
    return [piece for piece, here, before in zip(cut, due, [0, *due], strict=False) if here > before]
