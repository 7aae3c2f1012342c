"""Using a model needs neither what trained it nor a tokenizer that it has not: what a fresh Python has imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import charnn
from charnn.config.tokenizer import TokenizerConfig
from charnn.config.training import Budget
from charnn.tasks.language_model.corpus import read_corpus
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.language_model.learn.overrides import LanguageModelOverrides
from charnn.tasks.language_model.learn.session import LanguageModelSession
from charnn.tasks.tagger.directory import TaggerDirectory
from charnn.tasks.tagger.learn.overrides import TaggerOverrides
from charnn.tasks.tagger.learn.session import TaggerSession
from charnn.tasks.tagger.treebank import read_treebank
from charnn.training.report import Report

UNNEEDED = (
    *("torch", "onnx", "sentencepiece", "matplotlib", "pydivsufsort", "pydantic"),
    *("charnn.network", "charnn.training"),
)

SCRIPT = """
import json, sys
import charnn.cli.sample, charnn.cli.tag, charnn.cli.score, charnn.cli.evaluate, charnn.cli.info
from charnn.cli.main import run
arguments, unneeded = json.loads(sys.argv[1]), json.loads(sys.argv[2])
code = run(arguments) if arguments else 0
print(json.dumps([code, [name for name in unneeded if name in sys.modules]]), file=sys.stderr)
"""


class Silent:
    def step(self, report: Report) -> None:
        pass

    def validation(self, report: Report, scores: object, *, best: bool) -> None:
        pass


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model of characters, beside the text that it was trained on."""
    folder = tmp_path_factory.mktemp("layers")
    (folder / "corpus.txt").write_text("to be or not to be, that is the question\n" * 5)
    session = LanguageModelSession.start(
        lambda: LanguageModelDirectory.create(folder / "model"),
        read_corpus([str(folder / "corpus.txt")]),
        TokenizerConfig(),
        LanguageModelOverrides(layers=1, hidden_size=8, budget=Budget(steps=2)),
        {"device": "cpu", "precision": "fp32"},
    )
    session.run(Silent())
    return folder / "model"


@pytest.fixture(scope="module")
def tagger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny tagger, beside the treebank that it was trained on."""
    folder = tmp_path_factory.mktemp("tagger")
    (folder / "treebank.txt").write_text("the_DET cat_NOUN sleeps_VERB\n" * 5)
    session = TaggerSession.start(
        lambda: TaggerDirectory.create(folder / "tagger"),
        read_treebank([str(folder / "treebank.txt")], columns=("tag",)),
        TaggerOverrides(hidden_size=8, word_size=8, budget=Budget(steps=2)),
        {"device": "cpu", "precision": "fp32"},
    )
    session.run(Silent())
    return folder / "tagger"


def run_in_fresh_python(arguments: list[str]) -> tuple[str, int, list[str]]:
    """stdout, the exit code, and what of UNNEEDED was imported."""
    path = os.pathsep.join([str(Path(charnn.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    finished = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(arguments), json.dumps(UNNEEDED)],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": path},
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    code, imported = json.loads(finished.stderr.splitlines()[-1])
    return finished.stdout, code, imported


def test_importing_the_commands_imports_nothing_that_trains() -> None:
    assert run_in_fresh_python([]) == ("", 0, [])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sample", "to be", "--length", "20", "--seed", "1"], "to be"),
        (["sample", "--precision", "int8", "--json", "--length", "5"], '"text"'),
        (["eval"], "nats/char"),
        (["eval", "--context", "10", "--json"], "nats_per_character"),
        (["info"], "language-model"),
        (["info", "--json"], "hidden_size"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_using_a_model_imports_nothing_that_trains(model: Path, arguments: list[str], said: str) -> None:
    stdout, code, imported = run_in_fresh_python([*arguments, "--model", str(model)])
    assert code == 0
    assert said in stdout
    assert imported == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [([], "\tto be"), (["--per-character", "--json"], "symbols"), (["--color"], "to be")],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_scoring_imports_nothing_that_trains(model: Path, arguments: list[str], said: str) -> None:
    corpus = model.parent / "corpus.txt"
    stdout, code, imported = run_in_fresh_python(["score", *arguments, str(corpus), "--model", str(model)])
    assert code == 0
    assert said in stdout
    assert imported == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tag"], "cat_"),
        (["tag", "--format", "text", "--to", "conllu", "--probs"], "TagProb=0."),
        (["tag", "--precision", "int8", "--nbest", "2", "--to", "columns", "--min-confidence", "0.5"], "cat\t"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_tagging_imports_nothing_that_trains(tagger: Path, arguments: list[str], said: str) -> None:
    text = tagger.parent / "treebank.txt"
    stdout, code, imported = run_in_fresh_python([*arguments, str(text), "--model", str(tagger)])
    assert code == 0
    assert said in stdout
    assert imported == []


def test_what_is_looked_for_is_what_training_imports() -> None:
    """So that a module that is renamed is not looked for in vain."""
    assert {"torch", "onnx", "charnn.network", "charnn.training"} <= set(sys.modules)
