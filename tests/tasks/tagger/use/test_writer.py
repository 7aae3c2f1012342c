"""Tagged sentences as text: what of the tags is written, and where one sentence ends and the next begins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.errors import CorpusError
from charnn.tasks.tagger.formats import open_reader
from charnn.tasks.tagger.formats.sentence import Annotation
from charnn.tasks.tagger.use.stream import TagWriter

CONLLU = "1\tcat\t_\t_\t_\t_\t_\t_\t_\t_\n"


def read(format, *files, columns=("upos",)):
    """The sentences of the files, one after the other."""
    sentences = []
    for text in files:
        reader = open_reader(format, "x", columns=columns)
        sentences += [*reader.feed(text), *reader.finish()]
    return sentences


def written(writer, sentences, tag="N"):
    return "".join(writer.text([(s, None if s.error else [Annotation("upos", [tag] * len(s))])]) for s in sentences)


def test_tags_of_two_columns_stand_in_their_order():
    (sentence,) = read("tokens", "the cat\n")
    writer = TagWriter("slashed")
    assert (
        writer.text([(sentence, [Annotation("xpos", ["DT", "NN"]), Annotation("upos", ["DET", "NOUN"])])])
        == "the_DT_DET cat_NN_NOUN\n"
    )


def test_tags_below_the_least_confidence_are_replaced_and_those_at_it_are_not():
    (sentence,) = read("tokens", "a b c\n")
    tags = [Annotation("upos", ["X", "Y", "Z"], [0.4999, 0.5, 0.9])]
    assert TagWriter("slashed", min_confidence=0.5, unsure="?").text([(sentence, tags)]) == "a_? b_Y c_Z\n"
    with_probabilities = TagWriter("slashed", True, 0.5)
    assert with_probabilities.text([(sentence, tags)]) == "a___0.4999 b_Y_0.5000 c_Z_0.9000\n"


def test_probabilities_and_alternatives_are_written_where_they_are_asked_for():
    (sentence,) = read("tokens", "a\n")
    tags = [Annotation("upos", ["X"], [0.75], [[("X", 0.75), ("Y", 0.2)]])]
    assert TagWriter("columns").text([(sentence, tags)]) == "a\tX\tX:0.7500 Y:0.2000\n\n"
    assert TagWriter("columns", True).text([(sentence, tags)]) == "a\tX\t0.7500\tX:0.7500 Y:0.2000\n\n"


@pytest.mark.parametrize(
    ("end", "missing"),
    [("", "\n\n"), ("\n", "\n"), ("\n\n", ""), ("\n \t\n", ""), ("\r\n", "\r\n"), ("\r\n\r\n", ""), ("\n\n\n", "")],
)
def test_the_sentences_of_the_next_file_begin_after_a_blank_line(end, missing):
    first = CONLLU.removesuffix("\n") + end
    sentences = read("conllu", first, CONLLU)
    tagged = (first + missing + CONLLU).replace("cat\t_\t_", "cat\t_\tN")
    assert written(TagWriter("conllu"), sentences) == tagged


def test_the_last_sentence_keeps_its_missing_line_end():
    text = CONLLU + "\n" + CONLLU.removesuffix("\n")
    assert written(TagWriter("conllu"), read("conllu", text)) == text.replace("cat\t_\t_", "cat\t_\tN")


def test_a_file_with_nothing_in_it_adds_nothing():
    text = CONLLU.removesuffix("\n")
    sentences = read("conllu", "", text, "", "")
    assert written(TagWriter("conllu"), sentences) == text.replace("cat\t_\t_", "cat\t_\tN")


@pytest.mark.parametrize(
    ("format", "to", "files", "expected"),
    [
        ("slashed", "slashed", ("a_X", "b_X\n\nc_X"), "a_N\nb_N\n\nc_N"),
        ("tokens", "slashed", ("a", "\n\nb"), "a_N\n\n\nb_N\n"),
        ("columns", "columns", ("a\tX", "b\tX\n\n\nc\tX\n"), "a\tN\n\nb\tN\n\n\nc\tN\n"),
        ("characters", "characters", ("ab", "c\n"), "NN\nN\n"),
        ("tokens", "columns", ("a", "b"), "a\tN\n\nb\tN\n\n"),
        ("conllu", "conllu", ("# a comment", CONLLU), "# a comment\n\n" + CONLLU.replace("cat\t_\t_", "cat\t_\tN")),
        ("conllu", "conllu", ("\n", CONLLU), "\n" + CONLLU.replace("cat\t_\t_", "cat\t_\tN")),
        ("conllu", "conllu", ("\ufeff\n", CONLLU), "\ufeff\n" + CONLLU.replace("cat\t_\t_", "cat\t_\tN")),
        ("conllu", "slashed", (CONLLU, CONLLU), "cat_N\ncat_N\n"),
    ],
)
def test_files_follow_each_other_as_sentences_do(format, to, files, expected):
    assert written(TagWriter(to), read(format, *files)) == expected


def test_a_malformed_sentence_is_passed_on_and_the_next_does_not_run_into_it():
    malformed, good = read("slashed", "oh dear", "a_X\n")
    malformed.words, malformed.error = [], CorpusError("x:1: broken")
    assert written(TagWriter("slashed"), [malformed, good]) == "oh dear\na_N\n"
    assert written(TagWriter("columns"), [malformed, good]) == "oh dear\n\na\tN\n\n"


lines = st.lists(
    st.sampled_from([CONLLU, CONLLU.replace("\n", "\r\n"), "\n", " \r\n", "# sent_id = 1\n", "# x\r\n"]), max_size=8
)


@given(lines, st.booleans())
def test_one_file_alone_is_the_same_text_but_for_its_tags(parts, ends):
    text = "".join(parts)
    text = text if ends else text.removesuffix("\n")
    assert written(TagWriter("conllu"), read("conllu", text), tag="_") == text
