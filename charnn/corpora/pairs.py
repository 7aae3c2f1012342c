r"""Reads pairs of a source and a target, such as a spelling and its sound, in the forms in which people keep them.

source<TAB>target                     a pair on each line
source<TAB>features<TAB>target        with features, such as V;PST, separated by semicolons; or with these last, as in
source<TAB>target<TAB>features        UniMorph
source,target                         CSV with a header, and tables between tabs with a header
{"source": ..., "target": ...}        JSON: an object on each line, or a list of objects
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, NamedTuple

from charnn.config.as_json import Json
from charnn.corpora.columns import WantedColumns, found_columns, header_of, tab_hint
from charnn.corpora.keys import keys_of
from charnn.corpora.tables import Object, Row, Table
from charnn.errors import CharnnWarning, CorpusError, UsageError

SOURCE_NAMES = ("source", "src", "input", "from", "lemma", "spelling", "word", "grapheme", "graphemes")
SEVERAL = "targets"
"""The key of JSON whose list has several targets of one source. Under another key a list is the symbols of one."""
FEATURES_NAMES = ("features", "feats", "feature")
TARGET_NAMES = ("target", "tgt", "output", "to", "form", "pronunciation", "phones", "phonemes", "normalised", SEVERAL)
"""The usual names of the columns of a table. They are looked for in this order, in any case."""
TELLING_ROWS = 200
"""So many rows tell which of three columns has features."""
LONGEST = 10_000
"""The most characters that a side of a pair may have."""
_BETWEEN_SIDES = (" ||| ", "|||", " => ", "=>", " -> ", "->", " → ", "→", " = ", "  ", "|", ";", "=", ": ", ":", ",")
"""What people write between two sides in the place of a tab."""
_BETWEEN_FEATURES = re.compile(r"[;(),|\s]+")


class Pair(NamedTuple):
    source: str
    target: str
    features: str
    """The features as they are written; "" where there are none."""
    line: int
    """The number of the line where the pair begins, counted from 1."""
    file: str = ""
    """The name of the file in messages, where it is known."""


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


def pairs_in(table: Table, layout: PairsLayout = AS_TOLD) -> Iterator[Pair]:
    """The pairs of a table, one by one.

    Raises CorpusError, with path and line, for a row that is not as the others are, for a side that is empty, and for
    one of more than LONGEST characters; and UsageError where there is no column of that name, or where it cannot be
    told which columns are meant.
    """
    if not table.start():
        return
    rows, find = (_object_rows if table.has_objects else _table_rows)(table, layout)

    def of_row(row: Row) -> Iterator[Pair]:
        line, cells = row
        source, features, target = (cells[place].strip() if place is not None else "" for place in find)
        for side, what in ((source, "source"), (target, "target")):
            if not side:
                raise CorpusError(f"{table.name}:{line}: the {what} is empty", hint="give it one, or leave it out")
            check_side(side, what, f"{table.name}:{line}")
        yield Pair(source, target, features, line)

    yield from table.made_of(rows, of_row)


def check_side(side: str, what: str, place: str) -> None:
    """Raises CorpusError for a source or a target of more than LONGEST characters; `what` says which of them it is."""
    if len(side) > LONGEST:
        raise CorpusError(
            f"{place}: the {what} has {len(side):,} characters, and {LONGEST:,} are the most",
            hint="cut it into sentences",
        )


def _table_rows(table: Table, layout: PairsLayout) -> tuple[Iterator[Row], tuple[int, int | None, int]]:
    separator = table.separator()
    usual = usual_columns(header_of(table.start()))
    if separator != "\t" and not table.is_csv and (usual[0] is None or usual[2] is None):
        line = next(table.lines())[0]
        tabs = tab_hint((text for _, text in table.bare_lines()), _BETWEEN_SIDES)
        raise CorpusError(
            f"{table.name}:{line}: there is no tab between a source and its target",
            hint=f"write source<TAB>target on each line{tabs}",
        )
    rows = table.rows(separator)
    first = next(rows, None)
    if first is None:
        return iter(()), (0, None, 1)
    header = [cell.strip() for cell in first[1]]
    asked = [value for value in (layout.source, layout.features, layout.target) if value is not None]
    named = any(not value.isdecimal() for value in asked)
    usual = usual_columns(header)
    if named or table.is_csv or (usual[0] is not None and usual[2] is not None):
        source, features, target = table.columns(header, _wanted(layout))
        assert source is not None
        assert target is not None
        if features is None and len(header) == 3:
            rows = _looked_at(rows, header, ({0, 1, 2} - {source, target}).pop(), table.name)
        return table.even(rows, len(header), "the header"), (source, features, target)
    begin = [first, *islice(rows, TELLING_ROWS)]
    features = features_column([row for _, row in begin if len(row) == 3]) if len(header) == 3 else None
    places = _numbered(len(header), table.name, layout, features)
    return table.even(chain(begin, rows), len(header), "the first row"), places


def _looked_at(rows: Iterator[Row], header: Sequence[str], place: int, name: str) -> Iterator[Row]:
    """The same rows. A warning says that the third column of a header is left out where features would look so: its
    cells recur."""
    begin = list(islice(rows, TELLING_ROWS))
    cells = [row[place].strip() for _, row in begin if len(row) == len(header)]
    if 2 * len(set(cells)) <= len(cells) and any(cells):
        warnings.warn(
            f"{name}: the column {header[place]} is neither source nor target, and is left out; --features "
            f"{header[place]} learns it, too",
            CharnnWarning,
            stacklevel=2,
        )
    return chain(begin, rows)


def _numbered(columns: int, name: str, layout: PairsLayout, features_look: int | None) -> tuple[int, int | None, int]:
    """The places of the source, the features and the target in a table without a header. What looks like features
    stands at `features_look`; otherwise they are the middle one of three columns."""
    if columns == 1:
        raise CorpusError(
            f"{name}: there is a single column, and a pair has two", hint="write source<TAB>target on each line"
        )
    asked = layout.source, layout.features, layout.target
    numbers = [None if value is None else int(value) - 1 for value in asked]
    for value, place in zip(asked, numbers, strict=True):
        if place is not None and not 0 <= place < columns:
            raise UsageError(f"{name}: there is no column {value}", hint=f"there are {columns}, and the first is 1")
    source, features, target = numbers
    if columns > 3 and (source is None or target is None):
        raise UsageError(
            f"{name}: there are {columns} columns, and nothing tells which are the source and the target",
            hint="say it with --source N and --target N, and --features N for features",
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
    source, features, target = (
        None if place is None else header[place] for place in found_columns(header, _wanted(AS_TOLD))
    )
    return source, features, target


def _wanted(layout: PairsLayout) -> tuple[WantedColumns, WantedColumns, WantedColumns]:
    return (
        WantedColumns("--source", layout.source, SOURCE_NAMES),
        WantedColumns("--features", layout.features, FEATURES_NAMES, is_needed=False),
        WantedColumns("--target", layout.target, TARGET_NAMES),
    )


def _object_rows(table: Table, layout: PairsLayout) -> tuple[Iterator[Row], tuple[int, int | None, int]]:
    objects = table.objects()
    first = next(objects, None)
    if first is None:
        return iter(()), (0, None, 1)
    keys = keys_of(first[1])
    source, features, target = (
        None if place is None else keys[place] for place in table.columns(keys, _wanted(layout))
    )
    wanted = [(key, between) for key, between in ((source, " "), (target, " "), (features, ";")) if key is not None]

    def rows_of(row: Object) -> Iterator[Row]:
        line, record = row
        several = record.get(target) if target is not None and target.lower() == SEVERAL else None
        for one in [record] if not isinstance(several, list) else [{**record, target: one} for one in several or [""]]:
            yield line, [_joined(table, line, one, key, between) for key, between in wanted]

    rows = table.made_of(chain([first], objects), rows_of)
    return rows, (0, None if features is None else 2, 1)


def _joined(table: Table, line: int, record: dict[str, Any], key: str, between: str) -> str:
    """What an object has under a key, and the texts of a list as one."""
    value = table.value(line, record, key)
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return between.join(value)
    if not isinstance(value, str):
        raise table.no_text(line, key, value)
    return value
