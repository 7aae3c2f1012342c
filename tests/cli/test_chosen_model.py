"""Which model a command uses is never silent: what is said of it, and what no default is."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.ended import end_before
from tests.paths import GOLDEN

TASKS = {"format-1": ("score", "sample"), "tagger-1": ("tag",), "classifier-1": ("classify",)}
COMMANDS = [(model, command) for model, commands in TASKS.items() for command in commands]


@pytest.fixture
def put(tmp_path):
    """Puts a golden model under checkpoints/, as one whose training ended so many seconds ago."""

    def model(name, golden="format-1", *, age=0.0, stopped_by="budget"):
        path = Path(shutil.copytree(GOLDEN / golden, tmp_path / "checkpoints" / name))
        config = json.loads((path / "config.json").read_text())
        config["record"]["stopped_by"] = stopped_by
        (path / "config.json").write_text(json.dumps(config))
        end_before(path, age)
        return path

    return model


@pytest.mark.parametrize(("golden", "command"), COMMANDS)
def test_a_terminal_is_told_the_model_in_one_dim_line_and_a_pipe_nothing(
    put, charnn, at_terminal, golden, command, text_file
):
    put("demo", golden)
    text_file("ant\n")
    arguments = (command, "text.txt") if command != "sample" else (command, "ant", "--length", "3", "--seed", "7")
    seed = ", seed 7" if command == "sample" else ""
    line = f"\x1b[2mmodel checkpoints/demo (the latest; -m names another){seed}\x1b[0m\r\n"
    assert at_terminal(*arguments).err == line
    assert at_terminal(*arguments, "-m", "demo").err == f"\x1b[2mmodel checkpoints/demo{seed}\x1b[0m\r\n"
    assert charnn(*arguments).err == ""


def test_eval_and_novelty_tell_it_too(put, at_terminal, text_file):
    put("demo")
    text_file("naïve ant\n")
    assert "model checkpoints/demo (the latest; -m names another)" in at_terminal("eval", "text.txt").err
    assert "model checkpoints/demo" not in at_terminal("novelty", "text.txt", "--corpus", "text.txt").err


def test_a_terminal_without_styles_is_told_plainly(put, at_terminal, monkeypatch):
    put("demo")
    for name, value in (("TERM", "dumb"), ("NO_COLOR", "1")):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            said = at_terminal("sample", "--length", "3", "--seed", "7").err
            assert said == "model checkpoints/demo (the latest; -m names another), seed 7\r\n"


def test_the_seed_that_is_told_makes_the_same_text_again(put, at_terminal, charnn):
    put("demo")
    first = at_terminal("sample", "--length", "40")
    seed = first.err.partition("seed ")[2].partition("\x1b")[0]
    assert charnn("sample", "--length", "40", "--seed", seed).out == first.out


@pytest.mark.parametrize(
    ("golden", "arguments"),
    [
        ("format-1", ("sample", "ant", "--length", "3", "--json")),
        ("format-1", ("score", "text.txt", "--json")),
        ("format-1", ("eval", "text.txt", "--json")),
        ("format-1", ("info", "--json")),
        ("tagger-1", ("tag", "text.txt", "--json")),
        ("classifier-1", ("classify", "text.txt", "--json")),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else value,
)
def test_every_json_names_the_model(put, charnn, text_file, golden, arguments):
    put("demo", golden)
    text_file("ant\n")
    found = charnn(*arguments).json
    assert found["model"] == "checkpoints/demo"
    assert ("seed" in found) == (arguments[0] == "sample")


def test_json_of_a_run_has_its_seed(charnn, text_file, tiny):
    text_file()
    assert charnn("train", "text.txt", *tiny, "--seed", "5", "--json").json["seed"] == 5


@pytest.mark.parametrize("stopped_by", ["running", "interrupt"])
def test_an_unfinished_run_is_no_default_and_named_it_works_and_says_so(put, charnn, said_once, stopped_by):
    put("begun", age=0, stopped_by=stopped_by)
    put("done", age=1000)
    assert charnn("info", "--json").json["model"] == "checkpoints/done"
    named = charnn("sample", "--length", "3", "-m", "begun")
    assert named.code == 0
    assert named.text
    assert named.err.startswith("charnn: warning: checkpoints/begun: its training ")
    assert named.err.endswith("goes on once it has stopped\n" if stopped_by == "running" else "begun` goes on\n")
    shutil.rmtree("checkpoints/done")
    alone = charnn("sample", "--length", "3")
    assert alone.code == 1
    assert "no finished language-model" in (line := said_once(alone))
    assert "-m begun" in line
    assert "train --resume checkpoints/begun" in line


def test_file_dates_and_copies_change_no_default(put, charnn):
    old, new = put("old", age=1000), put("new")
    for file in old.iterdir():
        os.utime(file)
    assert charnn("info", "--json").json["model"] == "checkpoints/new"
    shutil.copytree(new, new.parent / "a-copy")
    assert charnn("info", "--json").json["model"] == "checkpoints/new"


def test_a_run_that_is_resumed_ends_anew(charnn, text_file, tiny):
    text_file()
    for name in ("first", "second"):
        charnn("train", "text.txt", *tiny, "--out", f"checkpoints/{name}")
    assert charnn("info", "--json").json["model"] == "checkpoints/second"
    assert charnn("train", "--resume", "first", "--steps", "10").code == 0
    assert charnn("info", "--json").json["model"] == "checkpoints/first"


@pytest.mark.parametrize(
    ("out", "used"), [("checkpoints/x y", ""), ("elsewhere/x", " -m elsewhere/x"), ("it's", " -m 'it'\"'\"'s'")]
)
def test_training_ends_with_the_command_that_uses_what_it_made(charnn, text_file, tiny, put, out, used):
    put("earlier", age=1000)
    text_file()
    *_, last = charnn("train", "text.txt", *tiny, "--out", out).err.splitlines()
    assert last == f"use it: charnn sample{used}"


def test_the_command_names_the_model_where_the_variable_names_another(charnn, text_file, tiny, put, monkeypatch):
    monkeypatch.setenv("CHARNN_MODEL", str(put("earlier")))
    text_file()
    *_, last = charnn("train", "text.txt", *tiny, "--out", "checkpoints/other").err.splitlines()
    assert last == "use it: charnn sample -m other"


def test_a_file_in_the_place_of_a_model_is_answered_by_what_to_name(put, charnn, said_once):
    put("poems")
    for name in ("config.json", "weights.safetensors"):
        failed = charnn("sample", "-m", f"checkpoints/poems/{name}")
        assert failed.code == 1
        assert said_once(failed).endswith(
            f"{name}: a file, and a model is a directory; name the one that it is in: checkpoints/poems\n"
        )
    assert charnn("models", "export", "poems", "-o", "my poems.zip").code == 0
    assert "charnn models import 'my poems.zip'" in said_once(charnn("sample", "-m", "my poems.zip"))
