"""`charnn cache` shows what is kept, and removes it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from charnn import cache
from charnn.cli.main import run


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "kept"))
    monkeypatch.delenv(cache.LIMIT_VARIABLE, raising=False)
    return tmp_path / "kept"


@pytest.fixture
def said(capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def command(*arguments: str) -> tuple[int, str, str]:
        code = run(["cache", *arguments])
        return code, *capfd.readouterr()

    return command


Command = Callable[..., tuple[int, str, str]]


def test_it_lists_each_file_and_says_the_total_and_the_limit(said: Command, folder: Path) -> None:
    cache.keep("ids", "some", bytes(3000))
    cache.keep("graphs", "other", bytes(200))
    code, out, err = said()
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ["kind", "graphs", "ids"]
    assert "some.ids" in out
    assert err == f"2 files in {folder}, 3.2 kB; the limit is 10.0 GB\n"


def test_as_json_each_file_is_an_object(said: Command, folder: Path) -> None:
    cache.keep("ids", "some", bytes(3000))
    cache.keep("graphs", "other", bytes(200))
    _, out, _ = said("--json", "--kind", "ids")
    (entry,) = map(json.loads, out.splitlines())
    used: Any = entry.pop("used")
    assert used.endswith("+00:00")
    assert entry == {"kind": "ids", "path": str(folder / "ids" / "some.ids"), "bytes": 3000, "removed": False}


def test_clear_removes_one_kind_or_all(said: Command, folder: Path) -> None:
    for kind in ("ids", "graphs", "texts"):
        cache.keep(kind, "some", bytes(1000))
    assert said("--clear", "--kind", "ids")[1:] == ("", f"removed 1 file from {folder}, 1.0 kB\n")
    assert [entry.kind for entry in cache.entries()] == ["graphs", "texts"]
    assert said("--clear")[0] == 0
    assert cache.entries() == []
    code, out, err = said()
    assert (code, out) == (0, "")
    assert err.startswith("0 files")


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [(cache.VARIABLE, "", "nothing is kept"), (cache.LIMIT_VARIABLE, "lots", "CHARNN_CACHE_SIZE='lots': no size")],
)
def test_what_cannot_be_is_said_in_a_line(
    said: Command, variable: str, value: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    code, out, err = said()
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
