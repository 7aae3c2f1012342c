"""The documents with labels that a model has learned, each with its file and its line.

They are learned in another order than that of their files, end to end, and a run of characters may go from one to the
next. So the text of a file is here its documents in the order in which they were learned.
"""

from __future__ import annotations

import warnings
from array import array
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from charnn.arrays import Int64s
from charnn.corpora.decoding import BadBytes
from charnn.corpora.labelled import labelled_rows
from charnn.corpora.lines import lines_of
from charnn.corpora.long_documents import LongDocuments
from charnn.corpora.long_texts import PartOfText
from charnn.corpora.tables import Table
from charnn.errors import CharnnWarning
from charnn.tasks.language_model.config import CorpusConfig
from charnn.tasks.language_model.corpus import read_corpus_again
from charnn.tasks.language_model.labelled_documents import rows_again


class StretchesOfText:
    """Stretches of a text that is too long to be held, one after the other, read as slices are taken of a string."""

    def __init__(self, text: PartOfText, begins_D: Int64s, lengths_D: Int64s) -> None:
        self._text, self._begins_D = text, begins_D
        self._ends_D: Int64s = np.cumsum(lengths_D)

    def __len__(self) -> int:
        return int(self._ends_D[-1])

    def __getitem__(self, part: slice) -> str:
        start, end, _ = part.indices(len(self))
        number, pieces = int(np.searchsorted(self._ends_D, start, "right")), list[str]()
        while start < end:
            here = int(self._ends_D[number])
            first = int(self._begins_D[number]) + start - (int(self._ends_D[number - 1]) if number else 0)
            pieces.append(self._text[first : first + min(here, end) - start])
            start, number = here, number + 1
        return "".join(pieces)


class LearnedFile(NamedTuple):
    path: str
    text: str | PartOfText | StretchesOfText
    """Its documents that were learned. They are read from the file as they are wanted where they are too long."""
    numbers: Sequence[int]
    """The number in the file of each line of the text."""


def learned_files(config: CorpusConfig, *, any_bytes: bool) -> list[LearnedFile]:
    """The files that have documents which were learned. A document that stands in several places is that of the first.

    Raises CorpusError where a file is missing or has changed.
    """
    keys, files, lines = array("q"), array("i"), array("q")
    (rows,) = rows_again(config, config.sources, any_bytes=any_bytes)
    paths = list(dict.fromkeys(source.path for _, source in rows))
    for text, source in rows:
        bad = None if any_bytes else BadBytes(source.path, config.encoding, config.on_error)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CharnnWarning)  # what was left out was said when the model was trained
            for _, document, line in labelled_rows(Table(text, source.path, bad), config.layout):
                keys.append(hash(f"{document}\n"))  # few are ever alike
                files.append(paths.index(source.path))
                lines.append(line)
    known, first = np.unique(np.array(keys, np.int64), return_index=True)
    training = read_corpus_again(config, any_bytes=any_bytes).training
    own, characters, line_counts = array("q"), array("q"), array("q")
    for document in training.documents() if isinstance(training, LongDocuments) else training:
        own.append(hash(document))
        characters.append(len(document))
        line_counts.append(len(lines_of(document)))
    places_D = first[np.searchsorted(known, np.array(own, np.int64))]
    file_D, line_D = np.array(files, np.int64)[places_D], np.array(lines, np.int64)[places_D]
    lengths_D, counts_D = np.array(characters, np.int64), np.array(line_counts, np.int64)
    begins_D = np.cumsum(lengths_D) - lengths_D
    found = []
    for number, path in enumerate(paths):
        chosen_D = np.flatnonzero(file_D == number)
        if not len(chosen_D):
            continue
        before_D = np.cumsum(counts_D[chosen_D]) - counts_D[chosen_D]
        numbers = np.repeat(line_D[chosen_D] - before_D, counts_D[chosen_D]) + np.arange(counts_D[chosen_D].sum())
        learned: str | PartOfText | StretchesOfText
        if isinstance(training, LongDocuments):
            ((_, whole),) = training.parts()
            is_all = len(chosen_D) == len(file_D)
            learned = whole if is_all else StretchesOfText(whole, begins_D[chosen_D], lengths_D[chosen_D])
        else:
            learned = "".join(training[place] for place in chosen_D.tolist())
        found.append(LearnedFile(path, learned, array("q", numbers.astype(np.int64).tobytes())))
    return found
