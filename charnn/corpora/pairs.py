r"""Reads pairs of a source and a target, such as a spelling and its sound, in the forms in which people keep them.

source<TAB>target                     a pair on each line
source<TAB>features<TAB>target        with features, such as V;PST, separated by semicolons; or with these last, as in
source<TAB>target<TAB>features        UniMorph
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
from itertools import chain, islice
from typing import NamedTuple

from charnn.config.as_json import Json
from charnn.corpora.decoding import has_half_a_character
from charnn.corpora.lines import bare_lines
from charnn.errors import CorpusError, UsageError

SOURCE_NAMES = ("source", "src", "input", "from", "lemma", "spelling", "word", "grapheme", "graphemes")
FEATURES_NAMES = ("features", "feats", "feature")
TARGET_NAMES = ("target", "tgt", "output", "to", "form", "pronunciation", "phones", "phonemes", "normalised")
"""The usual names of the columns of a table. They are looked for in this order, in any case."""
SHOWN = 8
"""The most names of columns that a message has."""
TELLING_ROWS = 200
"""So many rows tell which of three columns has features."""
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


def features_column(rows: Sequence[Sequence[str]]) -> int | None:
    """The place of the features in a table of three columns, the second or the third: where half of the cells have a
    semicolon. None where neither has, or both."""
    have = [place for place in (1, 2) if sum(";" in row[place] for row in rows) >= 0.5 * len(rows)]
    return have[0] if len(have) == 1 else None


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


def _table_rows(
    text: str, name: str, start: str, layout: PairsLayout
) -> tuple[Iterator[Row], tuple[int, int | None, int]]:
    is_csv = name.removesuffix(".gz").lower().endswith(".csv")
    separator = "\t" if "\t" in start and not is_csv else ","
    names = usual_columns([cell.strip().strip('"') for cell in start.split(",")])
    if separator == "," and not is_csv and (names[0] is None or names[2] is None):
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
    usual = usual_columns(header)
    if named or is_csv or (usual[0] is not None and usual[2] is not None):
        return _even(rows, len(header), name, "the header"), _columns(header, name, layout)
    begin = [first, *islice(rows, TELLING_ROWS)]
    features = features_column([row for _, row in begin if len(row) == 3]) if len(header) == 3 else None
    places = _numbered(len(header), name, layout, features)
    return _even(chain(begin, rows), len(header), name, "the first row"), places


def _even(rows: Iterator[Row], columns: int, name: str, whose: str) -> Iterator[Row]:
    """The rows. Raises CorpusError for one with fewer or more cells than `columns`."""
    for line, cells in rows:
        if len(cells) != columns:
            found = f"{len(cells)} column" + ("s" if len(cells) != 1 else "")
            raise CorpusError(f"{name}:{line}: {found}, where {whose} has {columns}")
        yield line, cells


def _numbered(columns: int, name: str, layout: PairsLayout, features_look: int | None) -> tuple[int, int | None, int]:
    """The places of the source, the features and the target in a table without a header. What looks like features
    stands at `features_look`; otherwise they are the middle one of three columns."""
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
    if features is None and features_look in left and (source is None or target is None):
        features = features_look
        left.remove(features)
    source = left.pop(0) if source is None else source
    target = left.pop() if target is None else target
    if columns == 3 and features is None and left and layout == AS_TOLD:
        features = left[0]
    return source, features, target


def usual_columns(header: Sequence[str]) -> tuple[str | None, str | None, str | None]:
    """The columns of a header with the usual names of a source, of features and of a target."""
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
    for value, usual, option in zip(asked, usual_columns(header), options, strict=True):
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
            if has_half_a_character(value):
                raise CorpusError(f"{name}:{line}: half of a surrogate pair in {key!r}")
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
