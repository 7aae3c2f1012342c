"""What strangers send is refused in one line that names the directory, within seconds and in little memory."""

from __future__ import annotations

import io
import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch  # noqa: F401 - learning imports it, which takes its time, and here before that of a test is bounded

from charnn.checkpoint.directory import ModelDirectory
from charnn.cli.main import run
from charnn.errors import CharnnError
from charnn.models import catalog
from tests.hostile.specimens import (
    HARMLESS,
    MODELS,
    REFUSED,
    SPOILT_SYMBOLS,
    SYMBOLS,
    Spoil,
    instead,
    make,
    sparse,
    to_device,
)
from tests.paths import GOLDEN
from tests.tasks.builders import BUILDERS

SECONDS = 60
"""Far more than any refusal takes, so that a busy machine fails no test."""
MEMORY = 1 << 31

USES = {
    "language-model": ("sample", "a", "--length", "5", "--seed", "1"),
    "tagger": ("tag",),
    "classifier": ("classify",),
    "transducer": ("transduce",),
    "forecaster": ("forecast",),
}
ODD: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a device": to_device,
    "a terabyte": sparse,
    "a folder": Path.mkdir,
    "a link to itself": lambda path: path.symlink_to(path.name),
    "nested deep": lambda path: path.write_bytes(b'{"a":' * 100_000),
    "a number without end": lambda path: path.write_bytes(b'{"step": 1%s}' % (b"0" * 5000)),
}
"""What may be in the place of a file."""
each_task = pytest.mark.parametrize("task", MODELS)
ALL = REFUSED | SPOILT_SYMBOLS


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """Ends a test that hangs, and gives no more memory than MEMORY beyond what is taken already."""

    def too_long(number: int, frame: object) -> None:
        raise AssertionError("it hangs")

    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    before = resource.getrlimit(resource.RLIMIT_AS)
    if pages:
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, before[1]))
    handler = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, handler)
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple]:
    monkeypatch.chdir(tmp_path)

    def called(*arguments: object, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        capfd.readouterr()
        code = run([str(argument) for argument in arguments])
        return (code, *capfd.readouterr())

    return called


def spoiler(task: str, name: str) -> Spoil:
    return REFUSED[name] if name in REFUSED else SPOILT_SYMBOLS[name](SYMBOLS[task])


@each_task
@pytest.mark.parametrize("name", ALL)
def test_a_specimen_is_refused_in_one_line_by_what_uses_it(task: str, name: str, tmp_path: Path, command) -> None:
    path = make(tmp_path / "model", task, spoiler(task, name))
    code, out, err = command(*USES[task], "-m", path, stdin="a\n")
    assert (code, out, err.count("\n")) == (1, "", 1), err
    assert str(path) in err
    assert "--debug" not in err


@each_task
@pytest.mark.parametrize("name", ALL)
def test_no_specimen_is_learned_from(task: str, name: str, tmp_path: Path, command) -> None:
    path = make(tmp_path / "model", task, spoiler(task, name))
    (tmp_path / "data.txt").write_text(BUILDERS[task].data)
    for arguments in (
        ("--resume", path, "--steps", "900"),
        ("data.txt", "--task", task, "--from", path, "--steps", "1", "--out", "new"),
    ):
        code, out, err = command("train", *arguments)
        assert code in (1, 2)
        assert out == ""
        assert "--debug" not in err
        assert not (tmp_path / "new").exists()


@pytest.fixture(scope="module")
def said_by_sound_ones() -> dict[tuple[str, ...], Any]:
    """What each command has said so far of models that nobody spoilt."""
    return {}


@each_task
@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_never_opened_does_no_harm(task: str, name: str, tmp_path: Path, command, said_by_sound_ones) -> None:
    path = make(tmp_path / "model", task, HARMLESS[name])
    for arguments in ((*USES[task], "--precision", "fp32"), USES[task]):
        if arguments not in said_by_sound_ones:
            sound = make(tmp_path / f"sound {len(arguments)}", task, lambda path: None)
            said_by_sound_ones[arguments] = command(*arguments, "-m", sound, stdin="a\n")
        found = command(*arguments, "-m", path, stdin="a\n")
        assert found[:2] == said_by_sound_ones[arguments][:2]
    curves = ("plot", "curves", path, "-o", "curves.svg")  # opens the same files of all models
    for arguments in (("info", path), *([curves] if task == "language-model" else [])):
        code, _, err = command(*arguments)
        assert code in (0, 1)
        assert err.count("\n") <= 1
        assert "--debug" not in err


@contextmanager
def in_its_place(file: Path, make_odd: Callable[[Path], object]) -> Iterator[None]:
    """Something odd is in the place of a file, or where there is none, until the context ends."""
    aside = file.with_name("aside")
    if file.exists():
        file.rename(aside)
    file.parent.mkdir(exist_ok=True)
    make_odd(file)
    yield
    if file.is_dir():
        file.rmdir()
    else:
        file.unlink()
    if aside.exists():
        aside.rename(file)


@pytest.mark.parametrize("way", ODD)
@pytest.mark.parametrize("golden", sorted(path.parent.name for path in GOLDEN.glob("*/config.json")))
def test_whatever_file_is_odd_it_is_said_in_a_line_or_not_needed(golden: str, way: str, tmp_path: Path) -> None:
    path = Path(shutil.copytree(GOLDEN / golden, tmp_path / "model"))
    names = [file.relative_to(path) for file in path.rglob("*") if file.is_file()]
    said = []
    for name in [*names, *map(Path, ("folds.json", "ended.json", "runs.json", "training/lock"))]:
        with in_its_place(path / name, ODD[way]):
            try:
                directory = catalog.check(ModelDirectory(path))
                directory.history()
                if directory.has_training_state():
                    directory.training_state()
            except CharnnError as error:
                said.append(str(error))
    assert said or way == "a folder", "config.json at least is read"
    assert all(str(path) in line and "\n" not in line for line in said)


@each_task
@pytest.mark.parametrize("file", ["README.md", "folds.json", "history.jsonl"])
def test_a_file_without_end_is_not_packed(task: str, file: str, tmp_path: Path, command) -> None:
    path = make(tmp_path / "model", task, instead(file, sparse))
    code, out, err = command("models", "export", path, "-o", "model.zip")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert f"{file}: 1,099,511,627,776 bytes are more than such a file has" in err
    assert not (tmp_path / "model.zip").exists()
