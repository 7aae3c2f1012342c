"""`--valid none`: all of the data are learned, and the last weights are kept."""

from __future__ import annotations

import json
from random import Random

import pytest

from tests.cli.conftest import TEXT, TINY

POEM = "one for the rook\none for the crow\none to rot\nand one to grow\n"
TREEBANK = "".join(f"{word}\t{tag}\n" for word, tag in (("the", "D"), ("cat", "N"), ("sat", "V"), (".", "P"))) + "\n"
LEARNS = ("--steps", "300", "--hidden", "64", "--layers", "1", "--dropout", "0", "--precision", "fp32")


def test_a_few_lines_are_known_by_heart(charnn, text_file):
    result = charnn("train", text_file(POEM), "--valid", "none", "--out", "m", *LEARNS)
    assert result.code == 0
    assert "none held out" in result.err
    assert "on its own data: " in result.err
    assert "valid" not in result.err
    assert "nothing tells how well it does on others" in result.err
    assert charnn("sample", "one for the r", "--temp", "0.1", "--length", "200", "--model", "m").text == POEM
    info = charnn("info", "m").text
    assert "none held out" in info
    assert "\nown data " in info
    assert "\nbest " not in info


def test_it_goes_on_and_keeps_the_last_weights(charnn, text_file, tmp_path):
    assert charnn("train", text_file(TEXT), "--valid", "none", "--out", "m", *TINY).code == 0
    assert charnn("train", "--resume", "m", "--steps", "10").code == 0
    scores = json.loads((tmp_path / "m" / "config.json").read_text())["scores"]
    assert scores["step"] == 10


def test_eval_asks_for_a_file(charnn, said_once, text_file):
    assert charnn("train", text_file(TEXT), "--valid", "none", "--out", "m", *TINY).code == 0
    assert "nothing was held out" in said_once(charnn("eval", "--model", "m"))
    assert charnn("eval", "text.txt", "--model", "m", "--json").json["characters"] == len(TEXT)
    assert charnn("novelty", "text.txt", "--model", "m", "--json").json["held_out"] is None


def test_a_tagger_learns_every_sentence(charnn, said_once, text_file):
    text_file(TREEBANK, "treebank.tsv")
    options = ("--task", "tagger", "--columns", "tag", "--steps", "60", "--hidden", "16", "--out", "m")
    result = charnn("train", "treebank.tsv", "--valid", "none", *options)
    assert result.code == 0
    assert "1 sentence of 4 words to train on, none held out" in result.err
    assert "\nown data " in charnn("info", "m").text
    assert charnn("train", "--resume", "m", "--steps", "70").code == 0
    assert "nothing was held out" in said_once(charnn("eval", "--model", "m"))
    assert charnn("eval", "treebank.tsv", "--model", "m", "--json").code == 0


LABELLED = "".join(f"{label}\tthe {word} {n}\n" for n in range(6) for label, word in (("pet", "cat"), ("wild", "fox")))
PAIRS = "".join(f"{word}{n}\t{word[::-1]}{n}\n" for n in range(6) for word in ("cat", "fox"))


@pytest.mark.parametrize(
    ("task", "data", "split"),
    [
        ("classifier", LABELLED, "characters to train on, none held out"),
        ("transducer", PAIRS, "12 pairs to train on, none held out"),
    ],
)
def test_a_classifier_and_a_transducer_learn_everything(charnn, text_file, task, data, split):
    text_file(data, "data.tsv")
    assert charnn("train", "data.tsv", "--task", task, "--valid", "none", "--out", "m", "--steps", "4").code == 0
    info = charnn("info", "m").text
    assert split in info
    assert "\nown data " in info
    assert "\nbest " not in info


def test_few_labelled_texts_are_told_of_it(charnn, text_file):
    text_file(LABELLED, "data.tsv")
    told = "so few texts teach little; --valid none learns all of them"
    arguments = ("train", "data.tsv", "--task", "classifier", "--out", "m", "--steps", "4")
    assert told in charnn(*arguments).err
    assert told not in charnn(*arguments, "--overwrite", "--valid", "none").err


def test_a_classifier_that_has_learned_everything_is_not_sure_of_what_nothing_tells(charnn, text_file, monkeypatch):
    """What its linear models are worth is measured by cross-validation: they know all labels of their own texts."""
    monkeypatch.setattr("charnn.tasks.classifier.learn.linear.FOLDED_WORK", 3e10)
    random = Random(0)
    texts = ["".join(random.choices("abcdefgh", k=9)) for _ in range(120)]
    text_file("".join(f"{random.choice(('heads', 'tails'))}\t{text}\n" for text in texts[:90]), "data.tsv")
    text_file("".join(f"{text}\n" for text in texts[90:]), "new.txt")
    options = ("--task", "classifier", "--label-column", "1", "--valid", "none", "--steps", "4", "--out", "m")
    assert charnn("train", "data.tsv", *options).code == 0
    rows = [line.split("\t") for line in charnn("classify", "new.txt", "-m", "m").text.splitlines()]
    assert sum(float(probability) for _, probability, _ in rows) / len(rows) < 0.6


def test_labelled_texts_are_all_learned(charnn, text_file):
    labelled = text_file("".join(f"pet\t{line}\nwild\t{line[::-1]}\n" for line in TEXT.splitlines()[:6]))
    result = charnn("train", labelled, "--conditioned", "--label-column", "1", "--valid", "none", "--out", "m", *TINY)
    assert result.code == 0
    assert "none held out" in result.err


def test_none_and_a_file_contradict_each_other(charnn, said_once, text_file):
    text_file()
    failed = charnn("train", "text.txt", "--valid", "none", "--valid", "text.txt", *TINY)
    assert failed.code == 2
    assert "--valid none" in said_once(failed)


@pytest.mark.parametrize(("text", "says"), [(POEM, True), (60 * POEM, False)])
def test_a_handful_of_lines_says_so_and_names_the_option(charnn, text_file, text, says):
    assert ("--valid none learns all of it" in charnn("train", text_file(text), *TINY).err) == says
