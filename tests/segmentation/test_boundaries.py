"""Raw text as characters to mark, and words as marks on them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.segmentation.boundaries import BEGIN, INSIDE, Characters, SegmentedText, is_aligned, span_score
from charnn.segmentation.spacing import closed_up, stands_apart
from charnn.segmentation.words import WordSplitter


def test_what_is_read_of_a_character_is_itself_and_what_rules_say_of_it() -> None:
    symbols = Characters("ab  Ab, e\u0301").symbols(["ab Ab", ",", "e\u0301"], {"a", "b", ","})
    assert symbols == [" a", "-b", "_\ufffdLu", "-b", ",", " \ufffdLl"]


def test_words_reach_across_spaces_and_tell_whether_a_space_follows() -> None:
    characters = Characters("\ufeffHà  Nội, 👍🏽!\n")
    words, spaces = characters.words([BEGIN, *[INSIDE] * 4, BEGIN, BEGIN, BEGIN])
    assert (words, spaces) == (["Hà Nội", ",", "👍🏽", "!"], [False, True, False, True])
    assert Characters(" \n").words([]) == ([], [])


@given(st.text(alphabet="aB, \u00a0.\u0301👍🏽\ufeff\n", max_size=20), st.data())
def test_words_that_are_marked_are_found_again(text: str, data: st.DataObject) -> None:
    characters = Characters(text)
    marks = [data.draw(st.sampled_from([BEGIN, INSIDE])) for _ in characters.clusters]
    words, spaces = characters.words(marks)
    assert is_aligned(SegmentedText(text, words))
    assert len(spaces) == len(words)
    assert characters.begins(words) == [mark == BEGIN or n == 0 for n, mark in enumerate(marks)]
    for start, cluster in zip(characters.starts, characters.clusters, strict=True):
        assert text[start:].startswith(cluster)


def test_the_characters_that_end_sentences_are_told_and_where_each_stands() -> None:
    characters = Characters("He\u0301 a. 👍🏽", after_space=False)
    assert characters.clusters == ["H", "e\u0301", "a", ".", "👍🏽"]
    assert characters.starts == [0, 1, 4, 5, 7]
    assert characters.spaced == [False, False, True, False, True]
    assert characters.ends(["He\u0301 a.", "👍🏽"]) == [False, False, False, True, True]


def test_a_word_is_right_where_both_its_ends_are() -> None:
    score = span_score([(["ab", "c", "d e"], ["a", "b", "c", "d", "e"]), (["x y"], ["x y"])])
    assert score == (2, 4, 6)
    assert score.f1 == pytest.approx(2 * 2 / 10)
    assert span_score([]).f1 == 0


def test_punctuation_that_stands_apart_is_closed_up() -> None:
    words = ["He", "said", ":", '"', "Yes", "(", "no", ")", ",", "50", "%", '"', "."]
    apart = SegmentedText(" ".join(words), words)
    assert closed_up(words).text == 'He said: "Yes (no), 50%".'
    assert stands_apart([apart])
    assert not stands_apart([closed_up(words)])
    assert not stands_apart([SegmentedText("no stop", ["no", "stop"])])


def test_rules_split_many_texts_as_they_split_each() -> None:
    splitter = WordSplitter()
    assert splitter.split_all(["a, b", "", "c!"]) == [splitter.split(text) for text in ("a, b", "", "c!")]
