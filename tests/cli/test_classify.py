"""`charnn classify`: labels in a stream, and all that goes with them."""

from __future__ import annotations

import csv
import io
import json
import random

import pytest

WORDS = {"pet": ("cat", "dog", "hamster", "parrot"), "plant": ("oak", "fern", "rose", "ivy"), "tool": ("saw", "axe")}
RANDOM = random.Random(0)
ROWS = "".join(
    f"{label}\tthe {RANDOM.choice(WORDS[label])} is {RANDOM.choice(('old', 'new', 'here'))}\n"
    for label in RANDOM.choices([*WORDS], k=240)
)
TEXTS = "the dog is old\nthe fern is here\n\nan axe\n"
OPTIONS = ("--task", "classifier", "--steps", "120", "--hidden", "8", "--precision", "fp32")


@pytest.fixture
def trained(charnn, text_file, once_a_module):
    """A classifier in `model`, beside the text.txt that it learned; and what was said while it did."""

    def train():
        text_file(ROWS)
        return charnn("train", "text.txt", *OPTIONS, "--out", "model")

    result = once_a_module(train)
    assert result.code == 0
    return result


@pytest.fixture
def classify(charnn, text_file):
    """Runs `charnn classify` on a file of that content."""

    def run(content, *arguments):
        text_file(content, "input.txt")
        return charnn("classify", "input.txt", *arguments)

    return run


def rows(result):
    assert result.code == 0
    return [line.split("\t") for line in result.text.splitlines()]


def test_each_line_gets_its_label_and_how_probable_that_is(charnn, trained, classify):
    found = rows(classify(TEXTS, "-m", "model"))
    assert [row[2] for row in found] == ["the dog is old", "the fern is here", "", "an axe"]
    assert [found[i][0] for i in (0, 1, 3)] == ["pet", "plant", "tool"]
    assert all(0 < float(row[1]) <= 1 for row in found)
    assert min(float(found[i][1]) for i in (0, 1)) > 0.8


def test_lines_are_given_back_byte_for_byte(charnn, trained, classify):
    text = b"the dog is old\r\nthe fern is here\r\nthe cat is new"
    assert classify(text, "-m", "model", "--only", "pet").out == b"the dog is old\r\nthe cat is new"
    assert classify(text, "-m", "model", "--only", "pet", "--only", "plant").out == text
    assert classify(b"", "-m", "model").out == b""


def test_a_byte_order_mark_is_given_back_with_its_file_and_stands_in_no_row(charnn, trained, classify):
    text = "\ufeffthe dog is old\r\n\ufeffthe cat\n"
    first, second = rows(classify(text, "-m", "model"))
    assert (first[2], second[2]) == ("the dog is old", "\ufeffthe cat"), "within a file it is a character"
    assert classify(text, "-m", "model", "--only", "pet").text == text


@pytest.mark.parametrize("figures", [("--json",), ("--probs",), ("--nbest", "2"), ("--why",), ("--why", "--json")])
def test_only_leaves_the_rows_of_a_label_where_figures_are_asked_for(charnn, trained, classify, figures):
    every = classify(TEXTS, "-m", "model", *figures).text.splitlines(keepends=True)
    pets = [row for row in every if '"label": "pet"' in row or row.startswith("pet\t")]
    assert 0 < len(pets) < len(every)
    assert classify(TEXTS, "-m", "model", "--only", "pet", *figures).text == "".join(pets)


