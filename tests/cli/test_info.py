"""`charnn info`: what a model is."""

from __future__ import annotations

import json


def test_everything_about_the_model_is_on_stdout(charnn, trained):
    result = charnn("info", trained.path)
    assert result.code == 0
    assert result.err == ""
    for part in (
        "language-model",
        "1 x 16 lstm",
        "characters, a vocabulary of 20",
        str(trained.corpus),
        "1,040 characters",
        "936 characters to train on, 104",
        "30 steps",
        "seed 0",
        "kB",
    ):
        assert part in result.text


def test_the_parameters_are_those_of_the_network(charnn, trained):
    config = json.loads((trained.path / "config.json").read_text())["network"]
    symbols, embedding, hidden = config["vocabulary_size"], config["embedding_size"], config["hidden_size"]
    recurrent = charnn("info", trained.path, "--json").json["parameters"] - symbols * embedding - symbols * (hidden + 1)
    assert recurrent in (4 * hidden * (embedding + hidden + 1), 4 * hidden * (embedding + hidden + 2))


def test_json_is_the_configuration_and_the_sizes(charnn, trained):
    config = json.loads((trained.path / "config.json").read_text())
    del config["format_version"]
    result = charnn("info", trained.path, "--json").json
    assert set(result) == {*config, "model", "parameters", "bytes", "training_bytes"}
    assert config.items() <= result.items()


def test_sizes_are_those_of_the_files(charnn, trained):
    result = charnn("info", trained.path, "--json").json
    training = sum(f.stat().st_size for f in (trained.path / "training").iterdir())
    everything = sum(f.stat().st_size for f in trained.path.rglob("*") if f.is_file())
    assert (result["bytes"], result["training_bytes"]) == (everything - training, training)


def test_the_validation_text_is_named(charnn, text_file, tiny):
    text_file()
    held = text_file("the cat ran.\n" * 5, "held.txt")
    assert charnn("train", "text.txt", "--valid", "held.txt", *tiny).code == 0
    assert str(held) in charnn("info").text
