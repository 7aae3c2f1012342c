# ruff: noqa: RUF001 - the stops of other scripts are meant
from __future__ import annotations

import pytest

from charnn.tasks.tagger.formats import open_reader, render
from charnn.tasks.tagger.formats.sentence import Annotation, Sentence

KNOWN = frozenset({"Mr.", "etc.", "the"})


def read(text: str) -> list[Sentence]:
    reader = open_reader("text", "x", known=KNOWN)
    return [*reader.feed(text), *reader.finish()]


@pytest.mark.parametrize(
    "sentences",
    [
        ["He came. ", "She left.\n", "All well?"],
        ["A line end\nis a space. ", "So it is."],
        ["It cost 3.50 at Mr. Brown's etc. and J. Smith's. ", "Next."],
        ["He said (loudly.) ", '"Yes!" ', "“Oh?” ", "¿Qué?"],
        ["Wait... what? ", "and on it goes! ... ", "1. ", "Then."],
        ["It ended.\n\n", "no matter how it begins.\r\n \t\r\n", "A heading\n\n", "\n", "Text"],
        ["See a.b.c and x.y) now, v. the rest."],
        ["你好。", "再见！」", "Mr. Li 好"],
        ["Yes . ", "No ."],
        ["- one. ", "- two. ", "* three."],
        ["  indented. \u00a0", "Then."],
    ],
)
def test_sentences_end_where_they_should(sentences: list[str]) -> None:
    assert [s.source for s in read("".join(sentences))] == sentences


def test_words_lines_and_paragraphs_are_told() -> None:
    first, second, third, blank, fourth = read("One\ntwo. Three\nfour.\nFive.\n\n\nSix")
    assert [s.words for s in (first, second, third, blank, fourth)] == [
        ["One", "two", "."],
        ["Three", "four", "."],
        ["Five", "."],
        [],
        ["Six"],
    ]
    assert [s.line for s in (first, second, third, blank, fourth)] == [1, 2, 4, 6, 7]
    assert [s.opens_paragraph for s in (first, second, third, blank, fourth)] == [True, False, False, False, True]
    assert render(fourth, [Annotation("upos", ["NUM"])], "conllu").startswith("# newpar\n# text = Six\n1\tSix")
    assert render(second, [Annotation("upos", ["NUM"] * 3)], "conllu").startswith("# text = Three four.\n")


def test_a_sentence_is_given_as_soon_as_the_next_begins_or_the_paragraph_ends() -> None:
    reader = open_reader("text", "x")
    assert reader.feed("One two. ") == []
    assert [s.source for s in reader.feed("T")] == ["One two. "]
    assert reader.feed("hree. \u201c") == []
    assert [s.source for s in reader.feed("F")] == ["Three. "]
    assert reader.feed("our\n") == []
    assert [s.source for s in reader.feed("\n")] == ["\u201cFour\n\n"]
    assert reader.finish() == []


def test_sentences_that_come_together_after_a_long_wait_are_all_found() -> None:
    reader = open_reader("text", "x")
    assert reader.feed("So many words before it ends") == []
    assert [s.source for s in reader.feed(". A. No. Yes. ")] == ["So many words before it ends. ", "A. No. "]


def test_a_word_is_an_abbreviation_wherever_its_sentence_was_cut() -> None:
    pieces = ["你好。", "Mr. Li"]
    reader = open_reader("text", "x", known=KNOWN)
    in_pieces = [s.source for piece in pieces for s in reader.feed(piece)] + [s.source for s in reader.finish()]
    assert in_pieces == [s.source for s in read("".join(pieces))] == pieces


def test_text_without_any_end_is_cut_so_that_memory_is_bounded() -> None:
    reader = open_reader("text", "x")
    sentences = [s for _ in range(50) for s in reader.feed("word " * 2000)]
    assert [len(s) for s in sentences] == [20_000] * 4
    (rest,) = reader.finish()
    assert len(rest) == 20_000
    ended = "word " * 30_000 + "end. Next"
    assert [len(s) for s in read(ended)] == [20_000, 10_002, 1]
    (*parts, last) = read("x" * 250_000)
    assert [len(s.source) for s in (*parts, last)] == [100_000, 100_000, 50_000]
