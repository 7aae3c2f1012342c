"""Cuts text that comes in pieces into whole lines, or into blocks between blank lines."""

from __future__ import annotations

import re
from typing import NamedTuple

# A byte order mark opens a file, and each file of several that were concatenated.
_BLANK_LINE = re.compile(r"(?P<blank>\ufeff?[ \t]*+\r?\n)")
_NEXT_BLANK_LINE = re.compile(r"\n(?P<blank>\ufeff?[ \t]*+\r?\n)")


class WholeLines:
    r"""Takes text in pieces and gives whole lines, several of them as one string. Only \n ends a line."""

    def __init__(self) -> None:
        self._held: list[str] = []

    def push(self, text: str) -> str:
        """All lines that are complete by now, one after the other. The last one ends in a line end, too."""
        end = text.rfind("\n") + 1
        if not end:
            if text:
                self._held.append(text)
            return ""
        whole = "".join((*self._held, text[:end]))
        self._held = [text[end:]]
        return whole

    def flush(self) -> str:
        """The last line, where it has no line end."""
        held, self._held = "".join(self._held), []
        return held


class Lines:
    """Takes text in pieces and gives a list of whole lines."""

    def __init__(self) -> None:
        self._lines = WholeLines()

    def push(self, text: str) -> list[str]:
        whole = self._lines.push(text)
        return [line + "\n" for line in whole[:-1].split("\n")] if whole else []

    def flush(self) -> list[str]:
        rest = self._lines.flush()
        return [rest] if rest else []


class Block(NamedTuple):
    """Lines up to a blank one. `source[start:end]` is the block without that blank line and without the last line's
    end."""

    source: str
    start: int
    end: int
    line: int
    """The number of the line where the block begins, counted from 1."""


class Blocks:
    """Takes text in pieces and gives blocks.

    The first blank line after a block ends it and belongs to it, so that a block is complete as soon as it can be.
    Every other blank line is an empty block of its own. A line of spaces and tabs is blank.
    """

    def __init__(self) -> None:
        self._lines = WholeLines()
        self._held: list[str] = []
        """The whole lines of a block that is not complete."""
        self._line = 1

    def push(self, text: str) -> list[Block]:
        whole = self._lines.push(text)
        blocks: list[Block] = []
        start = 0
        while start < len(whole):
            blank = _BLANK_LINE.match(whole, start) or _NEXT_BLANK_LINE.search(whole, start)
            if not blank:
                self._held.append(whole[start:])
                break
            blocks.append(self._block(whole[start : blank.end()], blank.end() - blank.start("blank")))
            start = blank.end()
        return blocks

    def flush(self) -> list[Block]:
        rest = self._lines.flush()
        blank = 0 if rest.strip(" \t\r\ufeff") else len(rest)
        return [self._block(rest, blank)] if self._held or rest else []

    def _block(self, last: str, blank: int) -> Block:
        """The block of the lines that were held and `last`, which ends in a blank line of `blank` characters."""
        source = "".join((*self._held, last)) if self._held else last
        self._held = []
        line = self._line
        self._line += source.count("\n")
        end = len(source) - blank
        start = min(1 if source.startswith("\ufeff") else 0, end)
        if source.endswith("\n", start, end):
            end -= 1
        if source.endswith("\r", start, end):
            end -= 1
        return Block(source, start, end, line)
