"""Byte order marks, files in another encoding than was asked for, and bytes that are in none."""

from __future__ import annotations

import gzip
import warnings
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charnn.corpora.sources import read
from charnn.corpora.streams import stream
from charnn.errors import CharnnWarning, CorpusError

TEXT = "the cat sat\nthe hat\n"


def file_with(data: bytes, folder: Path) -> str:
    (folder / "notes.txt").write_bytes(data)
    return str(folder / "notes.txt")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("asked", ["utf-8", "latin-1", "cp1252"])
def test_wide_text_names_its_encoding_which_then_reads_it(tmp_path: Path, encoding: str, asked: str) -> None:
    data = TEXT.encode(encoding)
    for packed in (data, gzip.compress(data)):
        path = file_with(packed, tmp_path)
        with pytest.raises(CorpusError, match=encoding[:6].upper()) as raised:
            read(path, encoding=asked)
        assert f"--encoding {encoding}" in (raised.value.hint or "")
        with pytest.raises(CorpusError, match=encoding[:6].upper()):
            list(stream(path, encoding=asked))
        assert read(path, encoding=encoding)[0] == TEXT


@pytest.mark.parametrize("on_error", ["skip", "replace"])
def test_wide_text_is_no_text_with_bad_bytes(tmp_path: Path, on_error) -> None:
    path = file_with(TEXT.encode("utf-16"), tmp_path)
    with pytest.raises(CorpusError, match="UTF-16"):
        read(path, on_error=on_error)
    with pytest.raises(CorpusError, match="UTF-16"):
        list(stream(path, on_error=on_error))


@pytest.mark.filterwarnings("ignore:.*a NUL character")
def test_names_between_nuls_are_not_taken_for_wide_text(tmp_path: Path) -> None:
    names = "a\0bb\0c\0\0dd\0\0\0e\0" * 100
    assert read(file_with(names.encode(), tmp_path))[0] == names


def test_a_mark_is_left_out_at_the_start_and_between_files_that_were_joined(tmp_path: Path) -> None:
    assert read(file_with("\ufeffone\n\ufefftwo\ufeffthree".encode(), tmp_path))[0] == "one\ntwothree"
    assert read(file_with("\ufeffone".encode("utf-16-le"), tmp_path), encoding="utf-16-le")[0] == "one"


@pytest.mark.parametrize("asked", ["utf-16", "utf-32"])
@pytest.mark.parametrize("order", ["le", "be"])
def test_wide_text_without_a_mark_is_read_once_the_order_of_its_bytes_is_said(
    tmp_path: Path, asked: str, order: str
) -> None:
    path = file_with("no mark here".encode(f"{asked}-{order}"), tmp_path)
    for reader in (lambda: read(path, encoding=asked), lambda: list(stream(path, encoding=asked))):
        with pytest.raises(CorpusError, match=f"is not {asked} with a byte order mark") as raised:
            reader()
        assert f"--encoding {asked}-{order}, as they look" in (raised.value.hint or "")
    assert read(path, encoding=f"{asked}-{order}")[0] == "no mark here"
    with pytest.raises(CorpusError) as raised:
        read(file_with("\u4e2d\u6587\u4e2d\u6587".encode("utf-16-be"), tmp_path), encoding="utf-16")
    assert "--encoding utf-16-le (the lower byte first) or utf-16-be" in (raised.value.hint or "")
    assert read(file_with(b"", tmp_path), encoding=asked)[0] == ""


BAD = b"one\ntw\xffo\r\nthree\rf\xfeou\xfdr\nfive\xe2\x82"


def test_lines_with_bad_bytes_are_left_out_and_named(tmp_path: Path) -> None:
    path = file_with(BAD, tmp_path)
    with pytest.warns(CharnnWarning) as warned:
        assert read(path, on_error="skip")[0] == "one\nthree\r"
    assert [str(warning.message).split(": ")[0] for warning in warned] == [f"{path}:{line}" for line in (2, 4, 5)]


def test_bad_bytes_are_read_as_replacement_characters(tmp_path: Path) -> None:
    with pytest.warns(CharnnWarning) as warned:
        text = read(file_with(BAD, tmp_path), on_error="replace")[0]
    assert len(warned) == 3
    assert text == "one\ntw\ufffdo\r\nthree\rf\ufffdou\ufffdr\nfive\ufffd\ufffd"


def test_many_bad_lines_are_counted(tmp_path: Path) -> None:
    path = file_with(b"\xff\nx\n" * 50, tmp_path)
    with pytest.warns(CharnnWarning) as warned:
        read(path, on_error="skip")
    assert len(warned) == 4
    assert "50 lines" in str(warned[-1].message)


def test_an_error_names_the_line(tmp_path: Path) -> None:
    path = file_with(b"\r\na\r" * 9000 + b"\n\xff", tmp_path)
    for reading in (lambda: read(path), lambda: list(stream(path))):
        with pytest.raises(CorpusError, match=r"byte 36001 is not utf-8 \(0xff\), in line 18,001$"):
            reading()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.lists(st.sampled_from([b"a", "é".encode(), b"\xff", b"\xe2\x82", b"\n", b"\r", "\ufeff".encode()])).map(
        b"".join
    ),
    on_error=st.sampled_from(["skip", "replace"]),
)
def test_a_stream_is_cleaned_as_a_file_is(tmp_path: Path, data: bytes, on_error) -> None:
    path = file_with(data, tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CharnnWarning)
        assert "".join(stream(path, on_error=on_error)).replace("\ufeff", "") == read(path, on_error=on_error)[0]
