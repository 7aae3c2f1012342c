"""Which part of a corpus is held out for validation: its end, always the same."""

from __future__ import annotations

from itertools import accumulate

from charnn.config import HELD_OUT_CHARACTERS, HELD_OUT_FRACTION
from charnn.errors import CorpusError


def held_out_characters(characters: int) -> int:
    """How many of a text's characters should be held out: a tenth, but of a long text not more than validation needs.

    A tenth is `characters - int(characters * 0.9)`, as other tools have it."""
    return min(characters - int(characters * (1 - HELD_OUT_FRACTION)), HELD_OUT_CHARACTERS)


def hold_out(documents: list[str], wanted: int) -> tuple[list[str], list[str]]:
    """`(training, held_out)`: the documents in order, cut where about `wanted` characters are held out.

    Several documents are kept whole, at least one on each side; the cut is the one that comes nearest to what is
    wanted, however far that is. A single one is cut just there, with a character on each side. Raises CorpusError for a
    corpus of fewer than 2 characters.
    """
    characters = sum(map(len, documents))
    if characters < 2:
        found = "is empty" if characters == 0 else "has 1 character"
        raise CorpusError(
            f"the text {found}: nothing can be held out for validation",
            hint="2 characters are the least, thousands help",
        )
    if len(documents) == 1:
        (document,) = documents
        cut = min(max(characters - wanted, 1), characters - 1)
        return [document[:cut]], [document[cut:]]
    before_cut = list(accumulate(map(len, documents[:-1])))
    last = min(range(len(before_cut)), key=lambda i: abs(before_cut[i] + wanted - characters))
    return documents[: last + 1], documents[last + 1 :]