def test_json_has_the_label_and_as_many_probabilities_as_were_asked_for(charnn, trained, classify):
    def objects(*options):
        return [json.loads(line) for line in classify(TEXTS, "-m", "model", "--json", *options)
                .text.splitlines()]  # fmt: skip

    plain, two, every = objects(), objects("--nbest", "2"), objects("--probs")
    assert objects("--top", "2") == two
    assert [each["line"] for each in plain] == [1, 2, 3, 4]
    for one, short, full in zip(plain, two, every, strict=True):
        assert one["label"] == next(iter(full["probabilities"]))
        assert list(short["probabilities"]) == list(full["probabilities"])[:2]
        assert sum(full["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        assert one["probability"] == pytest.approx(max(full["probabilities"].values()), abs=1e-6)


def test_labels_that_are_not_sure_are_replaced(charnn, trained, classify):
    found = rows(classify(TEXTS, "-m", "model", "--min-confidence", "1", "--unsure", "?"))
    assert {row[0] for row in found} == {"?"}
    given_back = classify(TEXTS, "-m", "model", "--min-confidence", "1", "--only", "_")
    assert given_back.text == TEXTS


@pytest.mark.parametrize(("options", "said"), [((), None), (("--unsure", "?"), "?"), (("--unsure", ""), "")])
def test_a_label_that_is_not_sure_is_null_in_json_unless_it_has_another_name(charnn, trained, classify, options, said):
    given = ("-m", "model", "--json", "--min-confidence", "1", *options)
    found = [json.loads(line) for line in classify(TEXTS, *given).text.splitlines()]
    assert [one["label"] for one in found] == [said] * 4
    assert all(0 < one["probability"] < 1 for one in found)
    assert classify(TEXTS, *given, "--only", said or ("_" if said is None else "")).text.count("\n") == 4


def test_leaving_out_what_spoke_for_a_label_makes_it_less_probable(charnn, trained, classify):
    text = "the hamster is here"
    (found,) = classify(text, "-m", "model", "--json", "--why").text.splitlines()
    whole = json.loads(found)
    strongest = max(whole["why"], key=lambda part: part["weight"])
    assert strongest["text"] == text[strongest["start"] : strongest["end"]]
    assert strongest["weight"] > 0
    rest = text[: strongest["start"]] + text[strongest["end"] :]
    (less,) = classify(rest, "-m", "model", "--json", "--probs").text.splitlines()
    assert json.loads(less)["probabilities"][whole["label"]] < whole["probability"]
    (row,) = rows(classify(text, "-m", "model", "--why"))
    assert f"{strongest['start']}-{strongest['end']}={strongest['weight']:.2f}" in row[2]


def test_paragraphs_and_files_are_texts_too(charnn, trained, text_file):
    text_file("the dog\nis old\n\nthe fern\nis here\n", "notes.txt")
    found = rows(charnn("classify", "-m", "model", "--documents", "paragraph", "notes.txt"))
    assert [(row[0], row[2]) for row in found] == [("pet", "the dog\\nis old"), ("plant", "the fern\\nis here")]
    ((label, _, name),) = rows(charnn("classify", "-m", "model", "--documents", "file", "notes.txt"))
    assert (label in WORDS, name) == (True, "notes.txt")


TICKETS = '\ufeffid;message\r\n1;"the dog\r\nis old"\r\n2;the fern is here\r\n3;"a ""cat""; new"\r\n'


def test_the_texts_of_a_table_are_those_of_a_column(charnn, trained, text_file, tmp_path):
    text_file(TICKETS, "tickets.csv")
    text_file("id\tmessage\n1\tthe dog is old\n", "tickets.tsv")
    text_file('{"id": 1, "message": "the dog\\nis old"}\n', "tickets.jsonl")
    given = ("classify", "-m", "model", "--text")
    assert [(row[0], row[2]) for row in rows(charnn(*given, "message", "tickets.csv"))] == [
        ("pet", r"the dog\r\nis old"), ("plant", "the fern is here"), ("pet", 'a "cat"; new')
    ]  # fmt: skip
    found = [json.loads(line) for line in charnn(*given, "2", "tickets.csv", "--json").text.splitlines()]
    assert [(one["line"], one["text"]) for one in found] == [
        (2, "the dog\r\nis old"), (4, "the fern is here"), (5, 'a "cat"; new')
    ]  # fmt: skip
    both = rows(charnn(*given, "message", "tickets.tsv", "tickets.jsonl"))
    assert [row[2] for row in both] == ["the dog is old", r"the dog\nis old"]
    with open(tmp_path / "tickets.csv") as stdin:
        assert charnn(*given, "message", "-", stdin=stdin).text == charnn(*given, "message", "tickets.csv").text
    text_file("", "empty.csv")
    assert charnn(*given, "message", "empty.csv").out == b""


def test_the_rows_of_a_label_are_a_table_again(charnn, trained, text_file, tmp_path):
    text_file(TICKETS, "tickets.csv")
    text_file('{"id": 1, "message": "the dog is old"}\n{"id": 2, "message": "a fern"}\n', "tickets.jsonl")
    given = ("classify", "-m", "model", "--text", "message", "--only", "pet")
    table = charnn(*given, "tickets.csv")
    assert list(csv.reader(io.StringIO(table.out.decode(), newline=""), delimiter=";")) == [
        ["id", "message"], ["1", "the dog\r\nis old"], ["3", 'a "cat"; new']
    ]  # fmt: skip
    assert charnn(*given, "tickets.csv", "tickets.csv").out.count(b"id;message") == 1
    for separator in (";", "\t"):  # lines end as those of the table do, which Excel ends in its own way
        made = f"id{separator}message\r\n1{separator}the dog\r\n".encode()
        text_file(made, "excel.csv" if separator == ";" else "excel.tsv")
        assert charnn(*given, "excel.csv" if separator == ";" else "excel.tsv").out == made
    assert charnn(*given, "tickets.jsonl").text == '{"id": 1, "message": "the dog is old"}\n'


def test_a_column_that_is_not_there_and_rows_that_are_malformed_are_said(charnn, trained, text_file, said_once):
    text_file("id,message\n1,the dog is old\n2,a,b\n3,the fern\n", "tickets.csv")
    text_file('{"message": "the dog"}\n{"massage": "x"}\n{"message": 3}\n', "tickets.jsonl")
    given = ("classify", "-m", "model", "--text")
    unknown = said_once(charnn(*given, "body", "tickets.csv"))
    assert "there is no column 'body'; name it with --text; the columns are id, message" in unknown
    for name, place, kept in (("tickets.csv", 3, 2), ("tickets.jsonl", 2, 1)):
        failed = charnn(*given, "message", name)
        assert failed.code == 1
        assert f"{name}:{place}: " in failed.err
        assert failed.out.count(b"\n") == 1, "what stands before it is done"
        assert len(rows(charnn(*given, "message", name, "--on-error", "skip"))) == kept
    assert "--text takes a text from each row" in said_once(charnn(*given, "message", "--documents", "file"))
    text_file("id,message\n1,the dog is old\n2,a fern\n3,the fern\n", "whole.csv")
    assert "or name their column with --text" in charnn("classify", "-m", "model", "whole.csv").err


def test_eval_gives_accuracy_f1_and_calibration(charnn, trained, text_file, tmp_path):
    figures = charnn("eval", "-m", "model", "--json").json
    assert figures["accuracy"] == pytest.approx(1, abs=0.1)
    assert set(figures["labels"]) == set(WORDS)
    assert 0 <= figures["expected_calibration_error"] < 0.5
    text_file("pet\tthe dog is old\nplant\tthe dog is new\ntool\tthe axe is old\n", "test.tsv")
    figures = charnn("eval", "test.tsv", "-m", "model", "--json", "--label-column", "1").json
    assert figures["accuracy"] == pytest.approx(2 / 3)
    assert figures["confusions"][0] == {"gold": "plant", "predicted": "pet", "texts": 1}
    (error,) = rows(charnn("eval", "test.tsv", "-m", "model", "--errors", "--label-column", "1"))
    assert error[1] == "plant -> pet"
    assert error[3] == "the dog is new"
    assert charnn("eval", "-m", "model", "--confusion", "picture.png").code == 0
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_validated_with_and_scored_on_may_have_another_form(charnn, text_file, said_once):
    table = "review,stars\n" + "".join(
        f"the {word} is old,{len(word)}\n" for word in ("cat", "axe", "rose", "fern") * 5
    )
    text_file(table, "stars.csv")
    text_file("4\tthe rose is new\n3\tthe cat is new\n4\tthe fern is here\n3\tan axe\n", "more.tsv")
    text_file('{"text": "the rose is new", "label": 4}\n', "more.jsonl")
    named = ("--text", "review", "--label", "stars")
    assert charnn("train", "stars.csv", *named, *OPTIONS[:2], "--steps", "5", "--hidden", "8",
                  "--valid", "more.tsv", "--valid", "more.jsonl", "--out", "model").code == 0  # fmt: skip
    assert charnn("eval", "-m", "model", "--json").json["texts"] == 5
    assert charnn("eval", "more.jsonl", "stars.csv", "-m", "model", "--json").json["texts"] == 21
    assert "no column 'review'" in said_once(charnn("eval", "more.tsv", "-m", "model", *named))
    assert charnn("train", "--resume", "model", "--steps", "6").code == 0


def test_the_end_of_the_last_line_of_a_file_is_no_part_of_its_text(charnn, trained, tmp_path, classify):
    (line,) = classify("the dog is old\n", "-m", "model", "--json").text.splitlines()
    for end in ("", "\n", "\r\n"):
        (file,) = classify(f"the dog is old{end}", "-m", "model", "--json", "--documents", "file").text.splitlines()
        assert json.loads(file) == json.loads(line)
    learned = []
    for end in ("", "\n"):
        for label in ("a", "b"):
            (tmp_path / f"texts{len(end)}" / label).mkdir(parents=True)
            for number in range(3):
                (tmp_path / f"texts{len(end)}" / label / f"{number}.txt").write_text(
                    f"{label} {number}{end}", newline=""
                )
        assert charnn("train", f"texts{len(end)}", *OPTIONS[:3], "1", "--out", f"model{len(end)}").code == 0
        learned.append(json.loads((tmp_path / f"model{len(end)}" / "config.json").read_text())["corpus"])
    assert learned[0]["training_characters"] == learned[1]["training_characters"]
    assert charnn("eval", "texts1", "-m", "model1", "--json").json["texts"] == 6


def test_a_folder_of_labels_is_learned_where_a_classifier_is_asked_for(charnn, tmp_path):
    for label, words in WORDS.items():
        (tmp_path / "texts" / label).mkdir(parents=True)
        for number, word in enumerate(words * 4):
            (tmp_path / "texts" / label / f"{number}.txt").write_text(f"the {word} is old")
    assert charnn("train", "texts", *OPTIONS, "--out", "model").code == 0
    assert set(charnn("info", "model", "--json").json["labels"]) == set(WORDS)
    assert charnn("eval", "texts", "-m", "model", "--json").json["texts"] == 40
    assert charnn("train", "--resume", "model", "--steps", "130").code == 0
    assert charnn("train", "texts", "--steps", "1", "--out", "text").code == 0
    assert charnn("info", "text", "--json").json["task"] == "language-model", "a folder alone is one of texts"


def test_a_terminal_is_told_in_shades_what_spoke_for_a_label_unless_it_wants_no_colours(
    charnn, trained, classify, monkeypatch
):
    monkeypatch.setattr("charnn.cli.console.stdout_is_terminal", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[38;5;" in classify("the dog is old\n", "-m", "model", "--why").text
    for name, value in (("TERM", "dumb"), ("NO_COLOR", "1")):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            (row,) = rows(classify("the dog is old\n", "-m", "model", "--why"))
        assert "=" in row[2]
        assert row[3] == "the dog is old"


def test_several_labels_of_a_text_are_learned_as_such(charnn, text_file, classify):
    lines = [
        f"__label__{'old' if age == 'old' else 'new'} __label__{label} the {word} is {age}"
        for label, words in WORDS.items() for word in words for age in ("old", "new", "old", "new")
    ]  # fmt: skip
    text_file("\n".join(lines) + "\n")
    assert charnn("train", "text.txt", *OPTIONS[2:], "--out", "model").code == 0
    assert charnn("info", "model", "--json").json["task"] == "classifier", "fastText's lines need no --task"
    (line,) = classify(b"the dog is old\n", "-m", "model", "--json").text.splitlines()
    assert set(json.loads(line)["labels"]) == {"old", "pet"}
    for options, left in (((), {}), (("--unsure", "?"), {"?"})):
        (line,) = classify(
            b"the dog is old\n", "-m", "model", "--json", "--min-confidence", "1", *options
        ).text.splitlines()
        assert set(json.loads(line)["labels"]) == set(left)


def test_labels_in_one_cell_are_several_where_a_separator_is_named(charnn, text_file, classify, said_once):
    table = "text,label\n" + "".join(
        f'the {word} is {age},"{label}, {age}"\n' if age == "old" else f"the {word} is {age},{label}\n"
        for label, words in WORDS.items() for word in words for age in ("old", "new", "old", "new")
    ) + "it is old,old\n" * 4  # fmt: skip
    text_file(table, "cells.csv")
    alone = charnn("train", "cells.csv", *OPTIONS[:3], "1", "--out", "one")
    assert "labels that look like several, and that are learned as one each unless --label-separator" in alone.err
    assert "pet, old" in charnn("info", "one", "--json").json["labels"]
    trained = charnn("train", "cells.csv", "--label-separator", ",", *OPTIONS[2:], "--out", "model")
    assert trained.code == 0
    assert "4 labels, any number for each text" in trained.err
    assert "look like several" not in trained.err
    (line,) = classify("the dog is old\n", "-m", "model", "--json").text.splitlines()
    assert set(json.loads(line)["labels"]) == {"old", "pet"}
    text_file('{"t": "the dog is old", "y": "pet,old"}\n', "new.jsonl")
    for options in ((), ("--text", "t", "--label", "y")):
        name = "new.jsonl" if options else "cells.csv"
        assert charnn("eval", name, "-m", "model", "--json", *options).json["accuracy"] > 0.9
    assert charnn("eval", "-m", "model").code == 0
    assert charnn("train", "--resume", "model", "--steps", "121").code == 0
    assert "has no characters" in said_once(charnn("train", "cells.csv", "--label-separator", "", *OPTIONS))


def test_all_texts_can_be_learned(charnn, text_file, said_once, classify):
    text_file(ROWS)
    result = charnn("train", "text.txt", *OPTIONS, "--valid", "none", "--out", "model")
    assert result.code == 0
    assert "none held out" in result.err
    (row,) = rows(classify(b"the dog is old\n", "-m", "model"))
    assert row[0] == "pet"
    assert "nothing was held out" in said_once(charnn("eval", "-m", "model"))
    assert charnn("eval", "text.txt", "-m", "model", "--json").json["accuracy"] > 0.95


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("classify", "-m", "model", "--unsure", "?"), "--unsure ?: takes the place of labels below --min-confidence"),
        (("classify", "-m", "model", "--unsure", "a\tb", "--min-confidence", "1"), "a result stands on a line"),
        (("classify", "-m", "model", "--nbest", "2", "--min-confidence", "1"), "and --nbest writes labels with their"),
        (("classify", "-m", "model", "--probs", "--min-confidence", "1"), "and --probs writes labels with their"),
        (("classify", "-m", "model", "--only", "pets"), "--only pets: the model has no such label; did you mean pet?"),
        (("classify", "-m", "model", "--probs", "--nbest", "1"), "--probs writes all labels, and --nbest K of them"),
        (("classify", "-m", "model", "none.txt"), "none.txt: no such file or directory"),
        (("tag", "-m", "model"), "this is a classifier, and a tagger is needed"),
        (("train", "one.tsv", *OPTIONS), "all texts have the label 'a'"),
        (("train", "broken.tsv", *OPTIONS), "broken.tsv:2: there is no tab between a label and its text"),
        (("train", "empty.tsv", *OPTIONS), "empty.tsv: there is no text with a label"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(charnn, trained, text_file, said_once, arguments, message):
    text_file("a\tx\na\ty\na\tz\n", "one.tsv")
    text_file("a\tx\nb\n", "broken.tsv")
    text_file("", "empty.tsv")
    result = charnn(*arguments)
    assert result.code != 0
    assert message in said_once(result)


def test_two_columns_that_may_be_labelled_texts_are_never_taken_for_them_in_silence(charnn, text_file):
    text_file("".join(f"{'even' if n % 2 == 0 else 'odd'}\tthis is number {n}\n" for n in range(40)), "file.tsv")
    result = charnn("train", "file.tsv", "--steps", "2", "--out", "model")
    task = charnn("info", "model", "--json").json["task"] if result.code == 0 else None
    assert task is None or "--task" in result.err
