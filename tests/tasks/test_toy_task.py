"""A task is a folder and a line in TASKS: one of a single small file works through the same commands as the others."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charnn
from charnn import api
from charnn.cli.main import run
from charnn.errors import ModelFormatError, UsageError
from charnn.tasks.table import TASKS
from charnn.training.distributed.processes import ALONE
from tests.tasks.parity import ParityTask

LINES = "".join(f"{number:04b}\n" for number in np.random.default_rng(0).integers(16, size=300))
LONGEST_FILE = 150


@dataclass(frozen=True)
class Result:
    code: int
    text: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@pytest.fixture
def charnn_command(capfd: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Runs a command line within this process."""

    def command(*arguments: str | Path) -> Result:
        capfd.readouterr()
        code = run([os.fspath(argument) for argument in arguments])
        return Result(code, *capfd.readouterr())

    return command


@pytest.fixture
def bits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The task is known, and the commands run beside a file of its data."""
    monkeypatch.setitem(TASKS, "parity", ParityTask())
    monkeypatch.chdir(tmp_path)
    Path("bits.txt").write_text(LINES)
    return Path("bits.txt")


def test_it_is_small() -> None:
    assert len((Path(__file__).parent / "parity.py").read_text().splitlines()) < LONGEST_FILE


def test_it_learns_resumes_loads_is_scored_and_described_by_the_same_commands(
    bits: Path, charnn_command: Callable[..., Result]
) -> None:
    started = charnn_command("train", bits, "--steps", "600", "--seed", "1")
    assert (started.code, started.text) == (0, "checkpoints/bits\n")
    resumed = charnn_command("train", "--resume", "checkpoints/bits", "--steps", "800", "--json")
    assert (resumed.json["model"], resumed.json["outcome"]) == ("checkpoints/bits", "budget")
    assert charnn_command("eval", "--json").json["accuracy"] > 0.95
    assert charnn_command("eval", bits, "-m", "bits").text.startswith("accuracy")
    info = charnn_command("info", "bits")
    assert "task        parity\nnetwork     an rnn that reads bits; 97 parameters\n" in info.text
    model = charnn.load("bits")
    assert [model.is_odd(line) for line in ("0000", "0100", "1010", "1110")] == [False, True, False, True]


def test_python_trains_it_as_the_command_does(bits: Path, charnn_command: Callable[..., Result]) -> None:
    charnn_command("train", bits, "--steps", "20", "--out", "one")
    charnn.train(bits, steps=20, out="two")
    assert Path("one/weights.safetensors").read_bytes() == Path("two/weights.safetensors").read_bytes()


def test_a_run_that_is_resumed_ends_in_the_bits_of_one_that_never_stopped(bits: Path) -> None:
    charnn.train(bits, steps=60, out="whole")
    session = api.start([os.fspath(bits)], None, {"steps": 60}, out=Path("parts"), overwrite=False, processes=ALONE)
    session.run(api.SilentObserver(), lambda: session.loop.progress.step >= 31)
    stopped = Path("parts/weights.safetensors").read_bytes()
    charnn.train(resume="parts")
    assert stopped != Path("parts/weights.safetensors").read_bytes()
    assert Path("parts/weights.safetensors").read_bytes() == Path("whole/weights.safetensors").read_bytes()


def test_it_refuses_the_options_of_other_tasks_and_they_its_models(
    bits: Path, charnn_command: Callable[..., Result]
) -> None:
    refused = charnn_command("train", bits, "--task", "parity", "--columns", "upos")
    assert refused.code == 2
    assert "--columns is for treebanks, and this is a judge of parity" in refused.err
    with pytest.raises(UsageError, match="--stopping is for texts"):
        charnn.train(bits, task="parity", stopping="halt")
    charnn.train(bits, steps=2, out="model")
    assert "this is a parity, and a tagger is needed" in charnn_command("tag", "-m", "model").err


def test_without_it_its_models_are_of_a_task_that_is_not_known(
    bits: Path, monkeypatch: pytest.MonkeyPatch, charnn_command: Callable[..., Result]
) -> None:
    charnn.train(bits, steps=2, out="model")
    monkeypatch.delitem(TASKS, "parity")
    with pytest.raises(ModelFormatError, match="the task 'parity' is not known"):
        charnn.load("model")
    assert charnn_command("info", "model").code == 1
