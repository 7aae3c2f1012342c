from __future__ import annotations

import pytest

from charnn.errors import CorpusError, UsageError
from charnn.tasks.tagger.config import TextFormat
from charnn.tasks.tagger.formats import open_reader, render
from charnn.tasks.tagger.formats.sentence import Annotation, Sentence


def read(text: str, columns: tuple[str, ...] = ("upos",)) -> list[Sentence]:
    reader = open_reader("slashed", "f.txt", columns=columns)
    return [*reader.feed(text), *reader.finish()]


@pytest.mark.parametrize(
    ("text", "words", "tags"),
    [
        ("snake_case_NOUN and/or_CCONJ _PUNCT __PUNCT", None, None),
        ("snake_case_NOUN and/or_CCONJ __PUNCT", ["snake_case", "and/or", "_"], ["NOUN", "CCONJ", "PUNCT"]),
        ("1/2/NUM a_b/X //SYM", ["1/2", "a_b", "/"], ["NUM", "X", "SYM"]),
        ("the__ ___ a____X", ["the", "_", "a___"], ["", "", "X"]),
        ("a\u00a0b_N", ["a\u00a0b"], ["N"]),
    ],
)
def test_the_last_separator_splits_a_token(text: str, words: list[str] | None, tags: list[str] | None) -> None:
    (sentence,) = read(text)
    if words is None or tags is None:
        assert str(sentence.error) == "f.txt:1: expected word_UPOS, found '_PUNCT'"
    else:
        assert (sentence.words, sentence.reference_tags("upos")) == (words, tags)
        assert render(sentence, [Annotation("upos", [tag or "_" for tag in tags])], "slashed") == text


def test_several_columns_are_split_from_the_end() -> None:
    (sentence,) = read("a_b_N_n the___d", ("upos", "xpos"))
    assert (sentence.words, sentence.reference_tags("upos"), sentence.reference_tags("xpos")) == (
        ["a_b", "the"],
        ["N", ""],
        ["n", "d"],
    )
    assert render(sentence, [Annotation("xpos", ["1", "2"])], "slashed") == "a_b_N_1 the___2"
    with pytest.raises(CorpusError, match=r"^f\.txt:1: the words have no feats$"):
        sentence.reference_tags("feats")


def test_the_first_line_with_words_decides_on_the_separator() -> None:
    _, first, second = read("\nand/or_CC b_N\nc/N\n")
    assert (first.words, first.error) == (["and/or", "b"], None)
    assert str(second.error) == "f.txt:3: expected word_UPOS, found 'c/N'"
    assert second.error is not None
    assert second.error.hint == "line 2, the first with words, has _"
    assert render(second, [], "slashed") == "c/N\n"
    undecided, decided = read("plain words\nc/N\n")
    assert str(undecided.error) == "f.txt:1: expected word_TAG or word/TAG, found 'plain'"
    assert undecided.error is not None
    assert "tokens" in str(undecided.error.hint)
    assert decided.words == ["c"]


def test_spaces_and_line_ends_stay_as_they_were() -> None:
    text = "\ufeff  a/X\t b/X \r\n\r\n \nc/X"
    sentences = read(text)
    assert [s.words for s in sentences] == [["a", "b"], [], [], ["c"]]
    written = [render(s, [Annotation("upos", ["TAG"] * len(s))], "slashed") for s in sentences]
    assert "".join(written) == text.replace("X", "TAG")


def test_probabilities_follow_the_tags_and_alternatives_have_no_place() -> None:
    (sentence,) = read("a/X b/Y\n")
    assert render(sentence, [Annotation("upos", ["N", "V"], [0.93, 0.5])], "slashed") == "a/N/0.9300 b/V/0.5000\n"
    with pytest.raises(UsageError, match="no place for several tags") as caught:
        render(sentence, [Annotation("upos", ["N", "V"], None, [[("N", 1.0)]] * 2)], "slashed")
    assert "--to conllu" in str(caught.value.hint)


def test_a_column_that_the_source_lacks_is_appended() -> None:
    (sentence,) = read("a_X b_Y")
    assert render(sentence, [Annotation("xpos", ["1", "2"])], "slashed") == "a_X_1 b_Y_2"


def test_other_formats_become_a_line_a_sentence() -> None:
    reader = open_reader("columns", "x")
    (sentence,) = reader.feed("bắt chuyện\tV\n \tS\n\n")
    annotations = [Annotation("upos", ["V", "S"]), Annotation("xpos", ["v", "s"])]
    assert render(sentence, annotations, "slashed") == "bắt_chuyện_V_v __S_s\n"


@pytest.mark.parametrize("format", ["lines", "tokens", "characters", "slashed"])
def test_an_empty_line_stays_an_empty_line(format: TextFormat) -> None:
    sentences = open_reader(format, "x").feed("\n\n")
    assert [render(s, [Annotation("upos", [])], "slashed") for s in sentences] == ["\n", "\n"]


def test_where_sentences_are_no_lines_nothing_becomes_nothing() -> None:
    for format, text in (("conllu", "# a comment\n\n"), ("columns", "\n"), ("text", "\n")):
        (sentence,) = open_reader(format, "x").feed(text)  # type: ignore[arg-type]
        assert render(sentence, [Annotation("upos", [])], "slashed") == ""
