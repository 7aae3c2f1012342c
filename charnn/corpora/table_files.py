"""The tables in files, and the records that find the same files again."""

from __future__ import annotations

from charnn.config.model import SourceFile
from charnn.corpora.decoding import BadBytes, OnError, marking
from charnn.corpora.sources import read, read_again
from charnn.corpora.tables import Table
from charnn.readable import file_name


def read_table(path: str, *, encoding: str, on_error: OnError) -> tuple[Table, SourceFile]:
    """The table in the file at `path`, `-` for standard input, and a record of the file. Raises as `sources.read` does;
    rows with bytes that are not in the encoding are left out, or raise CorpusError, once they are read."""
    text, source = read(path, encoding=encoding, on_error=marking(on_error))
    name = file_name(path)
    return Table(text, name, BadBytes(name, encoding, on_error)), source


def read_table_again(source: SourceFile, *, encoding: str, on_error: OnError) -> Table:
    """The table in the file that the record is of. Raises CorpusError where it is missing or has changed."""
    text = read_again(source, encoding=encoding, on_error=marking(on_error))
    return Table(text, source.path, BadBytes(source.path, encoding, on_error))
