"""Results to stdout and nothing else; what charnn has to say to stderr, one line at a time, never a traceback."""

from __future__ import annotations

import codecs
import json
import sys
from typing import Any

from charnn.errors import CharnnError, OutputError


class ReaderGone(Exception):
    """Whoever read stdout has had enough (`| head`): no error, and nothing more to do.

    Typer would make a failure of the BrokenPipeError itself.
    """


def write(text: str) -> None:
    """Writes to stdout in UTF-8, flushed at once. Line ends stay as they are, bytes that are no UTF-8 too."""
    _write(text.encode("utf-8", "surrogateescape"))


def write_json(value: dict[str, Any]) -> None:
    """One object on one line. What is no UTF-8 becomes JSON's escape of half a surrogate pair."""
    _write((json.dumps(value, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace"))


class Output:
    """stdout in an encoding, one stream from beginning to end: a byte order mark comes once."""

    def __init__(self, encoding: str) -> None:
        """`encoding` is one that exists."""
        self._encoding = encoding
        self._encoder = codecs.getincrementalencoder(encoding)()

    def write(self, text: str) -> None:
        """Flushed at once. What the encoding does not have raises OutputError, once all before it has been written."""
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


def warn(message: str) -> None:
    notice(f"charnn: warning: {message}")


def error(message: str, hint: str | None = None) -> None:
    line = f"charnn: {message}" + (f"; {hint}" if hint else "")
    notice(line.replace("\r", "\\r").replace("\n", "\\n"))


def report(failure: CharnnError) -> None:
    error(str(failure), failure.hint)


def is_terminal() -> bool:
    """Whether stderr is one, so that a view may redraw itself there."""
    return sys.stderr.isatty()
