"""Tells whether a text has pairs of a source and a target on its lines, from how it begins."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import NamedTuple

from charnn.corpora.lines import bare_lines
from charnn.corpora.pairs import usual_columns

FEWEST_ROWS = 4
"""Fewer lines do not tell that a text is one of pairs."""
LEAST_VARIED = 0.2
"""The least number of different values of a side, as a fraction of the lines. In a running text words recur."""
LONGEST_SYMBOL = 2.5
"""The most characters that symbols between spaces have on average."""
_TAG = re.compile(r"[A-Z][A-Z0-9$*+:|-]*|[^\w\s]{1,3}|_")


class FoundPairs(NamedTuple):
    """Why a text seems to be one of pairs."""

    reason: str
    is_sure: bool


def recognize_pairs(sample: str) -> FoundPairs | None:
    """Whether a text that begins like this has a pair on each line: two columns between tabs that are about as varied
    as each other, or three with features between the others. Tags are no targets.

    Symbols between spaces, such as phones, features between semicolons, and columns or keys with the usual names make
    it sure. A blank line, which ends a sentence in a treebank, tells that it is none, and so do numbers in order, which
    are those of records or say how frequent something is.
    """
    whole = bare_lines(sample.removeprefix("\ufeff"))
    whole = whole if sample.endswith(("\n", "\r")) else whole[:-1]
    if _has_usual_names(whole):
        return FoundPairs("columns for sources and targets", is_sure=True)
    rows = [line.split("\t") for line in whole]
    if len(rows) < FEWEST_ROWS or len(rows[0]) not in (2, 3) or any(len(row) != len(rows[0]) for row in rows):
        return None
    if any(not row[0].strip() or not row[-1].strip() for row in rows):
        return None
    sources, targets = ({row[place] for row in rows} for place in (0, -1))
    if all(_TAG.fullmatch(target) for target in targets) or any(_is_sorted([row[n] for row in rows]) for n in (0, -1)):
        return None
    if len(rows[0]) == 3:
        has_features = sum(";" in row[1] for row in rows) >= 0.5 * len(rows)
        return FoundPairs("features between two columns", is_sure=True) if has_features else None
    fewer, more = sorted((len(sources), len(targets)))
    if 2 * fewer <= more or fewer < LEAST_VARIED * len(rows):
        return None
    symbols = [symbol for row in rows for symbol in row[1].split()]
    is_spaced = len(symbols) >= 2 * len(rows) and sum(map(len, symbols)) <= LONGEST_SYMBOL * len(symbols)
    if is_spaced:
        return FoundPairs("a line and its symbols between spaces on every line", is_sure=True)
    return FoundPairs("two columns that are about as varied", is_sure=False)


def _is_sorted(cells: Sequence[str]) -> bool:
    """Whether all cells but the first, which may be of a header, are whole numbers that only rise or only fall."""
    if not all(cell.strip().isdecimal() for cell in cells[1:]):
        return False
    numbers = [int(cell) for cell in cells[1:]]
    return numbers in (sorted(numbers), sorted(numbers, reverse=True))


def _has_usual_names(lines: Sequence[str]) -> bool:
    """Whether a table or JSON lines name a source and a target."""
    if len(lines) < (1 if "".join(lines[:1]).startswith("{") else 2):
        return False
    names: Sequence[str] = lines[0].split("\t" if "\t" in lines[0] else ",")
    if lines[0].startswith("{"):
        try:
            names = list(json.loads(lines[0]))
        except (ValueError, RecursionError):
            return False
    source, _, target = usual_columns([name.strip().strip('"') for name in names])
    return source is not None and target is not None
