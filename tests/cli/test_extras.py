"""charnn without its extras: what is missing is said in one line, with what to install; what is there works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib

import pytest

from charnn.errors import MissingPackageError
from charnn.extras import EXTRAS, missing_packages_explained
from tests.paths import GOLDEN, ROOT

WITHOUT_EXTRAS = """
import json, sys
sys.modules.update(dict.fromkeys(json.loads(sys.argv[1])))  # with None there, an import fails as if nothing were
from charnn.cli.main import run
sys.exit(max(run(arguments) for arguments in json.loads(sys.argv[2])))
"""
"""Runs command lines, one after another, where no extra is installed."""


@pytest.fixture
def without_extras(tmp_path):
    def run(*arguments, more=()):
        commands = [list(map(str, one)) for one in (arguments, *more)]
        return subprocess.run(
            [sys.executable, "-c", WITHOUT_EXTRAS, json.dumps(list(EXTRAS)), json.dumps(commands)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("naïve ant\nnaïve ant\n", encoding="utf-8")
    return path


@pytest.fixture
def treebank(tmp_path):
    path = tmp_path / "treebank.conllu"
    path.write_text("1\tcats\t_\tNOUN\t_\tNumber=Plur\t_\t_\t_\t_\n\n", encoding="utf-8")
    return path


def refused(finished, line):
    assert (finished.returncode, finished.stdout, finished.stderr.decode()) == (1, b"", f"charnn: {line}\n")


def test_training_says_in_one_line_what_to_install(without_extras, text, tmp_path):
    refused(
        without_extras("train", text, "--out", tmp_path / "model"),
        "training needs torch, which is not installed; pip install 'charnn[train]'",
    )
    assert not (tmp_path / "model").exists()


def test_going_on_with_a_run_says_it_too(without_extras):
    refused(
        without_extras("train", "--resume", GOLDEN / "format-1"),
        "training needs torch, which is not installed; pip install 'charnn[train]'",
    )


def test_novelty_says_in_one_line_what_to_install(without_extras, text):
    refused(
        without_extras("novelty", text, "--corpus", text),
        "finding copied text needs pydivsufsort, which is not installed; pip install 'charnn[novelty]'",
    )


def test_a_confusion_matrix_says_in_one_line_what_to_install(without_extras, treebank, tmp_path):
    refused(
        without_extras("eval", treebank, "--model", GOLDEN / "tagger-1", "--confusion", tmp_path / "matrix.png"),
        "drawing a picture needs matplotlib, which is not installed; pip install 'charnn[plots]'",
    )
    assert not (tmp_path / "matrix.png").exists()


USES = {
    ("sample", "ant", "--length", "5", "--seed", "1", "--model", "format-1"): "ant",
    ("score", "--model", "format-1", "corpus.txt"): "\tnaïve ant\n",
    ("eval", "--model", "format-1", "corpus.txt"): "nats/char",
    ("info", "format-1"): "language-model",
    ("tag", "--model", "tagger-1", "--to", "slashed", "corpus.txt"): "ant_",
    ("eval", "--model", "tagger-1", "treebank.conllu"): "upos",
    ("info", "tagger-1"): "tagger",
    ("train", "--help"): "--time",
    ("novelty", "--help"): "--at-least",
}
"""Command lines, and what each writes."""


def test_using_a_model_needs_no_extra(without_extras, text, treebank):
    commands = [[GOLDEN / word if (GOLDEN / word).is_dir() else word for word in words] for words in USES]
    finished = without_extras(*commands[0], more=commands[1:])
    assert (finished.returncode, finished.stderr) == (0, b"")
    written = finished.stdout.decode()
    for said in USES.values():  # each behind the one before
        assert said in written
        written = written[written.index(said) + len(said) :]


def test_debug_shows_where_the_package_was_missed(without_extras, text):
    finished = without_extras("--debug", "train", text)
    assert finished.returncode == 1
    assert b"ModuleNotFoundError" in finished.stderr
    assert finished.stderr.endswith(b"pip install 'charnn[train]'\n")


@pytest.mark.parametrize("package", EXTRAS)
def test_the_extra_that_is_named_brings_the_package_and_train_brings_all(package):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    _, extra = EXTRAS[package]
    assert any(requirement.startswith(f"{package}>=") for requirement in extras[extra])
    assert extra == "train" or extra in extras["train"][0]
    assert not any(requirement.startswith(package + ">") for requirement in project["dependencies"])


def test_what_is_missing_for_another_reason_stays_what_it_is():
    with pytest.raises(ModuleNotFoundError, match="no_such_package"), missing_packages_explained():
        import no_such_package  # noqa: F401
    with pytest.raises(ModuleNotFoundError) as caught, missing_packages_explained():
        raise ModuleNotFoundError("No module named 'torch.later'", name="torch.later")
    assert not isinstance(caught.value, MissingPackageError)
