"""`charnn score`: what each line costs a model, as columns, objects, symbols and shades, and as a filter."""

from __future__ import annotations

import fcntl
import json
import math
import os
import pty
import re
import subprocess
import time
from types import SimpleNamespace

import numpy as np
import pytest

from charnn.config.model import TokenizerConfig
from charnn.config.training import Budget
from charnn.corpora.data_files import DataFiles
from charnn.tasks.language_model.corpus import read_corpus
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.language_model.learn.overrides import LanguageModelOverrides
from charnn.tasks.language_model.learn.session import LanguageModelSession
from charnn.tasks.language_model.use.model import LanguageModel
from charnn.tasks.language_model.use.neurons import activations
from charnn.tasks.language_model.use.runtime import RuntimeLanguageModel
from charnn.tokenizers.base import STOP_ID
from tests.runs import PLAIN, into

LINES = "the cat sat on the mat\nthe dog ran\n\na hat\r\nwwwwgggg\nthe cat"
ENGLISH = "the cat sat on the mat\na dog ran off with the hat\n" * 10
GERMAN = "die katze saß auf der matte\nein hund lief mit dem hut davon\n" * 10
ESCAPE = re.compile(r"\x1b\[[\d;]*m")


def learned(directory, text, *, kind="characters", steps=100, stopping="symbol", **reading):
    """A language model of the least size, made in a fraction of a second."""
    corpus = directory.with_suffix(".txt")
    corpus.write_text(text)
    tokenizer = TokenizerConfig(kind, vocabulary_size=290)
    overrides = LanguageModelOverrides(
        hidden_size=16,
        layers=1,
        batch_size=4,
        window_length=16,
        budget=Budget(steps=steps),
        stopping=stopping,
        ngram_order=0,
        settings=PLAIN,
    )
    corpus = read_corpus(DataFiles([str(corpus)]), any_bytes=kind == "bytes", **reading)
    session = LanguageModelSession.start(into(directory), corpus, tokenizer, overrides)
    session.run(SimpleNamespace(step=lambda *_: None, validation=lambda *_, **__: None))
    return directory


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def of_lines(folder):
    return learned(folder / "lines", ENGLISH, document="line")


@pytest.fixture(scope="module")
def german(folder):
    return learned(folder / "german", GERMAN, kind="bpe", document="line")


@pytest.fixture(scope="module")
def of_bytes(folder):
    return learned(folder / "bytes", ENGLISH, kind="bytes")


@pytest.fixture
def score(charnn, of_lines):
    """`score(text, options...)`: what becomes of this text on stdin's place, a file."""

    def run(text, *options, models=(of_lines,), name="text.txt"):
        with open(name, "wb") as file:
            file.write(text.encode() if isinstance(text, str) else text)
        return charnn("score", name, *(o for model in models for o in ("--model", model)), *options)

    return run


@pytest.fixture
def running(process, of_lines):
    """`running(options...)`: a process that scores what is written to its stdin."""
    return lambda *options, **streams: process(
        "score", "--model", of_lines, *options, **{"stdin": subprocess.PIPE, "bufsize": 0, **streams}
    )


def objects(result):
    refuse = lambda name: pytest.fail(f"{name} is not JSON")  # noqa: E731
    return [json.loads(line, parse_constant=refuse) for line in result.text.splitlines()]


# what a line costs


def test_columns_are_nats_bits_length_and_the_line_as_it_came(score):
    result = score(LINES)
    assert (result.code, result.err) == (0, "")
    rows = [line.split("\t", 3) for line in result.text.split("\n")]
    assert [row[3] for row in rows] == LINES.split("\n")
    assert [int(row[2]) for row in rows] == [22, 11, 0, 5, 8, 7]
    for nats, bits, length, _ in rows:
        expected = float(nats) / math.log(2) / int(length) if int(length) else 0.0
        assert float(bits) == pytest.approx(expected, abs=1e-4)
    assert rows[2][:3] == ["0.0000", "0.0000", "0"]
    assert max(rows, key=lambda row: float(row[1]))[3] == "wwwwgggg"


