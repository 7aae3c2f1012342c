"""Whoever has a text in an encoding of western Europe is shown a word of it as that reads; nobody else is."""

from __future__ import annotations

import pytest

from charnn.corpora.western import BESIDE, western_word


def wrong_byte(data: bytes) -> int:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.start
    raise AssertionError("it is UTF-8")


@pytest.mark.parametrize(
    ("text", "encoding", "word"),
    [
        ("a café at noon", "latin-1", "café"),
        ("Über den Wolken", "latin-1", "Über"),
        ("¿Qué hora es?", "latin-1", "¿Qué"),
        ("smørrebrød på bordet", "latin-1", "smørrebrød"),
        ("it\u2019s late", "cp1252", "it\u2019s"),
        ("he said “no”", "cp1252", "“no”"),
        ("it costs £5", "latin-1", "£5"),
        ("Łódź i Kraków są ładne", "iso8859-2", None),
        ("příliš žluťoučký kůň", "iso8859-2", None),
        ("Οδυσσέας και άλλοι", "iso8859-7", None),
        ("Я кот, имени нет", "cp1251", None),
        ("Я кот, имени нет", "koi8-r", None),
        ("吾輩は猫である。名前はまだ無い。", "shift-jis", None),
        ("吾輩は猫である。名前はまだ無い。", "euc-jp", None),
        ("我是一只猫。", "gbk", None),
        ("나는 고양이다", "euc-kr", None),
    ],
)
def test_a_word_is_shown_where_a_text_looks_western(text: str, encoding: str, word: str | None) -> None:
    data = text.encode(encoding)
    assert western_word(data, wrong_byte(data)) == word


def test_noise_and_what_lies_far_away_tell_nothing() -> None:
    assert western_word(b"The d\xffg", 5) is None
    assert western_word(bytes(range(256)), 128) is None
    far = "Я кот ".encode("cp1251") * 10 + b" " * 2 * BESIDE + "a café".encode("latin-1")
    assert western_word(far, len(far) - 1) == "café"


def test_a_long_word_is_cut_around_the_byte() -> None:
    data = ("abc" * 1000 + "é" + "def" * 1000).encode("latin-1")
    shown = western_word(data, 3000)
    assert shown is not None
    assert "é" in shown
    assert len(shown) < 30
