"""Cuts a text into documents, and says which of them are held out for validation.

A document is a text of its own: a model begins it afresh, and a stop token ends it. Documents are held out as a whole,
unless they are so long that too much or too little would be. It is always the same part of a corpus that is held out,
its end.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Literal, TypeVar

from charnn.corpora.lines import LINE_END, lines_of
from charnn.errors import CorpusError

DocumentUnit = Literal["file", "paragraph", "line"]

HELD_OUT_FRACTION = 0.1
LEAST_CUT = 200
"""Where fewer characters are to be held out, documents are kept whole, however much that holds out."""
HELD_OUT_CHARACTERS = 1_000_000
"""The most that is held out of a text: enough to tell two models apart, and few enough to be read at every
validation of a long run."""

_PARAGRAPH_END = re.compile(rf"{LINE_END}(?>(?:[ \t]*+{LINE_END})+)(?:[ \t]++\Z)?")
_NOT_BLANK = re.compile(r"[^ \t\r\n]")


def split_documents(text: str, unit: DocumentUnit) -> list[str]:
    r"""The documents of `text`, none of them empty; joined, they are `text` again.

    A `file` is the whole text. A `line` is what `corpora.lines` says it is, and keeps its end. A `paragraph` keeps the
    blank lines (empty, or spaces and tabs) that follow it; those that open the text are part of the first.
    """
    if unit == "line":
        return lines_of(text)
    edges = [0, *(paragraph_ends(text) if unit == "paragraph" else ()), len(text)]
    return [text[start:end] for start, end in pairwise(edges) if start < end]


def paragraph_ends(text: str, *, opens: bool = True) -> list[int]:
    """The places where paragraphs end in front of others. Unless the text `opens` here, its first lines may be blank
    ones that end a paragraph."""
    first = _NOT_BLANK.search(text) if opens else None
    if opens and first is None:
        return []
    return [end.end() for end in _PARAGRAPH_END.finditer(text, first.start() if first else 0)]


def held_out_characters(characters: int) -> int:
    """How many of a text's characters should be held out: a tenth, and at most HELD_OUT_CHARACTERS.

    A tenth is `characters - int(characters * 0.9)`, as in other tools.
    """
    return min(characters - int(characters * (1 - HELD_OUT_FRACTION)), HELD_OUT_CHARACTERS)


def place_to_cut(ends: Sequence[int], characters: int, wanted: int) -> int:
    """Where a text of so many characters is cut, so that about `wanted` are held out. `ends` is where documents end in
    front of others; each is kept whole, and the cut is the end that comes nearest.

    A text of one document is cut just there, with a character on each side; and so is one of several where they are so
    long that the nearest end would hold out less than half or more than twice of what is wanted, LEAST_CUT or more.
    """
    nearest = min(ends, key=lambda end: abs(end + wanted - characters), default=None)
    if nearest is None or not (wanted < LEAST_CUT or wanted / 2 <= characters - nearest <= 2 * wanted):
        return min(max(characters - wanted, 1), characters - 1)
    return nearest


def hold_out(documents: list[str], wanted: int) -> tuple[list[str], list[str]]:
    """`(training, held_out)`: the documents in order, cut where `place_to_cut` says. The same is held out again where
    what was held out is wanted. Raises CorpusError for a corpus of fewer than 2 characters.
    """
    characters = sum(map(len, documents))
    if characters < 2:
        found = "is empty" if characters == 0 else "has 1 character"
        raise CorpusError(
            f"the text {found}: nothing can be held out for validation",
            hint="2 characters are the least, thousands help",
        )
    ends = list(accumulate(map(len, documents)))
    cut = place_to_cut(ends[:-1], characters, wanted)
    number = bisect_left(ends, cut)
    before, here = documents[:number], documents[number]
    within = cut - (ends[number] - len(here))
    return [*before, here[:within]], [*([here[within:]] if within < len(here) else []), *documents[number + 1 :]]


T = TypeVar("T")


@dataclass(frozen=True)
class Fold:
    """One part of `count`, by its `number` from 0: it is held out, and the other parts are learned."""

    number: int
    count: int

    def of_blocks(self, items: Sequence[T]) -> tuple[list[T], list[T]]:
        """`(training, held_out)` where each part is a run of neighbours, which are often alike."""
        start, end = (place * len(items) // self.count for place in (self.number, self.number + 1))
        return [*items[:start], *items[end:]], list(items[start:end])

    def of_kinds(self, items: Sequence[T], kind_of: Callable[[T], Hashable]) -> tuple[list[T], list[T]]:
        """`(training, held_out)` where the items of each kind, such as a label, are dealt out to the parts."""
        seen = Counter[Hashable]()
        parts: tuple[list[T], list[T]] = [], []
        for item in items:
            kind = kind_of(item)
            parts[seen[kind] % self.count == self.number].append(item)
            seen[kind] += 1
        return parts

    def of_groups(self, items: Sequence[T], group_of: Callable[[T], Hashable]) -> tuple[list[T], list[T]]:
        """`(training, held_out)` where no group, such as the pairs of one source, is in two parts."""
        numbers: dict[Hashable, int] = {}
        parts: tuple[list[T], list[T]] = [], []
        for item in items:
            number = numbers.setdefault(group_of(item), len(numbers))
            parts[number % self.count == self.number].append(item)
        return parts
