"""`charnn train --folds`: each part is held out once, and one model learns all."""

from __future__ import annotations

import json
import statistics
from pathlib import Path

import pytest

import charnn as library
from tests.tasks.builders import BUILDERS

SMALL = ("--hidden", "6", "--layers", "1", "--steps", "8", "--precision", "fp32", "--device", "cpu")
TASKS = {"tagger": ("--columns", "tag"), "classifier": ("--task", "classifier"), "transducer": ("--task", "transducer")}
COUNTS = {
    "tagger": ("training_sentences", 20),
    "classifier": ("training_texts", 240),
    "transducer": ("training_pairs", 14),
}


@pytest.mark.parametrize("task", TASKS)
def test_the_figures_of_the_folds_and_one_model_of_all_the_data(charnn, tmp_path, task):
    (tmp_path / "data.tsv").write_text(BUILDERS[task].data)
    result = charnn("train", "data.tsv", *TASKS[task], *SMALL, "--folds", "3", "--json")
    assert result.code == 0, result.err
    titles = [line for line in result.err.splitlines() if line.startswith("fold ") or line == "all data"]
    assert titles == ["fold 1 of 3", "fold 2 of 3", "fold 3 of 3", "all data"]
    found = result.json["cross_validation"]
    assert len(found["folds"]) == 3
    for key in found["folds"][0]:
        values = [fold[key] for fold in found["folds"]]
        assert found["mean"][key] == pytest.approx(statistics.fmean(values))
        assert found["spread"][key] == pytest.approx(statistics.stdev(values))
    model = Path(result.json["model"])
    assert json.loads((model / "folds.json").read_text()) == found
    config = json.loads((model / "config.json").read_text())
    key, count = COUNTS[task]
    assert config["corpus"][key] == count
    assert config["corpus"]["held_out"] is False
    assert "over 3 folds" in charnn("info", model).text
    card = (model / "README.md").read_text()
    assert "over 3 folds" in card
    assert "Nothing was held out" not in card
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["data"]


def test_folds_in_python_are_those_of_the_command(charnn, tmp_path):
    (tmp_path / "data.tsv").write_text(BUILDERS["tagger"].data)
    charnn("train", "data.tsv", *TASKS["tagger"], *SMALL, "--folds", "2", "--out", "command")
    options = {"hidden": 6, "layers": 1, "steps": 8, "precision": "fp32", "device": "cpu"}
    model = library.train("data.tsv", columns="tag", folds=2, out="python", **options)
    assert model.path == Path("python")
    assert Path("python/folds.json").read_text() == Path("command/folds.json").read_text()


def test_a_fold_is_tagged_by_the_network_and_the_linear_model_together(charnn, tmp_path):
    sentences = ["dog_N then_O x_N", "sees_V then_O x_V"] * 20
    (tmp_path / "data.txt").write_text("\n".join(sentences) + "\n")
    few = ("--columns", "tag", "--steps", "2", "--hidden", "6", "--folds", "2", "--json")
    both = charnn("train", "data.txt", *few).json["cross_validation"]
    alone = charnn("train", "data.txt", *few, "--no-linear", "--out", "alone").json["cross_validation"]
    assert both["mean"]["all_columns_accuracy"] == 1
    assert alone["mean"]["all_columns_accuracy"] < 0.9


@pytest.mark.parametrize(
    "content", ["", "[]", '{"folds": []}', '{"folds": [{"a": "<b>"}, {"a": 1}]}', '{"folds": [3, 4]}']
)
def test_damaged_figures_are_passed_over(charnn, trained, tmp_path, content):
    file = trained.path / "folds.json"
    file.write_text(content)
    try:
        result = charnn("info", trained.path)
    finally:
        file.unlink()
    assert (result.code, result.err) == (0, "")
    assert "folds" not in result.text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("data.tsv", "--columns", "tag", "--folds", "3", "--valid", "none"), "--folds holds out each part"),
        (("-", "--columns", "tag", "--folds", "3"), "reads the data several times"),
        (("data.tsv", "--documents", "line", "--folds", "3"), "--folds"),
        (
            ("prose.txt", "--folds", "3"),
            "looks like none of treebanks or labelled texts or lists of pairs, which --folds",
        ),
        (("data.tsv", "--columns", "tag", "--folds", "1"), "1"),
    ],
)
def test_what_does_not_go_with_folds_is_named(charnn, tmp_path, arguments, said):
    (tmp_path / "data.tsv").write_text(BUILDERS["tagger"].data)
    (tmp_path / "prose.txt").write_text("The cat sat on the mat.\n" * 9)
    result = charnn("train", *arguments, *SMALL)
    assert (result.code, result.text) == (2, "")
    assert said in result.err
    assert not (tmp_path / "checkpoints").exists()


def test_more_folds_than_sentences_are_an_error(charnn, tmp_path):
    (tmp_path / "data.txt").write_text("a_X b_Y\n" * 3)
    result = charnn("train", "data.txt", "--columns", "tag", "--folds", "9", *SMALL)
    assert result.code != 0
    assert result.err.count("charnn: ") == 1