@pytest.mark.parametrize("stopping", ["symbol", "halt", "length"])
def test_with_ends_the_lines_add_up_to_what_eval_says_of_them(score, charnn, of_lines, folder, stopping):
    path = of_lines if stopping == "symbol" else learned(folder / stopping, ENGLISH, document="line", stopping=stopping)
    found = objects(score(LINES, "--ends", "--json", models=[path]))
    options = ("--documents", "line", "--context", "100", "--json", "--model", path)
    expected = charnn("eval", "text.txt", *options).json
    nats = expected["nats_per_character"] * expected["characters"]
    ends = expected["nats_per_stop"] * expected["documents"]
    assert sum(line["characters"] for line in found) == expected["characters"] == len(LINES)
    assert sum(line["nats"] for line in found) == pytest.approx(nats + ends, rel=1e-5)
    # Without the line ends: what comes before them costs what it did.
    symbols = [line["symbols"] for line in objects(score(LINES, "--ends", "--json", "--per-character", models=[path]))]
    for line, of_line in zip(objects(score(LINES, "--json", models=[path])), symbols, strict=True):
        inside = sum(nats for _, nats in of_line[: line["characters"]])
        assert line["nats"] == pytest.approx(inside, abs=1e-4)


def test_a_line_costs_the_same_alone_and_among_others(score):
    together = objects(score(LINES * 40, "--json"))
    alone = [objects(score(line, "--json"))[0]["nats"] for line in LINES.split("\n")[:2]]
    assert [line["nats"] for line in together[:2]] == pytest.approx(alone, abs=1e-4)
    assert [line["nats"] for line in together[6:8]] == pytest.approx(
        [line["nats"] for line in together[11:13]], abs=1e-4
    )


@pytest.mark.parametrize("has_ends", [True, False])
def test_a_line_is_read_from_nothing_after_a_stop_token_or_a_line_end(score, of_lines, trained, has_ends):
    path = of_lines if has_ends else trained.path
    directory = LanguageModelDirectory.open(path)
    tokenizer, network = directory.tokenizer(), RuntimeLanguageModel(directory.graph())
    line = tokenizer.encode("a dog sat")
    before = [STOP_ID] if has_ends else tokenizer.encode("\n")
    logits_1TV, _ = network.sequence(np.concatenate((before, line))[None, :-1], network.initial_state(1))
    logits_TV = logits_1TV[0].astype(np.float64)
    nats_T = np.log(np.exp(logits_TV).sum(-1)) - logits_TV[np.arange(len(line)), line]
    (found,) = objects(score("a dog sat\n", "--json", "--per-character", models=[path]))
    assert [nats for _, nats in found["symbols"]] == pytest.approx(nats_T.tolist(), abs=1e-4)
    assert found["nats"] == pytest.approx(nats_T.sum(), abs=1e-4)


def test_json_has_what_is_promised_and_null_where_there_are_no_characters(score):
    found = objects(score(LINES, "--json"))
    assert [line["line"] for line in found] == [1, 2, 3, 4, 5, 6]
    assert [line["text"] for line in found] == [line.rstrip("\r") for line in LINES.split("\n")]
    assert all(
        set(line) == {"file", "line", "text", "model", "characters", "nats", "bits_per_character"} for line in found
    )
    assert (found[2]["nats"], found[2]["bits_per_character"]) == (0.0, None)
    assert found[0]["bits_per_character"] == pytest.approx(found[0]["nats"] / math.log(2) / 22, abs=1e-5)


def test_characters_never_seen_make_a_line_odd_and_are_one_warning(score):
    result = score("the cat\nthe çat\nthe ñat\n", "--json")
    nats = [line["nats"] for line in objects(result)]
    assert nats[1] > nats[0] + 1
    assert nats[2] > nats[0] + 1
    assert result.err.startswith("charnn: warning: the model has never seen 'ç', 'ñ'")
    assert result.err.count("\n") == 1


def test_int8_costs_about_the_same(score):
    precise, fast = (objects(score(LINES, "--json", "--precision", precision)) for precision in ("fp32", "int8"))
    for one, other in zip(precise, fast, strict=True):
        assert one["nats"] == pytest.approx(other["nats"], abs=0.1 * max(1, one["nats"]))


# symbols


def test_symbols_add_up_to_their_line(score):
    for line in objects(score(LINES, "--per-character", "--json")):
        assert "".join(symbol for symbol, _ in line["symbols"]) == line["text"]
        assert sum(nats for _, nats in line["symbols"]) == pytest.approx(line["nats"], abs=1e-4)


def test_symbols_are_rows_of_line_place_symbol_and_nats(score):
    rows = [row.split("\t") for row in score("a\tb\\\n\n\x1bé", "--per-character").text.splitlines()]
    assert [row[:3] for row in rows] == [
        ["1", "1", "a"], ["1", "2", r"\t"], ["1", "3", "b"], ["1", "4", r"\\"], ["3", "1", r"\x1b"], ["3", "2", "é"]
    ]  # fmt: skip
    assert all(re.fullmatch(r"\d+\.\d{4}", row[3]) for row in rows)


