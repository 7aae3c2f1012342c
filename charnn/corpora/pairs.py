r"""Reads pairs of a source and a target, such as a spelling and its sound, in the forms in which people keep them.

source<TAB>target                     a pair on each line
source<TAB>features<TAB>target        with features between the two, such as V;PST, separated by semicolons
source,target                         CSV with a header, and tables between tabs with a header
{"source": ..., "target": ...}        a JSON object on each line
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from charnn.config.as_json import Json
from charnn.corpora.lines import bare_lines
from charnn.errors import CorpusError, UsageError

SOURCE_NAMES = ("source", "src", "input", "from", "lemma", "spelling", "word", "grapheme", "graphemes")
FEATURES_NAMES = ("features", "feats", "feature")
TARGET_NAMES = ("target", "tgt", "output", "to", "form", "pronunciation", "phones", "phonemes", "normalised")
"""The usual names of the columns of a table. They are looked for in this order, in any case."""
SHOWN = 8
"""The most names of columns that a message has."""
LONGEST = 10_000
"""The most characters that a side of a pair may have."""
_BETWEEN_FEATURES = re.compile(r"[;(),|\s]+")

Row = tuple[int, Sequence[str]]
"""The number of the line where a row begins, counted from 1, and its cells."""


class Pair(NamedTuple):
    source: str
    target: str
    features: str
    """The features as they are written; "" where there are none."""
    line: int
    """The number of the line where the pair begins, counted from 1."""


@dataclass(frozen=True)
class PairsLayout(Json):
    """Where the sides of a pair are: the name of a column or key, or the number of a column, counted from 1.

    What is None is told from the file.
    """

    source: str | None = None
    features: str | None = None
    target: str | None = None


AS_TOLD = PairsLayout()


def split_features(features: str) -> tuple[str, ...]:
    """The single features: `V;PST` is V and PST, and `N;ABL(PL;PSS(2,SG))` is N, ABL, PL, PSS, 2 and SG, in order."""
    return tuple(part for part in _BETWEEN_FEATURES.split(features) if part)


def read_pairs(text: str, name: str, layout: PairsLayout = AS_TOLD) -> list[Pair]:
    """The pairs of a file; `name` is its path, for messages and because `.csv` says what it is.

    Raises CorpusError, with path and line, for a row that is not as the others are, for a side that is empty, and for
    one of more than LONGEST characters; and UsageError where there is no column of that name, or where it cannot be
    told which columns are meant.
    """
    start = next((line for line in bare_lines(text.removeprefix("\ufeff")) if line.strip()), "")
    if not start:
        return []
    if start.lstrip().startswith("{"):
        rows, find = _json_rows(text, name, layout)
    else:
        rows, find = _table_rows(text, name, start, layout)
    pairs = []
    for line, cells in rows:
        source, features, target = (cells[place].strip() if place is not None else "" for place in find)
        for side, what in ((source, "source"), (target, "target")):
            if not side:
                raise CorpusError(f"{name}:{line}: the {what} is empty")
            if len(side) > LONGEST:
                raise CorpusError(
                    f"{name}:{line}: the {what} has {len(side):,} characters, and {LONGEST:,} are the most",
                    hint="cut it into sentences",
                )
        pairs.append(Pair(source, target, features, line))
    return pairs


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
    source, _, target = _usual([name.strip().strip('"') for name in names])
    return source is not None and target is not None


FEWEST_ROWS = 4
"""Fewer lines do not tell that a text is one of pairs."""
LEAST_VARIED = 0.2
"""The least number of different values of a side, as a fraction of the lines. In a running text words recur."""
LONGEST_SYMBOL = 2.5
"""The most characters that symbols between spaces have on average."""
_TAG = re.compile(r"[A-Z][A-Z0-9$*+:|-]*|[^\w\s]{1,3}|_")


def _table_rows(
    text: str, name: str, start: str, layout: PairsLayout
) -> tuple[Iterator[Row], tuple[int, int | None, int]]:
    is_csv = name.removesuffix(".gz").lower().endswith(".csv")
    separator = "\t" if "\t" in start and not is_csv else ","
    if separator == "," and not is_csv:
        line = next((n for n, one in enumerate(bare_lines(text), 1) if one.strip()), 1)
        raise CorpusError(
            f"{name}:{line}: no tab between a source and its target", hint="write source<TAB>target on each line"
        )
    rows = _cells(text, name, separator)
    first = next(rows, None)
    if first is None:
        return iter(()), (0, None, 1)
    header = [cell.strip() for cell in first[1]]
    asked = [value for value in (layout.source, layout.features, layout.target) if value is not None]
    named = any(not value.isdecimal() for value in asked)
    usual = _usual(header)
    if named or is_csv or (usual[0] is not None and usual[2] is not None):
        return _even(rows, len(header), name, "the header"), _columns(header, name, layout)
    places = _numbered(len(header), name, layout)

    def every() -> Iterator[Row]:
        yield first
        yield from rows

    return _even(every(), len(header), name, "the first row"), places


def _even(rows: Iterator[Row], columns: int, name: str, whose: str) -> Iterator[Row]:
    """The rows. Raises CorpusError for one with fewer or more cells than `columns`."""
    for line, cells in rows:
        if len(cells) != columns:
            found = f"{len(cells)} column" + ("s" if len(cells) != 1 else "")
            raise CorpusError(f"{name}:{line}: {found}, where {whose} has {columns}")
        yield line, cells


def _numbered(columns: int, name: str, layout: PairsLayout) -> tuple[int, int | None, int]:
    """The places of the source, the features and the target in a table without a header."""
    if columns == 1:
        raise CorpusError(f"{name}: a single column", hint="write source<TAB>target on each line")
    asked = layout.source, layout.features, layout.target
    numbers = [None if value is None else int(value) - 1 for value in asked]
    for value, place in zip(asked, numbers, strict=True):
        if place is not None and not 0 <= place < columns:
            raise UsageError(f"{name}: there is no column {value}; there are {columns}")
    source, features, target = numbers
    if columns > 3 and (source is None or target is None):
        raise UsageError(
            f"{name}: {columns} columns: which are the source and the target?",
            hint="say so with --source N and --target N, and --features N for features",
        )
    left = [place for place in range(columns) if place not in numbers]
    source = left.pop(0) if source is None else source
    target = left.pop() if target is None else target
    if columns == 3 and features is None and left and layout == AS_TOLD:
        features = left[0]
    return source, features, target


def _usual(header: Sequence[str]) -> tuple[str | None, str | None, str | None]:
    known = {column.lower(): column for column in reversed(header)}
    source, features, target = (
        next((known[word] for word in names if word in known), None)
        for names in (SOURCE_NAMES, FEATURES_NAMES, TARGET_NAMES)
    )
    return source, features, target


def _columns(header: Sequence[str], name: str, layout: PairsLayout) -> tuple[int, int | None, int]:
    """The places of the source, the features and the target under their names."""
    places: list[int | None] = []
    asked = layout.source, layout.features, layout.target
    options = "--source", "--features", "--target"
    for value, usual, option in zip(asked, _usual(header), options, strict=True):
        column = usual if value is None else value
        if column is not None and column not in header and column.isdecimal() and 1 <= int(column) <= len(header):
            column = header[int(column) - 1]
        if column in header:
            places.append(header.index(str(column)))
        elif option == "--features" and value is None:
            places.append(None)
        else:
            what = f"no column {value!r}" if value is not None else f"which column is that of {option}?"
            more = f" and {len(header) - SHOWN} more" if len(header) > SHOWN else ""
            raise UsageError(
                f"{name}: {what}", hint=f"name it with {option}; there are {', '.join(header[:SHOWN])}{more}"
            )
    source, features, target = places
    assert source is not None
    assert target is not None
    return source, features, target


def _cells(text: str, name: str, separator: str) -> Iterator[Row]:
    """The rows that are not blank. Between tabs a quotation mark is a character like any other."""
    text = text.removeprefix("\ufeff")
    if separator == "\t":
        for number, line in enumerate(bare_lines(text), start=1):
            if line.strip():
                yield number, line.split("\t")
        return
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    reader, ends = csv.reader(io.StringIO(text, newline=""), strict=True), 0
    try:
        for row in reader:
            begins, ends = ends + 1, reader.line_num
            if any(row):
                yield begins, row
    except csv.Error:
        raise CorpusError(f"{name}:{ends + 1}: not CSV: a quotation mark stands in the wrong place") from None


def _json_rows(text: str, name: str, layout: PairsLayout) -> tuple[Iterator[Row], tuple[int, int | None, int]]:
    records = _records(text, name)
    line, first = next(records)
    keys = list(first)
    places = _columns(keys, name, layout)
    wanted = [None if place is None else keys[place] for place in places]

    def cells(line: int, record: dict[str, object]) -> Row:
        found = []
        for key in wanted:
            value = "" if key is None else record.get(key)
            if isinstance(value, list) and all(isinstance(part, str) for part in value):
                value = ";".join(value) if key == wanted[1] else " ".join(value)
            if not isinstance(value, str):
                what = "no" if key not in record else "not a text:"
                raise CorpusError(f"{name}:{line}: {what} {key!r}")
            found.append(value)
        return line, found

    def every() -> Iterator[Row]:
        yield cells(line, first)
        for number, record in records:
            yield cells(number, record)

    return every(), (0, 1 if wanted[1] is not None else None, 2)


def _records(text: str, name: str) -> Iterator[tuple[int, dict[str, object]]]:
    for number, line in enumerate(bare_lines(text.removeprefix("\ufeff")), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            raise CorpusError(f"{name}:{number}: not a JSON object", hint="write one object on each line")
        yield number, record
