"""Results to stdout and nothing else; what charnn has to say to stderr, one line at a time, never a traceback."""

from __future__ import annotations

import codecs
import json
import os
import sys
from typing import Any

from charnn.errors import CharnnError, OutputError


class ReaderGone(Exception):
    """The program that read stdout has closed it, as `| head` does. That is no error, and nothing more has to be done.

    It stands in for BrokenPipeError, which Typer would report as a failure.
    """


def write(text: str) -> None:
    """Writes to stdout in UTF-8 and flushes. Line ends stay as they are, and so do bytes that are not UTF-8."""
    _write(text.encode("utf-8", "surrogateescape"))


def write_bytes(data: bytes) -> None:
    """Writes to stdout, and flushes, what is no text."""
    _write(data)


def write_json(value: dict[str, Any]) -> None:
    """Writes one object on one line. A byte that is not UTF-8 becomes JSON's escape of half a surrogate pair."""
    _write((json.dumps(value, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace"))


class Output:
    """Standard output in an encoding. It is one stream, so a byte order mark is written once, at its start."""

    def __init__(self, encoding: str) -> None:
        """Python must know the encoding (`corpora.sources.check_encoding`)."""
        self._encoding = encoding
        self._encoder = codecs.getincrementalencoder(encoding)()

    def write(self, text: str) -> None:
        """Writes the text and flushes.

        Raises OutputError for a character that the encoding does not have, once all before it has been written.
        """
        state = self._encoder.getstate()
        try:
            data = self._encoder.encode(text)
        except UnicodeEncodeError as error:
            self._encoder.setstate(state)
            _write(self._encoder.encode(text[: error.start]))
            raise OutputError(
                f"standard output: {error.object[error.start]!r} cannot be written in {self._encoding}",
                hint="name another encoding with --encoding",
            ) from None
        _write(data)


def _write(data: bytes) -> None:
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise ReaderGone from None


def notice(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def aside(message: str) -> None:
    """Says something that only a person at a terminal needs, dimly where the terminal has styles."""
    if is_terminal():
        notice(f"\x1b[2m{message}\x1b[0m" if has_styles() else message)


def warn(message: str) -> None:
    notice(f"charnn: warning: {message}")


def error(message: str, hint: str | None = None) -> None:
    line = f"charnn: {message}" + (f"; {hint}" if hint else "")
    notice(line.replace("\r", "\\r").replace("\n", "\\n"))


def report(failure: CharnnError) -> None:
    error(str(failure), failure.hint)


def is_terminal() -> bool:
    """Whether stderr is a terminal, where a view may redraw itself."""
    return sys.stderr.isatty()


def has_styles() -> bool:
    """Whether the terminal may be told to write dimly or in colours."""
    return os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")


def stdout_is_terminal() -> bool:
    """Whether stdout is a terminal, where a text may be shaded."""
    return sys.stdout.isatty()
