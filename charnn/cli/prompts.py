"""The prompts of `charnn sample`: an argument, a file or standard input, as a whole or line by line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from charnn.cli import console
from charnn.corpora.decoding import OnError as DecodingErrors
from charnn.errors import CorpusError, UsageError

STDIN = "-"
LONGEST_PROMPT = 1_000_000
"""A prompt is read step by step, so many characters in a quarter of a minute or more."""


class Prompts:
    """The same prompts. Where one cannot be read they end, so that the texts of those before it are written first."""

    def __init__(self, prompts: Iterator[str | None]) -> None:
        self.failure: CorpusError | None = None
        """The error that ended the prompts."""
        self._prompts = prompts

    def __iter__(self) -> Iterator[str | None]:
        try:
            yield from self._prompts
        except CorpusError as error:
            self.failure = error


def prompts(
    argument: str, file: str | None, *, a_line_each: bool, any_bytes: bool, on_error: DecodingErrors = "fail"
) -> Iterator[str | None]:
    """The prompts, one after another. None stands for a pause of the input: asking for the next prompt would wait.

    A line's end is not part of its prompt, and a byte order mark of none. Raises UsageError where the prompt is given
    twice or not at all, and CorpusError where it cannot be read.
    """
    if argument and file is not None:
        raise UsageError(f"--prompt-file {file}: there is a prompt already", hint="give one of the two")
    source = file if file is not None else STDIN if argument == STDIN else None
    if source is None:
        if a_line_each:
            raise UsageError(
                "--prompts needs a text whose lines are the prompts",
                hint="read standard input with -, or give --prompt-file",
            )
        return iter([argument])
    if source == STDIN and sys.stdin is not None and sys.stdin.isatty():
        console.notice("reading the terminal; Ctrl-D ends it")
    return _bounded(_lines(source, any_bytes, on_error) if a_line_each else _whole(source, any_bytes, on_error), source)


def _bounded(prompts: Iterator[str | None], source: str) -> Iterator[str | None]:
    """The prompts. Raises UsageError for one that would be read for minutes."""
    for prompt in prompts:
        if prompt is not None and len(prompt) > LONGEST_PROMPT:
            raise UsageError(
                f"{'standard input' if source == STDIN else source}: a prompt of {len(prompt):,} characters, where "
                f"{LONGEST_PROMPT:,} are the most",
                hint="give its end, for instance with tail -c 100000",
            )
        yield prompt


def _whole(source: str, any_bytes: bool, on_error: DecodingErrors) -> Iterator[str]:
    from charnn.corpora.sources import read

    with _in_utf_8():
        yield read(source, any_bytes=any_bytes, on_error=on_error)[0]


def _lines(source: str, any_bytes: bool, on_error: DecodingErrors) -> Iterator[str | None]:
    from charnn.corpora.decoding import without_byte_order_marks
    from charnn.corpora.lines import without_end
    from charnn.corpora.streams import stream_lines

    with _in_utf_8():
        for lines in stream_lines(source, any_bytes=any_bytes, on_error=on_error):
            if not lines:
                yield None
            for _, line in lines:
                prompt = without_end(line)
                yield prompt if any_bytes else without_byte_order_marks(prompt)


@contextmanager
def _in_utf_8() -> Iterator[None]:
    """Within the context, an error of decoding says what helps here, where prompts are always in UTF-8."""
    try:
        yield
    except CorpusError as error:
        if error.hint is not None and "--encoding" in error.hint:
            error.hint = "prompts are read in UTF-8: convert them with iconv, or pass bad lines over: --on-error skip"
        raise
