"""What the tests of all tasks share."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from charnn.api import SilentObserver
from charnn.cli.main import run
from tests.quick import five_validations, quick_runs  # noqa: F401 - fixtures of tests here


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


@pytest.fixture
def silent() -> SilentObserver:
    """An observer that looks at nothing."""
    return SilentObserver()


@pytest.fixture
def two_threads() -> Iterator[None]:
    """What torch is set to until the test has ended."""
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def command(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs a command line within this process."""
    monkeypatch.delenv("CHARNN_MODEL", raising=False)

    def in_process(*arguments: str | Path, stdin: str = "") -> Result:
        capfdbinary.readouterr()
        with tempfile.TemporaryFile("w+", encoding="utf-8") as file:
            file.write(stdin)
            file.seek(0)
            monkeypatch.setattr(sys, "stdin", file)
            code = run([os.fspath(argument) for argument in arguments])
        out, err = capfdbinary.readouterr()
        return Result(code, out.decode(), err.decode())

    return in_process
