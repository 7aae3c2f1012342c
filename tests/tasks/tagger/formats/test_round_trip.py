"""What holds in every format: nothing is lost, and how the text was cut into pieces makes no difference."""

from __future__ import annotations

import re
import time
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.corpora.lines import line_ends
from charnn.tasks.tagger.config import TextFormat
from charnn.tasks.tagger.formats import open_reader, render
from charnn.tasks.tagger.formats.sentence import Annotation, Sentence

FORMATS = get_args(TextFormat)
WRITTEN = ("conllu", "columns", "slashed", "characters")
KNOWN = frozenset({"n't", "'s", "Mr.", "-", "...", ":-)", "do", "new york", "New"})

formats = st.sampled_from(FORMATS)
fragments = [
    "1\tThe\t",
    "_\t_\t_\t_\t_\t_\t_\t_",
    "\n\n",
    "\r\n",
    "# text = x",
    "2-3",
    "2.1",
    "cat_NOUN",
    "or/CC",
    "Mr. X.",
]
hostile = st.lists(
    st.one_of(
        st.sampled_from(fragments), st.text(alphabet="aB1 \t\n\r._/#-'\"!?\ufeff\x0b\x85\u2028\u3002\u0301", max_size=5)
    )
).map("".join)


def in_pieces(text: str, cuts: list[int]) -> list[str]:
    edges = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[start:end] for start, end in pairwise(edges)]


def read(pieces: list[str], format: TextFormat, columns: tuple[str, ...] = ("upos",)) -> list[Sentence]:
    reader = open_reader(format, "f", columns=columns, known=KNOWN)
    return [*(sentence for piece in pieces for sentence in reader.feed(piece)), *reader.finish()]


def described(sentences: list[Sentence]) -> list[tuple[object, ...]]:
    return [(s.source, s.line, s.words, str(s.error), s.spaces, s.opens_paragraph) for s in sentences]


@given(hostile, st.lists(st.integers(0)), formats)
def test_sources_joined_are_the_text_however_it_was_cut(text: str, cuts: list[int], format: TextFormat) -> None:
    sentences = read(in_pieces(text, cuts), format)
    assert "".join(sentence.source for sentence in sentences) == text
    assert described(sentences) == described(read([text], format))


@given(hostile, formats)
def test_lines_are_those_of_the_sources(text: str, format: TextFormat) -> None:
    before = ""
    for sentence in read([text], format):
        ends = before.count("\n") if format in ("conllu", "columns") else line_ends(before)
        assert sentence.line == ends + 1
        before += sentence.source


@given(hostile, formats, st.sampled_from(WRITTEN))
def test_whatever_was_read_can_be_written(text: str, format: TextFormat, to: TextFormat) -> None:
    for sentence in read([text], format):
        written = render(sentence, [Annotation("upos", ["X"] * len(sentence), [0.5] * len(sentence))], to)
        if sentence.error:
            assert written == sentence.source
            assert not sentence.words
        elif sentence.words:
            assert "X" in written


@given(hostile, st.sampled_from(["conllu", "columns", "slashed"]))
def test_the_tags_that_a_source_has_written_again_are_the_source(text: str, format: TextFormat) -> None:
    for sentence in read([text], format):
        values = sentence.values("upos")
        if values is not None and not sentence.error:
            assert render(sentence, [Annotation("upos", values)], format) == sentence.source


@given(
    hostile, st.sampled_from(["lines", "tokens", "text", "slashed"]), st.sampled_from(["conllu", "columns", "slashed"])
)
def test_what_is_written_anew_reads_as_the_same_words_and_tags(text: str, format: TextFormat, to: TextFormat) -> None:
    sentences = [s for s in read([text], format) if s.words]
    tags = [[f"T{number}" for number in range(len(s))] for s in sentences]
    written = "".join(render(s, [Annotation("upos", t)], to) for s, t in zip(sentences, tags, strict=True))
    again = [s for s in read([written], to) if s.words or s.error]
    spaces = re.compile(r"[ \t\r\ufeff]+") if to == "slashed" else re.compile("$^")
    assert [s.words for s in again] == [[spaces.sub("_", word) for word in s.words] for s in sentences]
    assert [s.reference_tags("upos") for s in again] == tags


