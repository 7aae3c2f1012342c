"""Tables of texts and labels without names for their columns, and with several columns of labels."""

from __future__ import annotations

import json
import warnings

import pytest

from charnn.corpora.columns import tab_hint
from charnn.corpora.labelled import labelled_rows
from charnn.corpora.labelled_layout import LabelledLayout
from charnn.corpora.labelled_recognition import recognize_labelled
from charnn.corpora.tables import Table
from charnn.errors import CharnnWarning, CorpusError

TEXTS = [(f"they said {word} again", "no" if number % 3 else "yes") for number, word in enumerate("abcdefghijkl")]


def read(rows: str, name: str = "file.txt", **layout: object) -> list[tuple[str, tuple[str, ...]]]:
    found = labelled_rows(Table(rows, name), LabelledLayout(**layout))  # type: ignore[arg-type]
    return [(one.text, one.labels) for one in found]


@pytest.mark.parametrize("name", ["file.txt", "file.csv"])
@pytest.mark.parametrize(("separator", "said"), [("|", "a bar"), (";", "a semicolon"), (",", "a comma")])
def test_a_label_beside_each_text_is_told_whatever_parts_them(separator: str, said: str, name: str) -> None:
    expected = [(text, (label,)) for text, label in TEXTS]
    for lines in ([f"{t}{separator}{la}\n" for t, la in TEXTS], [f"{la}{separator}{t}\n" for t, la in TEXTS]):
        assert read("".join(lines), name) == expected
        found = recognize_labelled("".join(lines))
        assert found is not None
        assert (found.reason, found.is_sure) == (f"lines of a label and a text with {said} between them", False)


@pytest.mark.parametrize("separator", ["|", ";", ",", "\t"])
def test_a_first_line_whose_label_does_not_come_again_has_names_and_it_is_said(separator: str) -> None:
    lines = "".join(f"{text}{separator}{label}\n" for text, label in TEXTS)
    with pytest.warns(CharnnWarning, match="the first line is taken for names of columns: said mood"):
        assert len(read(f"said{separator}mood\n{lines}")) == len(TEXTS)


@pytest.mark.parametrize(
    "text",
    [
        "Row, row\nrow, your\nboat, row\ngently, row\n",
        "2024-01-01;5\n2024-01-02;6\n2024-01-03;5\n2024-01-04;6\n",
        "a = 1;\nb = 2;\nc = 3;\nd = 4;\n",
        "Jan 2020|5\nFeb 2020|6\nMar 2020|5\nApr 2020|6\n",
        "one|two\nthree|four\nfive|six\nseven|eight\n",
        "a|b|c\n" * 9,
    ],
)
def test_what_has_no_label_beside_each_text_is_not_taken_for_it(text: str) -> None:
    assert recognize_labelled(text) is None


def test_numbered_columns_have_no_header_where_the_first_label_comes_again() -> None:
    rows = '"3","A title","a text"\n"1","More","b text"\n"3","Most","c text"\n'
    with pytest.warns(CharnnWarning, match="no header: the first row is a text, too, since its label '3' comes again"):
        assert read(rows, "f.csv", text="3", label="1") == [("a text", ("3",)), ("b text", ("1",)), ("c text", ("3",))]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(read(f"mark,title,words\n{rows}", "f.csv", text="3", label="1")) == 3


def test_columns_of_marks_are_labels_by_their_names() -> None:
    rows = "id,words,toxic,rude\n1,a b,1,0\n2,c d,0,0\n3,e f,1,1\n"
    expected = [("a b", ("toxic",)), ("c d", ()), ("e f", ("toxic", "rude"))]
    assert read(rows, "f.csv", text="words", label="toxic,rude") == expected
    objects = [{"words": "a b", "toxic": True, "rude": False}, {"words": "c d", "toxic": None, "rude": 0}]
    objects.append({"words": "e f", "toxic": 1, "rude": "yes"})
    lines = "".join(f"{json.dumps(one)}\n" for one in objects)
    assert read(lines, "f.jsonl", text="words", label="toxic, rude") == expected
    assert read(json.dumps(objects), "f.json", text="words", label="toxic,rude") == expected
    many = rows + "".join(f"{n},x,0,0\n" for n in range(200)) + "9,x,7,0\n"
    with pytest.raises(CorpusError, match=r"^f\.csv:205: '7' stands under 'toxic', where the first rows have 0 or 1"):
        read(many, "f.csv", text="words", label="toxic,rude")


def test_columns_of_labels_give_each_text_one_of_each() -> None:
    rows = "text,topic,sentiment\na b,sports,good\nc d,news,\n"
    with pytest.warns(
        CharnnWarning, match="the labels are those of 'sentiment'; --label topic learns those of 'topic'"
    ):
        assert read("text,topic,sentiment\na b,sports,good\n", "f.csv") == [("a b", ("good",))]
    expected = [("a b", ("topic=sports", "sentiment=good")), ("c d", ("topic=news",))]
    assert read(rows, "f.csv", label="topic,sentiment") == expected


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["a ||| b", "c d ||| e"], "; sed 's/ ||| /\\t/' FILE puts a tab there"),
        (["a -> b -> c", "d -> e"], "; sed 's/ -> /\\t/' FILE puts a tab there"),
        (["yes a b", "no c d", "yes e", "no f"], "; sed 's/ /\\t/' FILE puts a tab there"),
        (["the cat sat", "a dog ran"], ""),
        (["a|b\tc", "d|e"], ""),
        ([], ""),
    ],
)
def test_what_parts_sides_in_the_place_of_a_tab_is_named_with_a_command(lines: list[str], said: str) -> None:
    assert tab_hint(lines, (" ||| ", " -> ", "|", " ")) == said
