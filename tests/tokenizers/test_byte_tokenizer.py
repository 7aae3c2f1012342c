from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.errors import TokenizerError
from charnn.tokenizers.byte import ByteTokenizer


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_ids_are_the_bytes_of_utf_8_and_one(text):
    assert ByteTokenizer().encode(text).tolist() == [byte + 1 for byte in text.encode()]


def test_worked_example():
    assert ByteTokenizer().encode("a é€").tolist() == [0x62, 0x21, 0xC4, 0xAA, 0xE3, 0x83, 0xAD]


@given(st.binary())
def test_bytes_that_are_no_text_come_back(data):
    subject = ByteTokenizer()
    tokens = subject.encode(data.decode("utf-8", "surrogateescape"))
    assert tokens.tolist() == [byte + 1 for byte in data]
    assert subject.decode(tokens.tolist()).encode("utf-8", "surrogateescape") == data


def test_half_a_character_at_the_end_is_flushed_as_its_bytes():
    decoder = ByteTokenizer().decoder()
    assert [decoder.decode(0xE2 + 1), decoder.decode(0x82 + 1), decoder.flush()] == ["", "", "\udce2\udc82"]


def test_surrogate_that_stands_for_no_byte_is_refused():
    with pytest.raises(TokenizerError, match=r"U\+D800"):
        ByteTokenizer().encode("a\ud800")


def test_symbols_name_ascii_as_text_and_the_rest_as_bytes():
    symbols = ByteTokenizer().symbols()
    assert [symbols[1 + byte] for byte in (0x0A, 0x41, 0x7F, 0x80, 0xC3)] == [
        ("text", "\n"),
        ("text", "A"),
        ("text", "\x7f"),
        ("byte", "80"),
        ("byte", "c3"),
    ]


def test_spellings_are_the_bytes_themselves():
    assert ByteTokenizer().spellings() == (b"", *(bytes([byte]) for byte in range(256)))


def test_nothing_is_ever_unknown():
    assert ByteTokenizer().unknown_id is None
    assert ByteTokenizer().unknown_characters("aé\0👩") == ()


def test_golden_file():
    assert ByteTokenizer().to_bytes() == b'{"kind": "bytes"}\n'


@pytest.mark.parametrize(
    "data", [b'{"kind": "characters"}', b'{"kind": 3}', b'{"kind": "bytes", "more": 1}', b'["kind"]', b'"bytes"']
)
def test_hostile_file_is_refused(data):
    with pytest.raises(TokenizerError, match=r"^tokenizer\.json: "):
        ByteTokenizer.from_bytes(data)
