"""`charnn eval`: what a text costs a model, per character of it."""

from __future__ import annotations

import gzip
import json
import math

import pytest

from charnn.cli.main import run
from charnn.corpora import rereading
from tests.cli.conftest import TINY
from tests.once import made_once

KEYS = {
    "nats_per_character",
    "bits_per_character",
    "perplexity",
    "characters",
    "context",
    "documents",
    "nats_per_stop",
    "precision",
    "learned_from",
    "chosen_by",
    "model",
}


@pytest.fixture
def evaluate(charnn, trained):
    return lambda *arguments, **streams: charnn("eval", *arguments, "--model", trained.path, **streams)


def test_json_has_what_is_promised_and_agrees_with_itself(evaluate, trained):
    result = evaluate("--json")
    assert result.code == 0
    assert result.err == ""
    assert set(result.json) == KEYS
    nats = result.json["nats_per_character"]
    assert result.json["perplexity"] == pytest.approx(math.exp(nats), rel=1e-12)
    assert result.json["bits_per_character"] == pytest.approx(nats / math.log(2), rel=1e-12)
    assert result.json["context"] == "carried"
    assert result.json["precision"] == "fp32"
    assert result.json["model"] == str(trained.path)


def test_the_held_out_text_scores_what_training_said(evaluate, trained):
    config = json.loads((trained.path / "config.json").read_text())
    result = evaluate("--json").json
    assert result["nats_per_character"] == pytest.approx(config["scores"]["nats_per_character"], abs=1e-3)
    assert result["characters"] == config["corpus"]["validation_characters"] == 104


def test_a_table_says_the_same_numbers(evaluate):
    result = evaluate("--json").json
    table = evaluate().text
    for number in (f"{result['nats_per_character']:.4f}", f"{result['bits_per_character']:.4f}", "104 characters"):
        assert number in table


def test_a_file_stdin_and_gzip_score_alike(evaluate, text_file):
    text = "the dog sat on the hat.\n" * 3
    text_file(text, "held.txt")
    text_file(gzip.compress(text.encode()), "held.txt.gz")
    results = [evaluate(*of, "--json", stdin=text.encode()).json for of in (("held.txt",), ("-",), ("held.txt.gz",))]
    assert results[0] == results[1] == results[2]
    assert results[0]["characters"] == len(text)


def test_the_held_out_part_as_a_file_scores_as_the_models_own(evaluate, trained, text_file):
    text_file(trained.corpus.read_text()[-104:], "held.txt")
    assert evaluate("held.txt", "--json").json == evaluate("--json").json


def test_two_files_count_together(evaluate, text_file):
    text_file("the cat.\n", "one.txt")
    text_file("a dog ran.\n", "two.txt")
    result = evaluate("one.txt", "two.txt", "--json").json
    assert result["characters"] == 20
    assert result["documents"] == 2


def test_a_text_too_likely_to_be_chance_scores_below_gibberish(evaluate):
    likely = evaluate("-", "--json", stdin=b"the cat sat on the mat. " * 4).json["nats_per_character"]
    gibberish = evaluate("-", "--json", stdin=b"wwwwgggguuuummmmddddwwww" * 4).json["nats_per_character"]
    assert likely < gibberish - 0.2


def test_crops_count_every_character_once_and_know_less(evaluate):
    text = b"the cat sat on the mat. a dog ran off with the hat.\n"
    carried = evaluate("-", "--json", stdin=text).json
    for context in (1, 7, 51):
        cropped = evaluate("-", "--context", context, "--json", stdin=text).json
        assert cropped["characters"] == len(text)
        assert cropped["context"] == context
    whole = evaluate("-", "--context", "1000", "--json", stdin=text).json
    assert whole["nats_per_character"] == pytest.approx(carried["nats_per_character"], abs=1e-6)


def test_documents_of_a_file_can_be_its_lines(evaluate):
    result = evaluate("-", "--documents", "line", "--json", stdin=b"the cat\nthe hat\nthe mat").json
    assert result["documents"] == 3
    assert result["characters"] == 23
    assert result["nats_per_stop"] > 0


