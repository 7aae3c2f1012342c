"""What a word looks like, as ids: by hand, and the same in every process, since trained weights depend on them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.readable import both_ends
from charnn.tasks.tagger.lexicon import (
    AFFIX_BUCKETS,
    AFFIXES,
    LONGEST_AFFIX,
    LONGEST_WORD,
    SHAPES,
    affixes,
    normalized,
    shape,
)

ESCAPED_BYTES = st.integers(0xDC80, 0xDCFF).map(chr)
"""What is no UTF-8, as `surrogateescape` has it in a str."""
WORDS = st.text(st.characters(codec="utf-8") | ESCAPED_BYTES, max_size=40)


@pytest.mark.parametrize(
    ("word", "ids"),
    [
        ("", []),
        ("a", [1227, 797]),
        ("Cat", [1503, 1099, 590, 758, 3610, 1410]),
        ("naïve", [2554, 2269, 467, 2906, 1020, 1857, 661, 644, 1879, 393]),
        ("New York", [2554, 2552, 3982, 31, 1810, 1301, 1395, 4, 449, 1045]),
        ("\udce9\U0001f9ca", [1072, 3034, 570, 1337]),
    ],
)
def test_ids_of_beginnings_and_ends_are_those_that_every_process_gives(word: str, ids: list[int]) -> None:
    """In turn the first character and the last, the first two and the last two, and so on."""
    assert affixes(word) == ids + [0] * (AFFIXES - len(ids))


@given(WORDS)
def test_affixes_longer_than_the_word_are_0_and_no_other_is(word: str) -> None:
    ids = affixes(word)
    there = 2 * min(len(word.lower()), LONGEST_AFFIX)
    assert all(0 < number < AFFIX_BUCKETS for number in ids[:there])
    assert ids[there:] == [0] * (AFFIXES - there)


@given(WORDS.map(str.lower), st.text(min_size=1, max_size=LONGEST_AFFIX))
def test_words_that_begin_or_end_alike_share_those_ids(rest: str, affix: str) -> None:
    affix = affix.lower()
    shared = 2 * min(len(affix), LONGEST_AFFIX)
    assert affixes(affix + rest)[:shared:2] == affixes(affix)[:shared:2]
    assert affixes(rest + affix)[1:shared:2] == affixes(affix)[1:shared:2]


def test_case_makes_no_difference_to_affixes() -> None:
    assert affixes("ÉTAT") == affixes("État") == affixes("état")


def test_the_same_letters_at_the_beginning_and_at_the_end_have_different_ids() -> None:
    first, last, *_ = affixes("a")
    assert first != last


SHAPES_BY_HAND = {
    "": (0, False, False),
    "cat": (0, False, False),
    "东京": (0, False, False),
    "ß": (0, False, False),
    "\udce9": (0, False, False),
    "3": (0, True, False),
    "٣": (0, True, False),
    "-": (0, False, True),
    "co-op": (0, False, True),
    "covid-19": (0, True, True),
    "USA": (1, False, False),
    "U.S.": (1, False, False),
    "ÉTÉ": (1, False, False),
    "B2B": (1, True, False),
    "F-16": (1, True, True),
    "Cat": (2, False, False),
    "I": (2, False, False),
    "É": (2, False, False),
    "McDonald": (2, False, False),
    "New York": (2, False, False),
    "X-ray": (2, False, True),
    "Room101": (2, True, False),
    "iPhone": (3, False, False),
    "'Tis": (3, False, False),
    "4GB-RAM x": (3, True, True),
}


@pytest.mark.parametrize("word", SHAPES_BY_HAND)
def test_shape_says_capitals_digit_and_hyphen(word: str) -> None:
    capitals, digit, hyphen = SHAPES_BY_HAND[word]
    assert shape(word) == 4 * capitals + 2 * digit + hyphen


@given(WORDS)
def test_every_word_has_a_shape_that_the_network_has(word: str) -> None:
    assert 0 <= shape(word) < SHAPES


@pytest.mark.parametrize(
    ("word", "expected"),
    [("", ""), ("The", "the"), ("ÉTAT", "état"), ("1999", "0000"), ("3rd", "0rd"), ("٣٤", "00"), ("m²", "m²")],
)
def test_normalized_words_have_neither_case_nor_values_of_digits(word: str, expected: str) -> None:
    assert normalized(word) == expected


@given(WORDS)
def test_normalizing_again_changes_nothing(word: str) -> None:
    assert normalized(normalized(word)) == normalized(word)


@given(st.text(min_size=LONGEST_WORD + 1, max_size=3 * LONGEST_WORD))
def test_of_a_long_word_the_beginning_and_the_end_are_read(word: str) -> None:
    read = both_ends(word, LONGEST_WORD)
    assert len(read) == LONGEST_WORD
    assert word.startswith(read[: LONGEST_WORD // 2])
    assert word.endswith(read[LONGEST_WORD // 2 :])


@given(st.text(max_size=LONGEST_WORD))
def test_a_word_that_is_not_long_is_read_whole(word: str) -> None:
    assert both_ends(word, LONGEST_WORD) == word
