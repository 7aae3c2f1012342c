r"""Cuts text into lines, and text that comes in pieces into whole lines or into blocks between blank lines.

A line ends in \n, in \r\n or in a \r alone, and no other character ends one: neither form feed nor vertical tab, nor
U+0085, U+2028 and U+2029. Whatever charnn reads line by line is cut by this one rule: documents, prompts, labelled
texts, pairs, lists, and lines that are scored, tagged, classified or compared. Blocks are those of treebanks, whose
rows end in \n or \r\n.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from charnn.errors import CorpusError

# A byte order mark opens a file, and each file of several that were concatenated.
_BLANK_LINE = re.compile(r"(?P<blank>\ufeff?[ \t]*+\r?\n)")
_NEXT_BLANK_LINE = re.compile(r"\n(?P<blank>\ufeff?[ \t]*+\r?\n)")


# Python before 3.11.5 loses its place in a possessive group, (?:...)++ (its issue 106052), and not in an atomic one.
# The group is atomic, (?>...), so that \r\n is never taken for a line that ends in \r and a blank one that ends in \n.
LINE_END = r"(?>\r\n|\r|\n)"
_LINE = re.compile(rf"[^\r\n]*+{LINE_END}|[^\r\n]++")


def lines_of(text: str) -> list[str]:
    """The lines of a text, each with its end; joined, they are the text again."""
    if "\r" in text:
        return _LINE.findall(text)
    *lines, last = text.split("\n")
    whole = [f"{line}\n" for line in lines]
    return [*whole, last] if last else whole


def bare_lines(text: str) -> list[str]:
    """The lines of a text without their ends."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]


def without_end(line: str) -> str:
    """The line without its end."""
    return line[:-2] if line.endswith("\r\n") else line[:-1] if line.endswith(("\n", "\r")) else line


def without_ends(lines: Sequence[str]) -> list[str]:
    """The lines without their ends."""
    texts = bare_lines("".join(lines))
    return texts if len(texts) == len(lines) else [without_end(line) for line in lines]


def line_ends(text: str, *, after_return: bool = False) -> int:
    r"""The number of line ends in a text. A \n at its start ends no further line `after_return`, a \r before it."""
    split = after_return and text.startswith("\n")
    return text.count("\n") + text.count("\r") - text.count("\r\n") - split


LONGEST_LINE = 1 << 22
"""The most characters of a line, a paragraph or a sentence of a stream. It is held whole, with some hundred bytes of
memory for each character."""


def check_length(characters: int, place: str, *, longest: int = LONGEST_LINE, what: str = "a line") -> None:
    """Raises CorpusError where what is read as a whole has more than so many characters."""
    if characters > longest:
        raise CorpusError(
            f"{place}: {what} of more than {longest:,} characters is too long to be read as a whole",
            hint="cut it into shorter lines, as `fold -s -w 1000` does",
        )


class WholeLines:
    r"""Takes text in pieces and gives whole lines, several of them as one string.

    A \r at the end of what was read is held until it is known whether a \n follows.
    """

    def __init__(self, *, lone_returns: bool = True) -> None:
        r"""Without `lone_returns`, \r alone ends no line."""
        self._lone_returns = lone_returns
        self._held: list[str] = []
        self.held = 0
        """The characters of the line that is not complete."""

    def push(self, text: str) -> str:
        """All lines that are complete by now, one after the other. The last one ends in a line end, too."""
        if self._lone_returns and self._held and self._held[-1].endswith("\r"):
            held = self._held.pop()
            self.held -= len(held)
            text = held + text
        end = text.rfind("\n") + 1
        if self._lone_returns:
            end = max(end, text.rfind("\r", end, len(text) - 1) + 1)
        if not end:
            if text:
                self._held.append(text)
                self.held += len(text)
            return ""
        whole = "".join((*self._held, text[:end]))
        self._held = [text[end:]]
        self.held = len(text) - end
        return whole

    def flush(self) -> str:
        """The last line, where it has no line end."""
        held, self._held, self.held = "".join(self._held), [], 0
        return held


class Lines:
    """Takes text in pieces and gives a list of whole lines."""

    def __init__(self) -> None:
        self._lines = WholeLines()

    def push(self, text: str) -> list[str]:
        return lines_of(self._lines.push(text))

    def flush(self) -> list[str]:
        return lines_of(self._lines.flush())

    @property
    def held(self) -> int:
        """The characters of the line that is not complete."""
        return self._lines.held


class LineBlock(NamedTuple):
    """Lines up to a blank one. `source[start:end]` is the block without that blank line and without the last line's
    end."""

    source: str
    start: int
    end: int
    line: int
    """The number of the line where the block begins, counted from 1."""


class LineBlocks:
    """Takes text in pieces and gives blocks.

    The first blank line after a block ends it and belongs to it, so that a block is complete as soon as it can be.
    Every other blank line is an empty block of its own. A line of spaces and tabs is blank.
    """

    def __init__(self) -> None:
        self._lines = WholeLines(lone_returns=False)
        self._held: list[str] = []
        """The whole lines of a block that is not complete."""
        self._line = 1

    def push(self, text: str) -> list[LineBlock]:
        whole = self._lines.push(text)
        blocks: list[LineBlock] = []
        start = 0
        while start < len(whole):
            blank = _BLANK_LINE.match(whole, start) or _NEXT_BLANK_LINE.search(whole, start)
            if not blank:
                self._held.append(whole[start:])
                break
            blocks.append(self._block(whole[start : blank.end()], blank.end() - blank.start("blank")))
            start = blank.end()
        return blocks

    def flush(self) -> list[LineBlock]:
        rest = self._lines.flush()
        blank = 0 if rest.strip(" \t\r\ufeff") else len(rest)
        return [self._block(rest, blank)] if self._held or rest else []

    def _block(self, last: str, blank: int) -> LineBlock:
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
        return LineBlock(source, start, end, line)
