"""Byte order marks and bytes that are no text, in every command that reads some."""

from __future__ import annotations

import json

import pytest

from charnn.tasks.language_model.directory import LanguageModelDirectory
from tests.cli.conftest import TEXT, TINY

MARK = "\ufeff".encode()


def test_a_mark_enters_no_vocabulary(charnn, tmp_path):
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_bytes(MARK + TEXT.encode() + MARK + TEXT.encode())
    result = charnn("train", "a.txt", "-", "--valid", "b.txt", "--out", "m", *TINY, stdin=MARK + TEXT.encode())
    assert result.code == 0
    directory = LanguageModelDirectory(tmp_path / "m")
    assert ("text", "\ufeff") not in directory.tokenizer().symbols()
    assert directory.config().corpus.validation_characters == 2 * len(TEXT)
    assert charnn("eval", "a.txt", "--model", "m", "--json").json["characters"] == 2 * len(TEXT)


@pytest.mark.parametrize("ends", [(), ("--ends",)])
def test_a_mark_costs_nothing_in_a_score(charnn, trained, text_file, ends):
    marked = charnn("score", text_file(MARK + b"the cat\n" + MARK + b"a dog\n"), "--model", trained.path, *ends)
    bare = charnn("score", text_file(b"the cat\na dog\n"), "--model", trained.path, *ends)
    assert marked.out.replace(MARK, b"") == bare.out
    assert marked.err == ""


def test_a_filter_writes_lines_with_their_marks(charnn, trained, text_file):
    text = MARK + b"the cat\r\n" + MARK + b"a dog\r"
    assert charnn("score", text_file(text), "--model", trained.path, "--threshold", "-1").out == text


def test_a_mark_is_in_no_prompt(charnn, trained, tmp_path):
    (tmp_path / "prompts.txt").write_bytes(MARK + b"the cat\r\n" + MARK + b"a dog")
    lines = charnn("sample", "--prompt-file", "prompts.txt", "--prompts", "--model", trained.path, "--json")
    assert [json.loads(line)["prompt"] for line in lines.text.splitlines()] == ["the cat", "a dog"]
    whole = charnn("sample", "--prompt-file", "prompts.txt", "--model", trained.path, "--json").json
    assert whole["prompt"] == "the cat\r\na dog"
    assert lines.err == ""


def test_a_mark_is_no_new_character_of_a_text(charnn, trained, tmp_path):
    (tmp_path / "text.txt").write_bytes(MARK + TEXT.encode())
    for corpus in ((), ("--corpus", trained.corpus)):
        report = charnn("novelty", "text.txt", *(corpus or ("--model", trained.path)), "--json").json
        assert report["copied"] == report["characters"] == len(TEXT)


BAD = b"the cat\nthe \xff dog\nthe hat\n"


def test_score_passes_over_a_bad_line_and_keeps_the_numbers_of_the_others(charnn, trained, text_file):
    path = text_file(BAD)
    skipped = charnn("score", path, "--on-error", "skip", "--model", trained.path)
    assert skipped.code == 0
    assert [line.split("\t")[3] for line in skipped.text.splitlines()] == ["the cat", "the hat"]
    assert "text.txt:2" in skipped.err
    rows = charnn("score", path, path, "--on-error", "skip", "--per-character", "--model", trained.path).text
    assert {row.split("\t")[0] for row in rows.splitlines()} == {"1", "3", "4", "6"}
    replaced = charnn("score", path, "--on-error", "replace", "--model", trained.path)
    assert [line.split("\t")[3] for line in replaced.text.splitlines()] == ["the cat", "the \ufffd dog", "the hat"]


def test_score_ends_at_a_bad_line_once_those_before_it_are_written(charnn, trained, text_file):
    result = charnn("score", text_file(BAD), "--model", trained.path)
    assert result.code == 1
    assert result.text.count("\n") == 1
    assert "in line 2" in result.err


def test_prompts_before_a_bad_one_are_written(charnn, trained, text_file):
    options = (
        "sample",
        "--prompt-file",
        text_file(BAD),
        "--prompts",
        "--length",
        "5",
        "--json",
        "--model",
        trained.path,
    )
    failed = charnn(*options)
    assert failed.code == 1
    assert [json.loads(line)["prompt"] for line in failed.text.splitlines()] == ["the cat"]
    assert "in line 2" in failed.err
    assert "--encoding" not in failed.err
    skipped = charnn(*options, "--on-error", "skip")
    assert skipped.code == 0
    assert [json.loads(line)["prompt"] for line in skipped.text.splitlines()] == ["the cat", "the hat"]


def test_training_passes_over_bad_lines_and_goes_on_with_the_same_text(charnn, tmp_path):
    (tmp_path / "text.txt").write_bytes(TEXT.encode() + b"zz \xff\n" + TEXT.encode())
    failed = charnn("train", "text.txt", *TINY)
    assert failed.code == 1
    assert "in line 21" in failed.err
    trained = charnn("train", "text.txt", "--on-error", "skip", "--out", "m", *TINY)
    assert trained.code == 0
    assert "text.txt:21" in trained.err
    corpus = LanguageModelDirectory(tmp_path / "m").config().corpus
    assert corpus.training_characters + corpus.validation_characters == 2 * len(TEXT)
    assert charnn("train", "--resume", "m", "--steps", "40").code == 0
    assert charnn("eval", "--model", "m").code == 0
