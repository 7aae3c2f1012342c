"""Long lines are broken between words for a terminal, which would break them in the middle of one."""

from __future__ import annotations

import re

NARROWEST = 20
"""Nothing is broken for a terminal of fewer columns."""
_PIECE = re.compile(r"(\s*)(`[^`]*`\S*|charnn [a-z]+ [^;,]*|\S+)")
"""What stays together, after the space before it: a command, which may be copied from the terminal, or a word."""
_TABLE = re.compile(r"\S\s{2,}\S")


def wrapped(text: str, columns: int) -> str:
    """The text with its lines broken between words where they are wider than so many columns.

    A word or a command that is wider stays whole. Rows of tables, which have several spaces between their cells, are
    left as they are.
    """
    if columns < NARROWEST or len(text) <= columns // 2:
        return text
    return "\n".join(_wrapped_line(line, columns) for line in text.split("\n"))


def _wrapped_line(line: str, columns: int) -> str:
    from charnn.readable import width  # rich takes a while, and most messages are short

    if width(line) <= columns or _TABLE.search(line):
        return line
    parts, used = list[str](), 0
    for gap, piece in _PIECE.findall(line):
        needed = width(gap) + width(piece)
        if used and used + needed > columns:
            parts.append(f"\n{piece}")
            used = width(piece)
        else:
            parts.append(gap + piece)
            used += needed
    return "".join(parts)