def test_with_ends_the_line_end_is_a_symbol_and_so_is_the_end_of_the_document(score):
    rows = [row.split("\t")[:3] for row in score("a\nb", "--per-character", "--ends").text.splitlines()]
    assert rows == [["1", "1", "a"], ["1", "2", r"\n"], ["1", "3", ""], ["2", "1", "b"], ["2", "2", ""]]


def test_the_symbols_of_pieces_are_pieces(score, german):
    (line,) = objects(score("die katze", "--per-character", "--json", models=[german]))
    assert len(line["symbols"]) < 9
    assert "".join(symbol for symbol, _ in line["symbols"]) == "die katze"


# the filter


def test_a_threshold_keeps_lines_byte_for_byte_on_either_side(score):
    bits = [line["bits_per_character"] or 0 for line in objects(score(LINES, "--json"))]
    limit = sorted(bits)[2] + 1e-5
    lines = re.findall(r"[^\n]*\n|[^\n]+", LINES)
    for side in ("above", "below"):
        kept = [line for line, b in zip(lines, bits, strict=True) if (b > limit) == (side == "above")]
        assert score(LINES, "--threshold", limit, "--keep", side).text == "".join(kept)
        assert score(LINES, "--threshold", limit).text == score(LINES, "--threshold", limit, "--keep", "above").text
        numbers = [line["line"] for line in objects(score(LINES, "--threshold", limit, "--keep", side, "--json"))]
        assert numbers == [n for n, b in enumerate(bits, 1) if (b > limit) == (side == "above")]


def test_a_threshold_on_symbols_keeps_those_of_the_lines(score):
    kept = {row.split("\t")[0] for row in score(LINES, "--per-character", "--threshold", "0").text.splitlines()}
    assert kept == {"1", "2", "4", "5", "6"}


def test_two_files_are_counted_through_and_stay_apart(charnn, of_lines, text_file):
    text_file("the cat", "one")
    text_file("the dog\n", "two")
    result = charnn("score", "one", "two", "--threshold", "-1", "--model", of_lines)
    assert result.text == "the cat\nthe dog\n"
    found = objects(charnn("score", "one", "two", "--json", "--model", of_lines))
    assert [(line["file"], line["line"]) for line in found] == [("one", 1), ("two", 1)]
    rows = charnn("score", "one", "two", "--per-character", "--model", of_lines).text.splitlines()
    assert [row.split("\t")[0] for row in rows] == ["1"] * 7 + ["2"] * 7


# several models


def test_the_best_of_several_models_is_named_whatever_their_tokens(score, of_lines, german):
    text = "the cat sat\ndie katze saß\n\na dog ran off\nein hund lief\n"
    rows = [line.split("\t") for line in score(text, models=(of_lines, german)).text.splitlines()]
    en, de = str(of_lines), str(german)
    assert [row[0] for row in rows] == [en, de, "-", en, de]
    assert [row[6] for row in rows] == text.splitlines()
    for row in rows[:2]:
        assert (float(row[2]) < float(row[4])) == (row[0] == en)
    alone = [line.split("\t")[:2] for line in score(text, models=[german]).text.splitlines()]
    assert [row[3:5] for row in rows] == alone


def test_objects_of_several_models_have_each_and_the_best(score, of_lines, german):
    first, _, empty = objects(score("the cat\ndie katze\n\n", "--json", models=(of_lines, german)))
    assert first["best"] == str(of_lines)
    assert list(first["models"]) == [str(of_lines), str(german)]
    assert first["models"][str(of_lines)]["nats"] < first["models"][str(german)]["nats"]
    assert empty["best"] is None
    assert empty["models"][str(german)]["bits_per_character"] is None


def test_a_threshold_is_on_the_best_of_several(score, of_lines, german):
    text = "the cat sat\ndie katze saß auf der matte\nxqjzw qqq\n"
    found = objects(score(text, "--json", models=(of_lines, german)))
    best = [min(m["bits_per_character"] for m in line["models"].values()) for line in found]
    assert max(best) == best[2]
    limit = (max(best[:2]) + best[2]) / 2
    assert score(text, "--threshold", limit, models=(of_lines, german)).text == "xqjzw qqq\n"


# colour


def test_shades_are_on_the_text_and_nothing_else_and_every_line_ends_without(score):
    result = score("the cat\r\n\nxqz the cat\x1b[31m\t.", "--color")
    assert ESCAPE.sub("", result.text) == "the cat\n\nxqz the cat\\x1b[31m\t."
    assert "\x1b[31m" not in result.text
    for line in result.text.split("\n"):
        codes = ESCAPE.findall(line)
        assert not codes or codes[-1] == "\x1b[0m"
    assert "\x1b[38;5;" in result.text.split("\n")[2]
    legend, _ = result.err.splitlines()
    assert ESCAPE.sub("", legend).startswith("bits a character:  below 2 ")


