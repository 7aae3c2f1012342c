"""charnn as its user runs it: a command line in a directory of its own, and what it says on each stream."""

from __future__ import annotations

import io
import json
import os
import pickle
import pty
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import pytest

from charnn.cli.main import run
from tests.cli.warm import TRAINING, USING, Child, Modules, Warm
from tests.once import made_once
from tests.paths import ROOT
from tests.quick import quick_runs  # noqa: F401 - a fixture of all tests here

TEXT = "the cat sat on the mat. a dog ran off with the hat.\n" * 20
PIPES = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
TINY = ("--steps", "8", "--hidden", "16", "--layers", "1", "--batch", "4", "--window", "16", "--precision", "fp32")

PATIENT = "from charnn.cli import notices; notices.PATIENCE = float('inf')"
"""What a command line does first that is not to say how far it is on a terminal, as it would on a busy machine."""


@dataclass(frozen=True)
class Result:
    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode("utf-8")

    @property
    def json(self) -> Any:
        """The one object on stdout, in strict JSON."""
        (line,) = self.text.splitlines()
        return json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


@dataclass(frozen=True)
class Trained:
    """The model that most tests use: where it is, its corpus, and what `charnn train` said when it made it."""

    path: Path
    corpus: Path
    result: Result


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("CHARNN_MODEL", "COLUMNS")}
    return {**kept, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "charnn", *map(str, arguments)]


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> Iterator[None]:
    """A shell starts what runs in its background with Ctrl-C ignored, and nohup ignores that a terminal closes.

    So would what the tests start; but what is handled here is not ignored there.
    """
    interrupted = signal.signal(signal.SIGINT, signal.default_int_handler)
    closed = signal.signal(signal.SIGHUP, lambda *_: None)
    yield
    signal.signal(signal.SIGINT, interrupted)
    signal.signal(signal.SIGHUP, closed)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, warm: Callable[[Modules], Warm]) -> Trained:
    """Made by a process of its own, as a user would. Tests that change it copy it first (`copied`)."""

    def train(folder: Path) -> None:
        (folder / "pets.txt").write_text(TEXT)
        with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
            streams = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": err}
            child = Child(
                warm(TRAINING),
                ["train", "pets.txt", *TINY, "--ngrams", "0", "--steps", "30"],
                folder,
                environment(),
                **streams,
            )
        (folder / "code").write_text(str(child.wait()))

    folder = made_once(tmp_path_factory, "trained", train)
    said = (folder / "stderr").read_bytes().decode()
    result = Result(int((folder / "code").read_text()), (folder / "stdout").read_bytes(), said)
    return Trained(folder / "checkpoints" / "pets", folder / "pets.txt", result)


@pytest.fixture
def copied(trained: Trained, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained.path, tmp_path / "copied"))


@pytest.fixture
def tiny() -> tuple[str, ...]:
    """Options of a training run of a fraction of a second."""
    return TINY


@pytest.fixture
def text_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file into the directory that commands run in."""

    def write(content: str | bytes = TEXT, name: str = "text.txt") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def charnn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Callable[..., Result]:
    """Runs a command line within this process, in `tmp_path`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CHARNN_MODEL", raising=False)

    def in_process(*arguments: str | Path, stdin: bytes | TextIO = b"") -> Result:
        given = io.TextIOWrapper(io.BytesIO(stdin)) if isinstance(stdin, bytes) else stdin
        monkeypatch.setattr(sys, "stdin", given)
        capfdbinary.readouterr()
        code = run([str(argument) for argument in arguments])
        out, err = capfdbinary.readouterr()
        return Result(code, out, err.decode())

    return in_process


@pytest.fixture
def once_a_module(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Callable[[Callable[[], Any]], Any]:
    """`once_a_module(make)`: the first test of a module that asks makes what it wants in `tmp_path`, and the others get
    a copy, those of other processes too; each is given what `make` gave."""

    def filled(make: Callable[[], Any]) -> Any:
        def keep(folder: Path) -> None:
            (folder / "given").write_bytes(pickle.dumps(make()))
            shutil.copytree(tmp_path, folder / "files")

        folder = made_once(tmp_path_factory, f"module {request.module.__name__}", keep)
        shutil.copytree(folder / "files", tmp_path, dirs_exist_ok=True)
        return pickle.loads((folder / "given").read_bytes())

    return filled


@pytest.fixture(scope="session")
def warm() -> Iterator[Callable[[Modules], Warm]]:
    """`warm(modules)`: a process that has imported these modules."""
    running: dict[Modules, Warm] = {}

    def get(modules: Modules) -> Warm:
        if modules not in running:
            running[modules] = Warm(modules, environment())
        return running[modules]

    yield get
    for one in running.values():
        one.close()


@pytest.fixture
def process(warm: Callable[[Modules], Warm], tmp_path: Path, started: list[Any]) -> Callable[..., Child]:
    """Starts a command line as a process of its own, in `tmp_path`, with pipes unless told otherwise."""

    def start(*arguments: str | Path, **streams: Any) -> Child:
        line = [os.fspath(argument) for argument in arguments]
        one = warm(TRAINING if "train" in line[:2] or "--adapt" in line else USING)
        started.append(Child(one, line, tmp_path, environment(), **PIPES | streams))
        return started[-1]

    return start


@pytest.fixture
def fresh_process(tmp_path: Path, started: list[Any]) -> Callable[..., subprocess.Popen[bytes]]:
    """The same from the first instruction of Python's on, for tests that are about how a process begins."""

    def start(*arguments: str | Path, **streams: Any) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(command(*arguments), cwd=tmp_path, env=environment(), **PIPES | streams))
        return started[-1]

    return start


@pytest.fixture
def started() -> Iterator[list[Any]]:
    """The processes that a test starts. They end with it."""
    started: list[Any] = []
    yield started
    for child in started:
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout, child.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture
def at_terminal(process: Callable[..., Child]) -> Callable[..., Result]:
    """Runs a command line whose stderr is a terminal. Its end of line is that of a terminal. However long it takes, it
    does not show how far it is."""

    def run_there(*arguments: str | Path, **streams: Any) -> Result:
        terminal, its_side = pty.openpty()
        child = process(*arguments, stderr=its_side, before=PATIENT, **streams)
        os.close(its_side)
        said = bytearray()
        with suppress(OSError):  # Linux says EIO where the other side of a terminal has been closed
            while data := os.read(terminal, 4096):
                said += data
        os.close(terminal)
        out, _ = child.communicate(timeout=20)
        return Result(child.returncode, out, said.decode())

    return run_there


@pytest.fixture
def said_once() -> Callable[[Result], str]:
    """The one line on stderr that says why a command failed."""

    def line(result: Result) -> str:
        assert result.out == b""
        assert result.err.startswith("charnn: ")
        assert result.err.count("\n") == 1
        assert result.err.endswith("\n")
        return result.err

    return line
