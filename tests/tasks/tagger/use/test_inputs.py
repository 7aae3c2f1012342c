"""Files to tag: which format each is in, and sentences as soon as they are there."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from charnn.errors import CharnnWarning, CorpusError
from charnn.tasks.tagger.use.stream import InputSentences

CONLLU = "# sent_id = 1\n1\tcat\t_\t_\t_\t_\t_\t_\t_\t_\n\n"
COLUMNS = "the\tDET\ncat\tNOUN\n\n"
SLASHED = "the_DET cat_NOUN sat_VERB\n"
LINES = "The cat sat.\n"


@pytest.fixture
def written(tmp_path):
    """`written(text, ...)`: the paths of files with these texts."""

    def write(*texts):
        paths = [tmp_path / f"{number}.txt" for number in range(len(texts))]
        for path, text in zip(paths, texts, strict=True):
            path.write_bytes(text.encode())
        return [str(path) for path in paths]

    return write


@pytest.fixture
def pipe(monkeypatch):
    """stdin is a pipe; `pipe(text)` writes into it, `pipe(None)` closes it."""
    reading, writing = os.pipe()
    monkeypatch.setattr(sys, "stdin", os.fdopen(reading))
    writer = os.fdopen(writing, "wb", buffering=0)
    no_longer = threading.Timer(20, writer.close)  # who waits for what does not come is given an end
    no_longer.start()
    yield lambda text: writer.close() if text is None else writer.write(text.encode())
    no_longer.cancel()
    writer.close()
    sys.stdin.close()


def inputs(paths, **options):
    return InputSentences(paths, columns=["upos"], **options)


def sentences(source):
    return [(s.format, s.words) for read in source for s in read]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CONLLU, ("conllu", ["cat"])),
        (COLUMNS, ("columns", ["the", "cat"])),
        (SLASHED, ("slashed", ["the", "cat", "sat"])),
        (LINES, ("lines", ["The", "cat", "sat", "."])),
    ],
)
def test_each_file_is_in_the_format_that_it_looks_like(written, text, expected):
    source = inputs(written(LINES, text))
    assert sentences(source) == [("lines", ["The", "cat", "sat", "."]), expected]
    assert source.format == "lines"


def test_the_format_is_that_of_the_first_file_with_anything_in_it(written):
    source = inputs(written("", CONLLU, LINES))
    assert source.format is None
    reading = iter(source)
    next(reading)
    assert source.format == "conllu"
    list(reading)
    assert source.format == "conllu"


def test_a_format_that_is_given_is_that_of_all_files(written):
    source = inputs(written(CONLLU, LINES), format="tokens")
    assert {format for format, _ in sentences(source)} == {source.format} == {"tokens"}


def test_for_a_tagger_of_characters_all_that_is_no_column_is_characters(written):
    source = inputs(written(CONLLU, SLASHED, "h\tB\ni\tI\n", LINES), level="character")
    found = sentences(source)
    assert [words for format, words in found if format == "columns"] == [["h", "i"]]
    assert {format for format, _ in found} == {"characters", "columns"}
    assert found[-1] == ("characters", list("The cat sat."))


def test_known_forms_guide_how_raw_text_is_split(written):
    paths = written("a-b c\n")
    assert sentences(inputs(paths, known={"-", "a", "b"})) == [("lines", ["a", "-", "b", "c"])]
    assert sentences(inputs(paths, known={"a-b"})) == [("lines", ["a-b", "c"])]


def test_a_missing_file_is_an_error_once_the_files_before_it_were_read(written):
    reading = iter(inputs([*written(LINES), "gone.txt"]))
    assert sentences([next(reading)]) == [("lines", ["The", "cat", "sat", "."])]
    with pytest.raises(CorpusError, match=r"gone\.txt: no such file"):
        list(reading)


def test_malformed_sentences_are_named_by_file_and_line(written):
    (path,) = written(CONLLU + "1\tcat\n\n")
    (*_, last) = [s for read in inputs([path]) for s in read]
    assert str(last.error).startswith(f"{path}:4: ")


def test_standard_input_is_called_so_and_is_read_among_files(written, pipe):
    pipe("x y\n")
    pipe(None)
    first, last = written("a\n", "b\n")
    read = [s for sentences in inputs([first, "-", last]) for s in sentences]
    assert [(s.name, s.words) for s in read] == [(first, ["a"]), ("standard input", ["x", "y"]), (last, ["b"])]


def test_a_sentence_is_there_before_the_input_goes_on(pipe):
    reading = iter(inputs(["-"]))
    for number in range(3):
        pipe(f"cat {number}\n")
        (sentence,) = next(reading)
        assert sentence.words == ["cat", str(number)]
        assert next(reading) == []  # a pause
    pipe("no line end")
    assert next(reading) == []
    pipe(None)
    (sentence,) = next(reading)
    assert sentence.words == ["no", "line", "end"]


def test_half_a_line_a_comment_or_a_blank_line_does_not_settle_the_format(pipe):
    source = inputs(["-"])
    reading = iter(source)
    for part in ("\n", "# my own comment\n", "1\tcat\t_\t_"):
        pipe(part)
        assert next(reading) == []
        assert source.format is None
    pipe("\t_\t_\t_\t_\t_\t_\n\n")
    read = next(reading)
    assert source.format == "conllu"
    assert [s.words for s in read] == [[], ["cat"]]
    pipe(None)


def test_what_was_read_of_one_file_is_not_held_back_while_the_next_has_nothing_to_say(written, pipe):
    reading = iter(inputs([*written(LINES), "-"]))
    assert len(next(reading)) == 1
    assert next(reading) == []
    threading.Timer(0.05, pipe, ["x\n"]).start()
    assert [s.words for s in next(reading)] == [["x"]]
    pipe(None)


def test_the_encoding_is_the_one_that_is_asked_for(tmp_path):
    (tmp_path / "x").write_bytes("café là\n".encode("utf-16"))
    assert sentences(inputs([str(tmp_path / "x")], encoding="utf-16")) == [("lines", ["café", "là"])]


@pytest.mark.parametrize("before", [3, 5000])
def test_what_comes_before_bytes_that_are_no_text_is_given(tmp_path, before):
    (tmp_path / "x").write_bytes(b"a b\n" * before + b"c \xff d\n")
    found = []
    with pytest.raises(CorpusError, match=f"byte {4 * before + 2} "):
        found.extend(s.words for read in inputs([str(tmp_path / "x")], format=None) for s in read)
    assert found == [["a", "b"]] * before


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("他昨天去了北京大学。\n", "Chinese or Japanese"),
        ("きのう東京へ行きました。\n", "Chinese or Japanese"),
        ("ฉันชอบกินข้าวผัดกุ้ง\n", "Thai"),
        ("ខ្ញុំចូលចិត្តញ៉ាំបាយ\n", "Khmer"),
        ("ຂ້ອຍມັກກິນເຂົ້າຜັດ\n", "Lao"),
        ("ကျွန်တော်ထမင်းစားချင်တယ်\n", "Burmese"),
    ],
)
def test_text_without_spaces_is_warned_of_once(written, text, script):
    (path,) = written("A line.\n" + text + text)
    for format in ("lines", "text"):
        with pytest.warns(CharnnWarning) as caught:
            sentences(inputs([path], format=format))
        (warning,) = caught
        assert str(warning.message).startswith(f"{path}:2: no spaces between words ({script})")


def test_words_that_are_known_or_short_or_given_are_not_warned_of(written):
    paths = written("北京 大学 中华人民共和国\n", "ภาษาไทย คน\n", "Straße 12345 привет\n")
    assert sentences(inputs(paths, known={"中华人民共和国"}))
    assert sentences(inputs(written("他昨天去了北京大学。\n"), format="tokens"))
