"""Parts of an old text that a model reads again beside a short new one, so that it does not forget the old one.

A network that learns from a few lines alone soon knows little else (McCloskey and Cohen 1989). What helps most is also
the simplest: to go on reading what was learned before (Robins 1995).
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Sequence

import numpy as np

from charnn.errors import CharnnWarning, CorpusError
from charnn.tasks.language_model.config import CorpusConfig
from charnn.tasks.language_model.corpus import Corpus, Piece, read_corpus_again
from charnn.tasks.language_model.documents import held

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
    documents = [Piece(document, ends=old.ends_are_learned) for document in held(again.training)] + again.replayed
    pieces = spread(documents, TIMES * REPEATS * corpus.config.training_characters)
    return dataclasses.replace(
        corpus, replayed=pieces, repeats=REPEATS, before=again.held_validation if old.held_out else []
    )


def spread(documents: Sequence[Piece], characters: int) -> list[Piece]:
    """Pieces of the documents at equal distances, about so many characters in all. A short document is one as a
    whole."""
    cut = [
        Piece(document.text[start : start + LENGTH], document.ends and start + LENGTH >= len(document.text))
        for document in documents
        for start in range(0, len(document.text), LENGTH)
    ]
    ends = np.cumsum([len(piece.text) for piece in cut])
    if characters >= ends[-1]:
        return cut
    # So much of what comes before the end of each piece should be taken, in pieces of mean length.
    due = np.floor(ends * (characters / ends[-1]) * len(cut) / ends[-1] + 1e-9)
    return [piece for piece, here, before in zip(cut, due, [0, *due], strict=False) if here > before]
