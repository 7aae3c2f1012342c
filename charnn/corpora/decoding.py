"""Decides what becomes of bytes that are not in the encoding that was asked for, and of byte order marks."""

from __future__ import annotations

import codecs
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from charnn.corpora.lines import line_ends, lines_of
from charnn.corpora.western import WESTERN, western_word
from charnn.errors import CharnnWarning, CorpusError

OnError = Literal["fail", "skip", "replace"]
"""What is done about bytes that are not in the encoding: to end with an error, to leave out their lines (in a treebank
their sentences), or to read each as U+FFFD."""
Decoding = OnError | Literal["mark"]
"""The same choices, and a further one: to mark such bytes (MARK_BAD_BYTES) for the caller, who knows what to leave
out."""
BYTE_ORDER_MARK = "\ufeff"
MARK_BAD_BYTES = "charnn.mark_bad_bytes"
"""The name of a way to decode, for Python's codecs, in which each byte b that is not in the encoding becomes the lone
surrogate U+DC00 + b. No encoding that is in use decodes sound bytes to lone surrogates."""
FEW = 3
"""So many lines with bad bytes, malformed rows and malformed sentences are each named in a warning; further ones are
only counted."""
NAME_ENCODING, LEAVE_OUT = "name the encoding with --encoding", "leave such lines out with --on-error skip"
"""What to do first about bytes that are not in the encoding."""
_HALF = re.compile("[\ud800-\udbff\udd00-\udfff]")
_BAD = re.compile("[\udc00-\udcff]")
_MARKS = re.compile("[\udc00-\udcff]+")
_WIDE = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""The encodings that a byte order mark tells, the longer marks first."""
LONGEST_MARK = max(map(len, _WIDE))
_LOOKED_AT = 4096
_NUL_SHARE = 0.4


def _mark(error: UnicodeError) -> tuple[str | bytes, int]:
    """Marks bytes that cannot be decoded, and gives back those that marks stand for where text is encoded."""
    if isinstance(error, UnicodeDecodeError):
        return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end
    if isinstance(error, UnicodeEncodeError) and (marks := _MARKS.match(error.object, error.start, error.end)):
        return bytes(ord(mark) - 0xDC00 for mark in marks[0]), marks.end()
    raise error


codecs.register_error(MARK_BAD_BYTES, _mark)


def without_byte_order_marks(text: str) -> str:
    """The text without the marks that open files, wherever files that were joined have them."""
    return text.replace(BYTE_ORDER_MARK, "") if BYTE_ORDER_MARK in text else text


def has_half_a_character(text: str) -> bool:
    """Whether a text has half of a surrogate pair, as JSON can write it, which no encoding can write. What stands for a
    byte does not count."""
    return _HALF.search(text) is not None


def bad_byte(marked: str) -> tuple[int, int] | None:
    """The place of the first character of a text that MARK_BAD_BYTES has put in the place of a byte, and that byte."""
    return None if (found := _BAD.search(marked)) is None else (found.start(), ord(found[0]) - 0xDC00)


def replaced(marked: str) -> str:
    """The text with U+FFFD in the place of each byte that MARK_BAD_BYTES has marked."""
    return _BAD.sub("\ufffd", marked)


def marking(on_error: OnError) -> Decoding:
    """How to decode for a caller that leaves out whole rows or lines with `BadBytes`, so that all others keep their
    numbers."""
    return "mark" if on_error == "skip" else on_error


def how_to_read(data: bytes, place: int) -> str:
    """What to do about the byte at this place, which does not decode."""
    word = western_word(data, place)
    likely = "" if word is None else f" ({WESTERN} if it is to say {word!r})"
    return f"{NAME_ENCODING}{likely}, or {LEAVE_OUT}"


@contextmanager
def naming_the_tokenizer() -> Iterator[None]:
    """Within the context, an error of decoding says that bytes can be learned as they are."""
    try:
        yield
    except CorpusError as error:
        if error.hint is not None and error.hint.startswith(NAME_ENCODING):
            error.hint += ", or learn from the bytes themselves with --tokenizer bytes"
        raise


def may_begin_mark(start: bytes) -> bool:
    """Whether these bytes, fewer than LONGEST_MARK, may be the beginning of a mark of UTF-16 or UTF-32."""
    return any(mark.startswith(start) or start.startswith(mark) for mark in _WIDE)


def refuse_other_encoding(start: bytes, name: str, encoding: str) -> None:
    """Raises CorpusError where the beginning of a file shows that it is UTF-16 or UTF-32, and `encoding` is another, or
    is one of these without saying which byte of a unit is first, and the file does not say it either.

    A byte order mark tells it, and so does a NUL at every second or fourth byte, which no other text has.
    """
    asked = codecs.lookup(encoding).name
    if asked in _WIDE.values() and start and not any(start.startswith(m) for m, wide in _WIDE.items() if wide == asked):
        likely = _wide_without_mark(start) or ""
        both = f"--encoding {asked}-le (the lower byte first) or {asked}-be"
        raise CorpusError(
            f"{name}: is not {asked} with a byte order mark, which would tell the order of its bytes",
            hint=f"say it with {f'--encoding {likely}, as they look' if likely.startswith(asked) else both}",
        )
    if asked.startswith(("utf-16", "utf-32")):
        return
    for mark, found in _WIDE.items():
        if start.startswith(mark) and (found == "utf-32" or asked == "utf-8" or b"\0" in start):
            raise CorpusError(
                f"{name}: the text is in {found.upper()}, as its byte order mark tells", hint=_read_as(found)
            )
    if (wide := _wide_without_mark(start)) is not None:
        every = "second byte is" if wide.startswith("utf-16") else "fourth byte alone is not"
        raise CorpusError(
            f"{name}: every {every} NUL, so the text seems to be in {wide[:6].upper()} without a byte order mark",
            hint=_read_as(wide),
        )


def _wide_without_mark(start: bytes) -> str | None:
    """The encoding of which the NULs of a text without a mark tell."""
    shown = start[: min(len(start), _LOOKED_AT) // 4 * 4]
    if len(shown) < 8 or shown.count(0) < _NUL_SHARE * len(shown):
        return None
    nuls = [shown[place::4].count(0) / (len(shown) // 4) > 2 * _NUL_SHARE for place in range(4)]
    return {
        (False, True, True, True): "utf-32-le",
        (True, True, True, False): "utf-32-be",
        (False, True, False, True): "utf-16-le",
        (True, False, True, False): "utf-16-be",
    }.get((nuls[0], nuls[1], nuls[2], nuls[3]))


def warn_of_nul(text: str, name: str, line: int | None = 1) -> bool:
    r"""Warns of the first NUL in a text, which begins in this line of the file, and says whether there is one.

    A text that has many is in another encoding (`refuse_other_encoding`); one that has few was cut from something else.
    """
    if (place := text.find("\0")) < 0:
        return False
    where = name if line is None else f"{name}:{line + line_ends(text[:place])}"
    warnings.warn(
        rf"{where}: a NUL character, as text seldom has, is read as any other character; tr -d '\0' < FILE takes all "
        "out",
        CharnnWarning,
        stacklevel=2,
    )
    return True


def _read_as(encoding: str) -> str:
    return f"read it with --encoding {encoding}, or convert it: iconv -f {encoding} -t utf-8"


def joined(lines: Iterable[str]) -> str:
    r"""The lines as a text that has just these lines.

    Where lines between them were left out, a line that ends in \r may meet one that is just \n: it ends in \n then,
    since \r\n would be one line end.
    """
    kept: list[str] = []
    for line in lines:
        if line == "\n" and kept and kept[-1].endswith("\r"):
            kept[-1] = f"{kept[-1][:-1]}\n"
        kept.append(line)
    return "".join(kept)


class BadBytes:
    """Leaves out or replaces what MARK_BAD_BYTES has marked in the text of one file, and warns of it. Where lines with
    such bytes are left out, so are rows that are malformed."""

    def __init__(self, name: str, encoding: str, on_error: OnError) -> None:
        """`on_error` is skip or replace."""
        self._name, self._encoding, self.skips = name, encoding, on_error == "skip"
        self._line = 0
        self._bad_lines = self._malformed = 0

    @property
    def place(self) -> str:
        """The file and the number of the line after those that were read."""
        return f"{self._name}:{self._line + 1}"

    def cleaned(self, whole_lines: str) -> str:
        """The text, which is whole lines, as it should be read. The texts of a file come in their order."""
        if _BAD.search(whole_lines) is None:
            self._line += line_ends(whole_lines)
            return whole_lines
        return joined(line for _, line in self.lines(lines_of(whole_lines)))

    def lines(self, lines: Sequence[str]) -> list[tuple[int, str]]:
        """The lines as they should be read, each with its number, counted from 1 in the file."""
        first, self._line = self._line + 1, self._line + len(lines)
        read = ((number, self.row(number, line)) for number, line in enumerate(lines, first))
        return [(number, line) for number, line in read if line is not None]

    def is_left_out(self, text: str) -> bool:
        return self.skips and _BAD.search(text) is not None

    def row(self, line: int, text: str) -> str | None:
        """A text that begins on this line, such as a row of a table, as it is read; None where it is left out."""
        if (bad := _BAD.search(text)) is None:
            return text
        self._warn(line + line_ends(text[: bad.start()]), ord(bad[0]) - 0xDC00)
        return None if self.skips else replaced(text)

    def leave_out(self, malformed: CorpusError) -> None:
        """Warns that a row is left out that is malformed. Raises the error where none is to be left out."""
        if not self.skips:
            malformed.hint = f"{malformed.hint}; --on-error skip leaves such rows out"
            raise malformed
        self._malformed += 1
        if self._malformed <= FEW:
            warnings.warn(f"{malformed}: the row is left out", CharnnWarning, stacklevel=2)

    def report(self) -> None:
        """Warns of how many lines and rows there were, where not every one of them was named."""
        if self._malformed > FEW:
            warnings.warn(
                f"{self._name}: {self._malformed:,} rows are malformed: left out", CharnnWarning, stacklevel=2
            )
        if self._bad_lines > FEW:
            what = "left out" if self.skips else "read with U+FFFD in the place of these bytes"
            message = f"{self._name}: {self._bad_lines:,} lines have bytes that are not {self._encoding}: {what}"
            warnings.warn(message, CharnnWarning, stacklevel=2)

    def _warn(self, line: int, byte: int) -> None:
        self._bad_lines += 1
        if self._bad_lines <= FEW:
            what = "the line is left out" if self.skips else "read as U+FFFD"
            message = f"{self._name}:{line}: a byte that is not {self._encoding} (0x{byte:02x}): {what}"
            warnings.warn(message, CharnnWarning, stacklevel=2)
