"""`charnn train --conditioned`: a model of labelled texts, from the command line to texts of a label."""

from __future__ import annotations

import json
import random

import pytest

SPELLINGS = {"first": "abab", "second": "cdcd", "third": "efef"}
LABELS = random.Random(0).choices([*SPELLINGS], k=300)
ROWS = "".join(f"{label}\t{SPELLINGS[label]}\n" for label in LABELS)


@pytest.fixture
def labelled(charnn, text_file, tiny, once_a_module):
    """A model of labelled lines in `named`, beside the text.txt that it learned, and what was said meanwhile."""
    return once_a_module(lambda: train(charnn, text_file, tiny))


def train(charnn, text_file, tiny):
    text_file(ROWS)
    options = [*tiny, "--steps", "250"]
    return charnn(
        "train",
        "text.txt",
        *options,
        "--conditioned",
        "--label-column",
        "1",
        "--out",
        "named",
        "--learning-rate",
        "0.02",
    )


def test_texts_of_a_label_are_written_scored_and_evaluated(charnn, labelled, text_file):
    assert labelled.code == 0
    assert "3 labels: " in labelled.err
    for precision in ("fp32", "int8"):
        for label, text in SPELLINGS.items():
            options = ("-m", "named", "--label", label, "--temp", "0.3", "--seed", "1", "--precision", precision)
            sampled = charnn("sample", *options, "--json").json
            assert (sampled["text"], sampled["label"]) == (f"{text}\n", label)
    mixed = charnn("sample", "-m", "named", "--label", "first=3,third", "--seed", "1", "--json").json
    assert mixed["label"] == {"first": 0.75, "third": 0.25}
    drawn = [json.loads(line) for line in charnn("sample", "-m", "named", "-n", "60", "--json").text.splitlines()]
    assert {each["label"] for each in drawn} == {*SPELLINGS}

    figures = charnn("eval", "-m", "named", "--json").json
    assert figures["label_accuracy"] == 1
    assert figures["bits_per_character"] < figures["bits_per_character_without_label"]
    assert charnn("eval", "text.txt", "-m", "named", "--json").json["documents"] == len(LABELS)
    text_file("".join(f"{label}\tÆ\n" for label in LABELS), "unseen.txt")
    assert "the model has never seen 'Æ': scored as" in charnn("eval", "unseen.txt", "-m", "named").err
    report = charnn("eval", "-m", "named").text
    assert "when the label is known" in report
    assert "labels found   100.00%" in report


@pytest.mark.parametrize("option", [(), ("--labels",), ("--label", "first")], ids=" ".join)
def test_lines_that_have_labels_beside_their_texts_are_scored_with_a_warning(charnn, labelled, text_file, option):
    text_file("".join(f"{label}\t{text * n}\n" for n in (1, 2, 3) for label, text in SPELLINGS.items()), "gold.tsv")
    text_file("abab\ncdcd\n" * 4, "lines.txt")
    warned = charnn("score", "gold.tsv", "lines.txt", "-m", "named", *option)
    assert warned.code == 0
    said = "gold.tsv: it has lines of a label and a text with a tab between them, and each line is scored as it stands"
    assert warned.err.count(said) == warned.err.count("as it stands") == 1


def test_every_label_scores_a_line_and_the_most_probable_one_is_named(charnn, labelled, text_file):
    assert labelled.code == 0
    text_file("abab\n\ncdcd\n", "lines.txt")
    rows = [line.split("\t") for line in charnn("score", "lines.txt", "-m", "named", "--labels").text.splitlines()]
    assert [row[0] for row in rows] == ["first", "-", "second"]
    assert [row[3:] for row in rows] == [["4", "abab"], ["0", ""], ["4", "cdcd"]]
    found = charnn("score", "lines.txt", "-m", "named", "--labels", "--json").text.splitlines()
    objects = [json.loads(line) for line in found]
    assert [each["label"] for each in objects] == ["first", None, "second"]
    for each, row in zip(objects, rows, strict=True):
        assert sum(label["probability"] for label in each["labels"].values()) == pytest.approx(1, abs=1e-5)
        if each["label"] is not None:
            assert each["labels"][each["label"]]["probability"] == pytest.approx(float(row[1]), abs=1e-4)
    alone = charnn("score", "lines.txt", "-m", "named", "--label", "first", "--json").text.splitlines()
    for each, line in zip(objects, alone, strict=True):
        if each["label"] is not None:
            bits = each["labels"]["first"]["bits_per_character"]
            assert json.loads(line)["bits_per_character"] == pytest.approx(bits, rel=1e-4)


def test_a_run_that_goes_on_has_the_labels_it_had(charnn, labelled):
    assert labelled.code == 0
    assert charnn("train", "--resume", "named", "--steps", "260").code == 0
    info = charnn("info", "named", "--json").json
    assert [label["name"] for label in info["corpus"]["labels"]] == sorted(SPELLINGS)
    assert charnn("eval", "-m", "named", "--json").json["label_accuracy"] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("sample", "-m", "named", "--label", "frist"),
            "--label frist: the model has no such label; did you mean first?",
        ),
        (
            ("score", "-m", "named", "--label", "frist"),
            "--label frist: the model has no such label; did you mean first?",
        ),
        (("sample", "-m", "named", "--label", "first=x"), "--label first=x: 'x' is no weight"),
        (("score", "-m", "named", "--labels", "--label", "first"), "--labels scores under every label, and --label"),
        (("score", "-m", "named", "--labels", "--color"), "--labels scores under every label, and --color"),
        (("score", "-m", "named", "-m", "plain", "--labels"), "--labels is for one model, and several are named"),
        (("score", "-m", "plain", "--labels"), "learned texts without labels; charnn train --conditioned"),
        (("sample", "-m", "plain", "--label", "first"), "learned texts without labels; charnn train --conditioned"),
        (("eval", "-m", "named", "--context", "8"), "--context is for texts without labels"),
        (("eval", "-m", "named", "plain.txt"), "plain.txt:1: there is no tab between a label and its text"),
        (("train", "plain.txt", "--conditioned"), "plain.txt:1: there is no tab between a label and its text"),
        (("train", "text.txt", "--conditioned", "--documents", "line"), "--documents line: with --conditioned"),
        (("train", "text.txt", "--conditioned"), "as many different values stand before the tabs as after them, 3"),
        (("train", "text.txt", "--label-column", "1", "--task", "language-model"), "give --conditioned to learn one"),
        (
            ("train", "text.txt", "--conditioned", "--text", "x"),
            "there is no column 'x'; name it with --text; the columns are",
        ),
        (("train", "text.txt", "--conditioned", "--task", "tagger"), "--conditioned is for texts"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(charnn, labelled, text_file, tiny, said_once, arguments, message):
    assert labelled.code == 0
    text_file("the cat sat\n" * 50, "plain.txt")
    if "plain" in arguments:
        assert charnn("train", "plain.txt", *tiny, "--out", "plain").code == 0
    result = charnn(*arguments)
    assert result.code != 0
    assert message in said_once(result)
