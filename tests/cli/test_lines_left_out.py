"""What --on-error skip leaves out is left out whole, and everything else keeps its line number, in every command."""

from __future__ import annotations

import json

import pytest

import charnn as api
from tests.cli.conftest import TEXT, TINY

SHORT = ("--steps", "1", "--hidden", "4", "--precision", "fp32", "--valid", "none")
BAD = "\N{NO-BREAK SPACE}"
"""What stands for a bad byte in the texts here."""


@pytest.fixture
def bad_file(tmp_path):
    def write(text, name="bad.txt"):
        (tmp_path / name).write_bytes(text.encode().replace(BAD.encode(), b"\xff"))
        return tmp_path / name

    return write


@pytest.fixture
def recorded_corpus(tmp_path):
    return lambda model: json.loads((tmp_path / model / "config.json").read_text())["corpus"]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A language model, a classifier and a transducer."""
    folder = tmp_path_factory.mktemp("models")
    data = {
        "language-model": TEXT,
        "classifier": "".join(f"{'no' if n % 3 else 'yes'}\tthe cat {n}\n" for n in range(24)),
        "transducer": "".join(f"word{n}\tW O R {n}\n" for n in range(24)),
    }
    for task, text in data.items():
        (folder / f"{task}.txt").write_text(text)
        api.train(folder / f"{task}.txt", task=task, steps=1, hidden=4, precision="fp32", out=folder / task)
    return folder


def objects(result):
    assert result.code == 0, result.err
    return [json.loads(line) for line in result.out.decode().split("\n")[:-1]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize(
    ("command", "task"),
    [
        (("score",), "language-model"),
        (("classify",), "classifier"),
        (("novelty", "--per-line", "--corpus", "corpus.txt"), None),
    ],
    ids=["score", "classify", "novelty"],
)
def test_later_lines_keep_their_numbers(charnn, models, text_file, bad_file, command, task, end):
    text_file(TEXT, "corpus.txt")
    lines = ["the cat", f"b{BAD}d", "a dog", f"{BAD}", "", "the hat"]
    bad_file("".join(line + end for line in lines))
    named = () if task is None else ("-m", models / task)
    found = objects(charnn(command[0], "bad.txt", *command[1:], "--json", "--on-error", "skip", *named))
    assert [record["line"] for record in found] == [1, 3, 5, 6]


def test_paragraphs_keep_their_numbers_and_lose_just_the_bad_lines(charnn, models, bad_file):
    for end in "\n", "\r\n", "\r":
        bad_file("".join(line + end for line in ["one", "", BAD, "", "two", f"x{BAD}", "three"]))
        options = ("--documents", "paragraph", "--json", "--on-error", "skip", "-m", models / "classifier")
        found = objects(charnn("classify", "bad.txt", *options))
        assert [(record["line"], record["text"]) for record in found] == [(1, "one"), (5, f"two{end}three")]


def test_places_of_copies_are_those_of_the_files(charnn, text_file, bad_file, tmp_path):
    """In the text, in a corpus that is named, and in the corpus of a model."""
    bad_file(f"one{BAD}\n{TEXT}two{BAD}\na cow ate the last of the apples\n" + TEXT, "corpus.txt")
    text_file(f"something else\n{BAD}\n", "new.txt")
    bad_file(f"{BAD}\nnothing\na cow ate the last of the apples\n", "new.txt")
    skip = ("--on-error", "skip")
    trained = charnn("train", "corpus.txt", "--out", "m", *skip, *TINY)
    assert trained.code == 0, trained.err
    for corpus in (("--corpus", "corpus.txt"), ("-m", "m")):
        result = charnn("novelty", "new.txt", "--runs", "--json", *skip, *corpus)
        (run,) = (run for run in objects(result) if "a cow ate" in run["run"])
        assert (run["line"], run["source_line"]) == (2, 21), "the run begins with the end of the line before"
        assert len(set(result.err.splitlines())) == len(result.err.splitlines()), "each warning is said once"


def test_places_of_copies_are_those_of_labelled_texts(charnn, bad_file):
    """The order of labelled texts is another one in training."""
    bad_file(f"a\t{BAD}\n" + "".join(f"{'ab'[n % 2]}\tthe {n} apples\n" for n in range(10, 40)), "names.tsv")
    skip = ("--on-error", "skip")
    trained = charnn("train", "names.tsv", "--conditioned", "--out", "m", *skip, *SHORT)
    assert trained.code == 0, trained.err
    bad_file("the 31 apples\n", "new.txt")
    (run,) = objects(charnn("novelty", "new.txt", "--runs", "--json", "--at-least", "13", "-m", "m", *skip))
    assert run["source_line"] == 31 - 10 + 2


def test_wrong_texts_and_pairs_are_named_by_the_lines_of_their_files(charnn, models, bad_file):
    bad_file(f"yes\tthe cat\nno\t{BAD}\nyes\ta dog\n\nno\ta hat\n", "labels.tsv")
    bad_file(f"word1\t{BAD}\nqqq\tX Y Z\n{BAD}\n\nzzz\tX\n", "pairs.tsv")
    options = ("--errors", "--json", "--on-error", "skip")
    found = objects(charnn("eval", "labels.tsv", *options, "-m", models / "classifier"))
    assert {(record["line"], record["text"]) for record in found} < {(1, "the cat"), (3, "a dog"), (5, "a hat")}
    found = objects(charnn("eval", "pairs.tsv", *options, "-m", models / "transducer"))
    assert [record["line"] for record in found] == [2, 5]


def test_pairs_that_were_held_out_are_named_by_their_own_files(charnn, text_file):
    """Where several files were trained on, each has lines of its own."""
    for name, letters in (("a.tsv", "abcdefghij"), ("b.tsv", "klmnopqrst")):
        text_file("".join(f"{letter}\t{n} X\n" for n, letter in enumerate(letters)), name)
    trained = charnn("train", "a.tsv", "b.tsv", "--task", "transducer", "--out", "m", *SHORT[:-2])
    assert trained.code == 0, trained.err
    places = [
        (record["file"].rpartition("/")[2], record["source"])
        for record in objects(charnn("eval", "--errors", "--json", "-m", "m"))
    ]
    assert places == [("a.tsv", "f"), ("b.tsv", "p")]


@pytest.mark.parametrize(
    ("task", "name", "text", "said"),
    [
        ("classifier", "t.tsv", f"{BAD}\nyes\tone\nno\ttwo\nyes\nno\tthree\n", "t.tsv:4: there is no tab"),
        ("classifier", "t.csv", f'text,label\none,yes\n"{BAD}\nx",no\n"two\nthree",no\nfour\n', "t.csv:7: the row has"),
        ("classifier", "t.jsonl", f'{BAD}\n{{"text": "x", "label": "a"}}\n1\n', "l:3: the line is not"),
        ("transducer", "t.tsv", f"{BAD}\na\tb\nc\td\n\ne\n", "t.tsv:5: the row has 1 column"),
        ("transducer", "t.csv", f'source,target\na,b\n"{BAD}\nx",c\nd\n', "t.csv:5: the row has 1 column"),
        ("transducer", "t.jsonl", f'{BAD}\n{{"source": "x", "target": "a"}}\n1\n', "l:3: the line is not"),
    ],
)  # fmt: skip
def test_broken_rows_are_named_by_the_lines_of_their_files(charnn, bad_file, task, name, text, said):
    bad_file(text, name)
    result = charnn("train", name, "--task", task, "--on-error", "skip", "--out", "m", *SHORT)
    assert any(said in line and line.endswith(": the row is left out") for line in result.err.splitlines())


@pytest.mark.parametrize("task", ["classifier", "transducer"])
def test_a_model_is_scored_without_the_malformed_rows_that_it_was_not_given(charnn, text_file, recorded_corpus, task):
    names = {"classifier": "text,label", "transducer": "source,target"}[task]
    rows = [f"cat {n},{'ab'[n % 2]}" for n in range(20)]
    text_file("\n".join([names, "dog,", *rows[:10], "dog,a,b", *rows[10:], ""]), "t.csv")
    refused = charnn("train", "t.csv", "--task", task, "--out", "m", *SHORT[:-2])
    assert refused.code == 1
    assert "t.csv:2: the" in refused.err
    assert "--on-error skip leaves such rows out" in refused.err
    trained = charnn("train", "t.csv", "--task", task, "--on-error", "skip", "--out", "m", *SHORT[:-2])
    assert trained.code == 0, trained.err
    corpus = recorded_corpus("m")
    assert sum(corpus[key] for key in corpus if key.endswith(("_texts", "_pairs"))) == 20
    assert charnn("eval", "-m", "m").code == 0
    assert "t.csv:2: the" in charnn("eval", "t.csv", "-m", "m").err
    assert charnn("eval", "t.csv", "-m", "m", "--on-error", "skip").code == 0


@pytest.mark.parametrize("task", ["classifier", "transducer"])
def test_a_cell_of_several_lines_is_left_out_with_its_row(charnn, bad_file, recorded_corpus, task):
    """The row after it is whole, and a warning names the line of the bad byte."""
    names = {"classifier": "text,label", "transducer": "source,target"}[task]
    bad_file(
        f'{names}\n"one\ntwo{BAD}\nthree",a\n' + "".join(f'"x {n}\n y",{"ab"[n % 2]}\n' for n in range(8)), "t.csv"
    )
    trained = charnn("train", "t.csv", "--task", task, "--on-error", "skip", "--out", "m", *SHORT)
    assert trained.code == 0, trained.err
    assert "t.csv:3: a byte that is not utf-8 (0xff): the line is left out" in trained.err
    corpus = recorded_corpus("m")
    assert corpus.get("training_texts", corpus.get("training_pairs")) == 8
    if task == "classifier":
        written = charnn("train", "t.csv", "--conditioned", "--on-error", "skip", "--out", "c", *SHORT)
        assert written.code == 0, written.err
        assert recorded_corpus("c")["documents"] == 8


def test_a_line_that_is_left_out_between_a_return_and_a_line_end_merges_no_lines(charnn, bad_file, recorded_corpus):
    r"""Without the middle line, \r and \n would be a single line end."""
    bad_file(f"one\r{BAD}\n\ntwo\n" * 9)
    trained = charnn("train", "bad.txt", "--documents", "line", "--on-error", "skip", "--out", "m", *SHORT)
    assert trained.code == 0, trained.err
    assert recorded_corpus("m")["documents"] == 27
