"""Texts with labels are read from the forms that people keep them in, and a part of each label is held out."""

from __future__ import annotations

import json
import re
import warnings
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.corpora.decoding import FEW, BadBytes
from charnn.corpora.labelled import labelled_rows
from charnn.corpora.labelled_layout import AS_TOLD, LabelledLayout, LabelledText
from charnn.corpora.labelled_recognition import recognize_labelled
from charnn.corpora.stratified import hold_out_labelled
from charnn.corpora.tables import Table
from charnn.errors import CorpusError, UsageError

Pairs = list[tuple[str, str]]
EXPECTED: Pairs = [("no", "I went home"), ("yes", "Yes, please."), ("no", "a\tb"), ("yes", "")]


def labelled_texts(
    text: str, name: str, layout: LabelledLayout = AS_TOLD, bad: BadBytes | None = None
) -> list[LabelledText]:
    return list(labelled_rows(Table(text, name, bad), layout))


def pairs(data: str, name: str = "file.tsv", **layout: object) -> Pairs:
    return [("+".join(each.labels), each.text) for each in labelled_texts(data, name, LabelledLayout(**layout))]


@pytest.mark.parametrize(
    "text",
    [
        "no\tI went home\nyes\tYes, please.\nno\ta\tb\nyes\t\n",
        "\ufeffno\tI went home\r\n\r\nyes\tYes, please.\r\nno\ta\tb\r\n  \r\nyes\t",
        "I went home\tno\nYes, please.\tyes\na\tb\tno\n\tyes\n",
        "__label__no I went home\n__label__yes Yes, please.\n__label__no a\tb\n__label__yes \n",
        '{"text": "I went home", "label": "no"}\n{"label": ["yes"], "text": "Yes, please."}\n\n'
        '{"text": "a\\tb", "label": "no", "more": 1}\n{"text": "", "label": "yes"}\n',
    ],
)
def test_every_form_gives_the_same_texts(text: str) -> None:
    assert pairs(text) == EXPECTED


def test_a_table_has_its_columns_by_their_names() -> None:
    csv = 'id,Label,Text\n1,no,"I went\nhome, and ""slept"""\n2,yes,"Yes, please."\n\n'
    expected = [("no", 'I went\nhome, and "slept"'), ("yes", "Yes, please.")]
    assert pairs(csv, "file.csv") == pairs(csv, "file.CSV.gz") == expected
    assert pairs(csv, "file.txt", text="Text", label="Label") == expected
    assert pairs(csv, "file.csv", text="id") == [("no", "1"), ("yes", "2")]
    assert [each.line for each in labelled_texts(csv, "file.csv")] == [2, 4]
    assert pairs('text\tlabel\nsay "no\tno\n') == [("no", 'say "no')]
    json = '{"x": "hm", "y": 3}\n{"x": "oh", "y": true}\n'
    assert pairs(json, text="x", label="y") == [("3", "hm"), ("true", "oh")]


@pytest.mark.parametrize("name", ["file.csv", "standard input"])
def test_semicolons_and_tabs_part_the_cells_of_csv_too(name: str) -> None:
    """As spreadsheets write it where the comma is the decimal point."""
    assert pairs('label;text\nno;I went, I saw\nyes;"Yes; please."\n', name) == [
        ("no", "I went, I saw"),
        ("yes", "Yes; please."),
    ]
    assert pairs('"Text, whole";label\n"a;b";no\n', "file.csv", text="1") == [("no", "a;b")]
    assert pairs("text\tlabel\na, b; c\tno\n", name) == [("no", "a, b; c")]
    assert pairs("label|text\nno|a, b; c\n", name) == [("no", "a, b; c")]
    named = labelled_texts("\ufeffsep=;\r\nlabel;text, and more\r\nno;a, b\r\n", "file.csv", LabelledLayout("2"))
    assert [(each.labels, each.text, each.line) for each in named] == [(("no",), "a, b", 3)]
    assert recognize_labelled("sep=;\nlabel;text\nno;I went\n") is not None
    assert recognize_labelled("label;text\nno;I went\n") is not None


