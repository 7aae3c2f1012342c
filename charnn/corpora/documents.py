"""A text cut into documents: the unit that is begun fresh, ends in a stop token, and is held out whole."""

from __future__ import annotations

import re
from itertools import pairwise

from charnn.config import DocumentUnit

# Python before 3.11.5 loses its place in a possessive group, (?:...)++ (its issue 106052), and not in an atomic one.
# Atomic, (?>...), so that \r\n is never reconsidered as a line that ends in \r and a blank line that ends in \n.
_LINE_END = r"(?>\r\n|\r|\n)"
_LINE = re.compile(rf"[^\r\n]*+{_LINE_END}|[^\r\n]++")
_PARAGRAPH_END = re.compile(rf"{_LINE_END}(?>(?:[ \t]*+{_LINE_END})+)(?:[ \t]++\Z)?")
_NOT_BLANK = re.compile(r"[^ \t\r\n]")


def split_documents(text: str, unit: DocumentUnit) -> list[str]:
    r"""The documents of `text`, none of them empty; joined, they are `text` again.

    A `file` is the whole text. A `line` keeps its line end: \n, \r\n or a lone \r, and no other character ends one. A
    `paragraph` keeps the blank lines (empty, or spaces and tabs) that follow it; those that open the text are part of
    the first.
    """
    if unit == "line":
        return _LINE.findall(text)
    edges = [0, *(_paragraph_ends(text) if unit == "paragraph" else ()), len(text)]
    return [text[start:end] for start, end in pairwise(edges) if start < end]


def _paragraph_ends(text: str) -> list[int]:
    first = _NOT_BLANK.search(text)
    return [end.end() for end in _PARAGRAPH_END.finditer(text, first.start())] if first else []
