"""Names files that are no plain text by their first bytes, and says what makes text of them.

The signatures are those of the formats' own specifications.
"""

from __future__ import annotations

import csv
import io
import re
from itertools import islice
from typing import NamedTuple, TypeVar

from charnn.corpora.columns import NAME
from charnn.corpora.lines import bare_lines

T = TypeVar("T")
FEW_ROWS = 20
"""So many rows tell a table."""


class ForeignFormat(NamedTuple):
    """What a file looks like."""

    what: str
    """Its kind, with an article, such as `a PDF file`."""
    hint: str
    """What makes text of it."""
    is_text: bool = False
    """Whether it can be read as text, though not as the text that a person sees."""


_PDF = b"%PDF-"
"""Blanks may stand before it."""
_BLANK = b" \t\r\n"
_SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (_PDF, "a PDF file", "make text of it first: pdftotext FILE -"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a Word file, or another of old Office", "save it as plain text first"),
    (b"\x1f\x9d", "a compress archive", "unpack it first: uncompress -c FILE"),
    (b"\x04\x22\x4d\x18", "an lz4 archive", "unpack it first: lz4cat FILE"),
    (b"MSCF\0", "a cabinet archive", "unpack it first"),
    *((b"BZh%d1AY" % level, "a bzip2 archive", "unpack it first: bzcat FILE") for level in range(1, 10)),
    (b"\xfd7zXZ\0", "an xz archive", "unpack it first: xzcat FILE"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "unpack it first: zstdcat FILE"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first"),
    (b"Rar!\x1a\x07", "a RAR archive", "unpack it first"),
    (b"\x89PNG\r\n\x1a\n", "a picture (PNG)", "choose a file of text"),
    (b"\xff\xd8\xff", "a picture (JPEG)", "choose a file of text"),
    (b"GIF87a", "a picture (GIF)", "choose a file of text"),
    (b"GIF89a", "a picture (GIF)", "choose a file of text"),
    (b"II*\0", "a picture (TIFF)", "choose a file of text"),
    (b"MM\0*", "a picture (TIFF)", "choose a file of text"),
    (b"AT&TFORM", "a DjVu document", "make text of it first: djvutxt FILE"),
    (b"ID3", "sound (MP3)", "choose a file of text"),
    (b"OggS\0", "sound or video (Ogg)", "choose a file of text"),
    (b"fLaC\0", "sound (FLAC)", "choose a file of text"),
    (b"\x1a\x45\xdf\xa3", "video (Matroska)", "choose a file of text"),
    (b"\x7fELF", "a program", "choose a file of text"),
    (b"MZ\x90\0", "a program", "choose a file of text"),
    (b"\xcf\xfa\xed\xfe", "a program", "choose a file of text"),
    (b"\xca\xfe\xba\xbe", "a program", "choose a file of text"),
    (b"\x93NUMPY", "an array of NumPy", "choose a file of text"),
    (b"\x89HDF\r\n", "an HDF5 file", "export a column of it as text first"),
    (b"ARROW1\0", "an Arrow table", "export a column of it as text first"),
    (b"SQLite format 3\0", "an SQLite database", "export a column of it as text first"),
    (b"PAR1\x15", "a Parquet table", "export a column of it as text first"),
)
_ZIPPED = (
    (b"word/", "a Word file", "save it as plain text, or make text of it first: pandoc FILE -t plain"),
    (b"xl/", "an Excel file", "save the sheet as CSV or as text between tabs first"),
    (b"mimetypeapplication/vnd.oasis.opendocument", "an OpenDocument file", "save it as plain text first"),
    (b"mimetypeapplication/epub", "an EPUB book", "make text of it first: pandoc FILE -t plain"),
)
_HTML = re.compile(
    rb"\s*(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body|title|meta|script|style|div|p|h[1-6]|ul|ol|table|section|"
    rb"article|center|font)\b[^<>]*>",
    re.IGNORECASE | re.DOTALL,
)
_XML = re.compile(rb"\s*(?:<!--.*?-->\s*)?<(?:\?xml\b|!DOCTYPE\b|[A-Za-z][^<>]*\sxmlns(?::\w+)?\s*=)", re.DOTALL)
_ELEMENT = re.compile(rb"\s*<([A-Za-z_][\w:.-]*)(?:\s[^<>]*)?>")
_TAGS = re.compile(rb"</?[A-Za-z_][^<>]*>")
_FEWEST_TAGS = 4
"""So many tags in lines most of which have some are XML, even without a declaration."""
_JSON = re.compile(rb"\s*(?:\{\s*\"[^\"\n]*\"\s*:|\[\s*(?:\{\s*\"|\[\s*[\[\"\d-]|\"[^\"\n]*\"\s*,|-?\d[\d.]*\s*,))")
_JSON_LINES = re.compile(rb"\s*\{[^\n]*\}[ \t\r]*\n\s*\{")
_LISTS_IN_A_LIST, _LISTS_ON_LINES = re.compile(rb"\s*\[\s*\["), re.compile(rb"\s*\[[^\n]*\][ \t]*\n\[")
_LATEX = re.compile(rb"(?:\s*%[^\n]*\n)*\s*\\(?:documentclass|documentstyle|input|usepackage|begin)\b")
_SUBTITLES = re.compile(rb"\s*(?:WEBVTT\b|\d+\r?\n\d\d:\d\d:\d\d[,.]\d{3} --> )")
_TAR_PLACE, _TAR = 257, b"ustar"
_MOBI_PLACE, _MOBI = 60, b"BOOKMOBI"
SAMPLE_BYTES = 4096
"""The first bytes of a file that are looked at."""


def foreign_format(data: bytes) -> ForeignFormat | None:
    """What a file that begins with these bytes is, or None for plain text and what is not known."""
    data = data[:SAMPLE_BYTES]
    for signature, what, hint in _SIGNATURES:
        if data.startswith(signature) or (signature == _PDF and data.lstrip(_BLANK).startswith(signature)):
            return ForeignFormat(what, hint)
    if data.startswith(b"PK\x03\x04"):
        found = next(((what, hint) for inside, what, hint in _ZIPPED if inside in data), None)
        return ForeignFormat(*(found or ("a zip archive", "unpack it first: unzip -p FILE")))
    if data.startswith(b"RIFF") and data[8:12] in (b"WAVE", b"AVI ", b"WEBP"):
        return ForeignFormat("sound, video or a picture (RIFF)", "choose a file of text")
    if data[_MOBI_PLACE : _MOBI_PLACE + len(_MOBI)] == _MOBI:
        return ForeignFormat("a Kindle book", "make text of it first: ebook-convert FILE book.txt")
    if data[_TAR_PLACE : _TAR_PLACE + len(_TAR)] == _TAR:
        return ForeignFormat("a tar archive", "unpack it first: tar -xOf FILE")
    start = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if start.startswith(b"{\\rtf"):
        return ForeignFormat(
            "an RTF file", "save it as plain text, or make text of it first: pandoc FILE -t plain", True
        )
    if _HTML.match(start):
        return ForeignFormat("HTML", "its tags are text, too; make plain text of it first: pandoc FILE -t plain", True)
    if _XML.match(start) or _is_element(start):
        return ForeignFormat("XML", "its tags are text, too; take out the text that you mean first", True)
    if _JSON.match(start) and not _JSON_LINES.match(start):
        hint = "its keys are text, too; take out the text that you mean first, as jq -r .text does"
        if (in_a_list := _LISTS_IN_A_LIST.match(start)) or _LISTS_ON_LINES.match(start):
            hint = f"jq -r '{'.[] | ' if in_a_list else ''}@tsv' makes a line of each of its lists, with tabs in it"
        return ForeignFormat("JSON", hint, True)
    if _LATEX.match(start):
        return ForeignFormat(
            "LaTeX", "its commands are text, too; make plain text of it first: pandoc FILE -t plain", True
        )
    if _SUBTITLES.match(start):
        return ForeignFormat("subtitles", "their times are text, too; take them out first", True)
    if start.startswith(b"%!PS"):
        return ForeignFormat("PostScript", "make text of it first: ps2txt FILE", True)
    return None


def _is_element(data: bytes) -> bool:
    """Whether the data begin with an element of XML, and most of the lines have tags, some of which end one."""
    if _ELEMENT.match(data) is None or b"</" not in data:
        return False
    lines = [line for line in data.splitlines() if line.strip()]
    return len(_TAGS.findall(data)) >= _FEWEST_TAGS and 2 * sum(_TAGS.search(line) is not None for line in lines) > len(
        lines
    )


CSV = "CSV"
"""What a table is called whose cells stand between commas, semicolons or bars."""


def looks_like_table(text: str) -> str | None:
    """What a text is that is a table or a list of objects: CSV or JSON; None for other text.

    It is CSV where the first rows have as many cells each, between commas, semicolons or bars, and the first row has
    names, or where they have three and more and none begins with a space, as parts of sentences do.
    """
    text = text.removeprefix("\ufeff")
    lines = _whole([line for line in bare_lines(text)[:FEW_ROWS] if line.strip()], text)
    if len(lines) > 1 and all(line.startswith("{") and line.rstrip().endswith("}") for line in lines):
        return "JSON lines"
    for separator in (",", ";", "|"):
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        try:
            rows = _whole(list(islice((row for row in reader if row), FEW_ROWS)), text)
        except csv.Error:
            continue
        width = len(rows[0]) if rows else 0
        if len(rows) < 3 or width < 2 or any(len(row) != width for row in rows):
            continue
        has_names = all(NAME.fullmatch(cell.strip()) for cell in rows[0])
        if has_names or (width > 2 and not any(cell.startswith(" ") for row in rows for cell in row)):
            return CSV
    return None


def _whole(rows: list[T], text: str) -> list[T]:
    """The first rows of a text, of which the last may be cut."""
    return rows if len(rows) == FEW_ROWS or text.endswith(("\n", "\r")) else rows[:-1]
