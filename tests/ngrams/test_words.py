"""Words before a symbol: where one begins, what was met after it, and how that changes what n-grams expect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.ngrams.table import decode
from charnn.ngrams.word_model import WordModel
from charnn.ngrams.word_table import FEWEST, WordTable
from charnn.ngrams.words import LEVELS, NOTHING, WordSymbols, keys

SPELLINGS = [b"", b"", *(character.encode() for character in " .Aabcz'")]
SIZE = len(SPELLINGS)
SYMBOLS = WordSymbols.of(SPELLINGS)
assert SYMBOLS is not None
TEXT = "a cab bab. a cab abba, a cab bab a cab ab. "
START = np.zeros(LEVELS, np.uint64)


def ids_of(text: str) -> np.ndarray:
    number = {spelling.decode(): id_ for id_, spelling in enumerate(SPELLINGS)}
    return np.array([number.get(character, 1) for character in text], np.int32)


def table_of(text: str, most: int = 1000) -> WordTable:
    return WordTable.count([ids_of(text)], SYMBOLS, most=most)


def keys_after(text: str) -> list[int]:
    found: list[int] = keys(SYMBOLS.along(START, ids_of(text)))[-1].tolist()
    return found


many_ids = st.lists(st.integers(0, SIZE - 1), min_size=1, max_size=60).map(lambda ids: np.array(ids, np.int32))


@given(many_ids, st.integers(0, 60))
def test_places_are_the_same_one_by_one_at_once_and_in_two_parts(ids: np.ndarray, cut: int) -> None:
    place, expected = NOTHING, []
    for id_ in ids.tolist():
        place = SYMBOLS.after(place, id_)
        expected.append(place)
    whole = SYMBOLS.along(START, ids)
    assert list(map(tuple, whole.tolist())) == expected
    before = whole[:cut][-1] if cut and len(whole[:cut]) else START
    np.testing.assert_array_equal(SYMBOLS.along(before, ids[cut:]), whole[cut:])


def test_a_context_is_the_beginning_of_a_word_and_the_words_before_it() -> None:
    alone, with_last, with_both = zip(*map(keys_after, ("cab a zb", "bab a zb", "cab ba zb")), strict=True)
    assert len(set(alone)) == 1
    assert with_last[0] == with_last[1] != with_last[2]
    assert len(set(with_both)) == 3
    assert keys_after("cab a ") != keys_after("cab a.")
    assert keys_after("cab a b")[0] == keys_after("cab a.b")[0], "what is between two words does not matter"


def test_capitals_are_small_letters_and_an_apostrophe_is_part_of_a_word() -> None:
    assert keys_after("A b") == keys_after("a b")
    assert keys_after("a'b c")[1] != keys_after("a b c")[1]


def test_marks_digits_and_bytes_that_are_no_characters_are_parts_of_words() -> None:
    found = WordSymbols.of([b"", "\u0301".encode(), b"7", b"\xc3", b"-", b"\n"])
    assert found is not None
    assert found.is_word_V.tolist() == [False, True, True, True, False, False]


@pytest.mark.parametrize("spellings", [[b"", b"ab", b"c"], [b"", b" ", b"."]], ids=["pieces", "no letters"])
def test_other_vocabularies_have_no_words(spellings: list[bytes]) -> None:
    assert WordSymbols.of(spellings) is None


def test_what_was_met_after_a_context_is_discounted_and_the_rest_left_to_what_is_expected_without() -> None:
    table = table_of(TEXT)
    model, base = WordModel(table), np.full((1, SIZE), 1 / SIZE, np.float32)
    found = model.find(SYMBOLS.along(START, ids_of(TEXT + "cab b"))[-1:])
    assert len(found) == 2, "no b was met after two such words"
    by_hand = base[0].astype(np.float64)
    for _, contexts in found:
        context = int(contexts[0])
        end = int(np.cumsum(table.followers_S.astype(int))[context])
        part = slice(end - int(table.followers_S[context]), end)
        left, rest = float(decode(table.left_S)[context]), decode(table.probabilities_E)[part].astype(np.float64)
        by_hand *= left
        by_hand[table.ids_E[part]] += rest / rest.sum() * (1 - left)
    np.testing.assert_allclose(model.extended(base, found)[0], by_hand, rtol=1e-5)
    assert by_hand[ids_of("a")[0]] > 0.5, "it is bab"


@given(many_ids)
def test_probabilities_have_the_sum_one_and_are_the_same_for_one_place_and_many(ids: np.ndarray) -> None:
    model, places = WordModel(table_of(TEXT)), SYMBOLS.along(START, ids)
    base = np.random.default_rng(0).dirichlet(np.ones(SIZE), len(ids)).astype(np.float32)
    kept = base.copy()
    each = model.find(places)
    together = model.extended(base, each)
    np.testing.assert_array_equal(base, kept)
    np.testing.assert_allclose(together.sum(1), 1, rtol=1e-5)
    for row, place in enumerate(places):
        alone = base[row].copy()
        contexts = model.extend_one(alone, alone.data, tuple(place.tolist()))
        np.testing.assert_array_equal(alone, together[row])
        assert contexts == [found.contexts[found.rows == row][0] for found in each if row in found.rows]


def test_contexts_with_two_words_are_kept_if_they_were_met_twice_and_no_more_than_there_may_be() -> None:
    table = table_of(TEXT)
    model = WordModel(table)
    assert FEWEST == (1, 1, 2)
    assert len(model.find(SYMBOLS.along(START, ids_of("a cab b"))[-1:])) == 3, "met twice"
    assert len(model.find(SYMBOLS.along(START, ids_of("cab bab a"))[-1:])) == 3
    assert len(model.find(SYMBOLS.along(START, ids_of("cab abba a"))[-1:])) == 2, "met once"
    fewer = table_of(TEXT, most=40)
    assert fewer.sizes_3[0] == table.sizes_3[0]
    assert len(fewer.ids_E) <= 40 < len(table.ids_E)


def test_a_table_is_the_same_from_its_arrays() -> None:
    arrays = table_of(TEXT).arrays()
    again = WordTable.from_arrays(arrays, SIZE)
    assert again is not None
    for name, array in again.arrays().items():
        np.testing.assert_array_equal(array, arrays[name])
        assert array.dtype == arrays[name].dtype
    assert WordTable.from_arrays({}, SIZE) is None


SPOILED: dict[str, tuple[str, Callable[[np.ndarray], Any]]] = {
    "ids of another vocabulary": ("ids_E", lambda ids: ids + SIZE),
    "no order of ids": ("ids_E", lambda ids: ids[::-1]),
    "no order of contexts": ("keys_S", lambda keys_S: keys_S[::-1]),
    "followers of nothing": ("followers_S", lambda followers: followers * 0),
    "fewer": ("left_S", lambda left: left[:-1]),
    "other sizes": ("sizes_3", lambda sizes: sizes - [1, -1, 1]),
    "negative sizes": ("sizes_3", lambda sizes: sizes * [1, -1, 1]),
    "letters of another vocabulary": ("folded_V", lambda folded: folded + SIZE),
    "more symbols": ("is_word_V", lambda is_word: np.append(is_word, is_word)),
    "another type": ("probabilities_E", lambda codes: codes.astype(np.float32)),
    "nothing": ("ids_E", lambda ids: ids[:0]),
}


@pytest.mark.parametrize(("name", "change"), SPOILED.values(), ids=SPOILED)
def test_a_damaged_table_is_refused(name: str, change: Callable[[np.ndarray], Any]) -> None:
    arrays = table_of(TEXT).arrays()
    arrays["words." + name] = change(arrays["words." + name])
    with pytest.raises(ValueError, match="words"):
        WordTable.from_arrays(arrays, SIZE)


def test_a_table_that_lacks_an_array_is_refused() -> None:
    arrays = table_of(TEXT).arrays()
    for name in arrays:
        with pytest.raises(ValueError, match="words"):
            WordTable.from_arrays({each: array for each, array in arrays.items() if each != name}, SIZE)
