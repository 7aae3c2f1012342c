"""Loaders read, or refuse in one line, what was spoilt at random. `make stress` spoils for as long as one likes."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from tests.hostile.fuzzing import LOADERS, spoilt_data, spoilt_model

INPUTS = 200


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARNN_CACHE", "")


def test_spoilt_data_are_read_or_refused_in_a_line(tmp_path: Path) -> None:
    random.seed(15)
    seen = Counter[str]()
    problems = []
    for number in range(INPUTS):
        (folder := tmp_path / str(number)).mkdir()
        problems.append(spoilt_data(folder, seen))
    assert [problem for problem in problems if problem is not None] == []
    assert {name.partition(": ")[2] for name in seen} == set(LOADERS)
    assert {name.partition(": ")[0] for name in seen} == {"read", "refused"}


def test_spoilt_models_are_read_or_refused_in_a_line(tmp_path: Path) -> None:
    random.seed(15)
    problems = []
    for number in range(INPUTS // 10):
        (folder := tmp_path / str(number)).mkdir()
        problems.append(spoilt_model(folder, Counter()))
    assert [problem for problem in problems if problem is not None] == []
