"""The rows of columns: the cells of a line, and which lines are no rows.

A line is a comment if it stands before the rows of a sentence, begins with `#`, and is not a row: it has another number
of cells than the rows, or between spaces its first cell is a lone `#` or `#begin` or `#end`. So `#NYC` can be a word. A
line that begins with -DOCSTART- parts documents, and is none either. The first line is a header if all of its cells are
names that columns usually have.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from charnn.errors import CorpusError
from charnn.tasks.tagger.formats.tags import is_tag

DOCUMENT_START = "-DOCSTART-"
_NAMES = (
    "id index word words token tokens form lemma tag tags pos upos xpos postag pos_tag ner entity label chunk feats "
    "head deprel sentence sent_id"
)
_HEADER_NAMES = frozenset(_NAMES.split())
_SPACES = re.compile(r"[ \t]+")
_LONE_RETURN = re.compile(r"\r(?!\n)")


def cells_of(line: str, separator: str) -> list[str]:
    """The cells of a line. Several spaces between two cells are as good as one, and so is a tab among them."""
    return line.split("\t") if separator == "\t" else _SPACES.split(line.strip(" \t"))


def cell_separator(lines: Sequence[str]) -> str:
    """A tab, or a space where no line has a tab and most lines have spaces between cells, or where tabs and spaces
    both part cells.

    Comments tell only where there is nothing else.
    """
    lines = [line for line in lines if not line.startswith("#")] or lines
    several = sum(len(cells_of(line, " ")) > 1 for line in lines)
    if any("\t" in line for line in lines):
        return " " if _are_mixed(lines) else "\t"
    return " " if 2 * several > len(lines) else "\t"


def _are_mixed(lines: Sequence[str]) -> bool:
    """Whether tabs alone part all lines into words and what is several tags, and white space of either kind parts them
    evenly. A single line tells nothing, and a space in one line among others is a mistake there."""
    by_tabs = [cells_of(line, "\t") for line in lines]
    if len(lines) < 2 or len({len(cells_of(line, " ")) for line in lines}) > 1:
        return False
    several = all(" " not in cells[0] and any(" " in cell for cell in cells[1:]) for cells in by_tabs)
    return several and all(is_tag(cell) for line in lines for cell in cells_of(line, " ")[1:])


def is_comment(line: str, separator: str, width: int) -> bool:
    """Whether a line before the rows of a sentence, which have `width` cells, is not a row."""
    if line.startswith(DOCUMENT_START):
        return True
    if not line.startswith("#"):
        return False
    cells = cells_of(line, separator)
    return len(cells) != width or (separator == " " and cells[0] in ("#", "#begin", "#end"))


def late_comment(place: str) -> CorpusError:
    """What is raised for a comment among the rows of a sentence. `place` is the file and the line."""
    return CorpusError(
        f"{place}: a comment after the first word of a sentence",
        hint="comments stand before it, and a blank line ends a sentence",
    )


def check_returns(text: str, name: str, line: int) -> None:
    r"""Raises CorpusError for a \r that stands in the lines of a sentence, which begin at this line of the file."""
    if "\r" in text and (found := _LONE_RETURN.search(text)):
        raise CorpusError(
            rf"{name}:{line + text.count(chr(10), 0, found.start())}: \r alone ends no row",
            hint=r"tr '\r' '\n' < FILE gives a file from an old Mac the usual line ends",
        )


def is_header(cells: Sequence[str]) -> bool:
    """Whether the cells of the first row are names of columns."""
    return len(cells) > 1 and all(cell.strip().lstrip("#").strip().lower() in _HEADER_NAMES for cell in cells)