@pytest.mark.parametrize("indent", [None, 0, 2])
@pytest.mark.parametrize("is_list", [True, False])
def test_json_may_be_a_list_and_its_objects_of_several_lines(indent: int | None, is_list: bool) -> None:
    def written(*records: object) -> str:
        objects = [json.dumps(record, indent=indent) for record in records]
        return f"\ufeff[\n{','.join(objects)}\n]\n" if is_list else "\n".join(objects)

    first, second = {"text": "I went", "label": "no"}, {"label": ["yes"], "text": "a\nb"}
    data = written(first, second)
    assert pairs(data, "file.json") == [("no", "I went"), ("yes", "a\nb")]
    found = recognize_labelled(data)
    assert found is not None
    assert found.is_sure
    line = data[: data.index("{", data.index("I went"))].count("\n") + 1
    with pytest.raises(CorpusError, match=rf"^f:{line}: the label is neither a text nor a number"):
        pairs(written(first, {**second, "label": {}}), "f")
    with pytest.raises(CorpusError, match=rf"^f:{line}: this object has no 'label'"):
        pairs(written(first, {"text": "x"}), "f")
    with pytest.raises(CorpusError, match=r"^f:\d+: (the line|what begins here) is not a JSON object"):
        pairs(written(first, 7), "f")


def test_csv_without_a_header_is_read_where_the_labels_are_named() -> None:
    assert pairs('no,"a, b"\nyes,c\n', "file.csv", label_column=1) == [("no", "a, b"), ("yes", "c")]
    assert pairs('"a, b",no\n', "file.csv", label_column=2) == [("no", "a, b")]
    with pytest.raises(UsageError, match="no column has a usual name of a text") as refused:
        pairs("no,a\nyes,b\n", "file.csv")
    assert (
        refused.value.hint == "name it with --text; the columns are no, a; --label-column is for files without a header"
    )


def test_several_labels_of_a_text_are_all_read_once() -> None:
    assert labelled_texts("__label__a __label__b  x y\n__label__b __label__b z\nnone\n", "f")[0].labels == ("a", "b")
    texts = labelled_texts("__label__a __label__b  x y\n__label__b __label__b z\nnone\n", "f")
    assert [(each.labels, each.text, each.line) for each in texts] == [
        (("a", "b"), "x y", 1),
        (("b",), "z", 2),
        ((), "none", 3),
    ]


def test_the_side_of_the_labels_can_be_said() -> None:
    assert pairs("a\tb\nc\td\n", label_column=1) == [("a", "b"), ("c", "d")]
    assert pairs("a\tb\nc\td\n", label_column=2) == [("b", "a"), ("d", "c")]
    with pytest.raises(UsageError, match="as many different values stand before the tabs as after them, 2") as refused:
        pairs("a\tb\nc\td\n")
    assert refused.value.hint == "say it with --label-column 1 or --label-column 2"


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("a\tx\nb\n", "f.tsv", "f.tsv:2: there is no tab between a label and its text"),
        ("a\tx\n\ty\na\tz\n", "f.tsv", "f.tsv:2: the label is empty"),
        ("__label__ x\n", "f", "f:1: the label is empty"),
        ('{"text": "x", "label": "a"}\n[1]\n', "f", "f:2: the line is not a JSON object"),
        ('{"text": "x", "label": "a"}\n{"text": "x"\n', "f", "f:2: the line is not a JSON object"),
        ('{"text": "x", "label": "a"}\n{"text": "x"}\n', "f", "f:2: this object has no 'label'"),
        ('{"text": "x", "label": "\\ud801"}\n', "f", "f:1: there is half of a surrogate pair"),
        ('{"text": 1, "label": "a"}\n', "f", "f:1: what stands under 'text' is not a text"),
        ('{"text": "x", "label": {}}\n', "f", "f:1: the label is neither a text nor a number"),
        ('{"text": "x", "label": null}\n', "f", "f:1: the label is neither a text nor a number"),
        ("text,label\nx,a\ny\n", "f.csv", "f.csv:3: the row has 1 column, where the header has 2"),
        ('text,label\n"x,a\n', "f.csv", "f.csv:2: this is not CSV, as a quotation mark stands in the wrong place"),
    ],
)
def test_a_broken_row_is_named(text: str, name: str, message: str) -> None:
    with pytest.raises(CorpusError, match=f"^{re.escape(message)}"):
        pairs(text, name)


