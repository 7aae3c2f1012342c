"""Reads rows that have a text or a pair each: lines, cells between tabs or in CSV, objects of JSON.

A text is there as a whole, or it comes in pieces of whole lines, as often as it is wanted.

Every row has the number of the line where it begins. Rows with bytes that `decoding` has marked are left out as a
whole, a cell of several lines too, and so are malformed ones; the others keep their numbers.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from charnn.corpora.columns import NAME, WantedColumns, found_columns, separator_of
from charnn.corpora.decoding import BadBytes, has_half_a_character
from charnn.corpora.lines import bare_lines, line_ends, without_end
from charnn.errors import CorpusError, UsageError
from charnn.readable import counted, first_few

T = TypeVar("T")
R = TypeVar("R")
Row = tuple[int, Sequence[str]]
"""The number of the line where a row begins, counted from 1, and its cells."""
Object = tuple[int, dict[str, Any]]
"""The number of a line, and the object of JSON on it."""
LONGEST_ROW = 1 << 24
"""A row of a text that is not held has no more characters than this."""
SHOWN = 8
"""The most names of columns that a message has."""
_SEPARATOR = re.compile(r"sep=([,;\t|])[ ]*(?:\r\n?|\n|$)")
"""What Excel writes before the header, to say what parts the cells."""
_LIST = re.compile(r"\ufeff?\s*\[(?=\s*\{)")
_BETWEEN_OBJECTS = re.compile(r"\ufeff?[\s,]*(?:\]\s*\Z)?")


_NOTHING = object()  # stands for what is not there


class PiecesOfText(Protocol):
    """A text that is too long to be held."""

    def __iter__(self) -> Iterator[str]:
        """The text from its beginning, in pieces of whole lines."""
        ...


@dataclass(frozen=True)
class Table:
    """The text of a file that has rows."""

    text: str | PiecesOfText
    name: str
    """The path of the file, for messages; a name that ends in .csv says what it is."""
    bad: BadBytes | None = None
    """Leaves out the rows with marked bytes; None where every row is read."""

    @property
    def is_csv(self) -> bool:
        return self.name.removesuffix(".gz").lower().endswith(".csv")

    def start(self) -> str:
        """The first line that is not blank, without marked bytes and no name of the separator, or "" where there is
        none."""
        return next((line for _, line in self.bare_lines()), "")

    def separator(self) -> str:
        """What stands between the cells of the first line: tabs, unless a .csv file has more of others; commas where
        there is nothing of the kind. A spreadsheet may have named it in a line before."""
        named = _SEPARATOR.match(next(self._pieces(), ""))
        return named[1] if named else separator_of(self.start(), is_csv=self.is_csv)

    def whole(self) -> str:
        """All of it as a single text, without marked bytes and without the end of its last line."""
        text = self.text if isinstance(self.text, str) else "".join(self.text)
        if self.bad is not None:
            text = self.bad.cleaned(text)
            self.bad.report()
        return without_end(text)

    def bare_lines(self) -> Iterator[tuple[int, str]]:
        """What `lines` gives, and nothing is said of bad bytes."""
        for number, line in self._numbered():
            if self.bad is None or not self.bad.is_left_out(line):
                yield number, line

    def lines(self) -> Iterator[tuple[int, str]]:
        """The lines that are not blank, with their numbers and without their ends."""
        for number, line in self._numbered():
            if (kept := self._kept(number, line)) is not None:
                yield number, kept
        self._report()

    def rows(self, separator: str) -> Iterator[Row]:
        """The rows that are not blank. Between tabs a quotation mark is a character like any other. Raises CorpusError
        for what is not CSV."""
        if separator == "\t":
            for number, line in self.lines():
                yield number, line.split("\t")
            return
        longest = len(self.text) + 1 if isinstance(self.text, str) else LONGEST_ROW
        csv.field_size_limit(max(csv.field_size_limit(), longest))
        lines = (line for piece in self._pieces() for line in io.StringIO(piece, newline=""))
        reader, ends = csv.reader(lines, delimiter=separator, strict=True), 0
        try:
            for row in reader:
                begins, ends = ends + 1, reader.line_num
                if begins == 1 and _SEPARATOR.fullmatch(separator.join(row)):
                    continue
                if any(row) and self._kept(begins, " ".join(row)) is not None:
                    yield begins, row
        except csv.Error:
            raise CorpusError(
                f"{self.name}:{ends + 1}: this is not CSV, as a quotation mark stands in the wrong place",
                hint='in a cell between quotation marks, "" is a quotation mark',
            ) from None
        self._report()

    @property
    def has_objects(self) -> bool:
        """Whether it is JSON: an object on each line, or objects of several lines, which may be those of a list."""
        return self.start().lstrip().startswith("{") or self.is_list_of_objects

    def objects(self) -> Iterator[Object]:
        """The objects of JSON. A line that is none is malformed (`leave_out`). Raises CorpusError for what is no JSON
        where objects have several lines."""
        if self.is_list_of_objects or not _is_object(self.start()):
            yield from self._objects_of_lines()
            return
        for number, line in self.lines():
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                record = None
            if isinstance(record, dict):
                yield number, record
            else:
                self.leave_out(
                    CorpusError(
                        f"{self.name}:{number}: the line is not a JSON object", hint="write one object on each line"
                    )
                )

    def _objects_of_lines(self) -> Iterator[Object]:
        """The objects of a list, or one after the other, each of any number of lines."""
        decoder, pieces = json.JSONDecoder(), self._pieces()
        text = next(pieces, "")
        at, line = (found.end() if (found := _LIST.match(text)) else 0), 1
        before = 0
        while True:
            at = _BETWEEN_OBJECTS.match(text, at).end()  # type: ignore[union-attr]
            line, before = line + line_ends(text[before:at]), at
            try:
                record, at = decoder.raw_decode(text, at)
            except (ValueError, RecursionError):
                record = None
                if len(text) - at < LONGEST_ROW and (piece := next(pieces, None)) is not None:
                    text, at, before = text[at:] + piece, 0, 0
                    continue
                if at == len(text):
                    break
            if not isinstance(record, dict):
                raise CorpusError(
                    f"{self.name}:{line}: what begins here is not a JSON object",
                    hint="write one object on each line, or a list of objects",
                )
            if self._kept(line, text[before:at]) is not None:
                yield line, record
        self._report()

    def value(self, line: int, record: dict[str, Any], key: str) -> Any:
        """What an object has under a key, which may be one of an object in it (`keys_of`). Raises CorpusError where it
        has no such key, and for half a character."""
        value: Any = record
        for part in (key,) if key in record else key.split("."):
            value = value.get(part, _NOTHING) if isinstance(value, dict) else _NOTHING
        if value is _NOTHING:
            raise CorpusError(
                f"{self.name}:{line}: this object has no {key!r}, as the first one has",
                hint="give it one, or leave it out",
            )
        values = value if isinstance(value, list) else [value]
        if any(isinstance(one, str) and has_half_a_character(one) for one in values):
            raise CorpusError(
                f"{self.name}:{line}: there is half of a surrogate pair in {key!r}", hint="write both halves, or none"
            )
        return value

    def no_text(self, line: int, key: str, value: object) -> CorpusError:
        """What is raised where an object has something else than a text under a key."""
        if isinstance(value, dict) and value:
            what, hint = "an object", f"name a key in it, such as {key}.{next(iter(value))}"
        else:
            what, hint = "not a text", "quote it, or leave it out"
        return CorpusError(f"{self.name}:{line}: what stands under {key!r} is {what}", hint=hint)

    def made_of(self, rows: Iterable[R], make: Callable[[R], Iterable[T]]) -> Iterator[T]:
        """All that `make` makes of each row. One of which it raises CorpusError is malformed (`leave_out`)."""
        for row in rows:
            try:
                made = list(make(row))
            except CorpusError as error:
                self.leave_out(error)
            else:
                yield from made

    @property
    def leaves_out(self) -> bool:
        """Whether rows that are malformed are left out."""
        return self.bad is not None and self.bad.skips

    def leave_out(self, malformed: CorpusError) -> None:
        """Leaves out a row that is malformed, with a warning. Raises the error unless such rows are to be left out."""
        if self.bad is None:
            raise malformed
        self.bad.leave_out(malformed)

    def even(self, rows: Iterator[Row], columns: int, whose: str) -> Iterator[Row]:
        """The rows. One with fewer or more cells than `columns` is malformed (`leave_out`)."""
        for line, cells in rows:
            if len(cells) != columns:
                found, separator = counted(len(cells), "column"), self.separator()
                hint = f"a cell that has {separator} in it stands in quotation marks"
                self.leave_out(
                    CorpusError(
                        f"{self.name}:{line}: the row has {found}, where {whose} has {columns}",
                        hint="a tab stands between two cells, and in none" if separator == "\t" else hint,
                    )
                )
            else:
                yield line, cells

    def columns(self, header: Sequence[str], wanted: Sequence[WantedColumns]) -> list[int | None]:
        """The places of the columns or keys that are wanted. Raises UsageError where one is not there that is needed or
        was asked for."""
        places = found_columns(header, wanted)
        for place, column in zip(places, wanted, strict=True):
            if place is None and (column.is_needed or column.asked is not None):
                kind = "key" if self.has_objects else "column"
                what = f"there is no {kind} {column.asked!r}"
                has_names = self.has_objects or all(map(NAME.fullmatch, header))
                how = "name" if has_names else "name or number"
                if column.asked is None:
                    wanted_name = column.option.removeprefix("--")
                    what = f"no {kind} has a usual name of a {wanted_name} ({column.usual[0]}, ...)"
                raise UsageError(
                    f"{self.name}: {what}",
                    hint=f"{how} it with {column.option}; the {kind}s are {first_few(header, SHOWN)}",
                )
        return places

    def _numbered(self) -> Iterator[tuple[int, str]]:
        lines = (line for piece in self._pieces() for line in bare_lines(piece))
        for number, line in enumerate(lines, start=1):
            if line.strip() and not (number == 1 and _SEPARATOR.fullmatch(line)):
                yield number, line

    def _pieces(self) -> Iterator[str]:
        pieces = iter((self.text,) if isinstance(self.text, str) else self.text)
        yield next(pieces, "").removeprefix("\ufeff")
        yield from pieces

    @property
    def is_list_of_objects(self) -> bool:
        """Whether it is one list of JSON that begins with an object."""
        return _LIST.match(next(self._pieces())) is not None

    def _kept(self, line: int, text: str) -> str | None:
        return text if self.bad is None else self.bad.row(line, text)

    def _report(self) -> None:
        if self.bad is not None:
            self.bad.report()


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
