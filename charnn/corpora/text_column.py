"""Reads the texts of one column of a table, or of one key of JSON, as the file comes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from charnn.corpora.columns import WantedColumns
from charnn.corpora.decoding import BadBytes, OnError, marking
from charnn.corpora.keys import keys_of
from charnn.corpora.labelled_layout import TEXT_NAMES
from charnn.corpora.lines import WholeLines, check_length
from charnn.corpora.streams import stream
from charnn.corpora.tables import Object, Table
from charnn.readable import file_name

HEAD = 1 << 16
"""So many characters, or all that there are, are read before the columns are looked for."""


class TextRow(NamedTuple):
    """A row of a table, or an object of JSON, and the text in it."""

    text: str
    row: str
    """The row as a line, with the end that the first line of its table has: CSV where it was CSV, written anew."""
    header: str
    """The header of its table in the same form; "" for JSON."""
    line: int
    """The number of the line where it begins, counted from 1."""


def text_column(
    path: str, column: str, *, encoding: str = "utf-8", any_bytes: bool = False, on_error: OnError = "fail"
) -> Iterator[TextRow]:
    """The rows of the table with a header at `path`, `-` for standard input, with the text of this column, which is
    named or numbered.

    Raises what `streams.stream` raises, UsageError where there is no such column, and CorpusError for a row that is
    malformed, which on_error=skip leaves out.
    """
    name = file_name(path)
    bad = None if any_bytes else BadBytes(name, encoding, on_error)
    pieces = stream(path, encoding=encoding, any_bytes=any_bytes, on_error=marking(on_error))
    read = _ReadOnce(_whole_lines(pieces, name))
    table = Table(read, name, bad)
    wanted = (WantedColumns("--text", column, TEXT_NAMES),)
    if not table.start():
        return
    yield from _of_objects(table, wanted) if table.has_objects else _of_rows(table, wanted, read.line_end)


def _of_rows(table: Table, wanted: tuple[WantedColumns], line_end: str) -> Iterator[TextRow]:
    separator = table.separator()
    rows = table.rows(separator)
    header = next(rows, (0, ()))[1]
    (place,) = table.columns([cell.strip() for cell in header], wanted)
    assert place is not None
    for line, cells in table.even(rows, len(header), "the header"):
        yield TextRow(cells[place], _as_line(cells, separator, line_end), _as_line(header, separator, line_end), line)


def _of_objects(table: Table, wanted: tuple[WantedColumns]) -> Iterator[TextRow]:
    keys = list[str]()

    def of_object(row: Object) -> Iterator[TextRow]:
        line, record = row
        if not keys:
            names = keys_of(record)
            keys.extend(names[place] for place in table.columns(names, wanted) if place is not None)
        text = table.value(line, record, keys[0])
        if not isinstance(text, str):
            raise table.no_text(line, keys[0], text)
        yield TextRow(text, json.dumps(record, ensure_ascii=False) + "\n", "", line)

    return table.made_of(table.objects(), of_object)


def _as_line(cells: Sequence[str], separator: str, line_end: str) -> str:
    if separator == "\t":
        return "\t".join(cells) + line_end
    line = io.StringIO(newline="")
    csv.writer(line, delimiter=separator, lineterminator=line_end).writerow(cells)
    return line.getvalue()


def _whole_lines(pieces: Iterator[str], name: str) -> Iterator[str]:
    lines = WholeLines()
    for piece in pieces:
        if whole := lines.push(piece):
            yield whole
        check_length(lines.held, name)
    if rest := lines.flush():
        yield rest


class _ReadOnce:
    """A text that can be read to its end once, and before that its beginning as often as it is wanted."""

    def __init__(self, pieces: Iterator[str]) -> None:
        self._head, self._rest = "", pieces
        for piece in pieces:
            self._head += piece
            if len(self._head) >= HEAD:
                break

    @property
    def line_end(self) -> str:
        """What ends the first line, \\r\\n as in tables of Excel, or else \\n."""
        return "\r\n" if self._head.partition("\n")[0].endswith("\r") else "\n"

    def __iter__(self) -> Iterator[str]:
        yield self._head
        yield from self._rest
