"""Pairs are read from every form that people keep them in, and told from what is none."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.corpora.decoding import BadBytes
from charnn.corpora.labelled_recognition import recognize_labelled
from charnn.corpora.pair_recognition import recognize_pairs
from charnn.corpora.pairs import AS_TOLD, Pair, PairsLayout, pairs_in, split_features
from charnn.corpora.tables import Table
from charnn.errors import CharnnWarning, CorpusError, UsageError

SIDES = st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\u2028\u2029\x85"), min_size=1)
ROWS = st.lists(st.tuples(SIDES, SIDES).map(lambda row: tuple(side.strip() for side in row)), min_size=1, max_size=8)
whole_rows = ROWS.filter(lambda rows: all(all(row) for row in rows))


def read_pairs(text: str, name: str, layout: PairsLayout = AS_TOLD, bad: BadBytes | None = None) -> list[Pair]:
    return list(pairs_in(Table(text, name, bad), layout))


def sides(pairs: list[Pair]) -> list[tuple[str, str]]:
    return [(pair.source, pair.target) for pair in pairs]


@given(rows=whole_rows, end=st.sampled_from(["\n", "\r\n"]), blank=st.booleans())
def test_lines_with_a_tab_are_read_as_they_are(rows: list[tuple[str, str]], end: str, blank: bool) -> None:
    names = {rows[0][0].lower(), rows[0][1].lower()}
    text = (end * 2 if blank else end).join("\t".join(row) for row in rows)
    if rows[0][0].startswith(("{", "\ufeff")) or names & {"source", "target", "word", "form", "from", "to"}:
        return
    assert sides(read_pairs(text, "pairs.tsv")) == rows


def test_a_header_makes_csv_of_a_text_whose_name_does_not_say_it() -> None:
    assert sides(read_pairs('source,target\n"a, b",c\n', "standard input")) == [("a, b", "c")]


@pytest.mark.parametrize("name", ["pairs.csv", "standard input"])
def test_semicolons_part_the_cells_of_csv_too(name: str) -> None:
    text = 'source;features;target\nein, zwei;V,PST;"a;b"\n'
    assert read_pairs(text, name) == [Pair("ein, zwei", "a;b", "V,PST", 2)]
    assert recognize_pairs(text) is not None


@given(rows=whole_rows)
def test_csv_and_json_give_the_same_pairs(rows: list[tuple[str, str]]) -> None:
    table = io.StringIO()
    csv.writer(table).writerows([("target", "source"), *((target, source) for source, target in rows)])
    objects = "".join(json.dumps({"target": target, "source": source}) + "\n" for source, target in rows)
    assert sides(read_pairs(table.getvalue(), "pairs.csv")) == rows
    assert sides(read_pairs(objects, "pairs.jsonl")) == rows
    assert sides(read_pairs(f"[{','.join(objects.splitlines())}]", "pairs.json")) == rows


def test_the_middle_one_of_three_columns_has_features() -> None:
    (pair,) = read_pairs("sing\tV;PST\tsang\n", "forms.tsv")
    assert pair == Pair("sing", "sang", "V;PST", 1)
    (other,) = read_pairs("V;PST\tsing\tsang\n", "forms.tsv", PairsLayout(source="2", features="1", target="3"))
    assert (other.source, other.target, other.features) == ("sing", "sang", "V;PST")
    (without,) = read_pairs("sing\tV;PST\tsang\n", "forms.tsv", PairsLayout(source="1", target="3"))
    assert without.features == ""


def test_lists_in_json_are_joined() -> None:
    record = {"lemma": "sing", "features": ["V", "PST"], "form": ["s", "a", "ng"]}
    (pair,) = read_pairs(json.dumps(record), "forms.jsonl")
    assert pair == Pair("sing", "s a ng", "V;PST", 1)


def test_several_targets_in_json_are_a_pair_each() -> None:
    rows = [{"source": "bow", "targets": ["b aʊ", ["b", "əʊ"]]}, {"source": "so", "targets": "s əʊ"}]
    found = read_pairs("".join(json.dumps(row) + "\n" for row in rows), "sounds.jsonl")
    assert found == [Pair("bow", "b aʊ", "", 1), Pair("bow", "b əʊ", "", 1), Pair("so", "s əʊ", "", 2)]


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1)], ids=["features between", "features last, as in UniMorph"])
@pytest.mark.parametrize("layout", [PairsLayout(), PairsLayout(source="1")])
def test_features_are_told_by_their_semicolons(order: tuple[int, int, int], layout: PairsLayout) -> None:
    rows = [("go", "V;PST", "went"), ("see", "V;PST", "saw"), ("cat", "N", "cat")]
    text = "".join("\t".join(row[place] for place in order) + "\n" for row in rows)
    assert [(pair.source, pair.features, pair.target) for pair in read_pairs(text, "forms.txt", layout)] == rows
    assert recognize_pairs(text * 3) is not None


@pytest.mark.parametrize(
    ("features", "single"),
    [
        ("V;PST", ("V", "PST")),
        ("N;ABL(PL;PSS(2,SG))", ("N", "ABL", "PL", "PSS", "2", "SG")),
        ("V|Tense=Past  x", ("V", "Tense=Past", "x")),
        ("", ()),
        (";;", ()),
    ],
)
def test_features_are_parted(features: str, single: tuple[str, ...]) -> None:
    assert split_features(features) == single


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("a\tb\n\n\nc\n", "pairs.tsv", "pairs.tsv:4: the row has 1 column, where the first row has 2"),
        ('source,target\na,b\n"c\nd",e\nf\n', "pairs.csv", "pairs.csv:5: the row has 1 column, where the header has 2"),
        ('source,target\na,"b\n', "pairs.csv", "pairs.csv:2: this is not CSV"),
        ('{"source": "a", "target": "b"}\n[]\n', "pairs.jsonl", "pairs.jsonl:2: the line is not a JSON object"),
        (
            '{"source": "a", "target": "b"}\n{"source": "a"}\n',
            "pairs.jsonl",
            "pairs.jsonl:2: this object has no 'target'",
        ),
        ('{"source": "a", "target": 7}\n', "pairs.jsonl", "pairs.jsonl:1: what stands under 'target' is not a text"),
        (
            '{"source": "a", "target": "\\udfff"}\n',
            "pairs.jsonl",
            "pairs.jsonl:1: there is half of a surrogate pair",
        ),
        ("a\t \n", "pairs.tsv", "pairs.tsv:1: the target is empty"),
        ('{"source": "a", "targets": []}\n', "pairs.jsonl", "pairs.jsonl:1: the target is empty"),
    ],
)
def test_a_broken_row_is_named_with_its_line(text: str, name: str, said: str) -> None:
    with pytest.raises(CorpusError) as caught:
        read_pairs(text, name)
    assert str(caught.value).startswith(said)


def test_a_column_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(UsageError, match="no column 'x'") as caught:
        read_pairs("a\tb\tc\n1\t2\t3\n", "t.tsv", PairsLayout(source="x", target="b"))
    assert str(caught.value.hint) == "name it with --source; the columns are a, b, c"
    with pytest.raises(UsageError, match="there is no column 3"):
        read_pairs("a\tb\n", "t.tsv", PairsLayout(target="3"))


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("abc\ta b k\ncat\tk a t\ndog\td o g\nox\to k s\n", True),
        ("go\tV;PST\twent\ngo\tV;PRS\tgoes\ngo\tV;NFIN\tgo\ngo\tV;PTCP\tgone\n", True),
        ("lemma,features,form\ngo,V;PST,went\n", True),
        ('{"source": "a", "target": "b"}\n', True),
        ("alt\told\nneu\tnew\nrot\tred\nblau\tblue\n", False),
        ("alt\told\nneu\tnew\n", None),
        ("pos\tgood film\npos\tfine film\nneg\tbad film\nneg\tdull film\nneg\tlong film\n", None),
        ("the\tDET\ncat\tNOUN\nsat\tVERB\non\tADP\n", None),
        ("".join(f"{a}{b}\t{(a + b).upper()}\n" for a in "abcd" for b in "xyz"), False),
        ("".join(f"word{n}\t{('DET', 'NOUN', 'VERB')[n % 3]}\n" for n in range(12)), None),
        ("the\tDET\ncat\tNOUN\n\nsat\tVERB\non\tADP\n", None),
        ("one line\nof text\nand more\nof it\n", None),
        ("", None),
        ("form\tlemma\tupos\nThe\tthe\tDET\ncats\tcat\tNOUN\n\nA\ta\tDET\ndog\tdog\tNOUN\n", None),
        ("lemma\tform\ngo\twent\nsee\tsaw\n\nbe\twas\nrun\tran\n", None),
        ("from,to,subject\nann,bob,hello there\nbob,ann,thanks\n", None),
        ("from\tto\tweight\na\tb\t1\nb\tc\t2\n", None),
        ('{"from": "ann", "to": "bob", "text": "hello"}\n', None),
        ("To, from\nthe mill and back again\n", None),
        ("1:1\tIn the beginning there was a mill\n" * 2 + "1:2\tAnd the wheel of the mill was still\n" * 2, None),
        ("12\ttwelve\n7\tseven\n21\ttwenty one\n3\tthree\n", False),
        ("from\tto\ncolour\tcolor\nhonour\thonor\n", False),
        ("lemma\tfeatures\tform\ngo\tV\twent\nsee\tV\tsaw\n", True),
    ],
)
def test_pairs_are_told_from_labels_tags_and_text(text: str, sure: bool | None) -> None:
    found = recognize_pairs(text)
    assert (None if found is None else found.is_sure) is sure


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a\tA\nb\n\tB\nc\t \nd\tD\tmore\ne\tE\n", "pairs.tsv"),
        ("source,target\na,A\nb\n,B\ne,E\n", "pairs.csv"),
        ('{"source": "a", "target": "A"}\nnone\n{"source": "b"}\n{"source": "e", "target": "E"}\n', "pairs.jsonl"),
        ('{"source": "a", "targets": ["A", ""]}\n{"source": "e", "targets": ["E"]}\n', "pairs.jsonl"),
    ],
)
def test_malformed_rows_are_left_out_where_that_is_asked_for(text: str, name: str) -> None:
    with pytest.raises(CorpusError):
        read_pairs(text, name, bad=BadBytes(name, "utf-8", "fail"))
    with pytest.warns(CharnnWarning, match="the row is left out"):
        found = read_pairs(text, name, bad=BadBytes(name, "utf-8", "skip"))
    assert sides(found) == [("a", "A"), ("e", "E")]


def test_a_list_all_of_whose_objects_are_left_out_has_no_pair() -> None:
    text = '[\n{"source": "a\udcff", "target": "b"}\n]\n'
    with pytest.warns(CharnnWarning, match="left out"):
        assert read_pairs(text, "x.json", bad=BadBytes("x.json", "utf-8", "skip")) == []


def test_several_spellings_of_each_word_are_pairs_and_no_labels() -> None:
    words = ["house", "garden", "window", "kitchen", "summer", "winter"]
    several = "".join(f"{word}\t{word}{end}\n" for word in words for end in ("s", "es", "en"))
    assert recognize_pairs(several) is not None
    assert recognize_labelled(several) is None
    labels = "".join(f"{'yes' if n % 2 else 'no'}\t{word} {n}\n" for n, word in enumerate(words))
    assert recognize_pairs(labels) is None
    assert recognize_labelled(labels) is not None


def test_numbers_in_words_are_pairs_and_verses_are_none() -> None:
    ones = ["one", "two", "three", "four", "five", "six", "seven"]
    numbers = [
        (17 * n % 49, f"{ones[n % 7]} hundred and {ones[17 * n // 7 % 7]}ty-{ones[n // 7]}") for n in range(1, 40)
    ]
    assert recognize_pairs("".join(f"{number * 7}\t{words}\n" for number, words in numbers)) is not None
    verses = [(3 * n % 8, f"and word{n} said to word{n + 9} that day{n} was come{n}") for n in range(8)]
    assert recognize_pairs("".join(f"{number}\t{verse}\n" for number, verse in verses)) is None


def test_a_column_that_may_be_features_and_is_left_out_is_said() -> None:
    rows = "".join(f"word{number}\t{'V;PST' if number % 2 else 'V;PRS'}\tform{number}\n" for number in range(9))
    with pytest.warns(CharnnWarning, match="the column Merkmale is neither source nor target, and is left out"):
        assert len(read_pairs(f"Lemma\tMerkmale\tForm\n{rows}", "pairs.tsv")) == 9
    numbered = "".join(f"{number}\tword{number}\tform{number}\n" for number in range(9))
    assert len(read_pairs(f"id\tlemma\tform\n{numbered}", "pairs.tsv")) == 9
    assert len(read_pairs(f"lemma\tfeatures\tform\n{rows}", "pairs.tsv")) == 9
