"""`charnn train --members` and `--teacher`: every command takes an ensemble as it takes one network."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from charnn import load, train
from charnn.tasks.language_model.directory import LanguageModelDirectory

TEXT = "the cat sat on the mat. a dog ran off with the hat!\n" * 40
SMALL = ("--hidden", "12", "--layers", "1", "--batch", "8", "--window", "16", "--precision", "fp32")
LINES = ["the cat", "a mat", "tac"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model of two members, and with each of the members as a model of its own."""
    folder = tmp_path_factory.mktemp("members")
    (folder / "text.txt").write_text(TEXT)
    options = {"hidden": 12, "layers": 1, "batch": 8, "window": 16, "precision": "fp32", "steps": 60}
    train(folder / "text.txt", out=folder / "two", members=2, **options)
    directory = LanguageModelDirectory(folder / "two")
    for number in range(2):
        shutil.copytree(folder / "two", folder / f"member-{number}")
        alone = LanguageModelDirectory(folder / f"member-{number}")
        prefix = f"members.{number}."
        own = {n.removeprefix(prefix): a for n, a in directory.weights().items() if n.startswith(prefix)}
        alone.write_weights(own)
        path = alone.path / "config.json"
        document = json.loads(path.read_text())
        del document["network"]["members"]
        path.write_text(json.dumps(document))
    return folder


@pytest.fixture
def two(made, tmp_path) -> Path:
    return Path(shutil.copytree(made / "two", tmp_path / "two"))


def test_what_a_line_costs_is_the_mean_of_the_probabilities_at_each_of_its_characters(made, charnn):
    def nats(name: str) -> list[list[float]]:
        result = charnn("score", "--per-character", "--json", "-m", made / name, stdin="\n".join(LINES).encode())
        return [[one["nats"] for one in json.loads(line)["characters"]] for line in result.text.splitlines()]

    for both, first, second in zip(nats("two"), nats("member-0"), nats("member-1"), strict=True):
        for ours, *theirs in zip(both, first, second, strict=True):
            assert math.exp(-ours) == pytest.approx(np.mean([math.exp(-nats) for nats in theirs]), rel=1e-3)


@pytest.mark.parametrize(
    "arguments",
    [
        ("sample", "the", "--seed", "1", "--length", "40"),
        ("sample", "the", "--seed", "1", "--length", "40", "--precision", "int8"),
        ("sample", "the", "--seed", "1", "--length", "20", "-n", "70", "--precision", "int8"),
        ("sample", "the", "--seed", "1", "--length", "20", "--beam", "3"),
        ("sample", "--pattern", "[a-z]{9}", "--seed", "1"),
        ("sample", "--adapt", "--prompt-file", "TEXT", "--length", "9", "--seed", "1"),
        ("score", "TEXT"),
        ("score", "TEXT", "--adapt"),
        ("eval", "TEXT", "--precision", "int8"),
        ("eval", "TEXT", "--adapt"),
        ("info",),
        ("report", "-o", "-"),
        ("plot", "gradients", "--steps", "9", "--json"),
        ("plot", "neurons", "the cat sat.", "--json"),
        ("plot", "embeddings", "--json"),
        ("models", "export", "--onnx", "--out", "graphs"),
    ],
    ids=" ".join,
)
def test_every_use_of_one_network_is_one_of_members(two, charnn, text_file, arguments):
    text_file(TEXT, "text.txt")
    arguments = [str(Path("text.txt").absolute()) if one == "TEXT" else one for one in arguments]
    takes_name = arguments[0] in ("info", "report") or arguments[:2] in (
        ["plot", "gradients"], ["plot", "embeddings"], ["models", "export"],
    )  # fmt: skip
    result = charnn(*arguments, *([two] if takes_name else ["-m", two]))
    assert result.code == 0, result.err
    assert result.out


def test_the_pictures_show_all_members(two, charnn):
    drawn = charnn("plot", "neurons", "the cat sat.", "-m", two, "--units", "1:13", "--json").json
    assert drawn["unit"] == "unit 1:13", "the first unit of the second member"
    found = charnn("plot", "neurons", "the cat sat.", "-m", two, "--units", "1:25", "--json")
    assert "1 layer of 24 units" in found.err


def test_a_run_says_its_members_and_goes_on_with_them(two, charnn, text_file):
    text_file(TEXT)
    result = charnn("train", "text.txt", *SMALL, "--members", "3", "--steps", "3", "--out", "three")
    assert result.code == 0
    assert "network   3 members, each 1 x 12 lstm" in result.err
    longer = charnn("train", "--resume", "three", "--steps", "5")
    assert (longer.code, longer.text) == (0, "three\n")
    more = charnn("train", "text.txt", "--from", "three", "--steps", "2", "--out", "more", "--members", "3")
    assert more.code == 0
    assert charnn("info", "more", "--json").json["network"]["members"] == 3
    other = charnn("train", "text.txt", "--from", "three", "--steps", "2", "--out", "other", "--members", "2")
    assert other.code == 2
    assert "has members 3, not 2" in other.err


def test_members_teach_one_network_which_their_directory_outlives(two, charnn, text_file):
    text_file(TEXT)
    options = (*SMALL, "--cell", "gru", "--steps", "4", "--out", "one")
    result = charnn("train", "text.txt", *options, "--teacher", two)
    assert result.code == 0
    assert f"teachers  {two}; a fifth of the loss is on the text, the rest on what it says about it" in result.err
    assert f"teachers    {two}" in charnn("info", "one").text
    shutil.rmtree(two)
    assert charnn("train", "--resume", "one", "--steps", "6").code == 0
    assert charnn("sample", "-m", "one", "--length", "5").code == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--teacher", "nowhere"), "nowhere: no model here"),
        (("--teacher", "two", "--tokenizer", "bytes"), "it has --tokenizer characters, not bytes"),
        (("--teacher", "two", "--min-count", "2"), "it has --min-count 1, not 2"),
        (("--teacher", "two", "--documents", "line"), "it has not learned where a text ends"),
        (("--members", "0"), "--members 0"),
        (("--members", "101"), "--members 101"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_and_makes_nothing(two, charnn, text_file, said_once, options, said):
    text_file(TEXT)
    result = charnn("train", "text.txt", *SMALL, "--steps", "2", "--out", "no", *options)
    assert result.code in (1, 2)
    assert said in said_once(result)
    assert not Path("no").exists()


def test_a_member_that_is_missing_or_one_too_many_is_damage(two, charnn, said_once):
    path = two / "config.json"
    for members, missing in ((3, "members.2.embedding.weight"), (1, "embedding.weight")):
        document = json.loads((path).read_text())
        document["network"]["members"] = members
        path.write_text(json.dumps(document))
        result = charnn("sample", "-m", two)
        assert result.code == 1
        assert f"there is no '{missing}'" in said_once(result)


def test_python_takes_members_and_teachers(made, tmp_path):
    options = {"hidden": 8, "layers": 1, "batch": 8, "window": 16, "precision": "fp32", "steps": 2}
    taught = train(made / "text.txt", out=tmp_path / "one", teacher=made / "two", **options)
    assert taught.config.teachers == (str(made / "two"),)
    again = train(
        made / "text.txt", out=tmp_path / "more", teacher=[made / "two", tmp_path / "one"], members=2, **options
    )
    assert again.config.network.members == 2
    assert "".join(load(made / "two").sample("the", length=9, seed=1))
