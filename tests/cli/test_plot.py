"""`charnn plot`: pictures as files, their numbers as JSON, and what is said where there is nothing to draw."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import GOLDEN

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def models(tmp_path):
    """The golden models, by the names of their tasks."""
    for golden, name in (
        ("format-1", "poems"),
        ("tagger-1", "tags"),
        ("classifier-1", "labels"),
        ("forecaster-1", "sales"),
    ):
        shutil.copytree(GOLDEN / golden, tmp_path / "checkpoints" / name)


@pytest.mark.parametrize("model", ["poems", "tags", "labels"])
def test_curves_of_every_task_are_drawn(models, charnn, tmp_path, model):
    result = charnn("plot", "curves", model)
    assert (result.code, result.text, result.err) == (0, "curves.png\n", "")
    assert (tmp_path / "curves.png").read_bytes().startswith(PNG)


def test_the_numbers_of_curves_are_those_of_the_history(models, charnn):
    history = [json.loads(line) for line in (GOLDEN / "format-1/history.jsonl").read_text().splitlines()]
    found = charnn("plot", "curves", "poems", "--by", "steps", "--json").json
    assert found["model"] == "poems"
    assert found["unit"] == "nats per character by the network"
    assert found["steps"] == [entry["step"] for entry in history]
    assert found["held_out"] == pytest.approx([entry["nats_per_character"] for entry in history], rel=1e-5)
    assert found["training"] == pytest.approx([entry["training_nats"] for entry in history], rel=1e-5)
    tagger = charnn("plot", "curves", "tags", "--json").json
    assert tagger["unit"] == "% of words with a wrong tag"
    assert tagger["held_out"][-1] == 0
    assert tagger["training"] == []


def test_a_picture_is_an_svg_or_dark_where_that_is_asked_for(models, charnn, tmp_path):
    assert charnn("plot", "curves", "poems", "-o", "a.svg").text == "a.svg\n"
    assert (tmp_path / "a.svg").read_text().startswith("<?xml")
    charnn("plot", "curves", "poems", "-o", "light.png")
    charnn("plot", "curves", "poems", "-o", "dark.png", "--dark")
    assert (tmp_path / "light.png").read_bytes() != (tmp_path / "dark.png").read_bytes()


def test_the_figures_at_a_temperature_are_those_of_all_its_samples_whatever_others_are_drawn(trained, charnn):
    def figures(temperatures, characters):
        options = ("--temps", temperatures, "--characters", characters, "--json")
        return [json.loads(line) for line in charnn("plot", "temperature", trained.path, *options).text.splitlines()]

    cold, warm = figures("0.2,1", "2000")
    assert [warm] == figures("1", "2000")
    assert 0 < cold["bits_per_character"] < warm["bits_per_character"]
    assert [warm] != figures("1", "1000")  # two samples say something else than one


@pytest.mark.parametrize(
    "command",
    [("curves",), ("embeddings",), ("temperature", "--temps", "1", "--characters", "100"), ("lengths", "-n", "2")],
    ids=lambda command: command[0],
)
def test_a_model_is_named_by_its_option_too_as_in_every_command(charnn, trained, command):
    name, *options = command
    by_option = charnn("plot", name, *options, "--model", trained.path, "--json")
    assert by_option.code == 0, by_option.err
    assert by_option.text == charnn("plot", name, trained.path, *options, "--json").text


def test_curves_of_models_that_are_named_in_both_ways_are_drawn_together(models, charnn):
    both = charnn("plot", "curves", "poems", "-m", "poems", "--json").text
    assert both == charnn("plot", "curves", "poems", "poems", "--json").text


def test_a_picture_goes_through_a_pipe(models, process):
    out, err = process("plot", "curves", "poems", "-o", "-").communicate(timeout=30)
    assert out.startswith(PNG)
    assert err == b""


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (("curves", "poems", "-o", "a.pdf"), "a.pdf: a picture is written as PNG or SVG", 2),
        (("curves", "poems", "-o", "no/a.png"), "no/a.png: no such file or directory", 1),
        (("curves", "poems", "tags"), "models of different tasks", 2),
        (("curves", "peoms"), "did you mean poems?", 1),
        (("gradients", "tags"), "this is a tagger", 1),
        (("calibration", "-m", "poems"), "this is a language model, and a classifier is needed", 1),
        (("confusion", "-m", "poems"), "name a tagger, a classifier or a transducer", 2),
        (("neurons",), "give a TEXT, or name a file with --text", 2),
        (("neurons", "a", "--text", "b"), "give a TEXT, or name a file with --text", 2),
        (("temperature", "poems", "--temps", "0,x"), "--temps 0,x: give numbers above 0", 2),
        (("temperature", "poems", "-m", "tags"), "poems and --model tags: give one of them", 2),
        (("embeddings", "tags"), "a tagger has no one table of symbols", 2),
        (("gradients", "poems"), "name a text with --text FILE", 1),
        (("gradients", "poems", "--steps", "0"), "--steps 0: give a whole number of at least 1", 2),
        (("forecast", "-m", "poems"), "a forecaster is needed", 1),
        (("forecast", "-m", "sales", "--column", "x"), "--column x: no such column", 2),
        (("forecast", "-m", "sales"), "golden.csv: missing", 1),
        (("curvs",), "did you mean `charnn plot curves`?", 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_cannot_be_drawn_is_said_in_one_line(models, charnn, said_once, tmp_path, arguments, said, code):
    failed = charnn("plot", *arguments)
    assert failed.code == code
    assert said in said_once(failed)
    assert not list(tmp_path.glob("*.png"))


@pytest.mark.parametrize("history", ["", "{}\n", '{"step": 3}\n', "no json\n"])
def test_a_run_without_a_history_is_named(models, charnn, said_once, history):
    Path("checkpoints/poems/history.jsonl").write_text(history)
    failed = charnn("plot", "curves", "poems")
    assert failed.code == 1
    assert "checkpoints/poems" in said_once(failed)


def test_gradients_are_drawn_of_what_the_model_learned_from_or_of_a_text(trained, charnn, text_file, tmp_path):
    result = charnn("plot", "gradients", trained.path, "--steps", "20", "--untrained")
    assert (result.code, result.text) == (0, "gradients.png\n")
    assert (tmp_path / "gradients.png").read_bytes().startswith(PNG)
    text_file("the cat sat\n" * 20, "other.txt")
    options = ("--steps", "20", "--text", "other.txt", "--json", "--untrained")
    lines = charnn("plot", "gradients", trained.path, *options).text.splitlines()
    found = [json.loads(line) for line in lines]
    assert [one["untrained"] for one in found] == [False, True]
    assert [len(one["norms"]) for one in found] == [21, 21]
    assert found[0]["model"] == "pets (lstm)"
    assert found[0]["seed"] == 0


@pytest.mark.parametrize(
    ("arguments", "keys"),
    [
        (("temperature", "--temps", "0.5,1", "--characters", "300"), {"temperature", "known_words", "copied"}),
        (("lengths", "-n", "5"), {"unit", "learned_from", "written"}),
        (("embeddings",), {"symbol", "place"}),
        (("neurons", "the cat sat. A dog!", "-m"), {"unit", "values"}),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_each_picture_is_drawn_and_its_numbers_name_the_model(trained, charnn, tmp_path, arguments, keys):
    name = arguments[0]
    drawn = charnn("plot", *arguments, trained.path)
    assert (drawn.code, drawn.text) == (0, f"{name}.png\n")
    assert (tmp_path / f"{name}.png").read_bytes().startswith(PNG)
    found = [json.loads(line) for line in charnn("plot", *arguments, trained.path, "--json").text.splitlines()]
    assert found
    assert all(keys <= one.keys() and one["model"] == str(trained.path) for one in found)


def test_calibration_is_that_of_what_eval_measures(models, charnn, text_file, tmp_path):
    text_file("fruit of a tree\tnaïve pear\nfruit of a tree\ta cat\nanimal, wild or tame\tant 🧊\n", "gold.tsv")
    assert charnn("plot", "calibration", "gold.tsv").text == "calibration.png\n"
    assert (tmp_path / "calibration.png").read_bytes().startswith(PNG)
    found = charnn("plot", "calibration", "gold.tsv", "--json").json
    assert sum(found["texts"]) == 3
    right = sum(fraction * texts for fraction, texts in zip(found["right"], found["texts"], strict=True))
    assert right / 3 == pytest.approx(charnn("eval", "gold.tsv", "--json", "-m", "labels").json["accuracy"])


def test_confusion_names_each_picture_that_it_has_drawn(charnn, text_file, tmp_path):
    text_file("cat\tNOUN\tNumber=Sing\nthe\tDET\t_\n", "gold.tsv")
    command = ("plot", "confusion", "gold.tsv", "-m", GOLDEN / "tagger-1")
    assert charnn(*command, "-o", "its {column}.png").text == "its upos.png\nits feats.png\n"
    assert (tmp_path / "its upos.png").exists()
    alone = charnn(*command)
    assert (alone.text, "confusion.png shows upos" in alone.err) == ("confusion.png\n", True)


def test_confusion_is_what_eval_draws(models, charnn, text_file, tmp_path):
    text_file("fruit of a tree\tnaïve pear\nanimal, wild or tame\ta cat\nanimal, wild or tame\tant\n", "gold.tsv")
    assert charnn("plot", "confusion", "gold.tsv", "-m", "labels").text == "confusion.png\n"
    assert charnn("eval", "gold.tsv", "-m", "labels", "--confusion", "eval.png").code == 0
    assert (tmp_path / "confusion.png").read_bytes() == (tmp_path / "eval.png").read_bytes()


def test_units_that_are_named_are_drawn_in_their_order(trained, charnn):
    lines = charnn("plot", "neurons", "the cat", "-m", trained.path, "--units", "1:3,1", "--json").text.splitlines()
    found = [json.loads(line) for line in lines]
    assert [one["unit"].split()[:2] for one in found] == [["unit", "1:3"], ["unit", "1:1"]]
    assert [len(one["values"]) for one in found] == [7, 7]
    failed = charnn("plot", "neurons", "the cat", "-m", trained.path, "--units", "1:99")
    assert (failed.code, failed.out) == (2, b"")
    assert "the model has 1 layer of 16 units" in failed.err


def test_commands_that_draw_nothing_load_no_matplotlib():
    code = (
        "import sys; from charnn.cli.main import run; run(['plot', 'curves', '--help']); run(['models', '--json']);"
        "print([n for n in ('matplotlib', 'torch', 'onnxruntime') if n in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False)
    assert done.stderr == "[]\n"


def test_help_loads_no_numpy():
    code = (
        "import sys; from charnn.cli.main import run; run(['--help']); run(['plot', 'curves', '--help']);"
        "print([n for n in ('matplotlib', 'torch', 'onnxruntime', 'numpy') if n in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False)
    assert done.stderr == "[]\n"
