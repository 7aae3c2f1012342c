"""Columns between spaces, comments and headers are read as what they are, and stay byte for byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.errors import CharnnWarning
from charnn.tasks.tagger.formats import open_reader, render
from charnn.tasks.tagger.formats.sentence import Annotation, Sentence

TEXT = (
    "-DOCSTART- -X- O\n\n# id 1\nEU   NNP  B-ORG\n #NYC NN O  \n\n"
    "#begin document (x); part 0\nHe  PRP O\n\n#end document\n"
)


def read(text: str, columns: tuple[str, ...] = ("xpos", "ner")) -> list[Sentence]:
    reader = open_reader("columns", "f", columns=columns)
    return [*reader.feed(text), *reader.finish()]


def tagged(sentences: list[Sentence], column: str, tag: str) -> str:
    return "".join(render(s, [Annotation(column, [tag] * len(s.words))], "columns") for s in sentences)


def test_words_and_tags_are_read_and_the_rest_is_not() -> None:
    sentences = [sentence for sentence in read(TEXT) if sentence.words]
    assert [sentence.words for sentence in sentences] == [["EU", "#NYC"], ["He"]]
    assert [sentence.values("ner") for sentence in sentences] == [["B-ORG", "O"], ["O"]]
    assert [sentence.line_of(0) for sentence in sentences] == [4, 8]
    assert not any(sentence.error for sentence in read(TEXT))


def test_only_the_tags_change_and_spaces_stay() -> None:
    sentences = read(TEXT)
    assert "".join(sentence.source for sentence in sentences) == TEXT
    changed = TEXT.replace("B-ORG", "X").replace("NN O", "NN X").replace("PRP O", "PRP X")
    assert tagged(sentences, "ner", "X") == changed
    assert tagged(sentences, "more", "X") == (
        "-DOCSTART- -X- O\n\n# id 1\nEU   NNP  B-ORG X\n #NYC NN O X  \n\n"
        "#begin document (x); part 0\nHe  PRP O X\n\n#end document\n"
    )


def test_a_tab_in_a_comment_parts_no_cells() -> None:
    text = "# id 1\tdomain=en\nhe PRP O\nsat VBD O\n\n"
    sentences = read(text)
    assert [sentence.words for sentence in sentences] == [["he", "sat"]]
    assert tagged(sentences, "ner", "X") == text.replace(" O", " X")


def test_tabs_and_spaces_that_both_part_cells_are_told_and_stay() -> None:
    """Cells with spaces between tabs are cells all the same where they are not tags."""
    for text in ("EU\tNNP B-ORG\nhe\tPRP O\n\n", "EU\tNNP  B-ORG\nhe\tPRP  O\n\n"):
        (sentence,) = read(text)
        assert (sentence.words, sentence.values("xpos")) == (["EU", "he"], ["NNP", "PRP"])
        assert sentence.rewritten([]) == text
        assert not sentence.error
    (sentence,) = read("New York\tB-LOC\nSan Jose\tB-LOC\n\n")
    assert (sentence.words, sentence.values("xpos")) == (["New York", "San Jose"], ["B-LOC", "B-LOC"])
    (sentence,) = read("cat\tdie Katze\ndog\tder Hund\n\n")
    assert sentence.values("xpos") == ["die Katze", "der Hund"]


def test_a_tab_among_spaces_parts_cells_too_and_stays() -> None:
    text = "EU NNP O\nx NN O\n\nHe \tPRP\tO\t\n\n"
    sentences = read(text)
    assert sentences[1].values("ner") == ["O"]
    assert tagged(sentences, "ner", "X") == text.replace("O\n", "X\n").replace("O\t", "X\t")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("EU NNP B-ORG\nGerman\nHe PRP O\n\n", "f:2: expected 3 columns, found 1"),
        ("# id 1\nEU\tNNP\nx\ny\tNN\n\n", "f:3: expected 2 columns, found 1"),
        ("x\nEU\tNNP\ny\tNN\n\n", "f:1: expected 2 columns, found 1"),
    ],
)
def test_an_irregular_row_is_named_by_its_place(text: str, message: str) -> None:
    (sentence,) = read(text)
    assert str(sentence.error) == message


def test_a_header_is_no_word() -> None:
    with pytest.warns(CharnnWarning, match=r"^f:1: taken for the names of the columns: word pos$"):
        sentences = read("word\tpos\r\nThe\tDET\r\n\r\nword\tpos\r\n", ("pos",))
    assert [sentence.words for sentence in sentences] == [["The"], ["word"]]
    assert tagged(sentences, "pos", "X") == "word\tpos\r\nThe\tX\r\n\r\nword\tX\r\n"


@given(st.text(alphabet="ab# \n\r-", max_size=60))
def test_joined_the_sources_are_the_input_and_tags_that_stay_change_nothing(text: str) -> None:
    sentences = read("a b\nc d\n\n" + text, ("tag",))
    assert "".join(sentence.source for sentence in sentences) == "a b\nc d\n\n" + text
    for sentence in sentences:
        values = sentence.values("tag") if sentence.error is None and sentence.words else None
        if values is not None:
            assert render(sentence, [Annotation("tag", values)], "columns") == sentence.source
