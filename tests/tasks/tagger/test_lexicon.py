"""Forms, characters and tags of a treebank: counted, numbered, and the same after they were on disk."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.errors import ModelFormatError
from charnn.tasks.tagger.lexicon import (
    AFFIXES,
    BEGIN,
    END,
    FIRST_CHARACTER,
    LONGEST_WORD,
    UNKNOWN,
    Lexicon,
    WordFeatures,
    normalized,
)

FORMS = st.text(st.characters(codec="utf-8") | st.integers(0xDC80, 0xDCFF).map(chr), max_size=8)
"""With bytes that are no UTF-8, as `surrogateescape` has them in a str."""
CORPORA = st.lists(FORMS, min_size=1, max_size=30)
COLUMNS = st.dictionaries(st.text(max_size=5), st.lists(FORMS, min_size=1, max_size=9), min_size=1, max_size=3)


def assert_features_equal(left: WordFeatures, right: WordFeatures) -> None:
    for name in WordFeatures.__slots__:
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name))


# what is counted


def test_worked_example() -> None:
    words = ["the", "cat", "saw", "The", "cat", "1999", "2000", "ant"]
    lexicon = Lexicon.of(words, {"upos": ["DET", "NOUN", "DET"], "xpos": ["NN"]})
    assert list(lexicon.counts.items()) == [
        ("cat", 2),
        *(("1999", 1), ("2000", 1), ("The", 1), ("ant", 1), ("saw", 1), ("the", 1)),
    ]
    assert lexicon.characters == "0129Tacehnstw"
    assert lexicon.tags == {"upos": ("DET", "NOUN"), "xpos": ("NN",)}
    words_N = lexicon.features(["cat", "2026", "THE", "ant", "saw", "dog"]).words_N
    assert words_N.tolist() == [1, 2, 3, 0, 0, 0]
    assert (lexicon.word_ids, lexicon.character_ids) == (4, 4 + 13)
    assert lexicon.frequencies().tolist() == [1, 2, 2, 2]


@given(CORPORA, st.randoms())
def test_the_order_of_the_training_data_makes_no_difference(words: list[str], random: Any) -> None:
    shuffled = random.sample(words, len(words))
    lexicons = [Lexicon.of(given, {"upos": given}) for given in (words, shuffled)]
    assert lexicons[0].to_bytes() == lexicons[1].to_bytes()


@given(CORPORA, st.integers(1, 3))
def test_words_seen_often_enough_have_ids_from_1_the_most_frequent_first(words: list[str], least: int) -> None:
    lexicon = Lexicon.from_bytes(replace(Lexicon.of(words, {}), least_count=least).to_bytes())
    assert lexicon.least_count == least
    frequencies, ids = lexicon.frequencies(), lexicon.features(words).words_N
    seen = [normalized(word) for word in words]
    assert frequencies.shape == (lexicon.word_ids,)
    assert sorted(set(ids.tolist()) | {0}) == list(range(lexicon.word_ids))
    for word, number in zip(seen, ids, strict=True):
        assert (number > 0) == (seen.count(word) >= least)
        assert number == 0 or frequencies[number] == seen.count(word)
    assert sorted(frequencies[1:], reverse=True) == frequencies[1:].tolist()


def test_a_form_is_known_letter_by_letter() -> None:
    lexicon = Lexicon.of(["New York", "Cat"], {})
    assert [lexicon.knows(form) for form in ("New York", "Cat", "cat", "York", "")] == [True, True, False, False, False]


# what the network reads


def test_characters_are_read_between_marks_and_padded_with_0() -> None:
    features = Lexicon.of(["ab", "b c"], {}).features(["ba", "", "c ?b", "\udce9"])
    space, a, b, c = range(FIRST_CHARACTER, FIRST_CHARACTER + 4)
    assert features.characters_NL.tolist() == [
        [BEGIN, b, a, END, 0, 0],
        [BEGIN, END, 0, 0, 0, 0],
        [BEGIN, c, space, UNKNOWN, b, END],
        [BEGIN, UNKNOWN, END, 0, 0, 0],
    ]
    assert features.lengths_N.tolist() == [4, 2, 6, 3]


def test_padding_marks_and_unknown_characters_have_ids_of_their_own() -> None:
    assert len({0, UNKNOWN, BEGIN, END}) == 4
    assert max(UNKNOWN, BEGIN, END) < FIRST_CHARACTER


@given(CORPORA, st.lists(FORMS, min_size=1, max_size=5))
def test_features_of_any_words_are_ids_that_the_network_has(corpus: list[str], words: list[str]) -> None:
    lexicon = Lexicon.of(corpus, {})
    features = lexicon.features(words)
    assert {getattr(features, name).dtype for name in WordFeatures.__slots__} == {np.dtype(np.int64)}
    assert features.affixes_NA.shape == (len(words), AFFIXES)
    assert features.characters_NL.shape == (len(words), features.lengths_N.max())
    assert features.lengths_N.tolist() == [len(word) + 2 for word in words]
    assert features.words_N.max() < lexicon.word_ids
    assert features.characters_NL.max() < lexicon.character_ids


@given(CORPORA, st.lists(FORMS, min_size=1, max_size=5))
def test_a_words_features_do_not_depend_on_the_words_beside_it(corpus: list[str], words: list[str]) -> None:
    lexicon = Lexicon.of(corpus, {})
    together = lexicon.features(words)
    for i, word in enumerate(words):
        length = together.lengths_N[i]
        assert not together.characters_NL[i, length:].any()
        alone = WordFeatures(*(getattr(together, name)[i : i + 1] for name in WordFeatures.__slots__))
        alone = WordFeatures(
            alone.words_N, alone.characters_NL[:, :length], alone.lengths_N, alone.affixes_NA, alone.shapes_N
        )
        assert_features_equal(lexicon.features([word]), alone)


def test_a_word_of_any_length_takes_no_more_room_than_the_longest_that_is_read() -> None:
    word = "x" * 100_000
    features = Lexicon.of([word], {}).features([word, "a"])
    assert features.characters_NL.shape == (2, LONGEST_WORD + 2)


def test_what_is_left_out_of_a_long_word_is_its_middle() -> None:
    word = "antidisestablishmentarianism" * 2
    lexicon = Lexicon.of([word], {})
    other = word[:20] + "zzz" + word[20:]
    assert_features_equal(lexicon.features([word]), lexicon.features([other]))


# on disk


@given(CORPORA, COLUMNS)
def test_any_lexicon_survives_its_file(words: list[str], tags: dict[str, list[str]]) -> None:
    lexicon = Lexicon.of(words, tags)
    read = Lexicon.from_bytes(lexicon.to_bytes())
    assert read == lexicon
    assert (list(read.counts), list(read.tags)) == (list(lexicon.counts), list(lexicon.tags))
    assert read.to_bytes() == lexicon.to_bytes()
    assert_features_equal(read.features([*words, "?"]), lexicon.features([*words, "?"]))


def test_golden_file() -> None:
    lexicon = Lexicon.of(["New York", "naïve", "naïve", "\udce9"], {"upos": ["X", "ADJ"], "xpos": ['"']})
    assert lexicon.to_bytes() == (
        b'{"words":["na\\u00efve","New York","\\udce9"],"counts":[2,1,1],'
        b'"characters":" NYaeknorvw\\u00ef\\udce9",'
        b'"tags":{"upos":["ADJ","X"],"xpos":["\\""]}}\n'
    )


SOUND: dict[str, Any] = {"words": ["b", "a"], "counts": [2, 1], "characters": "ab", "tags": {"upos": ["X", "Y"]}}


def test_the_document_that_is_spoilt_below_is_sound() -> None:
    assert Lexicon.from_bytes(json.dumps(SOUND).encode()).features(["b", "a"]).lengths_N.tolist() == [3, 3]


@pytest.mark.parametrize(
    "change",
    [
        *({"words": value} for value in ("ba", ["b"], ["b", "b"], ["b", 1], ["b", None], [["b"], "a"], {"b": 2}, None)),
        *({"counts": value} for value in ([2], [2, 1, 1], [2, 0], [2, -1], [2, 1.0], [2, True], [2, "1"], "21", None)),
        *({"counts": [value, 1]} for value in (2**63, 10**400, float("nan"), float("inf"))),
        *({"characters": value} for value in ("ba", "aab", ["a", "b"], {"a": 1}, 3, None)),
        *({"tags": value} for value in ([], ["X"], "X", None, {"upos": "XY"}, {"upos": None}, {"upos": {"X": 1}})),
        *({"tags": {"upos": value}} for value in ([], ["Y", "X"], ["X", "X"], ["X", 1], ["X", None], [["X"]])),
        *({"least_count": value} for value in (0, -1, 1.0, True, "1", None, 10**400)),
        {"later idea": 1},
    ],
    ids=str,
)
def test_spoilt_document_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ModelFormatError, match=r"\Adamaged: [^\n]+\Z"):
        Lexicon.from_bytes(json.dumps({**SOUND, **change}).encode())


@pytest.mark.parametrize("key", SOUND)
def test_document_without_a_part_is_refused(key: str) -> None:
    with pytest.raises(ModelFormatError):
        Lexicon.from_bytes(json.dumps({name: value for name, value in SOUND.items() if name != key}).encode())


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null", "3", '"words"', "[" * 100_000, json.dumps(SOUND)[:-1]])
def test_what_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(ModelFormatError):
        Lexicon.from_bytes(text.encode())


@pytest.mark.parametrize(
    "data", [b"\xff\xfe", b"\0" * 50, b"\xff" * 50, json.dumps(SOUND).encode().replace(b"a", b"\xe9")]
)
def test_bytes_that_are_no_text_are_refused(data: bytes) -> None:
    with pytest.raises(ModelFormatError):
        Lexicon.from_bytes(data)


@given(st.integers(0, 200), st.integers(0, 255))
def test_a_byte_changed_anywhere_is_refused_or_harmless(at: int, byte: int) -> None:
    """What is read of it can be used, whatever it is."""
    data = bytearray(json.dumps(SOUND).encode())
    data[at % len(data)] = byte
    try:
        lexicon = Lexicon.from_bytes(bytes(data))
    except ModelFormatError:
        return
    assert lexicon.frequencies().shape == (lexicon.word_ids,)
    lexicon.features(["b", "a"])
