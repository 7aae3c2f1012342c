"""Names files that are no plain text by their first bytes, and says what makes text of them.

The signatures are those of the formats' own specifications.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Foreign(NamedTuple):
    """What a file looks like."""

    what: str
    """Its kind, with an article, such as `a PDF file`."""
    hint: str
    """What makes text of it."""
    is_text: bool = False
    """Whether it can be read as text, though not as the text that a person sees."""


_SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF-", "a PDF file", "make text of it first: pdftotext FILE -"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a Word file, or another of old Office", "save it as plain text first"),
    (b"BZh", "a bzip2 archive", "unpack it first: bzcat FILE"),
    (b"\xfd7zXZ\0", "an xz archive", "unpack it first: xzcat FILE"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "unpack it first: zstdcat FILE"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first"),
    (b"Rar!\x1a\x07", "a RAR archive", "unpack it first"),
    (b"\x89PNG\r\n\x1a\n", "a picture (PNG)", "choose a file of text"),
    (b"\xff\xd8\xff", "a picture (JPEG)", "choose a file of text"),
    (b"GIF8", "a picture (GIF)", "choose a file of text"),
    (b"\x7fELF", "a program", "choose a file of text"),
    (b"SQLite format 3\0", "an SQLite database", "export a column of it as text first"),
    (b"PAR1", "a Parquet table", "export a column of it as text first"),
)
_ZIPPED = (
    (b"word/", "a Word file", "save it as plain text, or make text of it first: pandoc FILE -t plain"),
    (b"xl/", "an Excel file", "save the sheet as CSV or as text between tabs first"),
    (b"mimetypeapplication/vnd.oasis.opendocument", "an OpenDocument file", "save it as plain text first"),
    (b"mimetypeapplication/epub", "an EPUB book", "make text of it first: pandoc FILE -t plain"),
)
_HTML = re.compile(rb"\s*(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_XML = re.compile(rb"\s*<\?xml\b")
_TAR_PLACE, _TAR = 257, b"ustar"
SAMPLE_BYTES = 4096
"""The first bytes of a file that are looked at."""


def foreign_format(data: bytes) -> Foreign | None:
    """What a file that begins with these bytes is, or None for plain text and what is not known."""
    data = data[:SAMPLE_BYTES]
    for signature, what, hint in _SIGNATURES:
        if data.startswith(signature):
            return Foreign(what, hint)
    if data.startswith(b"PK\x03\x04"):
        found = next(((what, hint) for inside, what, hint in _ZIPPED if inside in data), None)
        return Foreign(*(found or ("a zip archive", "unpack it first: unzip -p FILE")))
    if data[_TAR_PLACE : _TAR_PLACE + len(_TAR)] == _TAR:
        return Foreign("a tar archive", "unpack it first: tar -xOf FILE")
    start = data.removeprefix(b"\xef\xbb\xbf")
    if start.startswith(b"{\\rtf"):
        return Foreign("an RTF file", "save it as plain text, or make text of it first: pandoc FILE -t plain", True)
    if _HTML.match(start):
        return Foreign("HTML", "its tags are text, too; make plain text of it first: pandoc FILE -t plain", True)
    if _XML.match(start):
        return Foreign("XML", "its tags are text, too; take out the text that you mean first", True)
    return None


def looks_like_table(text: str) -> str | None:
    """What a text is that is a table or a list of objects: CSV or JSON; None for other text.

    It is CSV where the first lines have as many commas or semicolons each, and the first has names between them.
    """
    lines = [line for line in text.split("\n")[:20] if line.strip()]
    whole = lines if text.endswith("\n") and len(lines) < 20 else lines[:-1]  # the last line may be cut
    if len(whole) > 1 and all(line.startswith("{") and line.rstrip().endswith("}") for line in whole):
        return "JSON lines"
    for separator in (",", ";"):
        counts = {re.sub(r'"[^"]*"', "", line).count(separator) for line in whole}
        header = [cell.strip('"') for cell in whole[0].rstrip().split(separator)] if whole else []
        names = all(re.fullmatch(r"[A-Za-z_][\w-]*(?: [\w-]+)*", cell) for cell in header)
        if len(whole) > 2 and len(counts) == 1 and counts != {0} and names:
            return "CSV"
    return None