# CoNLL-U as it comes: rows with ids, and around them everything that must survive.

forms = st.text(alphabet="aé  .-#_|=\u00a0'", min_size=1, max_size=6)
cells = st.text(alphabet="ab:=|_ ", max_size=4)
comments = st.sampled_from(["# text = a b", "#", "# sent_id = 1\twith a tab", "#no space", "# newpar"])


@st.composite
def conllu_rows(draw: st.DrawFn) -> list[list[str]]:
    """Rows of ten cells, ranges and empty nodes among them."""
    ids: list[str] = [f"0.{number}" for number in range(1, draw(st.integers(1, 3)))]
    words = draw(st.integers(1, 6))
    range_end = 0
    for word in range(1, words + 1):
        if word > range_end and draw(st.booleans()):
            range_end = draw(st.integers(word, words))
            ids.append(f"{word}-{range_end}")
        ids += [str(word), *(f"{word}.{number}" for number in range(1, draw(st.integers(1, 3))))]
    return [[number, draw(forms), *(draw(cells) for _ in range(8))] for number in ids]


@st.composite
def conllu_texts(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(["", "\ufeff"]))
    end = st.sampled_from(["\n", "\r\n"])
    blank = st.sampled_from(["", " ", "\t"])
    for _ in range(draw(st.integers(0, 3))):
        lines = [*draw(st.lists(comments, max_size=2)), *("\t".join(row) for row in draw(conllu_rows()))]
        lines += [draw(blank) for _ in range(draw(st.integers(1, 3)))]
        text += "".join(line + draw(end) for line in lines)
    if draw(st.booleans()):
        text += "".join(line + draw(end) for line in draw(st.lists(st.one_of(comments, blank), max_size=2)))
    return text if draw(st.booleans()) else text.rstrip("\r\n")


def with_upos(text: str, tags: list[str]) -> str:
    """A line by line reading, slow and plain: every word's fourth cell is the next of the tags."""
    remaining = iter(tags)
    lines = text.split("\n")
    for number, line in enumerate(lines):
        cells = line.split("\t")
        if cells[0].removeprefix("\ufeff").isdigit():
            cells[3] = next(remaining)
            lines[number] = "\t".join(cells)
    return "\n".join(lines)


@given(conllu_texts(), st.lists(st.integers(0), max_size=4))
def test_conllu_keeps_all_but_the_column_asked_for(text: str, cuts: list[int]) -> None:
    sentences = read(in_pieces(text, cuts), "conllu")
    assert [sentence.error for sentence in sentences] == [None] * len(sentences)
    rows = [line.split("\t") for line in text.removeprefix("\ufeff").split("\n")]
    assert [word for s in sentences for word in s.words] == [row[1] for row in rows if row[0].isdigit()]
    written, all_tags = "", []
    for sentence in sentences:
        tags = [f"T{len(all_tags) + number}" for number in range(len(sentence))]
        written += render(sentence, [Annotation("upos", tags)], "conllu")
        all_tags += tags
    assert written == with_upos(text, all_tags)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "text",
    [
        "\n" * 15_000,
        "\r" * 15_000,
        " " * 50_000,
        "." * 50_000,
        "!? " * 15_000,
        "a. " * 15_000,
        "'s-/\"" * 10_000,
        "x\ty\n" * 10_000,
        "1\t" * 15_000,
        "#\n" * 15_000,
    ],
)
def test_time_grows_with_length_and_no_faster(text: str, format: TextFormat) -> None:
    start = time.process_time()
    read([text], format)
    assert time.process_time() - start < 1.5


@pytest.mark.parametrize("format", FORMATS)
def test_a_sentence_that_comes_character_by_character_takes_no_longer(format: TextFormat) -> None:
    start = time.process_time()
    text = "1\tword\t_\n" * 5_000
    assert "".join(sentence.source for sentence in read(list(text), format)) == text
    assert time.process_time() - start < 5
