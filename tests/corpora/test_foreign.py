"""Files that are no plain text are named by their first bytes."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from charnn.corpora.foreign import foreign_format, looks_like_table
from charnn.corpora.sources import read
from charnn.corpora.streams import stream
from charnn.errors import CorpusError


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "application/vnd.oasis.opendocument.text" if name == "mimetype" else "x")
    return file.getvalue()


def tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("x"))
    return file.getvalue()


BINARY = [
    (b"%PDF-1.7\nx", "a PDF file"),
    (zipped("[Content_Types].xml", "word/document.xml"), "a Word file"),
    (zipped("xl/workbook.xml"), "an Excel file"),
    (zipped("mimetype", "content.xml"), "an OpenDocument file"),
    (zipped("notes.txt"), "a zip archive"),
    (tarred(), "a tar archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a Word file, or another of old Office"),
    (b"BZh91AY", "a bzip2 archive"),
    (b"RIFF\x10\0\0\0WAVEfmt ", "sound, video or a picture (RIFF)"),
    (b"\x93NUMPY\x01\0", "an array of NumPy"),
    (b"book" + b"\0" * 56 + b"BOOKMOBI", "a Kindle book"),
    (b"\x89PNG\r\n\x1a\n", "a picture (PNG)"),
]


@pytest.mark.parametrize(("data", "what"), BINARY)
def test_a_file_that_is_no_text_is_refused_by_its_name(data: bytes, what: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    for reading in (lambda: read(str(path)), lambda: list(stream(str(path)))):
        with pytest.raises(CorpusError) as refused:
            reading()
        assert str(refused.value) == f"{path} is {what}, and no text"
        assert refused.value.hint
    assert read(str(path), any_bytes=True)[0].encode("utf-8", "surrogateescape") == data


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{\\rtf1\\ansi hello}", "an RTF file"),
        ("\ufeff<!DOCTYPE html>\n<html>", "HTML"),
        ("<!-- x -->\n<HTML lang=en>", "HTML"),
        ('<?xml version="1.0"?><a/>', "XML"),
        ('<svg viewBox="0 0 9 9" xmlns="http://www.w3.org/2000/svg">\n<path d="M1"/>\n', "XML"),
        ("<p>hello <b>there</b></p>\n<p>hi</p>\n", "HTML"),
        ("<TEI><p>hello</p></TEI>\n" * 3, "XML"),
        ('{"a": [1, 2],\n "b": "text"}\n', "JSON"),
        ('[{"a": 1},\n{"a": 2}]\n', "JSON"),
        ("% a comment\n\\documentclass{article}\n", "LaTeX"),
        ("1\n00:00:01,000 --> 00:00:02,000\nHello\n", "subtitles"),
        ("WEBVTT\n\n00:01.000 --> 00:04.000\nHello\n", "subtitles"),
        ("%!PS-Adobe-3.0\n", "PostScript"),
    ],
)
def test_markup_is_text_and_is_named(text: str, what: str) -> None:
    found = foreign_format(text.encode())
    assert found is not None
    assert (found.what, found.is_text) == (what, True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The cat sat.",
        "<b>bold</b> words",
        "{curly}",
        "PK is a name",
        "# x\n",
        "\0\0",
        "BZhang said",
        "GIF8 is no name",
        "<speaker> Hello.\n<other> Hi.\n",
        "[1] A note.\n",
        "{a, b}\n",
        '{"a": 1}\n{"a": 2}\n',
        "MM is short",
        "ID4",
    ],
)
def test_plain_text_is_not_named(text: str) -> None:
    assert foreign_format(text.encode()) is None


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("name,age\nBob,42\nAnn,31\n", "CSV"),
        ('text;label\n"a;b";x\nc;y\n', "CSV"),
        ('name,age\n"Bob\nB",42\nAnn,31\n', "CSV"),
        ('{"a": 1}\n{"a": 2}\n', "JSON lines"),
        ("Well, yes.\nNo, never.\nOh, well.\n", None),
        ("a line\nanother\n", None),
        ("{x}\nand more\n", None),
        ("", None),
    ],
)
def test_tables_are_told_from_prose(text: str, what: str | None) -> None:
    assert looks_like_table(text) == what
