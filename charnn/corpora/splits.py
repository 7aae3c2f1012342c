"""Which part of a corpus is held out for validation: its end, always the same."""

from __future__ import annotations

from itertools import accumulate

from charnn.errors import CorpusError


def hold_out(documents: list[str], fraction: float) -> tuple[list[str], list[str]]:
    """`(training, held_out)`: the documents in order, cut where about `fraction` of the characters are held out.

    Several documents are kept whole, at least one on each side; the cut is the one that comes nearest to the fraction,
    however far that is. A single one is cut at `int(len(document) * (1 - fraction))`, with a character on each side.
    Raises CorpusError for a corpus of fewer than 2 characters, ValueError for a fraction that is not between 0 and 1.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"the fraction held out is between 0 and 1, not {fraction}")
    characters = sum(map(len, documents))
    if characters < 2:
        found = "is empty" if characters == 0 else "has 1 character"
        raise CorpusError(
            f"the text {found}: nothing can be held out for validation",
            hint="2 characters are the least, thousands help",
        )
    if len(documents) == 1:
        (document,) = documents
        cut = min(max(int(characters * (1 - fraction)), 1), characters - 1)
        return [document[:cut]], [document[cut:]]
    before_cut = list(accumulate(map(len, documents[:-1])))
    wanted = characters * (1 - fraction)
    last = min(range(len(before_cut)), key=lambda i: abs(before_cut[i] - wanted))
    return documents[: last + 1], documents[last + 1 :]
