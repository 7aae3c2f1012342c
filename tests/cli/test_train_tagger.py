"""`charnn train` on a treebank: which task a file means, what its options do, and the model that comes out."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

QUICK = ("--steps", "3", "--hidden", "4", "--embedding", "4", "--batch", "2")
COLUMNS = "the\tDET\ncat\tNOUN\nsat\tVERB\n\na\tDET\ndog\tNOUN\nran\tVERB\n\n" * 4
SLASHED = "the_DET cat_NOUN sat_VERB\na_DET dog_NOUN ran_VERB\n" * 4


def conllu(sentences: int = 8) -> str:
    rows = [("the", "DET", "DT", "Definite=Def"), ("cat", "NOUN", "NN", "Number=Sing"), ("sat", "VERB", "VBD", "_")]
    lines = [f"{n}\t{form}\t_\t{u}\t{x}\t{f}\t_\t_\t_\t_\n" for n, (form, u, x, f) in enumerate(rows, 1)]
    return ("".join(lines) + "\n") * sentences


def config(path: Path, name: str = "model") -> dict:
    return json.loads((path / "checkpoints" / name / "config.json").read_text())


def test_a_column_whose_tags_are_all_the_same_is_named(charnn, text_file) -> None:
    """So it is where a column that nobody filled stands before the one that is meant."""
    text_file(COLUMNS.replace("\t", "\tX\t"), "t.tsv")
    said = "every word has the same upos, which teaches nothing; see --columns"
    assert said in charnn("train", "t.tsv", "--task", "tagger", *QUICK, "--out", "first").err
    assert said not in charnn("train", "t.tsv", "--columns", "_,upos", *QUICK, "--out", "last").err


@pytest.mark.parametrize(
    ("name", "content", "format"),
    [
        ("t.conllu", conllu(), "conllu"),
        ("t.tsv", COLUMNS, "columns"),
        ("t.txt", SLASHED, "slashed"),
        ("t.txt", SLASHED.replace("_", "/"), "slashed"),
        ("t.gz", gzip.compress(conllu().encode()), "conllu"),
    ],
    ids=["conllu", "columns", "word_TAG", "word/TAG", "gzip"],
)
def test_tagged_text_makes_a_tagger(charnn, text_file, tmp_path, name, content, format) -> None:
    result = charnn("train", text_file(content, name), *QUICK)
    assert (result.code, result.out) == (0, b"checkpoints/t\n")
    written = config(tmp_path, "t")
    assert (written["task"], written["corpus"]["format"]) == ("tagger", format)
    assert written["corpus"]["training_sentences"] + written["corpus"]["validation_sentences"] == 8


@pytest.mark.parametrize(
    "text",
    ["name\tage\nann\t3\nbob\t4\tx\n" * 9, "either/or and and/or, said snake_case\n" * 9, "plain prose.\n" * 9],
    ids=["uneven tabs", "slashes", "prose"],
)
def test_text_that_is_not_tagged_makes_a_language_model(charnn, text_file, tiny, tmp_path, text) -> None:
    assert charnn("train", text_file(text, "t.txt"), *tiny).code == 0
    assert config(tmp_path, "t")["task"] == "language-model"


def test_an_option_of_texts_makes_a_language_model_of_a_treebank_too(charnn, text_file, tiny, tmp_path) -> None:
    """Somebody may want to write CoNLL-U."""
    assert charnn("train", text_file(conllu(), "t.conllu"), "--documents", "paragraph", *tiny).code == 0
    assert config(tmp_path, "t")["task"] == "language-model"


def test_a_treebank_in_a_pipe_is_recognised_and_read_whole(charnn, tmp_path) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(conllu(200).encode())  # a pipe has room for it
    with os.fdopen(reading) as stdin:
        result = charnn("train", "-", *QUICK, "--out", "checkpoints/model", stdin=stdin)
    assert (result.code, result.text) == (0, "checkpoints/model\n"), result.err
    assert config(tmp_path)["corpus"]["training_sentences"] == 180


def test_several_columns_have_a_head_each(charnn, text_file, tmp_path) -> None:
    corpus = text_file(conllu(), "t.conllu")
    result = charnn("train", corpus, "--columns", "upos,xpos, feats", *QUICK, "--out", "checkpoints/model")
    assert result.code == 0
    written = config(tmp_path)
    assert written["corpus"]["columns"] == ["upos", "xpos", "feats"]
    assert written["network"]["tags"] == [3, 3, 3]
    assert len(written["scores"]["accuracies"]) == 3
    tagged = charnn("tag", "--model", "checkpoints/model", corpus).text
    assert [len(line.split("\t")) for line in tagged.splitlines() if line] == [10] * 24


@pytest.mark.parametrize(
    "options", [("--decoder", "crf"), ("--decoder", "feedback"), ("--words-from", "lstm")], ids=" ".join
)
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_the_parts_of_the_network_can_be_chosen_and_used(charnn, text_file, tmp_path, options, cell) -> None:
    corpus = text_file(COLUMNS, "t.tsv")
    assert charnn("train", corpus, *options, "--cell", cell, "--layers", "2", *QUICK, "--out", "m").code == 0
    network = json.loads((tmp_path / "m" / "config.json").read_text())["network"]
    assert (network["cell"], network["layers"]) == (cell, 2)
    assert network[options[0].removeprefix("--").replace("-", "_")] == options[1]
    assert charnn("eval", corpus, "--model", "m", "--json").json["upos"]["words"] == 24


def test_valid_is_what_it_is_validated_with(charnn, text_file, tmp_path) -> None:
    valid = text_file(conllu(1), "v.conllu")
    assert (
        charnn("train", text_file(conllu(), "t.conllu"), "--valid", valid, *QUICK, "--out", "checkpoints/model").code
        == 0
    )
    corpus = config(tmp_path)["corpus"]
    assert (corpus["training_sentences"], corpus["validation_sentences"]) == (8, 1)


# A tag for every character.


def test_aligned_files_teach_a_tag_for_every_character(charnn, text_file) -> None:
    """Capitals, restored: the tag of a character is what stands at its place in the other file."""
    text_file("abc abc\n" * 20, "bare.txt")
    text_file("Abc Abc\n" * 20, "full.txt")
    sizes = ("--steps", "60", "--hidden", "8", "--embedding", "8", "--learning-rate", "0.02")
    result = charnn("train", "bare.txt", "--level", "character", "--tags", "full.txt", *sizes, "--out", "m")
    assert result.code == 0
    assert "char/s" in result.err
    assert charnn("tag", "--model", "m", text_file("abc abc\nabc\n")).text == "Abc Abc\nAbc\n"


def test_aligned_files_of_other_lengths_are_refused_with_the_line(charnn, text_file, said_once) -> None:
    text_file("abc\nab\n", "bare.txt")
    text_file("ABC\nABC\n", "full.txt")
    result = charnn("train", "bare.txt", "--tags", "full.txt", *QUICK)
    assert result.code == 1
    assert "bare.txt:2" in said_once(result)


# Wrong use, and going on.


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("t.conllu", "--columns", "upos", "--documents", "line"), 2, "--documents"),
        (("t.conllu", "--columns", "upos,upos"), 2, "--columns"),
        (("t.conllu", "--columns", "nonsense"), 2, "nonsense"),
        (("t.conllu", "--decoder", "crf", "--from", "other"), 1, "other: no model here"),
        (("bad.conllu",), 1, "bad.conllu:2: expected 10 columns, found 9"),
        (("prose.txt", "--columns", "upos"), 1, "prose.txt"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_use_is_one_line_and_leaves_nothing(
    charnn, text_file, said_once, tmp_path, arguments, code, said
) -> None:
    text_file(conllu(), "t.conllu")
    text_file(
        conllu().replace("1\tthe", "1\tthe", 1).replace("_\t_\n2", "_\t_\n2", 1).replace("2\tcat\t_", "2\tcat", 1),
        "bad.conllu",
    )
    text_file("plain prose.\n" * 9, "prose.txt")
    result = charnn("train", *arguments, *QUICK)
    assert result.code == code
    assert said in said_once(result)
    assert not (tmp_path / "checkpoints").exists()
