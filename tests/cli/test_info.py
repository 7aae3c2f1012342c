"""`charnn info`: what a model is."""

from __future__ import annotations

import json
import shutil
from types import SimpleNamespace

import pytest

from charnn.config.training import Budget
from charnn.corpora.data_files import DataFiles
from charnn.tasks.tagger.learn.plan import TaggerOverrides
from charnn.tasks.tagger.learn.session import TaggerSession
from charnn.tasks.tagger.treebank import read_treebank
from tests.ended import end_before
from tests.runs import PLAIN, into


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


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    """A tagger of 30 tags `xpos` and one `upos`, which is made in a fraction of a second."""
    directory = tmp_path_factory.mktemp("tagger")
    rows = [f"1\tword{n % 4}\t_\tX\tTAG{n:02}\t_\t_\t_\t_\t_\n\n" for n in range(30)]
    (directory / "words.conllu").write_text("".join(rows))
    (directory / "held.conllu").write_text("".join(rows[:2]))
    treebank = read_treebank(
        DataFiles([str(directory / "words.conllu")], [str(directory / "held.conllu")]), columns=("upos", "xpos")
    )
    session = TaggerSession.start(
        into(directory / "words"),
        treebank,
        TaggerOverrides(layers=1, hidden_size=8, word_size=8, batch_size=10, budget=Budget(steps=3), settings=PLAIN),
    )
    session.run(SimpleNamespace(step=lambda *_: None, validation=lambda *_, **__: None))
    return directory / "words"


def test_everything_about_a_tagger_is_on_stdout(charnn, tagger):
    result = charnn("info", tagger)
    assert result.code == 0
    assert result.err == ""
    record = json.loads((tagger / "config.json").read_text())["record"]
    for part in (
        "tagger",
        "1 x 2 x 8 lstm",
        "upos: 1 tag: X\n",
        "xpos: 30 tags: TAG00, TAG01, ",
        "4 forms, 1 word vectors, 8 characters",
        str(tagger.parent / "words.conllu"),
        str(tagger.parent / "held.conllu"),
        "30 words in 30 sentences to train on, 2 in 2 to validate with; conllu",
        "3 steps, 1.0 epochs, 10 sentences a batch, fp32 on cpu",
        f"{30 / record['seconds']:,.0f} words/s",
        "seed 0",
        "best        upos 100.00%",
        "times as fast",
        "for tagging",
        "for resuming",
    ):
        assert part in result.text


def test_tags_of_a_column_are_shown_as_far_as_a_line_goes_and_the_others_counted(charnn, tagger):
    (line,) = (line for line in charnn("info", tagger).text.splitlines() if "xpos: " in line)
    shown = line.partition("tags: ")[2].partition(" and ")[0].split(", ")
    assert shown == [f"TAG{n:02}" for n in range(len(shown))]
    assert line.endswith(f" and {30 - len(shown)} more")
    assert 72 - len("TAG00, ") < len(", ".join(shown)) <= 72


def test_json_of_a_tagger_is_the_configuration_the_sizes_and_the_tags(charnn, tagger):
    config = json.loads((tagger / "config.json").read_text())
    del config["format_version"]
    result = charnn("info", tagger, "--json").json
    added = {"model", "parameters", "bytes", "training_bytes", "forms", "characters", "tags"}
    assert set(result) == {*config, *added}
    assert config.items() <= result.items()
    assert (result["forms"], result["characters"]) == (4, 8)
    assert result["tags"] == {"upos": ["X"], "xpos": [f"TAG{n:02}" for n in range(30)]}


@pytest.mark.parametrize("name", ["lexicon.json", "weights.safetensors"])
def test_a_missing_file_of_a_tagger_is_named(charnn, tagger, tmp_path, said_once, name):
    (tmp_path / "copy").mkdir()
    for file in tagger.iterdir():
        if file.is_file() and file.name != name:
            (tmp_path / "copy" / file.name).write_bytes(file.read_bytes())
    result = charnn("info", "copy")
    assert result.code == 1
    assert name in said_once(result)


@pytest.mark.parametrize("task", ["tagger", "language-model"])
def test_the_newest_model_is_meant_whatever_its_task(charnn, trained, tagger, tmp_path, task):
    for name, model in (("tagger", tagger), ("language-model", trained.path)):
        copy = shutil.copytree(model, tmp_path / "checkpoints" / name)
        end_before(copy, int(name != task))
    assert charnn("info", "--json").json["task"] == task
