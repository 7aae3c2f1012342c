# ruff: noqa: RUF001 - quotes and dashes of other kinds are meant
from __future__ import annotations

import pickle
from itertools import accumulate

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from charnn.segmentation.words import WordSplitter

WORDS = "do n't 's ' - … :-) ?! !! Mr. o'clock e-mail can not l' -il non-stop non-fat bắt_chuyện bắt thuyết_phục_được"
KNOWN = frozenset({word.replace("_", " ") for word in WORDS.split()} | {f"word{number}" for number in range(1000)})
"""Enough forms for those with hyphens to be few among them."""


def words_of(text: str, known: frozenset[str] = KNOWN) -> list[str]:
    return WordSplitter(known).split(text)[0]


@pytest.mark.parametrize(
    "words",  # | is a space of the text; other spaces stand between words that touch
    [
        "He | came .",
        '" What ?! " | ( she | said )',
        "Do n't | Bob 's | it 's , | Bob ’s | do n’t .",
        "o'clock | Mr. | Smith .",
        "U.S. | J. | e.g. , | end .",
        "3.50 | 1,000,000 | 12:30 | 2001-01-31 | 1/2 | $ 5 | 50 % | -5 | .5 | 3 ,",
        "http://a.b/c?d=e&f , | ( www.x.org/y ) . | a.b-c@d-e.co.uk ; | example.com . | @some.one | #topic | # 1",
        "wait ... | ... so -- | :-) | cool :-) | what ?! | no !!!! | ( ( ? ? ) )",
        "search - engine | well - known - fact | e-mail | e - reader | non-smoker | a — b",
        "( see [ that ] ) | a ; b | < x > | yes ... no | red , white | and / or",
        "can not | l' eau | dit -il",
        "snake_case | C + + | AT&T | हिन्दी | cafe\u0301 | ไทย",
    ],
)
def test_words_are_told_apart_by_rule_and_vocabulary(words: str) -> None:
    text = words.replace(" | ", "\n").replace(" ", "").replace("\n", " ")
    found, spaces = WordSplitter(KNOWN).split(text)
    assert found == words.replace(" | ", " ").split(" ")
    assert "".join(word + " " * space for word, space in zip(found, spaces, strict=True)).strip() == text


@pytest.mark.parametrize(
    "words",
    [
        '@user : | #tag !!! | @user ) | ( @user | " @user : " | @user \'s : | @a@b.social ,',
        "-5 , | +1 . | .5 , | -5 % | -5kg , | −5°C . | ±2 ; | -1.5e-3 , | +1-555-1234 , | ( -3 ) . | -10:30 ,",
        "http://a.b/c , | ( http://a.b/c ) . | < a.b@c.de > , | $ 5 . | v1.2 , | 5kg . | 100 € . | U.S. ! | e.g. ) ,",
        ":-) , | :D ! | <3 , | ( :-( ) . | great :) | great :-) . | ( see : ) | ^_^",
    ],
)
def test_what_is_whole_stays_whole_before_punctuation(words: str) -> None:
    text = words.replace(" | ", "\n").replace(" ", "").replace("\n", " ")
    assert words_of(text) == words.replace(" | ", " ").split(" ")


@pytest.mark.parametrize(
    "words",
    [
        "👍🏽 !!! | 👨‍👩‍👧 . | 🇩🇪 🇫🇷 , | ❤️ ❤️ | word ❤️ . | 1️⃣ , | ( 👩🏿‍🚀 )",
        "क्षि , | cafe\u0301 ! | a -\u0301b | นี้ .",
    ],
)
def test_no_grapheme_cluster_is_cut(words: str) -> None:
    text = words.replace(" | ", "\n").replace(" ", "").replace("\n", " ")
    assert words_of(text, frozenset({"-", "!!"})) == words.replace(" | ", " ").split(" ")


def test_quotes_in_hebrew_words_stay_and_those_around_them_do_not() -> None:
    words = (
        """צה"ל , | ג'ירפה | ר' | " שלום " | ' שלום ' | ( צה"ל ) | צה״ל . | ר׳ , | מנכ״לית | " צה"ל " . | ז”ל | a " b"""
    )
    text = words.replace(" | ", "\n").replace(" ", "").replace("\n", " ")
    assert words_of(text) == words.replace(" | ", " ").split(" ")


def test_without_a_vocabulary_only_punctuation_is_split_off() -> None:
    assert words_of("(Don't!! well-known, cannot... --)", frozenset()) == [
        *["(", "Don't", "!", "!", "well-known", ",", "cannot", "...", "--", ")"]
    ]


def test_hyphens_stay_where_the_treebank_keeps_them() -> None:
    keeping = frozenset({"-", "Nord-Ost", "U-Bahn", *(f"word{number}" for number in range(100))})
    assert words_of("Süd-West") == ["Süd", "-", "West"]
    assert words_of("Süd-West", keeping) == ["Süd-West"]


def test_known_forms_with_spaces_are_found_the_longest_first() -> None:
    assert words_of("Bắt chuyện bắt  thuyết phục được.") == ["Bắt chuyện", "bắt", "thuyết phục được", "."]
    assert words_of("bắt, chuyện") == ["bắt", ",", "chuyện"]
    assert words_of("l'eau", KNOWN | {"l' eau"}) == ["l'", "eau"]


def test_a_byte_order_mark_is_a_space() -> None:
    assert words_of("\ufeffa\ufeff b") == ["a", "b"]


def test_a_chunk_of_very_many_characters_is_a_word() -> None:
    assert words_of("!?" * 200) == ["!?" * 200]


def test_no_more_chunks_are_remembered_than_memory_has_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("charnn.segmentation.words.CACHED_CHUNKS", 10)
    splitter = WordSplitter(KNOWN)
    sizes = []
    for number in range(100, 300):
        assert splitter.split(f"a{number}.") == ([f"a{number}", "."], [False, True])
        sizes.append(len(pickle.dumps(splitter)))
    assert max(sizes) == max(sizes[:10])


@given(st.text(alphabet="a.-'\"@👍🏽\u200d\ufe0f🇩🇪\u0301\u05d0\u05f3", max_size=12))
def test_words_end_where_a_cluster_ends(text: str) -> None:
    ends = list(accumulate(map(len, regex.findall(r"\X", text))))
    assert set(accumulate(map(len, words_of(text)))) <= set(ends)


@given(st.text(alphabet="aB1.,-'’!?()/: @#_ \u00a0\u0301\ufeff"), st.sampled_from([KNOWN, frozenset({"a B", "'a"})]))
def test_the_words_are_the_text_without_its_spaces(text: str, known: frozenset[str]) -> None:
    found, spaces = WordSplitter(known).split(text)
    assert "".join(found).replace(" ", "") == "".join(text.replace("\ufeff", " ").split())
    assert all(found)
    assert len(spaces) == len(found)


@given(st.lists(st.sampled_from(["don't", "(a)", "...", "x"])))
def test_a_chunk_is_split_the_same_the_second_time(chunks: list[str]) -> None:
    splitter = WordSplitter(KNOWN)
    text = " ".join(chunks)
    assert splitter.split(text) == splitter.split(text) == WordSplitter(KNOWN).split(text)
