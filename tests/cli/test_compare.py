"""`charnn compare`: several cells on the same data under the same budget, what each came to, and a picture."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

SMALL = ("--hidden", "8", "--layers", "1", "--batch", "4", "--window", "16", "--precision", "fp32", "--device", "cpu")
PNG = b"\x89PNG"


def test_each_cell_reads_the_same_characters_and_is_drawn(charnn, text_file, tmp_path):
    text_file()
    result = charnn("compare", "text.txt", "--cells", "rnn,gru", "--epochs", "1", *SMALL, "--json", "-o", "cells.png")
    assert result.code == 0, result.err
    rnn, gru = map(json.loads, result.text.splitlines())
    assert [rnn["cell"], gru["cell"]] == ["rnn", "gru"]
    assert [rnn["model"], gru["model"]] == ["checkpoints/text-rnn", "checkpoints/text-gru"]
    assert rnn["characters"] == pytest.approx(gru["characters"], rel=0.02)
    assert rnn["parameters"] < gru["parameters"]
    for one in (rnn, gru):
        config = json.loads(Path(one["model"], "config.json").read_text())
        assert config["network"]["cell"] == one["cell"]
        assert config["ngrams"]["nats_per_character"] == one["nats_per_character"]
        assert config["scores"] == one["network"]
        assert one["characters"] == round(config["record"]["epochs"] * config["corpus"]["training_characters"])
        assert 0 < one["processors"] < 64
        assert one["training_seconds"] == pytest.approx(config["record"]["seconds"], abs=0.01)
    assert (tmp_path / "cells.png").read_bytes().startswith(PNG)


@pytest.mark.parametrize(
    ("task", "text"),
    [
        ("classifier", "".join(f"{'ab'[n % 2]}\tthe {['cat', 'dog'][n % 2]} {n}\n" for n in range(20))),
        ("transducer", "".join(f"word{n}\tW O R {n}\n" for n in range(20))),
    ],
)
def test_as_many_parameters_are_counted_as_a_model_tells_of_itself(charnn, text_file, task, text):
    text_file(text)
    options = ("--steps", "1", "--hidden", "4", "--precision", "fp32", "--task", task, "--json", "-o", "a.png")
    for one in charnn("compare", "text.txt", "--cells", "rnn,gru", *options).text.splitlines():
        said = json.loads(one)
        assert f"; {said['parameters']:,} parameters" in charnn("info", said["model"]).text


def test_a_row_for_each_cell_and_the_path_of_the_picture(charnn, text_file):
    text_file()
    result = charnn(
        "compare", "text.txt", "--cells", "gru,lstm", "--steps", "6", *SMALL, "--in", "models", "-o", "a.svg"
    )
    assert result.code == 0, result.err
    header, gru, lstm, path = result.text.splitlines()
    assert header.split()[:2] == ["cell", "parameters"]
    assert "processors" in header
    assert "  network alone " in header
    assert "best validation" not in header
    config = json.loads(Path("models/text-gru/config.json").read_text())
    alone, both = config["scores"]["nats_per_character"], config["ngrams"]["nats_per_character"]
    assert gru.index(f" {alone:.4f} nats ") == header.index(" network alone")
    assert gru.index(f" {both:.4f} nats ") == header.index(" model as it is used")
    assert gru.startswith("gru ")
    assert lstm.endswith("models/text-lstm")
    assert path == "a.svg"
    assert "steps of training" not in Path("a.svg").read_text()[:200]
    again = charnn("compare", "text.txt", "--cells", "gru,lstm", "--steps", "6", *SMALL, "--in", "models")
    assert again.code == 2
    assert "models/text-gru exists" in again.err
    assert not Path("compare.png").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("text.txt", "--cells", "rnn,gro"), "--cells gro: no such cell"),
        (("text.txt", "--cells", "rnn"), "name two different cells"),
        (("text.txt", "--cells", "rnn,rnn"), "name two different cells"),
        (("text.txt", "-o", "a.pdf"), "PNG or SVG"),
        (("-",), "read several times"),
        ((), "no corpus"),
        (("text.txt", "--cell", "rnn"), "--cell"),
    ],
)
def test_what_cannot_be_compared_is_named_before_anything_is_trained(charnn, text_file, tmp_path, arguments, said):
    text_file()
    result = charnn("compare", *arguments, "--steps", "6")
    assert (result.code, result.text) == (2, "")
    assert said in result.err
    assert not (tmp_path / "checkpoints").exists()
