"""What a command imports before it does anything: its own module, its own task, and nothing that takes long."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from charnn.cli.commands import COMMANDS, GROUPS
from charnn.cli.main import run
from tests.paths import GOLDEN, ROOT

USES = [
    (["sample", "-n", "1", "--length", "3", "--seed", "1"], "", "format-1", "language_model"),
    (["score"], "a cat\n", "format-1", "language_model"),
    (["tag"], "a cat\n", "tagger-1", "tagger"),
    (["classify"], "a cat\n", "classifier-1", "classifier"),
    (["transduce"], "a\tN;PL\n", "transducer-1", "transducer"),
    (["forecast"], "2024-01-01,1\n2024-01-02,2\n2024-01-03,3\n", "forecaster-1", "forecaster"),
]
SLOW = ("torch", "matplotlib", "numpy.ma", "charnn.tasks.table", "charnn.corpora.facts")
"""Modules that take long, or that learning alone needs. numpy imports numpy.ma in np.unique, at its first call."""
CODE = """
import json, sys
from charnn.cli.main import run
code = run(json.loads(sys.argv[1]))
print(json.dumps([code, list(sys.modules)]), file=sys.stderr)
"""


def begun(folder, *arguments, stdin=""):
    """The exit code of a command line in a fresh Python, the modules that it has imported, and its stderr."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, json.dumps(arguments)],
        input=stdin,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return *json.loads(done.stderr.splitlines()[-1]), done.stderr


@pytest.mark.parametrize(("arguments", "stdin", "golden", "task"), USES, ids=[use[0][0] for use in USES])
def test_a_command_that_uses_a_model_imports_no_other_command_and_no_other_task(
    tmp_path, arguments, stdin, golden, task
):
    code, loaded, said = begun(tmp_path, *arguments, "-m", str(GOLDEN / golden), "-q", stdin=stdin)
    assert code == 0, said
    others = {command.module for name, command in COMMANDS.items() if name != arguments[0]}
    tasks = {name.split(".")[2] for name in loaded if name.startswith("charnn.tasks.") and name.count(".") > 2}
    assert not others.intersection(loaded)
    assert not {*SLOW}.intersection(loaded)
    assert tasks == {task}


def test_the_help_of_charnn_itself_imports_no_command_and_no_task(tmp_path):
    code, loaded, _ = begun(tmp_path, "--help")
    assert code == 0
    assert not {"numpy", *(command.module for command in (*COMMANDS.values(), *GROUPS.values()))}.intersection(loaded)
    assert not [name for name in loaded if name.startswith("charnn.tasks.") and name != "charnn.tasks.options"]


@pytest.mark.parametrize("before", [[], ["--quiet"], ["-q", "--debug"], ["--log", "sample"], ["--log", "x", "-q"]])
def test_a_command_is_found_whatever_stands_before_its_name(tmp_path, monkeypatch, capsys, before):
    """Even where the value of an option is the name of another command."""
    monkeypatch.chdir(tmp_path)
    assert run([*before, "info", str(GOLDEN / "classifier-1")]) == 0
    assert "classifier" in capsys.readouterr().out
