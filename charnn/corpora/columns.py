"""The columns of a table: what parts them in a line, what its first line calls them, and which of them are wanted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from charnn.corpora.lines import bare_lines

COLUMNS_BETWEEN_TABS = "columns between tabs"
"""What a text has that may be data of several tasks."""
TELLING_LINES = 20
"""So many lines tell what parts two sides, where it is no tab."""
NAME = re.compile(r"[A-Za-z_][\w-]*(?: [\w-]+)*")
"""The name of a column."""
FEWEST_LINES = 4
"""Fewer lines do not tell that something stands in the place of tabs."""
ARROWS = (" ||| ", "|||", " => ", " -> ", " → ", " == ")
"""What stands between two sides in lists alone."""
_QUOTED = re.compile(r'"[^"]*"')


class WantedColumns(NamedTuple):
    """A column or key that a reader looks for."""

    option: str
    """The option that names it."""
    asked: str | None
    """The name that was asked for, or a number, counted from 1."""
    usual: Sequence[str]
    """The usual names, in any case, of which the first one counts that is there."""
    is_needed: bool = True


def separator_of(line: str, *, is_csv: bool = False) -> str:
    """What stands between the cells of a header: a tab where there is one; otherwise, and in CSV, the one of comma,
    semicolon, tab and bar that it has most of, what is quoted apart."""
    if "\t" in line and not is_csv:
        return "\t"
    bare = _QUOTED.sub("", line)
    return max(",;\t|", key=bare.count)


def cells_between(separator: str, line: str) -> int:
    """How many cells a line has, what is quoted being one; between tabs nothing is."""
    return (line if separator == "\t" else _QUOTED.sub("", line)).count(separator) + 1


def header_of(line: str) -> list[str]:
    """The cells of a first line, as names of columns."""
    return [cell.strip().strip('"') for cell in line.removeprefix("\ufeff").split(separator_of(line))]


def found_columns(header: Sequence[str], wanted: Sequence[WantedColumns]) -> list[int | None]:
    """The places of the columns that are wanted; None for one that is not there. A name comes before a number."""
    return [_place(header, column) for column in wanted]


def _place(header: Sequence[str], wanted: WantedColumns) -> int | None:
    name = wanted.asked
    if name is None:
        known = {column.lower(): place for place, column in reversed(list(enumerate(header)))}
        return next((known[usual] for usual in wanted.usual if usual in known), None)
    if name in header:
        return header.index(name)
    return int(name) - 1 if name.isdecimal() and 1 <= int(name) <= len(header) else None


def tab_hint(lines: Iterable[str], separators: Sequence[str]) -> str:
    """A command that writes a tab in the place of what parts each of the first lines, beginning with "; ", where one of
    `separators` does; "" where none does. A space does where the words before it recur."""
    first = [line.strip() for line in islice(lines, TELLING_LINES)]
    for separator in separators if first and not any("\t" in line for line in first) else ():
        recurs = separator != " " or 2 * len({line.partition(" ")[0] for line in first}) <= len(first)
        if recurs and all(separator in line for line in first):
            return f"; sed 's/{separator}/\\t/' FILE puts a tab there"
    return ""


def without_its_tabs(sample: str, name: str) -> str:
    """What to say of a text without a tab whose name promises tabs, or whose first lines are parted by what nobody
    writes in prose; "" for other text."""
    lines = [line for line in bare_lines(sample) if line.strip()]
    if "\t" in sample or len(lines) < FEWEST_LINES:
        return ""
    named = name.removesuffix(".gz").lower().endswith((".tsv", ".tab"))
    hint = tab_hint(lines, (*ARROWS, "  ", ";", "|", ",") if named else ARROWS)
    return f"it has no tab between columns{hint}" if named or hint else ""


def between_tabs(sample: str, *widths: int) -> str | None:
    """What a text that begins like this looks like, where each line has as many cells between tabs as one of `widths`
    says; None for other text. Its last line may be cut."""
    lines = [line for line in bare_lines(sample) if line.strip()]
    whole = lines if sample.endswith(("\n", "\r")) else lines[:-1]
    cells = {line.count("\t") + 1 for line in whole}
    return COLUMNS_BETWEEN_TABS if len(whole) > 1 and len(cells) == 1 and cells <= set(widths) else None
