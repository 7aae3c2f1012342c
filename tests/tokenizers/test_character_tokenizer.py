from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.errors import TokenizerError
from charnn.tokenizers import characters
from charnn.tokenizers.characters import CharacterTokenizer

SURROGATES = st.characters(categories=["Cs"])
ANY_TEXT = st.text(st.characters() | SURROGATES, min_size=1)


def test_worked_example():
    subject = CharacterTokenizer.train(["hello", "wörld"])
    assert subject.symbols() == (
        ("special", "stop"),
        ("special", "unknown"),
        *(("text", character) for character in "dehlorwö"),
    )
    assert subject.size == 10
    assert subject.encode("low hïld").tolist() == [5, 6, 8, 1, 4, 1, 5, 2]
    assert subject.decode([5, 6, 8, 1, 4, 0]) == "low\ufffdh"


@given(ANY_TEXT, ANY_TEXT)
def test_ids_are_what_a_dictionary_gives(learnt_from, text):
    ids = {character: 2 + k for k, character in enumerate(sorted(set(learnt_from)))}
    subject = CharacterTokenizer.train([learnt_from])
    assert subject.encode(text).tolist() == [ids.get(character, 1) for character in text]


@given(st.lists(ANY_TEXT, min_size=1), st.integers(1, 4))
def test_characters_rarer_than_the_minimum_are_unknown(documents, min_count):
    counts = Counter("".join(documents))
    frequent = sorted(character for character, count in counts.items() if count >= min_count)
    if not frequent:
        with pytest.raises(TokenizerError, match=f"there {min_count} times"):
            CharacterTokenizer.train(documents, min_count=min_count)
        return
    subject = CharacterTokenizer.train(documents, min_count=min_count)
    assert [text for _, text in subject.symbols()[2:]] == frequent


@given(ANY_TEXT)
def test_text_longer_than_a_block_is_counted_and_encoded_whole(text):
    whole = CharacterTokenizer.train([text])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(characters, "BLOCK_LENGTH", 3)
        in_blocks = CharacterTokenizer.train([text])
        assert in_blocks.symbols() == whole.symbols()
        assert in_blocks.encode(text).tolist() == whole.encode(text).tolist()


@given(ANY_TEXT)
def test_any_vocabulary_survives_its_file(text):
    subject = CharacterTokenizer.train([text])
    assert CharacterTokenizer.from_bytes(subject.to_bytes()).symbols() == subject.symbols()


def test_neighbouring_halves_of_a_surrogate_pair_stay_two_characters():
    subject = CharacterTokenizer("\udbff\udc00")
    assert CharacterTokenizer.from_bytes(subject.to_bytes()).symbols() == subject.symbols()
    assert subject.decode(subject.encode("\udbff\udc00").tolist()) == "\udbff\udc00"


def test_spelling_of_a_byte_that_is_no_text_is_that_byte_and_of_half_a_surrogate_pair_three_that_are_no_utf_8():
    spelt = CharacterTokenizer("a\u20ac\ud800\udc80\U0001f98a").spellings()
    assert spelt == (b"", b"", b"a", b"\xe2\x82\xac", b"\xed\xa0\x80", b"\x80", b"\xf0\x9f\xa6\x8a")


def test_unknown_characters_are_given_once_in_order_of_appearance():
    assert CharacterTokenizer("abc").unknown_characters("zaübz\nü") == ("z", "ü", "\n")
    assert CharacterTokenizer("abc").unknown_characters("cab") == ()


def test_golden_file():
    golden = '{"kind": "characters", "characters": ["\\u0000", "\\n", "\\"", "a", "é", "\u0301", "\\udc80", "👩"]}\n'
    assert CharacterTokenizer('\0\n"aé\u0301\udc80👩').to_bytes() == golden.encode()


@pytest.mark.parametrize(
    "listed",
    [[], "abc", ["b", "a"], ["a", "a"], ["ab"], ["a", ""], ["a", 1], [["a"]], None, {"a": 2}],
)
def test_hostile_file_is_refused(listed):
    with pytest.raises(TokenizerError, match=r"^tokenizer\.json: "):
        CharacterTokenizer.from_bytes(json.dumps({"kind": "characters", "characters": listed}).encode())


@pytest.mark.parametrize("data", [b'{"kind": "characters"}', b'{"kind": "bytes", "characters": ["a"]}'])
def test_file_of_another_form_is_refused(data):
    with pytest.raises(TokenizerError, match=r"^tokenizer\.json: expected"):
        CharacterTokenizer.from_bytes(data)
