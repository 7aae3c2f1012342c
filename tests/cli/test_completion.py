"""Completion in a shell knows the names of models: as the shells ask for it, and in bash itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from types import ModuleType

import pytest

from charnn.cli.main import run
from tests.paths import GOLDEN, ROOT

SHELLS = {
    "bash": lambda words: {"COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)},
    "zsh": lambda words: {"_TYPER_COMPLETE_ARGS": " ".join(words)},
    "fish": lambda words: {"_TYPER_COMPLETE_ARGS": " ".join(words), "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
}
PLACES = [
    ("sample", "-m"), ("sample", "--model"), ("score", "-m"), ("tag", "--model"), ("eval", "--model"), ("info",),
    ("classify", "-m"), ("transduce", "-m"), ("novelty", "-m"), ("models", "remove"), ("models", "rename"),
    ("models", "export"), ("models", "--default"),
]  # fmt: skip


@pytest.fixture
def complete(tmp_path):
    """Runs charnn under its name, as a shell does; `more` are variables of the environment."""
    for name in ("poems", "prose", "tags"):
        shutil.copytree(GOLDEN / "format-1", tmp_path / "checkpoints" / name)
    command = tmp_path / "bin" / "charnn"
    command.parent.mkdir()
    command.write_text(
        f"#!{sys.executable}\nimport sys\nsys.argv[0] = 'charnn'\nfrom charnn.cli.main import main\nmain()\n"
    )
    command.chmod(0o755)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}"}

    def run(*arguments, **more):
        done = subprocess.run(arguments, cwd=tmp_path, env={**env, **more}, capture_output=True, encoding="utf-8")
        assert done.stderr == ""
        return done.stdout

    return run


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_is_told_the_names_that_begin_so(complete, shell):
    asked = SHELLS[shell](["charnn", "sample", "-m", "p"])
    said = complete("charnn", _CHARNN_COMPLETE=f"complete_{shell}", **asked)
    assert "poems" in said
    assert "prose" in said
    assert "tags" not in said


@pytest.mark.parametrize("place", PLACES, ids=" ".join)
def test_names_are_known_wherever_a_model_is_named(complete, tmp_path, monkeypatch, capsys, place):
    """As this process completes them, which starts none for each place."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["charnn"])
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))  # or else its name is that of pytest
    for name, value in SHELLS["bash"](["charnn", *place, "poe"]).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("_CHARNN_COMPLETE", "complete_bash")
    with pytest.raises(SystemExit):
        run([])
    assert capsys.readouterr() == ("poems\n", "")


def test_without_a_model_nothing_is_known_and_nothing_goes_wrong(complete, tmp_path):
    shutil.rmtree(tmp_path / "checkpoints")
    asked = SHELLS["bash"](["charnn", "sample", "-m", ""])
    assert complete("charnn", _CHARNN_COMPLETE="complete_bash", **asked).strip() == ""


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_bash_itself_completes_a_name(complete):
    script = complete("charnn", _CHARNN_COMPLETE="source_bash")
    assert "complete " in script
    asks = """
    COMP_WORDS=(charnn sample -m po) COMP_CWORD=3
    _charnn_completion charnn
    echo "${COMPREPLY[@]}"
    """
    assert complete("bash", "-c", script + asks) == "poems\n"


def test_names_are_told_without_loading_what_models_run_on(tmp_path):
    code = (
        "import sys; from charnn.cli.options import complete_model; complete_model(''); "
        "print([name for name in ('numpy', 'torch', 'onnxruntime', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True
    )
    assert set(eval(done.stdout)) <= {"numpy"}
