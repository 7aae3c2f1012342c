from __future__ import annotations

import pytest

from charnn.errors import CorpusError
from charnn.tasks.tagger.formats import open_reader, render
from charnn.tasks.tagger.formats.sentence import NO_TAG, Annotation, Sentence

GOLDEN = "The\tDET\tother\nbắt chuyện\tVERB\t\r\n \tX\ty\n\n\nEnd\tNOUN\tz"


def read(text: str, columns: tuple[str, ...] = ("upos",)) -> list[Sentence]:
    reader = open_reader("columns", "f.tsv", columns=columns)
    return [*reader.feed(text), *reader.finish()]


def test_words_and_tags_are_read_by_their_position() -> None:
    first, blank, last = read(GOLDEN, ("upos", "xpos"))
    assert first.words == ["The", "bắt chuyện", " "]
    assert first.reference_tags("upos") == ["DET", "VERB", "X"]
    assert (blank.words, blank.source) == ([], "\n")
    assert (last.words, last.reference_tags("xpos"), last.line) == (["End"], ["z"], 6)


def test_a_word_without_a_tag_has_none_and_a_sentence_without_the_column_is_named() -> None:
    first, *_ = read(GOLDEN, ("upos", "xpos"))
    assert first.reference_tags("xpos") == ["other", NO_TAG, "y"]
    (gaps,) = read("a\t_\nb\t\nc\tX\n")
    assert gaps.reference_tags("upos") == [NO_TAG, NO_TAG, "X"]
    with pytest.raises(CorpusError, match=r"^f\.tsv:1: the words have no feats$"):
        first.reference_tags("feats")
    (words_only,) = read("a\nb\n")
    with pytest.raises(CorpusError, match=r"^f\.tsv:1: the words have no upos$"):
        words_only.reference_tags("upos")


def test_features_may_be_none_where_the_word_has_another_tag() -> None:
    (sentence,) = read("a\tX\t_\nb\t_\t_\nc\tX\t\nd\t_\tN=1\n", ("upos", "feats"))
    assert sentence.reference_tags("feats") == ["_", NO_TAG, NO_TAG, "N=1"]
    (alone,) = read("a\t_\nb\tN=1\n", ("feats",))
    assert alone.reference_tags("feats") == ["_", "N=1"]


def test_only_the_column_asked_for_changes() -> None:
    written = [render(s, [Annotation("upos", ["T"] * len(s))], "columns") for s in read(GOLDEN)]
    assert "".join(written) == "The\tT\tother\nbắt chuyện\tT\t\r\n \tT\ty\n\n\nEnd\tT\tz"


@pytest.mark.parametrize("text", ["a\tA\r\nb\tB\r\n\r\n", "a\tA\r\nb\tB\r\n", "a\tA\nb\tB\r\n \n", "a\tA\nb\tB\r"])
def test_line_ends_are_no_part_of_a_tag_whichever_they_are(text: str) -> None:
    (sentence,) = read(text)
    assert sentence.reference_tags("upos") == ["A", "B"]
    assert render(sentence, [Annotation("upos", ["X", "Y"])], "columns") == text.replace("A", "X").replace("B", "Y")


def test_missing_tag_columns_are_appended_and_others_kept() -> None:
    annotations = [Annotation("xpos", ["X", "Y"])]
    columns = ("upos", "xpos")
    for text, expected in [
        ("a\r\nb", "a\t_\tX\r\nb\t_\tY"),
        ("a\tu\nb\tv\n\n", "a\tu\tX\nb\tv\tY\n\n"),
        ("a\tu\tx\t1\nb\tv\ty\t2\n", "a\tu\tX\t1\nb\tv\tY\t2\n"),
    ]:
        (sentence,) = read(text, columns)
        assert render(sentence, annotations, "columns") == expected
    (sentence,) = read("a\tu\nb\tv\n")
    assert render(sentence, [Annotation("ner", ["O", "B"])], "columns") == "a\tu\tO\nb\tv\tB\n"


def test_probabilities_and_alternatives_are_further_columns() -> None:
    annotation = Annotation("upos", ["N", "V"], [0.93, 1], [[("N", 0.93), ("V", 0.05)], [("V", 1.0)]])
    (sentence,) = read("a\tX\tz\nb\tX\tz\n\n")
    expected = "a\tN\tz\t0.9300\tN:0.9300 V:0.0500\nb\tV\tz\t1.0000\tV:1.0000\n\n"
    assert render(sentence, [annotation], "columns") == expected


def test_uneven_columns_are_an_error_with_the_line_that_set_them() -> None:
    one, uneven, empty, fine = read("a\tA\n\nb\tB\nc\n\n\tX\n\nd\tD\n")
    assert str(uneven.error) == "f.tsv:4: expected 2 columns, found 1"
    assert uneven.error is not None
    assert uneven.error.hint == "line 1 has 2"
    assert str(empty.error) == "f.tsv:6: the word is empty"
    assert (one.words, fine.words, fine.line) == (["a"], ["d"], 8)
    assert render(uneven, [], "columns") == render(uneven, [], "slashed") == "b\tB\nc\n\n"


def test_raw_words_become_columns_and_lines_without_words_nothing() -> None:
    reader = open_reader("tokens", "x")
    tagged, empty = reader.feed("a  b\n  \n")
    annotations = [Annotation("upos", ["N", "V"], [0.5, 0.25]), Annotation("xpos", ["n", "v"])]
    assert render(tagged, annotations, "columns") == "a\tN\tn\t0.5000\nb\tV\tv\t0.2500\n\n"
    assert render(empty, [Annotation("upos", [])], "columns") == ""
