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
    assert charnn("train", "--resume", "m", "--steps", "10").code == 0
    assert charnn("eval", "--model", "m").code == 0


ROWS = b"the\tD\ncat\tN\n\nthe\tD\nd\xff\tN\n\na\tD\nhat\tN\n\n"
"""Three sentences, of which the second has a bad byte."""
SLASHED = b"the_D cat_N\nthe_D d\xff_N\na_D hat_N\n"
CONLLU = b"".join(b"# text = %s\n1\t%s\t_\tD\t_\t_\t_\t_\t_\t_\n\n" % (word, word) for word in (b"the", b"d\xff", b"a"))
SHORT = ("--steps", "1", "--hidden", "4", "--precision", "fp32")
TREEBANKS = pytest.mark.parametrize(
    ("format", "content", "line"), [("columns", ROWS, 5), ("slashed", SLASHED, 2), ("conllu", CONLLU, 4)]
)


@pytest.fixture
def tagger(charnn, text_file):
    text_file("the_D cat_N sat_V\n" * 9, "good.txt")
    assert charnn("train", "good.txt", "--task", "tagger", "--out", "tagger", *SHORT).code == 0
    return "tagger"


@TREEBANKS
def test_tag_passes_a_tagged_sentence_with_a_bad_byte_on_byte_for_byte(
    charnn, tagger, text_file, format, content, line
):
    options = ("-m", tagger, "--format", format, "--on-error")
    result = charnn("tag", text_file(content), *options, "skip")
    assert result.code == 0
    given, written = content.splitlines(), result.out.splitlines()
    assert len(given) == len(written)
    assert written[line - 1] == given[line - 1]
    assert f"text.txt:{line}: a byte that is not utf-8 (0xff): passed on as it is" in result.err
    failed = charnn("tag", "text.txt", *options, "fail")
    assert failed.code == 1
    assert f"in line {line}; name the encoding with --encoding, or" in failed.err
    assert failed.out
    replaced = charnn("tag", "text.txt", *options, "replace")
    assert replaced.code == 0
    assert replaced.out.count("\ufffd".encode()) == content.count(b"\xff")


@pytest.mark.parametrize("format", ["lines", "tokens", "text"])
def test_tag_leaves_out_raw_text_with_a_bad_byte(charnn, tagger, text_file, format):
    text_file(b"The cat.\nThe d\xffg.\nA hat.\n")
    result = charnn("tag", "text.txt", "-m", tagger, "--format", format, "--to", "slashed", "--on-error", "skip")
    assert result.code == 0
    words = [[token.rpartition("_")[0] for token in line.split()] for line in result.text.splitlines()]
    assert [line[:2] for line in words] == [["The", "cat." if format == "tokens" else "cat"], ["A", words[1][1]]]
    assert "text.txt:2: a byte that is not utf-8 (0xff): left out" in result.err
    objects = charnn("tag", "text.txt", "-m", tagger, "--format", format, "--json", "--on-error", "skip").text
    assert ["error" in json.loads(line) for line in objects.splitlines()] == [False, True, False]


@TREEBANKS
def test_a_treebank_lacks_the_sentence_with_a_bad_byte(charnn, tagger, text_file, format, content, line):
    """Training counts it and goes on with the same sentences; so does scoring, which counts no word of it."""
    text_file(content * 4, "bad.txt")
    options = ("--task", "tagger", "--format", format)
    failed = charnn("train", "bad.txt", *options)
    assert failed.code == 1
    assert f"in line {line}; name the encoding with --encoding, or leave" in failed.err
    assert "--tokenizer" not in failed.err
    trained = charnn("train", "bad.txt", *options, *SHORT, "--on-error", "skip", "--out", "m")
    assert trained.code == 0, trained.err
    assert f"bad.txt:{line}: a byte that is not utf-8 (0xff): the sentence is left out" in trained.err
    assert "4 sentences that cannot be read" in trained.err
    assert charnn("train", "--resume", "m", "--steps", "2").code == 0
    assert charnn("eval", "-m", "m").code == 0
    assert "4 sentences that cannot be read" in charnn("info", "m").text
    text_file(content, "test.txt")
    words = {how: charnn("eval", "test.txt", "-m", "m", "--json", "--on-error", how) for how in ("skip", "replace")}
    column = "upos" if format == "conllu" else "tag"
    assert [found.json[column]["words"] for found in words.values()] == ([2, 3] if format == "conllu" else [4, 6])
    assert charnn("eval", "test.txt", "-m", "m").code == 1


