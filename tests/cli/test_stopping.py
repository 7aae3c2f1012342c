"""`charnn train --stopping`: from the command line to a text that ends."""

from __future__ import annotations

import json
import math
import random

import pytest

TEXT = "".join(random.Random(0).choices(("ab\n", "abc\n"), k=200))


@pytest.mark.parametrize("stopping", ["halt", "length"])
def test_a_way_of_stopping_is_said_kept_and_used(charnn, text_file, tiny, stopping):
    text_file(TEXT)
    options = [*tiny, "--steps", "250"]
    result = charnn("train", "text.txt", *options, "--documents", "line", "--stopping", stopping)
    assert result.code == 0
    (line,) = (line for line in result.err.splitlines() if line.startswith("network "))
    assert f", stopping by {stopping}: " in line
    assert f", stopping by {stopping}; " in charnn("info").text
    assert charnn("info", "--json").json["network"]["stopping"] == stopping
    for context in ("carried", "2"):
        score = charnn("eval", "--context", context, "--json").json
        # A line, of 3.5 characters, is one of two, so it is worth one bit: of its text, or of its length.
        bits_of_a_line = score["bits_per_character"] * 3.5 + score["nats_per_stop"] / math.log(2)
        assert 0.9 < bits_of_a_line < (3 if context == "2" else 1.6)
    for precision in ("fp32", "int8"):
        sampled = charnn("sample", "--temp", "0.5", "--seed", "1", "--json", "--precision", precision).json
        assert set(sampled["text"].splitlines()) <= {"ab", "abc"}
        assert sampled["reason"] == "stop"


def test_a_symbol_that_is_asked_for_is_the_default(charnn, text_file, tiny, tmp_path):
    text_file(TEXT)
    for name, options in (("asked", ("--stopping", "symbol")), ("not-asked", ())):
        assert charnn("train", "text.txt", *tiny, "--documents", "line", *options, "--out", name).code == 0
    networks = [json.loads((tmp_path / name / "config.json").read_text())["network"] for name in ("asked", "not-asked")]
    assert networks[0] == networks[1]
    assert "stopping" not in networks[0]


@pytest.mark.parametrize("stopping", ["halt", "length"])
def test_a_single_document_is_refused_before_anything_is_made(charnn, text_file, tmp_path, said_once, tiny, stopping):
    text_file()
    result = charnn("train", "text.txt", *tiny, "--stopping", stopping)
    assert result.code == 2
    assert f"--stopping {stopping}: a single document" in said_once(result)
    assert [path.name for path in tmp_path.iterdir()] == ["text.txt"]


def test_a_way_of_stopping_is_for_texts(charnn, text_file, said_once):
    text_file()
    result = charnn("train", "text.txt", "--columns", "upos", "--stopping", "halt")
    assert result.code == 2
    assert "--stopping is for texts" in said_once(result)


def test_a_start_from_another_model_keeps_its_way_unless_another_is_asked_for(charnn, text_file, tiny):
    text_file(TEXT)
    lines = ("train", "text.txt", "--documents", "line", "--steps", "3")
    assert charnn("train", "text.txt", *tiny, "--documents", "line", "--stopping", "length", "--out", "first").code == 0
    for name, options, expected in (
        ("kept", ("--from", "first"), "length"),
        ("halt", ("--from", "first", "--stopping", "halt"), "halt"),
        ("symbol", ("--from", "halt", "--stopping", "symbol"), None),
    ):
        assert charnn(*lines, *options, "--out", name).code == 0
        assert charnn("info", name, "--json").json["network"].get("stopping") == expected
    assert charnn("train", "text.txt", "--steps", "3", "--from", "first", "--out", "whole").code == 0
    assert "stopping" not in charnn("info", "whole", "--json").json["network"]