def test_unknown_characters_are_one_warning_and_are_scored(evaluate):
    result = evaluate("-", "--json", stdin="the é, the é and the ü".encode())
    assert result.code == 0
    assert result.json["characters"] == 22
    assert result.err.startswith("charnn: warning: ")
    assert result.err.count("\n") == 1
    assert "'é'" in result.err
    assert "'ü'" in result.err


def test_an_empty_text_has_no_score(evaluate, said_once):
    result = evaluate("-")
    assert result.code == 1
    assert "empty" in said_once(result)


def test_text_that_is_not_utf8_is_refused_with_its_place(evaluate, said_once):
    result = evaluate("-", stdin=b"the \xff")
    assert result.code == 1
    line = said_once(result)
    assert "byte 4" in line
    assert "--encoding" in line


def test_another_encoding_is_read_when_named(evaluate):
    assert evaluate("-", "--encoding", "utf-16", "--json", stdin="the cat".encode("utf-16")).json["characters"] == 7


@pytest.fixture
def own_corpus(charnn, text_file, tiny):
    corpus = text_file()
    assert charnn("train", "text.txt", *tiny).code == 0
    return corpus


def test_a_changed_corpus_is_said(charnn, own_corpus, said_once):
    own_corpus.write_text("another text")
    result = charnn("eval")
    assert result.code == 1
    line = said_once(result)
    assert str(own_corpus) in line
    assert "changed" in line


def test_a_missing_corpus_is_said(charnn, own_corpus, said_once):
    own_corpus.unlink()
    result = charnn("eval")
    assert result.code == 1
    assert str(own_corpus) in said_once(result)


def test_a_corpus_that_came_from_stdin_cannot_be_scored_again(charnn, said_once, tiny):
    assert charnn("train", "-", *tiny, stdin=b"to be or not to be\n" * 30).code == 0
    result = charnn("eval")
    assert result.code == 1
    assert "standard input" in said_once(result)


@pytest.mark.parametrize("kind", ["bytes", "unigram", "bpe"])
@pytest.mark.parametrize("context", ["carried", "16"])
def test_characters_are_counted_whatever_the_tokens(charnn, text_file, tiny, kind, context):
    text = "der süße käse über die straße.\n"
    text_file(text * 30)
    assert charnn("train", "text.txt", *tiny, "--tokenizer", kind, "--vocab-size", "290").code == 0
    assert charnn("eval", "--context", context, "--json").json["characters"] == len(text) * 3
    result = charnn("eval", "-", "--context", context, "--json", stdin=text.encode()).json
    assert result["characters"] == len(text)
    assert result["perplexity"] == pytest.approx(math.exp(result["nats_per_character"]))


LONG = "The cat — naïve — sat.\nA dog ran.\n\n" * 40


@pytest.fixture(scope="session")
def read_otherwise(tmp_path_factory):
    """Models that end documents in each way, and one that reads backwards."""

    def train(folder):
        (folder / "text.txt").write_text(LONG)
        for name, options in WAYS.items():
            run(["train", str(folder / "text.txt"), "--out", str(folder / name), "--quiet", *TINY, *options])

    return made_once(tmp_path_factory, "ways to read", train)


WAYS = {
    "symbol": ("--documents", "line"),
    "length": ("--documents", "line", "--stopping", "length"),
    "backwards": ("--documents", "paragraph", "--backwards"),
    "pieces": ("--tokenizer", "unigram", "--vocab-size", "300"),
    "bytes": ("--tokenizer", "bytes", "--documents", "paragraph"),
}


@pytest.mark.parametrize("context", ["carried", "7"])
@pytest.mark.parametrize("way", WAYS)
def test_a_text_too_long_to_be_held_scores_as_it_would_in_memory(
    way, context, charnn, text_file, read_otherwise, monkeypatch
):
    text_file(LONG[300:900], "text.txt")
    for files in ((), ("text.txt",), ("text.txt", "--documents", "file")):
        arguments = ("eval", *files, "--context", context, "--json", "-m", read_otherwise / way)
        expected = charnn(*arguments).json
        with monkeypatch.context() as patch:
            patch.setattr(rereading, "LONG", 0)
            patch.setattr(rereading, "PIECE", 7)
            found = charnn(*arguments).json
        for figure, value in expected.items():
            assert found[figure] == (pytest.approx(value, rel=1e-9) if isinstance(value, float) else value)