def test_a_malformed_sentence_is_left_out_of_a_treebank(charnn, text_file):
    text_file("the\tD\ncat\tN\n\nthe\tD\nno tag\n\n" * 5, "rows.txt")
    failed = charnn("train", "rows.txt", "--task", "tagger", "--format", "columns", *SHORT)
    assert "rows.txt:5: expected 2 columns, found 1" in failed.err
    trained = charnn("train", "rows.txt", "--task", "tagger", "--format", "columns", *SHORT, "--on-error", "skip")
    assert trained.code == 0
    assert "rows.txt:5: expected 2 columns, found 1: the sentence is left out" in trained.err
    assert trained.err.count(": the sentence is left out") == 3
    assert "5 sentences that cannot be read" in trained.err


def test_a_line_of_tags_with_a_bad_byte_is_left_out_with_the_line_of_its_characters(charnn, text_file):
    text_file("abc\n" * 6, "bare.txt")
    text_file(b"xyz\nx\xffz\nxz\n" + b"xyz\n" * 3, "tags.txt")
    options = ("--level", "character", "--tags", "tags.txt")
    trained = charnn("train", "bare.txt", *options, *SHORT, "--on-error", "skip", "--out", "m")
    assert trained.code == 0, trained.err
    assert "tags.txt:2: a byte that is not utf-8 (0xff): the sentence is left out" in trained.err
    assert "bare.txt:3: 3 characters, where tags.txt:3 has 2: the sentence is left out" in trained.err
    report = charnn("eval", "bare.txt", "--tags", "tags.txt", "-m", "m", "--json", "--on-error", "skip")
    assert json.loads(report.text.splitlines()[-1])["tag"]["words"] == 12


@pytest.mark.parametrize(
    ("task", "line", "figure", "all_lines"),
    [
        ("language-model", b"the cat %d\n", "characters", 100),
        ("classifier", b"yes\tthe cat %d\n", "texts", 10),
        ("transducer", b"cat%d\tC A T %d\n", "lines", 10),
    ],
)
def test_eval_passes_over_a_bad_line(charnn, text_file, task, line, figure, all_lines):
    lines = [line.replace(b"%d", b"%d" % n) for n in range(10)]
    lines[5:] = [one.replace(b"yes", b"no") for one in lines[5:]]
    text_file(b"".join(lines * 2), "good.txt")
    assert charnn("train", "good.txt", "--task", task, "--out", "m", *SHORT).code == 0
    lines[3] = lines[3].replace(b"at", b"\xfft")
    text_file(b"".join(lines), "bad.txt")
    assert "in line 4" in charnn("eval", "bad.txt", "-m", "m").err
    found = [charnn("eval", "bad.txt", "-m", "m", "--json", "--on-error", how) for how in ("skip", "replace")]
    assert [result.code for result in found] == [0, 0]
    skipped, replaced = (result.json for result in found)
    assert replaced[figure] - skipped[figure] == all_lines // 10


def test_novelty_passes_over_a_bad_line(charnn, trained, text_file):
    text_file(BAD)
    assert "in line 2" in charnn("novelty", "text.txt", "--corpus", trained.corpus).err
    skipped = charnn("novelty", "text.txt", "--corpus", trained.corpus, "--on-error", "skip", "--per-line", "--json")
    assert [json.loads(line)["characters"] for line in skipped.text.splitlines()] == [7, 7]


@pytest.mark.parametrize("command", [("score",), ("train", "--task", "language-model", "--out", "m")])
def test_a_text_of_western_europe_is_told_as_it_would_read(charnn, trained, text_file, said_once, command):
    model = () if command[0] == "train" else ("--model", trained.path)
    result = charnn(*command, text_file("dans un café\n".encode("latin-1")), *model)
    assert result.code == 1
    assert "in line 1; name the encoding with --encoding (cp1252 if it is to say 'café'), or" in said_once(result)
    assert "cp1252" not in charnn(*command, text_file("имени нет\n".encode("cp1251")), *model).err
