from __future__ import annotations

import pytest

from charnn.errors import CorpusError
from charnn.tasks.tagger.config import TextFormat
from charnn.tasks.tagger.formats import open_reader, render
from charnn.tasks.tagger.formats.sentence import Annotation, Sentence


def read(text: str, format: TextFormat) -> list[Sentence]:
    reader = open_reader(format, "x", known={"'s"})
    return [*reader.feed(text), *reader.finish()]


def test_a_line_of_raw_text_is_a_sentence_of_words_and_the_spaces_between_them() -> None:
    first, empty, last = read("\ufeffIt's  fine.\r\n\nNo. Yes", "lines")
    assert (first.words, first.spaces) == (["It", "'s", "fine", "."], [False, True, False, True])
    assert (first.source, first.line) == ("\ufeffIt's  fine.\r\n", 1)
    assert (empty.words, empty.source) == ([], "\n")
    assert (last.words, last.line) == (["No", ".", "Yes"], 3)


def test_tokens_are_what_stands_between_spaces_and_tabs() -> None:
    (sentence,) = read(" It's\tfine.  a\u00a0b \r\n", "tokens")
    assert sentence.words == ["It's", "fine.", "a\u00a0b"]
    assert sentence.spaces is None


def test_every_character_of_a_line_is_a_word_but_not_its_end() -> None:
    sentences = read("\ufeffa b\te\u0301\r\n\n\r\nx", "characters")
    assert [s.words for s in sentences] == [["a", " ", "b", "\t", "e\u0301"], [], [], ["x"]]


def test_a_letter_with_its_marks_is_one_character_and_has_one_tag_beside_it() -> None:
    (sentence,) = read("e\u0301👩🏿\u200d🚀🇩🇪🇫🇷\n", "characters")
    assert sentence.words == ["e\u0301", "👩🏿\u200d🚀", "🇩🇪", "🇫🇷"]
    assert render(sentence, [Annotation("tag", ["a", "o\u0308", "c", "d"])], "characters") == "ao\u0308cd\n"


def test_raw_text_has_no_tags() -> None:
    (sentence,) = read("a_X", "lines")
    with pytest.raises(CorpusError, match=r"^x:1: the words have no upos$"):
        sentence.reference_tags("upos")


def test_tags_of_one_character_are_a_line_aligned_with_the_characters() -> None:
    text = "ab c\r\n\nd"
    written = [
        render(s, [Annotation("tag", [word.upper() for word in s.words])], "characters")
        for s in read(text, "characters")
    ]
    assert "".join(written) == text.upper()


def test_other_tags_of_characters_are_columns() -> None:
    (sentence,) = read("a\tb\n", "characters")
    columns = "a\tB\n \tO\nb\tI\n\n"
    assert render(sentence, [Annotation("tag", ["BB", "OO", "II"])], "characters") == columns.replace(
        "B", "BB"
    ).replace("O", "OO").replace("I", "II")
    assert render(sentence, [Annotation("tag", ["B", "O", "I"])], "columns") == columns
    probable = Annotation("tag", ["B", "O", "I"], [1.0, 1.0, 1.0])
    assert render(sentence, [probable], "characters") == "a\tB\t1.0000\n \tO\t1.0000\nb\tI\t1.0000\n\n"
    assert render(sentence, [Annotation("tag", ["B"] * 3)] * 2, "characters").startswith("a\tB\tB\n")


def test_a_line_is_given_as_soon_as_it_ends() -> None:
    for format in ("lines", "tokens", "characters", "slashed"):
        reader = open_reader(format, "x")  # type: ignore[arg-type]
        assert reader.feed("a_B c") == []
        assert [s.source for s in reader.feed("_D\ne")] == ["a_B c_D\n"]
        assert [s.source for s in reader.finish()] == ["e"]
        assert reader.finish() == []
