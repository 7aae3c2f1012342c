"""Tells whether a text has pairs of a source and a target on its lines, from how it begins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from charnn.corpora.columns import cells_between, header_of, separator_of
from charnn.corpora.keys import keys_of_first
from charnn.corpora.lines import bare_lines
from charnn.corpora.pairs import features_column, usual_columns
from charnn.corpora.tables import Table

FEWEST_ROWS = 4
"""Fewer lines do not tell that a text is one of pairs."""
LEAST_VARIED = 0.2
"""The least number of different values of a side, as a fraction of the lines. In a running text words recur."""
LONGEST_NUMBER = 4
"""The most words that a number has on average; behind what has more the numbers are those of verses or times."""
ROWS_WITH_TAGS = 10
"""In so many rows tags come again, and capitals that do not are words."""
LONGEST_SYMBOL = 2.5
"""The most characters that symbols between spaces have on average."""
SURE_SOURCES, SURE_TARGETS = ("source", "src"), ("target", "tgt")
"""The names of columns that tell for sure that a table is one of pairs."""
WORDS_THAT_RECUR = 0.3
"""Numbers in words have few different words: at most so many of all. Sentences have more."""
ALIKE, MOSTLY_ALIKE = 0.6, 0.8
"""How much of two sides is the same where they are alike, and in how many of the rows they are."""
LOOKED_AT = 200
"""So many rows, and so many characters of each side, tell whether the sides are alike."""
_TAG = re.compile(r"[A-Z][A-Z0-9$*+:|-]*|[^\w\s]{1,3}|_")


class FoundPairs(NamedTuple):
    """Why a text seems to be one of pairs."""

    reason: str
    is_sure: bool


def recognize_pairs(sample: str) -> FoundPairs | None:
    """Whether a text that begins like this has a pair on each line: two columns between tabs that are about as varied
    as each other, or much alike, or three of which one has features. Tags are no targets.

    Symbols between spaces, such as phones, features between semicolons, and columns or keys with the usual names make
    it sure. A blank line, which ends a sentence in a treebank, tells that it is none, and so do numbers in order, which
    are those of records or say how frequent something is.
    """
    whole = bare_lines(sample.removeprefix("\ufeff"))
    whole = whole if sample.endswith(("\n", "\r")) else whole[:-1]
    if (named := _by_names(whole, sample)) is not None:
        return named
    rows = [line.split("\t") for line in whole]
    if len(rows) < FEWEST_ROWS or len(rows[0]) not in (2, 3) or any(len(row) != len(rows[0]) for row in rows):
        return None
    if any(not row[0].strip() or not row[-1].strip() for row in rows):
        return None
    if len(rows[0]) == 3:
        has_features = features_column(rows) is not None
        return FoundPairs("features beside two columns", is_sure=True) if has_features else None
    sides = [[row[place] for row in rows] for place in (0, 1)]
    sources, targets = map(set, sides)
    tags_recur = len(rows) < ROWS_WITH_TAGS or 2 * len(targets) <= len(rows)
    if tags_recur and all(_TAG.fullmatch(target) for target in targets):
        return None
    if any(map(_is_sorted, sides)) or _are_records(*sides):
        return None
    fewer, more = sorted((len(sources), len(targets)))
    are_varied = 2 * fewer > more and fewer >= LEAST_VARIED * len(rows)
    if not are_varied and not are_alike(rows):
        return None
    symbols = [symbol for row in rows for symbol in row[1].split()]
    is_spaced = len(symbols) >= 2 * len(rows) and sum(map(len, symbols)) <= LONGEST_SYMBOL * len(symbols)
    if is_spaced:
        return FoundPairs("a line and its symbols between spaces on every line", is_sure=True)
    return FoundPairs(f"two columns that are {'about as varied' if are_varied else 'much alike'}", is_sure=False)


def _is_sorted(cells: Sequence[str]) -> bool:
    """Whether all cells but the first, which may be of a header, are whole numbers that only rise or only fall."""
    if not all(cell.strip().isdecimal() for cell in cells[1:]):
        return False
    numbers = [int(cell) for cell in cells[1:]]
    return numbers in (sorted(numbers), sorted(numbers, reverse=True))


def _are_records(sources: Sequence[str], targets: Sequence[str]) -> bool:
    """Whether whole sentences stand behind numbers: verses, times of a chat, dates of a log. Numbers that are written
    in words are none: each is another one, and has the few words that all of them have."""
    words = [word for target in targets for word in re.split(r"[\s-]+", target.strip())]
    if len(words) <= LONGEST_NUMBER * len(targets) or not all(any(map(str.isdigit, source)) for source in sources):
        return False
    are_numbers = all(source.strip().isdecimal() for source in sources) and len(set(targets)) == len(set(sources))
    return not (are_numbers and len(set(words)) <= WORDS_THAT_RECUR * len(words))


def are_alike(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the two sides of most rows have most of their characters in common, in the same order, as two spellings
    have, and no text and its label."""
    some = rows[:LOOKED_AT]
    if not some or any(len(row) != 2 for row in some):
        return False
    return sum(map(_is_alike, some)) >= MOSTLY_ALIKE * len(some)


def _is_alike(row: Sequence[str]) -> bool:
    source, target = (side[:LOOKED_AT] for side in row)
    sides = SequenceMatcher(None, source, target, autojunk=False)
    bounds_and_value = (sides.real_quick_ratio, sides.quick_ratio, sides.ratio)
    return all(ratio() >= ALIKE for ratio in bounds_and_value)


def _by_names(lines: Sequence[str], sample: str) -> FoundPairs | None:
    """What the names of a table's columns, or of the keys of JSON lines, tell of a text.

    The names that mean nothing else make it sure. Others, such as from and to, are also those of mails and of edges:
    they count where there are no further columns.
    """
    if any(not line.strip() for line in lines):  # as between the sentences of a treebank
        return None
    if Table(sample, "").has_objects:
        names = keys_of_first(sample) or []
    else:
        separator = separator_of("".join(lines[:1]))
        if len(lines) < 2 or cells_between(separator, lines[0]) != cells_between(separator, lines[1]):
            return None
        names = header_of(lines[0])
    source, features, target = usual_columns(names)
    if source is None or target is None:
        return None
    is_plain = source.lower() in SURE_SOURCES and target.lower() in SURE_TARGETS
    if is_plain or features is not None:
        return FoundPairs("columns for sources and targets", is_sure=True)
    return FoundPairs(f"the columns {source} and {target}", is_sure=False) if len(names) == 2 else None
