"""Cuts a text that comes in pieces into blocks, and says where documents end in them.

The documents are those of `documents.split_documents`, which has the whole text at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charnn.corpora.code_points import code_points
from charnn.corpora.documents import DocumentUnit, paragraph_ends
from charnn.corpora.lines import LINE_END

Places = npt.NDArray[np.int64]
_BLANK = " \t\r\n"


class TextBlock(NamedTuple):
    """A part of a text."""

    text: str
    ends: Places
    """Where a document ends, in characters of this block and in order. An end at 0 is that of a document in the blocks
    before."""


def blocks_of(pieces: Iterable[str], unit: DocumentUnit) -> Iterator[TextBlock]:
    """The blocks of one text; joined, they are the text. Its last document ends with it."""
    held: list[str] = []
    is_open = False
    for piece in pieces:
        held.append(piece)
        if unit == "paragraph" and not piece.strip(_BLANK):
            continue  # blank lines are held until something follows
        text = "".join(held)
        known = _known(text, unit)
        held = [text[known:]]
        if known:
            block = _block(text[:known], unit, is_first=not is_open)
            is_open = True
            yield block
    rest = "".join(held)
    if rest:
        block = _block(rest, unit, is_first=not is_open)
        is_closed = bool(block.ends.size) and block.ends[-1] == len(rest)
        yield block if is_closed else TextBlock(rest, np.append(block.ends, len(rest)))
    elif is_open and not (block.ends.size and block.ends[-1] == len(block.text)):
        yield TextBlock("", np.zeros(1, np.int64))


def blocks_at(pieces: Iterable[str], ends: Places, start: int = 0) -> Iterator[TextBlock]:
    """The pieces of a text as blocks, where it is known that documents end at the places `ends`, in order. The first
    piece begins at the place `start`."""
    for piece in pieces:
        first, last = np.searchsorted(ends, [start, start + len(piece)], side="right")
        yield TextBlock(piece, ends[first:last] - start)
        start += len(piece)


def _known(text: str, unit: DocumentUnit) -> int:
    """How much of the beginning of a text can be cut without what follows: whether a line end, or blank lines, go on
    is not known yet."""
    if unit == "line":
        return len(text) - text.endswith("\r")
    return len(text.rstrip(_BLANK)) if unit == "paragraph" else len(text)


def _block(text: str, unit: DocumentUnit, *, is_first: bool) -> TextBlock:
    if unit == "line":
        return TextBlock(text, _line_ends(text))
    ends = paragraph_ends(text, opens=is_first) if unit == "paragraph" else []
    return TextBlock(text, np.array(ends, np.int64))


def _line_ends(text: str) -> Places:
    if "\r" in text:
        return np.array([end.end() for end in re.finditer(LINE_END, text)], np.int64)
    return np.flatnonzero(code_points(text) == ord("\n")) + 1
