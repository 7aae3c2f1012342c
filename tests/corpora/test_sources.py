from __future__ import annotations

import gzip
import hashlib
import io
import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charnn.config.model import SourceFile
from charnn.corpora.sources import read, read_again
from charnn.errors import CorpusError, UsageError

HOSTILE = "\ufeffone\r\ntwo\rthree\n\n\x00\x0b\u2028 \u00e9\u0301\U0001f9ca \t"


def file_with(data: bytes, folder: Path, name: str = "notes.txt") -> str:
    (folder / name).write_bytes(data)
    return str(folder / name)


def stand_in_for_stdin(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


@pytest.mark.filterwarnings("ignore:.*a NUL character")
def test_line_ends_are_kept_and_byte_order_marks_are_not(tmp_path: Path) -> None:
    path = file_with(2 * HOSTILE.encode(), tmp_path)
    assert read(path)[0] == 2 * HOSTILE.removeprefix("\ufeff")
    assert read(path, any_bytes=True)[0] == 2 * HOSTILE


def test_record_has_absolute_path_hash_and_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file_with("né".encode(), tmp_path)
    monkeypatch.chdir(tmp_path)
    _, source = read("notes.txt")
    assert source == SourceFile(str(tmp_path / "notes.txt"), hashlib.sha256(b"n\xc3\xa9").hexdigest(), 2)


def test_empty_file_is_empty_text(tmp_path: Path) -> None:
    text, source = read(file_with(b"", tmp_path))
    assert (text, source.characters) == ("", 0)


def test_encoding_asked_for_is_the_one_used(tmp_path: Path) -> None:
    assert read(file_with(b"caf\xe9", tmp_path), encoding="latin-1")[0] == "café"


@pytest.mark.parametrize("name", ["notes.gz", "notes.txt"])
def test_gzip_is_unpacked_by_name_or_by_content_and_the_hash_is_of_the_text(name: str, tmp_path: Path) -> None:
    text, source = read(file_with(gzip.compress(b"one ") + gzip.compress(b"two"), tmp_path, name))
    assert text == "one two"
    assert source.sha256 == hashlib.sha256(b"one two").hexdigest()


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_dash_is_standard_input(pack: type[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in_for_stdin(pack(b"a\r\nb"), monkeypatch)
    assert read("-") == ("a\r\nb", SourceFile("-", hashlib.sha256(b"a\r\nb").hexdigest(), 4))


def test_closed_standard_input_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(CorpusError, match=r"^standard input: closed$"):
        read("-")


def test_undecodable_byte_is_named_with_its_place_and_the_way_out(tmp_path: Path) -> None:
    path = file_with(b"x" * 1234 + b"\xe9 and on", tmp_path)
    with pytest.raises(CorpusError) as caught:
        read(path)
    assert str(caught.value) == f"{path}: byte 1234 is not utf-8 (0xe9), in line 1"
    assert caught.value.hint is not None
    assert "--encoding" in caught.value.hint
    assert "--on-error skip" in caught.value.hint


def test_character_cut_short_by_the_end_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"byte 2 is not utf-8 \(0xe2\), in line 1$"):
        read(file_with(b"ab\xe2\x82", tmp_path))


def test_codec_that_tells_no_place_still_gives_one_line(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"notes\.txt: .*is not punycode"):
        read(file_with(b"a-!", tmp_path), encoding="punycode")


def test_undecodable_standard_input_is_called_so(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in_for_stdin(b"\xff", monkeypatch)
    with pytest.raises(CorpusError, match=r"^standard input: byte 0 is not utf-8 \(0xff\), in line 1$"):
        read("-")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary().filter(lambda data: not data.startswith(b"\x1f\x8b")))
def test_any_bytes_loses_none(data: bytes, tmp_path: Path) -> None:
    path = file_with(data, tmp_path)
    text, source = read(path, any_bytes=True)
    assert text.encode("utf-8", "surrogateescape") == data
    assert read_again(source, any_bytes=True) == text


def test_any_bytes_contradicts_another_encoding(tmp_path: Path) -> None:
    path = file_with(b"text", tmp_path)
    assert read(path, encoding="UTF8", any_bytes=True)[0] == "text"
    with pytest.raises(UsageError, match="latin-1"):
        read(path, encoding="latin-1", any_bytes=True)


@pytest.mark.parametrize("encoding", ["utf-99", "", "hex", "undefined", "utf\0-8"])
def test_unknown_encoding_is_wrong_usage(encoding: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown encoding"):
        read(file_with(b"", tmp_path), encoding=encoding)


def test_missing_file_and_directory_say_so(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"none\.txt: no such file or directory$"):
        read(str(tmp_path / "none.txt"))
    with pytest.raises(CorpusError, match=r": is a directory$"):
        read(str(tmp_path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_forbidden_file_says_so(tmp_path: Path) -> None:
    path = file_with(b"text", tmp_path)
    os.chmod(path, 0)
    with pytest.raises(CorpusError, match=r": permission denied$"):
        read(path)


@pytest.mark.parametrize("kept", range(len(gzip.compress(b"a text of some words, some text of words"))))
def test_gzip_cut_short_anywhere_is_an_error(kept: int, tmp_path: Path) -> None:
    whole = gzip.compress(b"a text of some words, some text of words")
    with pytest.raises(CorpusError, match=r"notes\.gz: damaged gzip"):
        read(file_with(whole[:kept], tmp_path, "notes.gz"))


def test_damaged_gzip_is_an_error_of_one_line(tmp_path: Path) -> None:
    wrong_sum = gzip.compress(b"text")[:-8] + bytes(8)
    wrong_block = gzip.compress(b"text")[:10] + b"\xff" * 20
    for data in (b"no gzip at all", wrong_sum, wrong_block, gzip.compress(b"text") + b"junk"):
        with pytest.raises(CorpusError, match=r"damaged gzip: .+") as caught:
            read(file_with(data, tmp_path, "notes.gz"))
        assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore:.*a NUL character")
def test_unchanged_file_is_read_again(tmp_path: Path) -> None:
    text, source = read(file_with(gzip.compress(HOSTILE.encode()), tmp_path, "notes.gz"))
    assert read_again(source) == text


def test_file_packed_otherwise_but_of_the_same_text_is_unchanged(tmp_path: Path) -> None:
    text, source = read(file_with(b"text", tmp_path))
    file_with(gzip.compress(b"text"), tmp_path)
    assert read_again(source) == text


def test_changed_file_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    _, source = read(file_with(b"text", tmp_path))
    file_with(b"tex\xff", tmp_path)
    with pytest.raises(CorpusError, match=r"notes\.txt: has changed since the model was trained$") as caught:
        read_again(source)
    assert caught.value.hint == "name a FILE to read instead"


def test_file_that_is_gone_is_missing(tmp_path: Path) -> None:
    path = file_with(b"text", tmp_path)
    _, source = read(path)
    os.remove(path)
    with pytest.raises(CorpusError, match=r"notes\.txt: missing"):
        read_again(source)


def test_standard_input_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in_for_stdin(b"text", monkeypatch)
    _, source = read("-")
    with pytest.raises(CorpusError, match="cannot be read again"):
        read_again(source)
