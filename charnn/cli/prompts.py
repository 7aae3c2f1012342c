"""The prompts of `charnn sample`: an argument, a file or standard input, taken as a whole or line by line."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from charnn.cli import console
from charnn.errors import UsageError

STDIN = "-"


def prompts(argument: str, file: str | None, *, a_line_each: bool, any_bytes: bool) -> Iterator[str | None]:
    """The prompts, one after another. None stands for a pause of the input: asking for the next prompt would wait.

    A line's end is not part of its prompt. Raises UsageError where the prompt is given twice or not at all, and
    CorpusError where it cannot be read.
    """
    if argument and file is not None:
        raise UsageError(f"--prompt-file {file}: there is a prompt already", hint="give one of the two")
    source = file if file is not None else STDIN if argument == STDIN else None
    if source is None:
        if a_line_each:
            raise UsageError("--prompts: of what?", hint="read standard input with -, or give --prompt-file")
        return iter([argument])
    if source == STDIN and sys.stdin is not None and sys.stdin.isatty():
        console.notice("reading the terminal; Ctrl-D ends it")
    return _lines(source, any_bytes) if a_line_each else _whole(source, any_bytes)


def _whole(source: str, any_bytes: bool) -> Iterator[str]:
    from charnn.corpora.sources import read

    yield read(source, any_bytes=any_bytes)[0]


def _lines(source: str, any_bytes: bool) -> Iterator[str | None]:
    from charnn.corpora.streams import stream

    rest = ""
    for piece in stream(source, any_bytes=any_bytes):
        if not piece:
            yield None
        *lines, rest = (rest + piece).split("\n")
        for line in lines:
            yield line.removesuffix("\r")
    if rest:
        yield rest