def test_a_column_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(UsageError, match=r"^f\.csv: there is no column 'tone'$") as refused:
        pairs("text,mood\nx,a\n", "f.csv", label="tone")
    assert refused.value.hint == "name it with --label; the columns are text, mood"
    with pytest.raises(UsageError, match=r"^f\.csv: no column has a usual name of a label"):
        pairs("text,mood\nx,a\n", "f.csv")


def test_bytes_of_another_kind_are_no_labelled_texts() -> None:
    rows = "".join(f"{'yes' if n % 2 else 'no'}\ttext {n}\n" for n in range(9))
    assert recognize_labelled(rows) is not None
    assert recognize_labelled(rows.replace("8", "\x08")) is None


@given(st.lists(st.sampled_from("abc")), st.sampled_from([0.1, 0.5, 0.9]))
def test_of_each_label_a_part_is_held_out_and_the_order_stays(labels: list[str], fraction: float) -> None:
    texts = list(enumerate(labels))
    training, held_out = hold_out_labelled(texts, fraction, lambda text: text[1])
    assert sorted(training + held_out) == texts
    assert training == sorted(training)
    assert held_out == sorted(held_out)
    counts, held_counts = Counter(labels), Counter(label for _, label in held_out)
    wanted = {label: min(round(fraction * count), count - 1) for label, count in counts.items()}
    if any(wanted.values()):
        assert held_counts == Counter({label: count for label, count in wanted.items() if count})


@pytest.mark.parametrize(("labels", "each", "held"), [(1000, 3, 300), (3, 3, 1), (40, 2, 8), (5, 1, 0)])
def test_of_many_labels_with_few_texts_each_a_tenth_of_all_is_held_out(labels: int, each: int, held: int) -> None:
    texts = [(number % labels, number) for number in range(labels * each)]
    training, held_out = hold_out_labelled(texts, 0.1, lambda text: text[0])
    assert (len(held_out), len({label for label, _ in held_out})) == (held, held)
    assert {label for label, _ in training} == set(range(labels))


