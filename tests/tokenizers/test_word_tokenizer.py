"""Words as symbols: what a word is, which of them are known, and what is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn import tokenizers
from charnn.config.model import TokenizerConfig
from charnn.errors import TokenizerError
from charnn.tokenizers.base import STOP_ID
from charnn.tokenizers.words import LEAST_COUNT, LONGEST_WORD, WordTokenizer


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("What's a cat, really?", ["what", "'", "s", "a", "cat", ",", "really", "?"]),
        ("  two\tlines\n of_it ", ["two", "lines", "of_it"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("cafe\u0301 CAFÉ", ["cafe\u0301", "café"]),
        ("I ❤ U", ["i", "❤", "u"]),
        ("", []),
        ("x" * 50, ["x" * LONGEST_WORD]),
    ],
)
def test_a_word_is_a_run_of_letters_with_their_marks(text: str, words: list[str]) -> None:
    assert WordTokenizer.split(text) == words


@given(st.text())
def test_splitting_words_again_changes_nothing(text: str) -> None:
    words = WordTokenizer.split(text)
    assert [WordTokenizer.split(word) for word in words] == [[word] for word in words]


@given(st.lists(st.text(max_size=12), min_size=1, max_size=6))
def test_its_file_makes_the_same_one(texts: list[str]) -> None:
    tokenizer = WordTokenizer.train([*texts, "a cat", "A CAT"])
    again = tokenizers.load("words", tokenizer.to_bytes())
    assert again.symbols() == tokenizer.symbols()
    assert again.to_bytes() == tokenizer.to_bytes()


def test_what_comes_once_is_the_unknown_word() -> None:
    tokenizer = tokenizers.train(TokenizerConfig("words"), ["The cat and the dog", "a cat"])
    assert tokenizer.symbols()[2:] == (("text", "cat"), ("text", "the"))
    assert tokenizer.encode("the dog, THE cat").tolist() == [3, 1, 1, 3, 2]
    assert tokenizer.unknown_characters("the dog saw the cat") == ("dog", "saw")
    assert tokenizer.decode([3, 1, STOP_ID, 2]) == "the \ufffd cat"


def test_rarer_words_than_asked_for_are_unknown() -> None:
    texts = ["a a a b b b b c c"]
    assert WordTokenizer.train(texts, min_count=1).size == WordTokenizer.train(texts, min_count=LEAST_COUNT).size == 5
    assert WordTokenizer.train(texts, min_count=4).symbols()[2:] == (("text", "b"),)


def test_texts_without_a_word_that_comes_again_teach_none() -> None:
    with pytest.raises(TokenizerError, match="no word of these texts is there 2 times"):
        WordTokenizer.train(["every word once"])


@pytest.mark.parametrize("words", [[], ["b", "a"], ["a", "a"], ["a b"], ["A"], [""], ["x" * 41]])
def test_what_are_no_words_is_refused(words: list[str]) -> None:
    with pytest.raises(TokenizerError):
        WordTokenizer(words)


def test_a_model_that_starts_from_another_knows_the_words_of_both() -> None:
    old = WordTokenizer.train(["old words old words"])
    both = tokenizers.join_vocabularies(old, TokenizerConfig("words"), ["new words new words"])
    assert both.symbols()[2:] == (("text", "new"), ("text", "old"), ("text", "words"))