def test_a_shade_says_what_a_symbol_costs(score):
    text = score("xqz the cat", "--color").text
    symbols = objects(score("xqz the cat", "--per-character", "--json"))[0]["symbols"]
    steps = [2, 4, 6, 8, 12]
    backgrounds = {None: 0, "230": 1, "222": 2, "214": 3, "202": 4, "160": 5}
    shown, shade = [], None
    for code, character in re.findall(r"(\x1b\[[\d;]*m)|(.)", text):
        if code:
            shade = None if code == "\x1b[0m" else code[2:-1].split(";")[-1]
        else:
            shown.append((character, backgrounds[shade]))
    assert shown == [(symbol, sum(nats / math.log(2) >= step for step in steps)) for symbol, nats in symbols]


def test_no_color_is_for_those_who_did_not_ask_for_it(score, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" in score("xqz", "--color").text
    assert "\x1b" not in score("xqz").text


# bytes, encodings, ends


def test_a_byte_order_mark_is_given_back_with_its_file_and_stands_in_no_row(score):
    text = "\ufeffthe cat\nthe cat\n"
    first, second = score(text).text.splitlines()
    assert first == second
    assert score(text, "--threshold", "-1").text == text


def test_what_is_no_text_is_scored_by_a_model_of_bytes_and_comes_back(score, of_bytes):
    text = b"the cat\n\xff\xfe the\r\n\xe2\x82"
    result = score(text, models=[of_bytes])
    assert result.code == 0
    assert [line.split(b"\t", 3)[3] for line in result.out.split(b"\n")] == text.split(b"\n")
    found = [json.loads(line) for line in score(text, "--json", models=[of_bytes]).out.splitlines()]
    assert [line["text"].encode("utf-8", "surrogateescape") for line in found] == [
        b"the cat",
        b"\xff\xfe the",
        b"\xe2\x82",
    ]
    assert score(text, "--threshold", "-1", models=[of_bytes]).out == text
    symbols = score(b"\xff\n", "--per-character", models=[of_bytes]).text
    assert symbols.startswith("1\t1\t\\udcff\t")


def test_a_byte_that_is_no_text_is_named_after_all_before_it(score):
    result = score(b"the cat\n" * 3 + b"\xff\n")
    assert result.code == 1
    assert result.text.count("the cat") == 3
    assert "text.txt: byte 24 is not utf-8" in result.err


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_another_encoding_is_read_and_written_when_named(score, encoding):
    text = "the cat\nthe hat\n" * 300
    result = score(text.encode(encoding), "--encoding", encoding, "--threshold", "-1")
    assert result.out == text.encode(encoding)


def test_a_line_of_a_hundred_thousand_characters_is_scored(score):
    text = "the cat sat on the mat " * 4400
    (line,) = objects(score(text, "--json"))
    assert line["characters"] == len(text)


# usage


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--keep", "below"), "--threshold"),
        (("--threshold", "nan"), "--threshold"),
        (("--color", "--json"), "--json"),
        (("--color", "--per-character"), "--per-character"),
        (("--encoding", "klingon"), "klingon"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_usage_exits_2_and_names_what_is_wrong(score, said_once, options, named):
    result = score("the cat\n", *options)
    assert result.code == 2
    assert named in said_once(result)


@pytest.mark.parametrize("option", ["--per-character", "--color"])
def test_what_is_of_one_model_is_refused_for_several(score, said_once, of_lines, german, option):
    result = score("the cat\n", option, models=(of_lines, german))
    assert result.code == 2
    assert option in said_once(result)


def test_a_model_that_is_named_twice_is_refused(score, said_once, of_lines):
    result = score("the cat\n", models=(of_lines, of_lines))
    assert result.code == 2
    assert "twice" in said_once(result)


def test_an_encoding_is_refused_where_bytes_are_read(score, said_once, of_bytes):
    result = score("the cat\n", "--encoding", "latin-1", models=[of_bytes])
    assert result.code == 2
    assert "--encoding" in said_once(result)


def test_a_missing_file_is_named_once_the_files_before_it_were_scored(charnn, of_lines, text_file):
    text_file("the cat\n")
    result = charnn("score", "text.txt", "gone.txt", "--model", of_lines)
    assert result.code == 1
    assert result.text.endswith("\tthe cat\n")
    assert result.err.startswith("charnn: gone.txt: ")


# streams


@pytest.mark.parametrize("options", [(), ("--json",), ("--threshold", "-1"), ("--color",)], ids=" ".join)
def test_a_line_is_answered_before_the_next_is_sent(running, options):
    child = running(*options)
    for part in (b"the cat\n", b"a dog", b" ran\nthe"):
        child.stdin.write(part)
        if b"\n" in part:
            assert re.search(b"the cat|a dog ran", ESCAPE_BYTES.sub(b"", child.stdout.readline()))
    assert child.poll() is None
    rest, _ = child.communicate(b" hat", timeout=20)
    assert b"the hat" in ESCAPE_BYTES.sub(b"", rest)
    assert child.returncode == 0


ESCAPE_BYTES = re.compile(ESCAPE.pattern.encode())


def test_head_ends_it_at_once_without_a_word(process, of_lines):
    endless = subprocess.Popen(["yes", "the cat sat"], stdout=subprocess.PIPE)
    child = process("score", "--model", of_lines, stdin=endless.stdout)
    endless.stdout.close()
    head = subprocess.run(["head", "-2"], stdin=child.stdout, capture_output=True, timeout=30)
    child.stdout.close()
    assert child.wait(timeout=10) == 0
    endless.wait(timeout=10)
    assert child.stderr.read() == b""
    assert head.stdout.count(b"\n") == 2


def test_a_reader_that_pauses_makes_the_writer_pause(running):
    """All that lies between them is the two pipes and a few chunks."""
    child = running()
    fcntl.fcntl(child.stdin, fcntl.F_SETFL, os.O_NONBLOCK)
    taken, waited = 0, 0.0
    while waited < 0.7 and taken < 10_000_000:
        wrote = child.stdin.write(b"the cat sat on the mat\n" * 1000) or 0
        taken += wrote
        waited = 0.0 if wrote else waited + 0.05
        time.sleep(0 if wrote else 0.05)
    assert taken < 2_000_000
    child.kill()


def test_an_interruption_does_not_wait_for_a_long_line(running):
    child = running()
    child.stdin.write(b"the cat\n")
    child.stdout.readline()
    fcntl.fcntl(child.stdin, fcntl.F_SETFL, os.O_NONBLOCK)
    child.stdin.write(b"the cat sat " * 5000)
    child.send_signal(2)
    assert child.wait(timeout=10) == 130
    assert child.stderr.read() == b""


def test_a_terminal_is_told_what_is_waited_for(process, of_lines):
    terminal, its_side = pty.openpty()
    child = process("score", "--model", of_lines, stdin=its_side, stderr=its_side)
    os.close(its_side)
    assert b"Ctrl-D" in os.read(terminal, 1000)
    os.write(terminal, b"\x04")
    assert child.wait(timeout=10) == 0
    assert child.stdout.read() == b""
    os.close(terminal)


def test_units_are_what_they_are_once_each_character_is_read(charnn, trained, text_file):
    model = LanguageModel.load(trained.path)
    text_file("the cat\n\nsat")
    shown = charnn("score", "text.txt", "-m", trained.path, "--units", "1:3,7")
    rows = [row.split("\t") for row in shown.text.splitlines()]
    assert [(row[0], row[1], row[2]) for row in rows] == [
        (line, str(n), c) for line, text in (("1", "the cat"), ("3", "sat")) for n, c in enumerate(text, start=1)
    ]
    values_TU = activations(model, "the cat").values_TU
    values = [[float(cell) for cell in row[3:]] for row in rows[:7]]
    np.testing.assert_allclose(values, values_TU[:, [2, 6]], atol=6e-5)
    text_file("the cat")
    one = charnn("score", "text.txt", "-m", trained.path, "--units", "all", "--json").json
    assert list(one["units"]) == [f"1:{n}" for n in range(1, 17)]
    np.testing.assert_allclose(np.transpose(list(one["units"].values())), values_TU, atol=1e-6)
    assert (one["file"], one["line"], one["text"], one["model"]) == ("text.txt", 1, "the cat", str(trained.path))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("2:1",), "unit 2:1: the model has 1 layer of 16 units"),
        (("1:17",), "the model has 1 layer of 16 units"),
        (("some",), "no unit"),
        (("1:1", "--color"), "--color is about something else"),
        (("1:1", "--ends"), "--ends is about something else"),
        (("1:1", "--per-character"), "--per-character is about something else"),
    ],
)
def test_units_that_cannot_be_shown_are_named(charnn, trained, arguments, said):
    result = charnn("score", "-m", trained.path, "--units", *arguments, stdin=b"the cat\n")
    assert (result.code, result.text) == (2, "")
    assert said in result.err
