"""Characters that look alike and are written in two ways are told of, where they are learned and where they are met."""

from __future__ import annotations

import unicodedata
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.corpora.normal_forms import in_two_ways, known_form, named
from charnn.corpora.sources import read
from charnn.errors import CharnnWarning

E_ACUTE = "\u00e9"
APART = "e\u0301"


@given(
    text=st.text(
        alphabet="ae\u0301\u0300\u0329\u00e9\u00e0k\u031a \n\ud55c\u1112\u1161\u11ab\uac00\u0958\u0915\u093c\u2126"
    )
)
def test_a_text_in_one_normal_form_has_no_character_in_two_ways(text: str) -> None:
    for form in ("NFC", "NFD"):
        assert in_two_ways(unicodedata.normalize(form, text)) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"{E_ACUTE}t{APART}", E_ACUTE),
        (f"{APART}t{E_ACUTE}", E_ACUTE),
        (APART, None),
        (E_ACUTE, None),
        (f"{E_ACUTE} k\u031a", None),
        ("plain", None),
        ("\ud55c \u1112\u1161\u11ab", "\ud55c"),
        ("\uac00 \u1112\u1161\u11ab", None),
        ("\u304c \u304b\u3099", "\u304c"),
        ("\u0623 \u0627\u0654", "\u0623"),
        ("\u0958 \u0915\u093c", "\u0958"),
        ("\u0915\u093c \u0915\u093e", None),
        ("\u2126 \u03a9", "\u2126"),
    ],
)
def test_a_character_in_two_ways_is_found(text: str, found: str | None) -> None:
    assert in_two_ways(text) == found


def test_reading_a_file_tells_of_it(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text(f"{E_ACUTE}t{APART}\n", encoding="utf-8")
    with pytest.warns(CharnnWarning, match=r"words\.txt: .* in two ways.*U\+0301 \(combining acute accent\) apart"):
        read(str(path))
    path.write_text(f"{APART}t{APART}\n", encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(str(path))


def test_the_form_in_which_a_model_knows_more_is_named() -> None:
    def unknown(known: str):
        return lambda text: sorted(set(text) - set(known))

    assert known_form(APART, unknown(f"et{E_ACUTE}")).endswith("normal form C: uconv -x any-nfc")
    assert known_form(E_ACUTE, unknown("et\u0301")).endswith("normal form D: uconv -x any-nfd")
    assert known_form(f"{APART}\u4e2d", unknown(f"et{E_ACUTE}")).endswith("any-nfc"), "another stays unknown"
    assert known_form("\u4e2d", unknown("et")) == ""


@pytest.mark.parametrize(
    "text",
    [
        "\u00e9t\u00e9 \u00e8 \u00ea \u00fc",
        unicodedata.normalize("NFD", "\u1ebf \u1ec7 \u00e9"),
        unicodedata.normalize("NFD", "\ud55c\uad6d \ub9d0"),
        "\ud55c\uad6d \ub9d0",
    ],
)
def test_no_form_is_named_where_a_model_knows_letters_alone_and_neither_marks_nor_what_they_make(text: str) -> None:
    assert known_form(text, lambda text: sorted(set(text) - set("abcdefghijklmnopqrstuvwxyz "))) == ""


def test_all_that_unicode_joins_to_the_character_before_is_looked_for() -> None:
    written = ((chr(point), unicodedata.decomposition(chr(point))) for point in range(0x30000))
    composed = ["\uac00", "\uac01", *(letter for letter, parts in written if " " in parts and "<" not in parts)]
    assert len(composed) > 900
    for letter in composed:
        if unicodedata.is_normalized("NFC", letter):
            assert in_two_ways(f"{letter} {unicodedata.normalize('NFD', letter)}") == letter, hex(ord(letter))


def test_a_mark_is_named_so_that_it_joins_nothing() -> None:
    assert named("\u0301") == "U+0301 (combining acute accent)"
    assert named("\u093e") == "U+093E (devanagari vowel sign aa)"
    assert named("\u11ab") == "U+11AB (hangul jongseong nieun)"
    assert named("x") == "'x'"
    assert named("V;FUT") == "'V;FUT'"
