"""Results to stdout and nothing else; what charnn has to say to stderr, one line at a time, never a traceback.

A terminal obeys control characters, and texts, paths and models may have some that wipe the screen or set its title. So
a terminal is only given them as escapes. Pipes and files get what is written, to the byte.
"""

from __future__ import annotations

import codecs
import json
import os
import re
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TextIO

from charnn.cli.wrapping import wrapped
from charnn.config.as_json import json_text
from charnn.corpora.decoding import MARK_BAD_BYTES
from charnn.errors import CharnnError, OutputError
from charnn.version import __version__


class Log:
    """Adds an object for each event to the end of a file, on a line, with the time in UTC. Each is written at once."""

    def __init__(self, path: str) -> None:
        """Raises OutputError where the file cannot be written."""
        self._path, self._started = path, time.monotonic()
        try:
            self._file = open(path, "a", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115 - it is open as
            # long as the command goes on
        except OSError as error:
            raise OutputError(f"--log {path}: {(error.strerror or str(error)).lower()}") from None
        self.add("begin", {"arguments": sys.argv[1:], "version": __version__})

    def add(self, event: str, values: Mapping[str, Any]) -> None:
        """Raises OutputError where the file cannot be written any more."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        try:
            self._file.write(json.dumps({"time": now, "event": event, **values}, ensure_ascii=False) + "\n")
            self._file.flush()
        except OSError as error:
            raise OutputError(f"--log {self._path}: {(error.strerror or str(error)).lower()}") from None

    def end(self, exit_code: int) -> None:
        self.add("end", {"exit_code": exit_code, "seconds": round(time.monotonic() - self._started, 3)})
        self._file.close()


SHADES = ("", "38;5;16;48;5;230", "38;5;16;48;5;222", "38;5;16;48;5;214", "38;5;16;48;5;202", "38;5;231;48;5;160")
"""The terminal codes of the shades, which are among xterm's 256 colours and go from pale yellow to dark red. Each code
sets both text and background, so that it can be read whatever the terminal's own colours are. The first shade, for
text that is no surprise, keeps those."""


class ReaderGone(Exception):
    """The program that read stdout has closed it, as `| head` does. That is no error, and nothing more has to be done.

    It stands in for BrokenPipeError, which Typer would report as a failure.
    """


OBEYED = re.compile(
    "\x1b\\[(?:0|2|38;5;[0-9]{1,3};48;5;[0-9]{1,3})m|\r(?!\n)|[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
)
"""The characters that a terminal obeys rather than shows, but for tabs and line ends; and charnn's own shades."""


def for_terminal(text: str) -> str:
    """The text with the characters that a terminal would obey as escapes. Shades stay as they are."""
    return OBEYED.sub(lambda m: m[0] if len(m[0]) > 1 else m[0].encode("unicode_escape").decode("ascii"), text)


def write(text: str) -> None:
    """Writes to stdout in UTF-8 and flushes. In pipes, line ends and bytes that are not UTF-8 stay as they are."""
    shown = for_terminal(text) if stdout_is_terminal() else text
    _write(shown.encode("utf-8", "surrogateescape"))


def write_bytes(data: bytes) -> None:
    """Writes to stdout, and flushes, what is no text."""
    _write(data)


def write_json(value: dict[str, Any]) -> None:
    """Writes one object on one line."""
    _write(json_text(value).encode())


class Output:
    """Standard output in an encoding. It is one stream, so a byte order mark is written once, at its start."""

    def __init__(self, encoding: str) -> None:
        """Python must know the encoding (`corpora.sources.check_encoding`). Bytes that decoding has marked
        (MARK_BAD_BYTES) are written as they were."""
        self._encoding = encoding
        self._encoder = codecs.getincrementalencoder(encoding)(MARK_BAD_BYTES)

    def write(self, text: str) -> None:
        """Writes the text and flushes.

        Raises OutputError for a character that the encoding does not have, once all before it has been written.
        """
        text = for_terminal(text) if stdout_is_terminal() else text
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
    if sys.stdout is None:
        raise OutputError("standard output is closed", hint="redirect it to /dev/null to drop what is written")
    if _manner.is_transient and stdout_is_terminal():
        transient("")
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise ReaderGone from None
    except OSError as error:
        drop(sys.stdout)
        raise OutputError(f"standard output: {error.strerror}") from None


def drop(stream: TextIO) -> None:
    """Lets a stream that cannot be written lead nowhere; otherwise Python would try again at exit, and complain."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


UNKNOWN_COLUMNS = 80
"""A terminal that does not say how wide it is, is taken to have so many columns."""
CLEARED = "\r\x1b[K"
"""What takes the line off a terminal that the cursor is in."""


def transient(text: str) -> None:
    """Shows a line on a terminal until something else is written, or the next such line; "" takes it off."""
    if sys.stderr is None or (not text and not _manner.is_transient):
        return
    room = max((columns() or UNKNOWN_COLUMNS) - 1, 1)
    try:
        sys.stderr.write(CLEARED + for_terminal(text)[:room])
        sys.stderr.flush()
    except (OSError, ValueError):
        drop(sys.stderr)
    _manner.is_transient = bool(text)


class _Manner:
    """How a command speaks: whether it leaves out notices, and the file that keeps what it says."""

    quiet = False
    log: Log | None = None
    is_transient = False
    """Whether a line is shown that the next one that is written takes off."""


_manner = _Manner()


def begin(*, quiet: bool, log: str | None) -> None:
    """Sets how this command speaks. Raises OutputError where the file cannot be written."""
    _manner.quiet = _manner.quiet or quiet
    if log is not None:
        _manner.log = Log(log)


def end(exit_code: int) -> None:
    """Ends the log, and lets the next command speak as commands do."""
    log, _manner.log, _manner.quiet = _manner.log, None, False
    if log is not None:
        with suppress(OutputError):
            log.end(exit_code)


def is_quiet() -> bool:
    """Whether notices and progress are left out."""
    return _manner.quiet


def record(event: str, values: Mapping[str, Any]) -> None:
    """Keeps an event in the log, if there is one. A log that cannot be written any more is given up, and that is
    said."""
    if _manner.log is None:
        return
    try:
        _manner.log.add(event, values)
    except OutputError as failure:
        _manner.log = None
        say(f"charnn: warning: {failure}; the command goes on without it")


def say(message: str, *, dimly: bool = False) -> None:
    """Writes a line to stderr, whatever was asked for. Where nobody can hear it, it is dropped, and the command goes
    on. On a terminal it is broken between words, and `dimly` where the terminal has styles."""
    if sys.stderr is None:
        return
    transient("")
    if is_terminal():
        message = wrapped(for_terminal(message), columns())
        message = f"\x1b[2m{message}\x1b[0m" if dimly and has_styles() else message
    try:
        print(message, file=sys.stderr, flush=True)
    except (OSError, ValueError):
        drop(sys.stderr)


def notice(message: str) -> None:
    """Says what one may want to know, unless the command is to be quiet."""
    record("notice", {"message": message})
    if not _manner.quiet:
        say(message)


def aside(message: str) -> None:
    """Says something that only a person at a terminal needs, dimly where the terminal has styles."""
    record("notice", {"message": message})
    if is_terminal() and not _manner.quiet:
        say(message, dimly=True)


def warn(message: str) -> None:
    record("warning", {"message": message})
    say(_on_one_line(f"charnn: warning: {message}"))


def error(message: str, hint: str | None = None) -> None:
    with suppress(OutputError):
        record("error", {"message": message, "hint": hint})
    say(_on_one_line(f"charnn: {message}" + (f"; {hint}" if hint else "")))


def _on_one_line(message: str) -> str:
    """The message with the line ends in it, as names of files may have them, as escapes."""
    return message.replace("\r", "\\r").replace("\n", "\\n")


def report(failure: CharnnError) -> None:
    error(str(failure), failure.hint)


def columns() -> int:
    """The width of the terminal that stderr is, also where stdout is none; 0 where it is not known."""
    with suppress(ValueError):
        if (told := int(os.environ.get("COLUMNS", ""))) > 0:
            return told
    with suppress(OSError, ValueError):
        if sys.stderr is not None:
            return os.get_terminal_size(sys.stderr.fileno()).columns
    return 0


def is_terminal() -> bool:
    """Whether stderr is a terminal, where a view may redraw itself."""
    return sys.stderr is not None and sys.stderr.isatty()


def may_redraw() -> bool:
    """Whether stderr is a terminal that can show a line in the place of another."""
    return is_terminal() and os.environ.get("TERM") != "dumb"


def has_styles() -> bool:
    """Whether the terminal may be told to write dimly or in colours."""
    return os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")


def stdout_is_terminal() -> bool:
    """Whether stdout is a terminal, where a text may be shaded."""
    return sys.stdout is not None and sys.stdout.isatty()
