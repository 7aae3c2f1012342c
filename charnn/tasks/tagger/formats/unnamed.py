"""Says where words have more tags than there are names for, so that one may be taken for another."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from itertools import islice

from charnn.errors import CharnnWarning
from charnn.readable import counted
from charnn.tasks.tagger.config import PASSED_OVER
from charnn.tasks.tagger.formats.sentence import Sentence

TELLING_SENTENCES = 20
"""So many sentences tell how many tags their words have."""
FEWEST_WORDS = 3
"""Fewer words do not tell: a single one may have a slash in it."""


def unnamed_columns(sentences: Iterable[Sentence]) -> int:
    """How many more tags each word of the first sentences has than there are names for."""
    telling = [sentence for sentence in islice(sentences, TELLING_SENTENCES) if sentence.words]
    if sum(len(sentence.words) for sentence in telling) < FEWEST_WORDS:
        return 0
    return min(sentence.unnamed_columns for sentence in telling)


def warn_of_unnamed(name: str, format: str, names: Sequence[str], unnamed: int) -> None:
    """Warns that the words of the file `name` have `unnamed` more tags than `names`. Nothing is said where that is 0,
    nor where columns are named that are passed over."""
    if not unnamed or (format == "columns" and PASSED_OVER in names):
        return
    first, last = (",".join(part) for part in ([*names, *[PASSED_OVER] * unnamed], [*[PASSED_OVER] * unnamed, *names]))
    total, few = len(names) + unnamed, f" {len(names)}" * (len(names) > 1)
    are, taken = "are" if few else "is", ",".join(names)
    if format == "columns":
        said = (
            f"{counted(total, 'column')} stand after the words, and the first{few} {are} taken for {taken}; --columns "
            f"{first} says so, and --columns {last} names the last{few}"
        )
    else:
        said = (
            f"{counted(total, 'tag')} stand after each word, and the last{few} {are} taken for {taken}, with what is "
            f"before as a part of the word; --columns {last} takes no more for the word, and --columns {first} names "
            f"the first{few}"
        )
    warnings.warn(f"{name}: {said}", CharnnWarning, stacklevel=2)
