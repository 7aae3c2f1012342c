"""`charnn eval` of a tagger: how many words it gets right, and which it does not.

The tagger of most tests has seen one tag in each column, so what it says is known: NOUN, NN and Number=Sing, always.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import struct
import subprocess
import sys
from types import SimpleNamespace

import pytest

from charnn.config.training import Budget
from charnn.corpora.data_files import DataFiles
from charnn.tasks.tagger.formats import open_reader
from charnn.tasks.tagger.learn.plan import TaggerOverrides
from charnn.tasks.tagger.learn.session import TaggerSession
from charnn.tasks.tagger.treebank import read_treebank, read_treebank_again
from charnn.tasks.tagger.use.model import Tagger
from charnn.tasks.tagger.use.reference import held_out
from tests.ended import end_before
from tests.paths import ROOT
from tests.runs import PLAIN, into

FIXTURE = ROOT / "tests" / "tasks" / "tagger" / "use" / "ud_fixture"

KNOWN = "learned_from", "chosen_by"
NOUN = "NOUN", "NN", "Number=Sing"
TRAINING = [[("cats", *NOUN), ("sleep", *NOUN)]] * 9
HELD_OUT = [("dogs", *NOUN), ("sleep", "VERB", "VB", "VerbForm=Inf")]
GOLD = [
    [("cats", *NOUN), ("sleep", "VERB", "VB", "_")],
    [("dogs", "NOUN", "NN", "Number=Sing|Typo=Yes")],
    [("cats", "NOUN", "NNS", "Number=Plur"), ("cats", *NOUN)],
]
"""Five words, of which `dogs` is unknown."""


def conllu(sentences):
    rows = (
        (str(number), form, "_", upos, xpos, feats, "_", "_", "_", "_")
        for number, (form, upos, xpos, feats) in ((n, word) for s in sentences for n, word in enumerate(s, 1))
    )
    lines = iter(["\t".join(row) + "\n" for row in rows])
    return "".join("".join(next(lines) for _ in sentence) + "\n" for sentence in sentences)


def learned(directory, paths, **reading):
    """A tagger of the least size, made in a fraction of a second."""
    treebank = read_treebank(DataFiles(paths), **reading)
    overrides = TaggerOverrides(hidden_size=8, word_size=8, budget=Budget(steps=2), settings=PLAIN)
    session = TaggerSession.start(into(directory), treebank, overrides)
    session.run(SimpleNamespace(step=lambda *_: None, validation=lambda *_, **__: None))
    return directory


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tagger")
    (directory / "cats.conllu").write_text(conllu([*TRAINING, HELD_OUT]))
    return learned(directory / "cats", [str(directory / "cats.conllu")], columns=("upos", "xpos", "feats"))


@pytest.fixture(scope="module")
def of_characters(tmp_path_factory):
    """It has seen one tag: x."""
    directory = tmp_path_factory.mktemp("characters")
    (directory / "text").write_text("ab\n\nba\nbb\n")
    (directory / "tags").write_text("xx\n\nxx\nxy\n")
    return learned(
        directory / "letters", [str(directory / "text")], columns=("tag",), tag_paths=[str(directory / "tags")]
    )


@pytest.fixture
def evaluate(charnn, tagger, tmp_path):
    (tmp_path / "gold.conllu").write_text(conllu(GOLD))
    return lambda *arguments, **streams: charnn("eval", *arguments, "--model", tagger, **streams)


def figures(score, *names):
    return tuple(score[name] for name in names)


ACCURACIES = "accuracy", "known_accuracy", "unknown_accuracy", "sentence_accuracy"


def test_counts_of_five_words_one_of_them_unknown(evaluate):
    result = evaluate("gold.conllu", "--json")
    assert (result.code, result.err) == (0, "")
    columns = result.json
    assert list(columns)[:4] == ["upos", "xpos", "feats", "all_columns"]
    for column in ("upos", "xpos", "feats"):
        assert figures(columns[column], "words", "unknown_words", "sentences") == (5, 1, 3)
    assert figures(columns["upos"], *ACCURACIES) == (4 / 5, 3 / 4, 1.0, 2 / 3)
    assert figures(columns["xpos"], *ACCURACIES) == (3 / 5, 2 / 4, 1.0, 1 / 3)
    assert figures(columns["feats"], *ACCURACIES) == (3 / 5, 2 / 4, 1.0, 1 / 3)


def test_a_word_is_right_in_all_columns_where_it_is_in_each(evaluate):
    together = evaluate("gold.conllu", "--json").json["all_columns"]
    assert figures(together, "words", *ACCURACIES) == (5, 3 / 5, 2 / 4, 1.0, 1 / 3)
    assert evaluate("gold.conllu", "--json", "--columns", "upos").json["all_columns"]["accuracy"] == 4 / 5


def test_feats_agree_where_their_universal_features_do(evaluate):
    feats = evaluate("gold.conllu", "--json", "--columns", "feats").json["feats"]
    assert feats["accuracy"] == 3 / 5
    assert feats["accuracy_as_written"] == 2 / 5
    assert set(feats["tags"]) == {"Number=Sing", "Number=Plur", "_"}
    assert "accuracy_as_written" not in evaluate("gold.conllu", "--json").json["upos"]


def test_figures_of_each_tag(evaluate):
    assert evaluate("gold.conllu", "--json").json["upos"]["tags"] == {
        "NOUN": {"precision": 4 / 5, "recall": 1.0, "f1": 8 / 9, "gold": 4, "predicted": 5},
        "VERB": {"precision": None, "recall": 0.0, "f1": 0.0, "gold": 1, "predicted": 0},
    }


def test_json_says_of_what_it_is(evaluate, tagger):
    result = evaluate("gold.conllu", "--json").json
    assert set(result) == {"upos", "xpos", "feats", "all_columns", "file", "precision", "model", *KNOWN}
    assert figures(result, "file", "precision", "model") == ("gold.conllu", "fp32", str(tagger))
    assert evaluate("--json").json["file"] is None


def test_a_table_says_the_same_numbers(evaluate, tagger):
    lines = evaluate("gold.conllu").text.splitlines()
    assert lines[0] == f"model     {tagger}"
    assert lines[1] == "treebank  gold.conllu: 5 words, 1 of them never seen in training; 3 sentences"
    cells = [line.split() for line in lines]
    assert ["%", "right", "all", "words", "known", "unknown", "sentences"] in cells
    assert ["upos", "80.00", "75.00", "100.00", "66.67"] in cells
    assert ["all", "columns", "60.00", "50.00", "100.00", "33.33"] in cells
    assert ["NOUN", "80.00", "100.00", "88.89", "4"] in cells
    assert ["VERB", "-", "0.00", "0.00", "1"] in cells
    assert ["NOUN", "4", "."] in cells
    assert ["VERB", "1", "."] in cells
    assert "as they are written: 40.00" in "\n".join(lines)
    assert "all columns" not in evaluate("gold.conllu", "--columns", "xpos").text


@pytest.mark.parametrize(("column", "metric"), [("upos", "UPOS"), ("xpos", "XPOS"), ("feats", "UFeats")])
def test_numbers_are_those_of_the_ud_evaluation_script(evaluate, monkeypatch, column, metric):
    """On the fixture, with a tagger that says what its system says."""
    columns = ["upos", "xpos", "feats"]
    reader = open_reader("conllu", "system.conllu")
    system = reader.feed((FIXTURE / "system.conllu").read_text(encoding="utf-8")) + reader.finish()
    said = {tuple(s.words): [SimpleNamespace(tags=s.reference_tags(c)) for c in columns] for s in system if s.words}

    stub = SimpleNamespace(
        columns=columns,
        tag=lambda read: [said[tuple(s)] for s in read],
        chunk_words=lambda most: most,
        close=lambda: None,
    )
    monkeypatch.setattr(Tagger, "sentence_tagger", stub)
    result = evaluate(FIXTURE / "gold.conllu", "--json").json
    expected = json.loads((FIXTURE / "expected.json").read_text())
    assert result[column]["words"] == expected[metric]["words"]
    assert result[column]["accuracy"] == expected[metric]["correct"] / expected[metric]["words"]
    assert result["all_columns"]["accuracy"] == expected["AllTags"]["correct"] / expected["AllTags"]["words"]


def test_without_a_file_the_held_out_sentences_score_what_training_said(evaluate, tagger):
    config = json.loads((tagger / "config.json").read_text())
    result = evaluate("--json").json
    assert (
        [result[column]["accuracy"] for column in ("upos", "xpos", "feats")]
        == [1 / 2] * 3
        == config["scores"]["accuracies"]
    )
    assert result["all_columns"]["accuracy"] == config["scores"]["all_columns_accuracy"]
    assert result["all_columns"]["words"] == config["corpus"]["validation_words"] == 2
    assert result["upos"]["unknown_accuracy"] == 1.0


@pytest.mark.parametrize("valid", [[], ["gold.conllu"]])
def test_held_out_sentences_are_those_that_training_validated_with(evaluate, tmp_path, valid):
    (tmp_path / "train.conllu").write_text(conllu([*TRAINING, HELD_OUT] * 3))
    treebank = read_treebank(
        DataFiles([str(tmp_path / "train.conllu")], [str(tmp_path / name) for name in valid]), columns=("upos", "xpos")
    )
    again = read_treebank_again(treebank.config)
    found = list(held_out(treebank.config, ("upos", "xpos")))
    assert [(s.words, s.tags) for s in found] == [(s.words, s.tags) for s in again.validation]


def test_a_treebank_that_has_changed_since_training_is_said(charnn, tagger, tmp_path, said_once):
    path = tmp_path / "cats.conllu"
    path.write_text(conllu([*TRAINING, HELD_OUT]))
    model = learned(tmp_path / "model", [str(path)])
    path.write_text(conllu(GOLD))
    result = charnn("eval", "--model", model)
    assert result.code == 1
    assert f"{path}: has changed" in said_once(result)


def test_errors_are_the_mistaken_words_in_their_sentences(evaluate):
    result = evaluate("gold.conllu", "--errors", "--columns", "upos,xpos")
    assert result.code == 0
    assert result.text == (
        "gold.conllu:2\tsleep\tupos VERB -> NOUN\tcats >>sleep<<\n"
        "gold.conllu:2\tsleep\txpos VB -> NN\tcats >>sleep<<\n"
        "gold.conllu:6\tcats\txpos NNS -> NN\t>>cats<< cats\n"
    )
    assert result.err == "mistakes in 5 words: upos 1, xpos 2\n"


def test_errors_of_held_out_sentences_have_the_lines_of_the_treebank(evaluate, tagger):
    place = f"{tagger.parent / 'cats.conllu'}:29"
    assert evaluate("--errors", "--columns", "upos").text == f"{place}\tsleep\tupos VERB -> NOUN\tdogs >>sleep<<\n"


def test_errors_as_json_are_an_object_a_line(evaluate, tagger):
    lines = evaluate("gold.conllu", "--errors", "--json", "--columns", "xpos").text.splitlines()
    assert [json.loads(line) for line in lines] == [
        {
            "file": "gold.conllu",
            "line": 2,
            "column": "xpos",
            "gold": "VB",
            "predicted": "NN",
            "known": True,
            "words": ["cats", "sleep"],
            "place": 1,
            "word": "sleep",
            "model": str(tagger),
        },
        {
            "file": "gold.conllu",
            "line": 6,
            "column": "xpos",
            "gold": "NNS",
            "predicted": "NN",
            "known": True,
            "words": ["cats", "cats"],
            "place": 0,
            "word": "cats",
            "model": str(tagger),
        },
    ]


def test_a_word_with_a_line_break_of_unicode_is_still_on_one_line(evaluate):
    text = conllu([[("ca\u2028ts", "VERB", "VB", "_")]])
    assert evaluate("-", "--columns", "upos", "--errors", stdin=text.encode()).text == (
        "standard input:1\tca\\u2028ts\tupos VERB -> NOUN\t>>ca\\u2028ts<<\n"
    )


def test_a_malformed_treebank_is_said_with_its_line_and_has_no_score(evaluate, tmp_path, said_once):
    (tmp_path / "bad.conllu").write_text(conllu(GOLD) + "1\tcats\tNOUN\n\n")
    result = evaluate("bad.conllu", "--json")
    assert result.code == 1
    assert "bad.conllu:9: expected 10 columns, found 3" in said_once(result)


def test_errors_before_a_malformed_sentence_are_not_lost(evaluate, tmp_path):
    (tmp_path / "bad.conllu").write_text(conllu(GOLD) + "1\tcats\tNOUN\n\n")
    result = evaluate("bad.conllu", "--errors", "--columns", "upos")
    assert result.code == 1
    assert result.text == "bad.conllu:2\tsleep\tupos VERB -> NOUN\tcats >>sleep<<\n"
    assert "bad.conllu:9: expected 10 columns, found 3" in result.err


def test_a_column_without_any_tag_is_answered_with_those_that_there_are(evaluate, text_file, said_once):
    text_file(conllu([[("cats", "NOUN", "_", "_")]]), "bare.conllu")
    result = evaluate("bare.conllu")
    assert result.code == 1
    said = said_once(result)
    assert "bare.conllu: no word has a tag of the column xpos" in said
    assert "columns with tags are upos" in said
    assert evaluate("bare.conllu", "--columns", "upos", "--json").json["upos"]["accuracy"] == 1.0


def test_words_without_a_tag_are_not_scored_but_counted(evaluate, text_file):
    partly = [[("cats", "_", "NN", "Number=Sing"), ("dogs", "VERB", "_", "_"), ("cats", "_", "_", "_")]]
    text_file(conllu(partly), "partly.conllu")
    found = evaluate("partly.conllu", "--json").json
    counts = {c: (found[c]["words"], found[c]["untagged_words"], found[c]["accuracy"]) for c in ("upos", "xpos")}
    assert counts == {"upos": (1, 2, 0.0), "xpos": (1, 2, 1.0)}
    assert (found["feats"]["words"], found["feats"]["untagged_words"]) == (2, 1)  # _ is a value beside a tag
    assert (found["all_columns"]["words"], found["all_columns"]["accuracy"]) == (2, 0.5)
    assert (
        "left out  2 words without upos, 2 words without xpos, 1 word without feats" in evaluate("partly.conllu").text
    )
    listed = evaluate("partly.conllu", "--errors")
    assert [line.split("\t")[1:3] for line in listed.text.splitlines()] == [
        ["dogs", "upos VERB -> NOUN"],
        ["dogs", "feats _ -> Number=Sing"],
    ]
    assert "left out: 2 words without upos" in listed.err


@pytest.mark.parametrize("content", ["", "# newdoc\n\n"])
def test_a_treebank_without_a_sentence_has_no_score(evaluate, text_file, said_once, content):
    text_file(content, "empty.conllu")
    result = evaluate("empty.conllu", "--format", "conllu")
    assert result.code == 1
    assert "empty.conllu: there is no sentence" in said_once(result)


def test_a_text_is_no_treebank(evaluate, text_file, said_once):
    text_file()
    result = evaluate("text.txt")
    assert result.code == 1
    line = said_once(result)
    assert "text.txt: it is neither CoNLL-U" in line
    assert "--format" in line


def test_every_format_stdin_and_gzip_score_alike(evaluate, text_file):
    words = [[(form, upos, xpos) for form, upos, xpos, _ in sentence] for sentence in GOLD]
    columns = "\n".join("".join("\t".join(word) + "\n" for word in sentence) for sentence in words)
    slashed = "\n".join(" ".join("_".join(word) for word in sentence) for sentence in words)
    text_file(columns, "gold.tsv")
    text_file(slashed, "gold.txt")
    text_file(gzip.compress(columns.encode()), "gold.tsv.gz")
    names = "--columns", "upos,xpos"
    expected = evaluate("gold.conllu", *names, "--json").json
    for arguments in (["gold.tsv"], ["gold.txt"], ["gold.tsv.gz"], ["-", "--format", "slashed"]):
        result = evaluate(*arguments, *names, "--json", stdin=slashed.encode()).json
        assert (result["upos"], result["xpos"]) == (expected["upos"], expected["xpos"]), arguments
        assert result["file"] == ("standard input" if arguments[0] == "-" else arguments[0])


def test_columns_name_the_tags_of_a_file_from_left_to_right(evaluate, text_file):
    text_file("cats\tcat\tNN\tVERB\nsleep\tsleep\tVB\tVERB\n", "gold.tsv")
    result = evaluate("gold.tsv", "--columns", "_,xpos,upos", "--json").json
    assert (result["xpos"]["accuracy"], result["upos"]["accuracy"]) == (1 / 2, 0.0)


def test_two_files_count_together(evaluate):
    result = evaluate("gold.conllu", "gold.conllu", "--json").json
    assert figures(result["all_columns"], "words", "sentences", "accuracy") == (10, 6, 3 / 5)
    assert result["file"] == "gold.conllu, gold.conllu"


@pytest.mark.parametrize("columns", ["", "upos,", "upos,upos", "_", "_,_"])
def test_columns_that_name_nothing_or_one_twice_are_wrong_usage(evaluate, said_once, columns):
    result = evaluate("gold.conllu", "--columns", columns)
    assert result.code == 2
    assert f"--columns {columns}" in said_once(result)


def test_a_column_that_the_model_does_not_have_is_wrong_usage(evaluate, said_once):
    result = evaluate("gold.conllu", "--columns", "upos,deprel")
    assert result.code == 2
    line = said_once(result)
    assert "does not tag deprel" in line
    assert "upos, xpos, feats" in line


@pytest.mark.parametrize("arguments", [("--format", "columns"), ("--tags", "gold.conllu")], ids=" ".join)
def test_what_is_for_a_file_is_wrong_usage_without_one(evaluate, said_once, arguments):
    result = evaluate(*arguments)
    assert result.code == 2
    assert f"{arguments[0]} is for a FILE" in said_once(result)


def test_int8_can_be_asked_for(evaluate):
    assert evaluate("gold.conllu", "--precision", "int8", "--json").json["precision"] == "int8"


def size_of(png):
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", png[16:24])


def test_the_confusion_matrix_is_drawn_and_the_scores_are_printed_all_the_same(evaluate, tmp_path):
    result = evaluate("gold.conllu", "--columns", "upos", "--confusion", "matrix.png", "--json")
    assert (result.code, result.err) == (0, "")
    assert result.json["upos"]["accuracy"] == 4 / 5
    assert min(size_of((tmp_path / "matrix.png").read_bytes())) > 100


def test_of_several_columns_the_first_is_drawn_or_each_where_the_name_says_so(evaluate, tmp_path):
    result = evaluate("gold.conllu", "--columns", "xpos,upos", "--confusion", "matrix.png")
    assert "matrix.png shows xpos" in result.err
    assert result.err.count("\n") == 1
    assert evaluate("gold.conllu", "--confusion", "{column}.png").err == ""
    assert {path.name for path in tmp_path.glob("*.png")} == {"matrix.png", "upos.png", "xpos.png", "feats.png"}
    pictures = {name: (tmp_path / name).read_bytes() for name in ("matrix.png", "xpos.png", "upos.png")}
    assert pictures["matrix.png"] == pictures["xpos.png"] != pictures["upos.png"]


@pytest.mark.parametrize(("path", "code"), [("gone/matrix.png", 1), ("matrix.pdf", 2)])
def test_a_picture_that_cannot_be_written_is_said(evaluate, said_once, path, code):
    result = evaluate("gold.conllu", "--columns", "upos", "--confusion", path)
    assert result.code == code
    assert path in said_once(result)


@pytest.mark.parametrize("option", [("--context", "16"), ("--documents", "line")], ids=" ".join)
def test_options_of_texts_are_refused_by_a_tagger(evaluate, tagger, said_once, option):
    result = evaluate("gold.conllu", *option)
    assert result.code == 2
    assert f"{option[0]} is for texts, and {tagger} is a tagger" in said_once(result)


@pytest.mark.parametrize(
    "option",
    [("--columns", "upos"), ("--format", "conllu"), ("--tags", "t"), ("--confusion", "c.png"), ("--errors",)],
    ids=" ".join,
)
def test_options_of_treebanks_are_refused_by_a_language_model(charnn, trained, text_file, said_once, option):
    text_file()
    result = charnn("eval", "text.txt", *option, "--model", trained.path)
    assert result.code == 2
    said = said_once(result)
    assert f"{option[0]} is for treebanks, " in said
    assert f" and {trained.path} is a language model" in said


def test_options_of_both_are_wrong_usage(evaluate, said_once):
    result = evaluate("gold.conllu", "--errors", "--context", "16")
    assert result.code == 2
    line = said_once(result)
    assert "--errors" in line
    assert "--context" in line


@pytest.fixture
def models(tagger, trained, tmp_path):
    """Puts models under checkpoints/, the newest first."""

    def put(*names):
        for age, name in enumerate(names):
            path = shutil.copytree(tagger if "tagger" in name else trained.path, tmp_path / "checkpoints" / name)
            end_before(path, age)

    (tmp_path / "gold.conllu").write_text(conllu(GOLD))
    (tmp_path / "text.txt").write_text("the cat\n")
    return put


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (("gold.conllu",), "tagger"),
        (("text.txt",), "text"),
        (("--columns", "upos"), "tagger"),
        (("--context", "carried"), "text"),
        (("gold.conllu", "--context", "4"), "text"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("names", [("tagger", "text"), ("text", "tagger")], ids="-then-".join)
def test_the_newest_model_of_the_task_that_is_meant_is_used(charnn, models, names, arguments, meant):
    models(*names)
    result = charnn("eval", *arguments, "--json")
    assert result.code == 0
    assert result.json["model"] == f"checkpoints/{meant}"
    assert "looks like" not in result.err


@pytest.mark.parametrize("names", [("tagger", "text"), ("text", "tagger")], ids="-then-".join)
def test_without_a_file_the_newest_model_of_any_task_is_used(charnn, models, names):
    models(*names)
    result = charnn("eval")
    assert result.code == 0
    assert result.text.split()[:2] == ["model", f"checkpoints/{names[0]}"]


def test_a_treebank_on_stdin_finds_the_tagger(models, process):
    models("text", "tagger")
    child = process("eval", "-", "--json", stdin=subprocess.PIPE)
    out, err = child.communicate(conllu(GOLD).encode())
    assert err == b""
    assert json.loads(out)["model"] == "checkpoints/tagger"
    assert json.loads(out)["all_columns"]["words"] == 5


def test_a_treebank_is_scored_as_a_text_where_there_is_no_tagger_and_that_is_said(charnn, models):
    models("text")
    result = charnn("eval", "gold.conllu", "--json")
    assert result.code == 0
    assert result.json["characters"] == len(conllu(GOLD))
    assert "gold.conllu looks like a treebank, but there is no tagger: checkpoints/text" in result.err


def test_a_text_is_refused_where_there_are_only_taggers(charnn, models, said_once):
    models("tagger")
    result = charnn("eval", "text.txt")
    assert result.code == 1
    assert "text.txt: it is neither CoNLL-U" in said_once(result)


@pytest.mark.parametrize(
    ("has", "arguments", "lacks"),
    [("text", ("gold.conllu", "--errors"), "tagger"), ("tagger", ("text.txt", "--context", "4"), "language-model")],
)
def test_an_option_that_needs_another_model_than_there_is_says_which(charnn, models, said_once, has, arguments, lacks):
    models(has)
    result = charnn("eval", *arguments)
    assert result.code == 1
    assert f"no {lacks} under checkpoints/" in said_once(result)


def test_the_variable_names_the_model_whatever_file_there_is(charnn, models, monkeypatch):
    models("text", "tagger")
    monkeypatch.setenv("CHARNN_MODEL", "text")
    result = charnn("eval", "gold.conllu", "--json")
    assert result.json["model"] == "checkpoints/text"
    assert "looks like a treebank" not in result.err


def test_characters_are_scored_from_two_aligned_files(charnn, of_characters, text_file):
    text_file("ab\n\nc\n", "text")
    text_file("xy\n\nx\n", "tags")
    arguments = "text", "--tags", "tags", "--model", of_characters
    score = charnn("eval", *arguments, "--json").json["tag"]
    assert figures(score, "words", "unknown_words", "sentences") == (3, 1, 2)
    assert figures(score, *ACCURACIES) == (2 / 3, 1 / 2, 1.0, 1 / 2)
    assert charnn("eval", *arguments, "--errors").text == "text:1\tb\ttag y -> x\ta>>b<<\n"
    assert "3 characters" in charnn("eval", *arguments).text


def test_held_out_characters_have_the_lines_of_their_file(charnn, of_characters):
    place = f"{of_characters.parent / 'text'}:4"
    assert charnn("eval", "--model", of_characters, "--errors").text == f"{place}\tb\ttag y -> x\tb>>b<<\n"


def test_characters_are_scored_from_columns_and_words_are_refused(charnn, of_characters, text_file, said_once):
    text_file("a\tx\nb\ty\n", "letters.tsv")
    text_file("a\tx\nbb\ty\n", "words.tsv")
    assert charnn("eval", "letters.tsv", "--model", of_characters, "--json").json["all_columns"]["accuracy"] == 1 / 2
    result = charnn("eval", "words.tsv", "--model", of_characters)
    assert result.code == 1
    assert "words.tsv:2: expected words of one character, found 'bb'" in said_once(result)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("text", "--tags", "tags", "--format", "conllu"), "--tags goes with --format aligned"),
        (("text", "--format", "aligned"), "1 FILE but 0 --tags"),
        (("text", "text", "--tags", "tags"), "2 FILE but 1 --tags"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_aligned_files_come_in_pairs(charnn, of_characters, text_file, said_once, arguments, named):
    text_file("ab\n", "text")
    text_file("xy\n", "tags")
    result = charnn("eval", *arguments, "--model", of_characters)
    assert result.code == 2
    assert named in said_once(result)


def test_aligned_files_are_refused_by_a_tagger_of_words(evaluate, text_file, said_once):
    text_file("ab\n", "text")
    text_file("xy\n", "tags")
    result = evaluate("text", "--tags", "tags")
    assert result.code == 2
    assert "tags characters" in said_once(result)


def test_neither_torch_nor_matplotlib_is_imported_to_score(tagger, tmp_path):
    (tmp_path / "gold.conllu").write_text(conllu(GOLD))
    code = (
        "import sys; from charnn.cli.main import run; code = run(sys.argv[1:]); "
        "sys.exit(code or bool({'torch', 'matplotlib', 'onnx'} & set(sys.modules)))"
    )
    arguments = [sys.executable, "-c", code, "eval", "gold.conllu", "--model", str(tagger)]
    done = subprocess.run(arguments, cwd=tmp_path, capture_output=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert (done.returncode, done.stderr) == (0, b"")


def test_errors_end_quietly_when_the_reader_has_had_enough(tagger, tmp_path, process):
    (tmp_path / "gold.conllu").write_text(conllu([[("sleep", "VERB", "VB", "_")] * 20] * 500))
    child = process("eval", "gold.conllu", "--errors", "--model", tagger)
    assert child.stdout.readline().startswith(b"gold.conllu:1\tsleep\t")
    child.stdout.close()
    assert child.wait(timeout=60) == 0
    assert child.stderr.read() == b""


@pytest.mark.parametrize("options", [("--encoding", "latin-1"), ("--on-error", "skip")])
def test_how_a_file_is_read_is_said_of_files_alone(charnn, said_once, tagger, options):
    failed = charnn("eval", "-m", tagger, *options)
    assert failed.code == 2
    assert f"{' '.join(options)}: is for a FILE" in said_once(failed)


def test_what_is_no_tag_of_the_model_in_the_place_of_a_column_is_said(charnn, tagger, tmp_path):
    (tmp_path / "lemmas.tsv").write_text("cats\tcat\ndogs\tdog\n\nsleep\tsleep\ncats\tcat\n")
    result = charnn("eval", "lemmas.tsv", "--task", "tagger", "--columns", "upos", "--model", tagger)
    assert result.code == 0
    assert "what stands in the place of upos, such as 'cat', is none of the model's tags" in result.err
    assert "--columns" in result.err


@pytest.mark.parametrize(
    ("cells", "options", "is_right"),
    [
        ("NOUN NN _", "xpos", True),  # as in the data of the model
        ("NOUN NN _", "xpos,_", False),
        ("NOUN NN _", "_,xpos", True),
        ("NN", "xpos", True),
        ("NN NOUN", "xpos", True),
    ],
)
def test_columns_choose_among_those_that_a_file_has_as_the_data_of_the_model_had_them(
    evaluate, tmp_path, cells, options, is_right
):
    (tmp_path / "gold.tsv").write_text("".join("\t".join(["sleep", *cells.split()]) + "\n\n" for _ in range(3)))
    result = evaluate("gold.tsv", "--columns", options, "--format", "columns", "--json")
    assert result.code == 0, result.err
    said = "gold.tsv: its columns are taken for those of the model's data: upos, xpos, feats; --columns xpos,_ says"
    assert (said in result.err) == (cells == "NOUN NN _" and options == "xpos")
    assert ("is none of the model's tags" not in result.err) == is_right