MALFORMED = {
    "lines.tsv": ("a\tone\n\tempty\nno tab\nb\ttwo\nb\tthree\n", 2),
    "table.csv": ("label,text\na,one\n,empty\nb,two,more\nb\nb,two\nb,three\n", 3),
    "two.csv": ("a,one\n,empty\nb,two,more\nb,two\nb,three\n", 2),
    "lines.jsonl": (
        '{"text": "one", "label": "a"}\n{"text": 1, "label": "a"}\nnone\n{"text": "x"}\n{"text": "y", "label": {}}\n'
        '{"text": "z", "label": ""}\n{"text": "two", "label": "b"}\n{"text": "three", "label": "b"}\n',
        5,
    ),
    "lines.txt": ("__label__a one\n__label__ empty\n__label__b two\n__label__b three\n", 1),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_rows_are_left_out_where_that_is_asked_for_and_counted(name: str) -> None:
    text, malformed = MALFORMED[name]
    layout = LabelledLayout(label_column=1) if name == "two.csv" else LabelledLayout()
    with pytest.raises(CorpusError) as failed:
        labelled_texts(text, name, layout, BadBytes(name, "utf-8", "fail"))
    assert failed.value.hint is not None
    assert failed.value.hint.endswith("; --on-error skip leaves such rows out")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = labelled_texts(text, name, layout, BadBytes(name, "utf-8", "skip"))
    assert [(one.labels, one.text) for one in found] == [(("a",), "one"), (("b",), "two"), (("b",), "three")]
    assert [str(one.message).endswith(": the row is left out") for one in said[:FEW]] == [True] * min(malformed, FEW)
    assert [str(one.message) for one in said[FEW:]] == (
        [f"{name}: {malformed} rows are malformed: left out"] if malformed > FEW else []
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("\ufeffsaid,Label\ngood film,yes\nbad film,no\n", "f.csv"),
        ("words;Sentiment\ngood film;yes\nbad film;no\n", "f.csv"),
        ("Rating\tanything\nyes\tgood film\nno\tbad film\nno\tawful\n", "f.tsv"),
        ("anything\tRating\ngood film\tyes\nbad film\tno\nawful\tno\n", "f.tsv"),
        ('{"said": "good film", "intent": "yes"}\n{"said": "bad film", "intent": "no"}\n', "f"),
    ],
)
def test_where_one_of_two_columns_has_a_usual_name_the_other_one_is_what_is_left(text: str, name: str) -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = pairs(text, name)
    assert found[:2] == [("yes", "good film"), ("no", "bad film")]
    headers = [f"{name}: the first line is taken for names of columns" in str(one.message) for one in said]
    assert headers == [True] * (name == "f.tsv")
    if name != "f.tsv":
        form = recognize_labelled(text)
        assert form is not None
        assert form.has_names


def test_a_usual_name_that_is_a_label_or_a_text_among_others_is_no_header() -> None:
    assert pairs("class\tNOUN\nrun\tVERB\ndog\tNOUN\n", "f") == [("NOUN", "class"), ("VERB", "run"), ("NOUN", "dog")]
    assert pairs("class\ta b\nclass\tc d\nroom\te f\n", "f")[0] == ("class", "a b")
    assert recognize_labelled("id,label\n1,cat\n2,dog\n3,cat\n4,dog\n") is None
    assert recognize_labelled("code,comment\nx=1,sets x\ny=2,sets y\nz=3,sets z\n") is None
    assert recognize_labelled("Class, said he, is over.\nWe went home.\nIt rained.\n") is None


def test_a_wide_table_between_tabs_needs_the_name_of_its_texts() -> None:
    rows = "id\tone\ttwo\tlabel\n1\ta b\tc d\tyes\n2\te f\tg h\tno\n"
    with pytest.raises(UsageError, match="no column has a usual name of a text") as refused:
        pairs(rows, "f.tsv")
    assert str(refused.value.hint) == "name it with --text; the columns are id, one, two, label"
    assert pairs(rows, "f.tsv", text="two") == [("yes", "c d"), ("no", "g h")]
    assert pairs("label\ta\tb\nno\tc\nno\td\n", "f.tsv")[1] == ("no", "c"), "further tabs are of the text"


def test_keys_of_objects_within_objects_are_named_with_points() -> None:
    rows = '{"data": {"text": "a b", "n.o": 1}, "meta": {"kind": {"name": "yes"}}}\n'
    assert pairs(rows, "f", text="data.text", label="meta.kind.name") == [("yes", "a b")]
    with pytest.raises(UsageError) as refused:
        pairs(rows, "f", text="data.words", label="meta.kind.name")
    assert "data, meta, data.text, data.n.o, meta.kind, meta.kind.name" in str(refused.value.hint)
    with pytest.raises(CorpusError, match=r"^f:2: this object has no"):
        pairs(rows + '{"data": "x", "meta": {"kind": {"name": "no"}}}\n', "f", text="data.text", label="meta.kind.name")
    with pytest.raises(CorpusError, match="what stands under 'data' is an object") as caught:
        pairs(rows, "f", text="data", label="meta.kind.name")
    assert caught.value.hint == "name a key in it, such as data.text"
