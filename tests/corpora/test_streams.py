"""A file or standard input as it comes: the text of its bytes, however they come."""

from __future__ import annotations

import codecs
import gzip
import os
import sys
import threading
import tracemalloc
import warnings
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from charnn.corpora import streams
from charnn.corpora.foreign import foreign_format
from charnn.corpora.lines import LONGEST_LINE
from charnn.corpora.sources import read
from charnn.corpora.streams import stream
from charnn.errors import CharnnWarning, CorpusError, UsageError

pytestmark = pytest.mark.filterwarnings("ignore:.*a NUL character")
HOSTILE = "\ufeffone\r\ntwo\rthree\n\n\x00\x0b\u2028 \u00e9\u0301\U0001f9ca \t"
property_of_files = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def file_with(data: bytes, folder: Path, name: str = "notes.txt") -> str:
    (folder / name).write_bytes(data)
    return str(folder / name)


def first_bad_byte(data: bytes) -> int:
    try:
        return len(data.decode().encode())
    except UnicodeDecodeError as error:
        return error.start


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few characters come in several pieces, cut anywhere."""
    monkeypatch.setattr(streams, "PIECE", 3)


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bytes | None], None]]:
    """stdin is a pipe; `pipe(data)` writes into it, `pipe(None)` closes it."""
    reading, writing = os.pipe()
    monkeypatch.setattr(sys, "stdin", os.fdopen(reading))
    writer = os.fdopen(writing, "wb", buffering=0)
    no_longer = threading.Timer(20, writer.close)  # who waits for what does not come is given an end
    no_longer.start()

    def write(data: bytes | None) -> None:
        if data is None:
            writer.close()
        else:
            writer.write(data)

    yield write
    no_longer.cancel()
    writer.close()
    sys.stdin.close()


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-7", "shift_jis", "latin-1"])
@given(text=st.text() | st.text("aé語\U0001f9ca\r\n"))
@example(text=HOSTILE)
@property_of_files
def test_the_pieces_make_the_text(tmp_path: Path, pack: Callable[..., bytes], encoding: str, text: str) -> None:
    text = text.encode(encoding, "ignore").decode(encoding)
    path = file_with(pack(text.encode(encoding)), tmp_path)
    pieces = list(stream(path, encoding=encoding))
    assert "" not in pieces
    assert "".join(pieces) == text


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@given(
    data=st.binary(max_size=12) | st.lists(st.sampled_from([b"a", "é".encode(), b"\xe9", b"\xf0\x9f"])).map(b"".join)
)
@property_of_files
def test_bytes_that_are_not_the_encodings_are_named_after_all_text_before_them(
    tmp_path: Path, pack: Callable[..., bytes], data: bytes
) -> None:
    path = file_with(pack(data), tmp_path)
    pieces: list[str] = []
    is_wide = data.startswith((BOM_UTF16_LE, BOM_UTF16_BE, BOM_UTF32_BE))  # which are named as that
    if (data.startswith(b"\x1f\x8b") and pack is bytes) or foreign_format(data) is not None or is_wide:
        return
    sound = first_bad_byte(data)
    if sound == len(data):
        pieces.extend(stream(path))
    else:
        with pytest.raises(CorpusError) as raised:
            pieces.extend(stream(path))
        assert f"byte {sound} is not utf-8 (0x{data[sound]:02x})" in str(raised.value)
        assert raised.value.hint is not None
        assert "--encoding" in raised.value.hint
    assert "".join(pieces) == data[:sound].decode()


@pytest.mark.usefixtures("small_pieces")
def test_what_comes_before_a_bad_byte_is_given_whatever_the_encoding_has_said_before(tmp_path: Path) -> None:
    for encoding, text, bad in (
        ("utf-16", "abcdé", b"\x00\xdc"),
        ("iso2022_jp", "ab語", b"\xff"),
        ("utf-7", "é", b"\xff"),
    ):
        pieces: list[str] = []
        with pytest.raises(CorpusError, match=encoding):
            pieces.extend(stream(file_with(text.encode(encoding) + bad, tmp_path), encoding=encoding))
        assert "".join(pieces) == text


def test_an_encoding_that_cannot_say_where_it_failed_is_an_error_of_the_text_too(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"notes\.txt: is not utf-16"):
        list(stream(file_with("no mark".encode("utf-16-le"), tmp_path), encoding="utf-16"))


@pytest.mark.parametrize("encoding", ["klingon", "hex", "undefined"])
def test_an_encoding_that_does_not_exist_is_wrong_usage_before_anything_is_read(encoding: str) -> None:
    with pytest.raises(UsageError, match=encoding):
        stream("gone.txt", encoding=encoding)


@pytest.mark.parametrize("piece", [1, 2, 3, 100])
def test_any_bytes_are_text_where_that_is_wanted_wherever_they_are_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(streams, "PIECE", piece)
    path = file_with(b"the \xff\xe2\x82 caf\xc3\xa9 \xe2", tmp_path)
    assert "".join(stream(path, any_bytes=True)) == read(path, any_bytes=True)[0]
    with pytest.raises(UsageError, match="no encoding"):
        list(stream(path, encoding="latin-1", any_bytes=True))


def test_it_says_what_reading_at_once_says(tmp_path: Path) -> None:
    for data in (b"", HOSTILE.encode(), gzip.compress(b"a") + b"\0\0" + gzip.compress(b"b"), gzip.compress(b"")):
        path = file_with(data, tmp_path)
        assert "".join(stream(path)).replace("\ufeff", "") == read(path)[0]


@pytest.mark.parametrize("size", [1, 2, 3, 10, 1 << 16])
def test_archives_one_after_the_other_are_one_text_wherever_they_are_cut(
    tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "PIECE", size)
    path = file_with(b"".join(map(gzip.compress, (b"one ", b"", b"two"))) + b"\0" * 5, tmp_path)
    assert "".join(stream(path)) == "one two"


@pytest.mark.parametrize("size", [1, 7, 1 << 16])
@pytest.mark.parametrize(
    "damage",
    [lambda d: d[:-1], lambda d: d[:5], lambda d: d[:-6] + b"xxxxxx", lambda d: d + b"more"],
    ids=["cut", "cut early", "another checksum", "something behind it"],
)
def test_damaged_gzip_is_an_error_that_names_the_file(
    tmp_path: Path, size: int, damage: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "PIECE", size)
    with pytest.raises(CorpusError, match=r"notes\.txt: damaged gzip"):
        list(stream(file_with(damage(gzip.compress(b"abc" * 50)), tmp_path)))


def test_a_first_byte_that_gzip_could_have_is_text_all_the_same(tmp_path: Path) -> None:
    for text in ("\x1f", "\x1fa", "\x1f\x1f"):
        assert "".join(stream(file_with(text.encode(), tmp_path))) == text


def test_a_small_archive_of_a_huge_text_is_unpacked_in_small_pieces(tmp_path: Path) -> None:
    path = file_with(gzip.compress(b"a" * 50_000_000), tmp_path)
    tracemalloc.start()
    longest = total = 0
    for piece in stream(path):
        longest, total = max(longest, len(piece)), total + len(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total == 50_000_000
    assert longest <= streams.PIECE
    assert peak < 2_000_000


@pytest.mark.parametrize("path", ["gone.txt", "."])
def test_what_cannot_be_read_is_named(path: str) -> None:
    with pytest.raises(CorpusError, match=rf"^{path}: [a-z]"):
        list(stream(path))


def test_no_standard_input_at_all_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(CorpusError, match="standard input: closed"):
        list(stream("-"))


def test_text_is_there_before_the_writer_goes_on_and_a_pause_is_told(pipe: Callable[[bytes | None], None]) -> None:
    reading = stream("-")
    assert next(reading) == ""
    for data in (b"one", b"two\n", "é".encode()):
        pipe(data)
        assert next(reading) == data.decode()
        assert next(reading) == ""
    pipe(None)
    assert list(reading) == []


def test_half_a_character_waits_for_the_other_half(pipe: Callable[[bytes | None], None]) -> None:
    reading = stream("-")
    pipe(b"a\xc3")
    assert next(reading) == "a"
    assert next(reading) == ""
    pipe(b"\xa9")
    assert next(reading) == "é"
    pipe(None)
    assert list(reading) == []


def test_gzip_byte_by_byte_is_unpacked_and_pauses_are_told(pipe: Callable[[bytes | None], None]) -> None:
    reading = stream("-")
    data = gzip.compress(b"")
    for number in range(len(data)):
        pipe(data[number : number + 1])
        assert next(reading) == ""
    packed = gzip.compress(b"abc")
    pipe(packed)
    assert next(reading) == "abc"
    assert next(reading) == ""
    pipe(None)
    assert list(reading) == []


def test_a_writer_that_is_only_fast_makes_no_pause(pipe: Callable[[bytes | None], None]) -> None:
    for _ in range(5):
        pipe(b"x" * 1000)
    pipe(None)
    assert "" not in list(stream("-"))


@pytest.mark.parametrize("on_error", ["skip", "replace"])
def test_a_line_that_would_be_held_without_end_is_refused_where_it_begins(tmp_path: Path, on_error: str) -> None:
    path = file_with(b"one\n" + b"x" * (LONGEST_LINE + (1 << 17)), tmp_path)
    pieces = stream(path, on_error=on_error)
    assert next(pieces) == "one\n"
    with pytest.raises(CorpusError, match=r"notes\.txt:2: a line of more than 4,194,304 characters"):
        list(pieces)


def test_stdin_is_not_closed_by_reading_it(pipe: Callable[[bytes | None], None]) -> None:
    pipe(None)
    assert list(stream("-")) == list(stream("-")) == []


def test_a_file_is_closed_when_its_reader_has_enough(tmp_path: Path) -> None:
    path = file_with(b"a" * 200_000, tmp_path)
    before = len(os.listdir("/dev/fd"))
    reading = stream(path)
    next(reading)
    assert len(os.listdir("/dev/fd")) == before + 1
    reading.close()  # type: ignore[attr-defined]
    assert len(os.listdir("/dev/fd")) == before


def test_every_encoding_of_python_reads_what_it_wrote(tmp_path: Path) -> None:
    for encoding in ("ascii", "cp1252", "koi8-r", "big5", "gb18030", "euc_jp", "utf-32", "punycode", "idna"):
        assert codecs.lookup(encoding)
        assert "".join(stream(file_with("plain".encode(encoding), tmp_path), encoding=encoding)) == "plain"


@pytest.mark.parametrize(("data", "said"), [(b"a\0b\nc\n", 1), (b"a\0b\n\xff\n", 0)])
def test_a_nul_is_warned_of_unless_an_error_says_more(data: bytes, said: int, tmp_path: Path) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CharnnWarning)
        with suppress(CorpusError):
            list(stream(file_with(data, tmp_path)))
    assert len(caught) == said
