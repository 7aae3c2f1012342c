"""A save that fails is said and tried again, and costs nothing that was saved before."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import charnn
from charnn import api
from charnn.errors import CharnnWarning, TrainingError, UsageError
from charnn.training.distributed.processes import ALONE
from tests.quick import quick_runs  # noqa: F401 - a fixture of all tests here

TEXT = "The cat sat on the mat. The dog sat on the log.\n" * 40
OPTIONS = {"hidden": 8, "layers": 1, "batch": 4, "window": 16, "steps": 9, "device": "cpu", "precision": "fp32"}

AT_THE_END = 6
"""The last writes of a run: its n-grams, its configuration and its card; then its configuration once more, when it
ended, and its card."""


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Begins a run whose saves do not depend on the clock, so that all have as many."""
    monkeypatch.setattr("charnn.training.recovery.FIRST_SAVE", 3600.0)
    (tmp_path / "text.txt").write_text(TEXT)

    def begin(overwrite: bool = False) -> Any:
        corpus = [str(tmp_path / "text.txt")]
        return api.start(corpus, None, OPTIONS, out=tmp_path / "model", overwrite=overwrite, processes=ALONE)

    return begin


@contextmanager
def full_disk(*calls: int) -> Iterator[list[int]]:
    """The temporary files with these numbers cannot be made, counted from 1. It gives how many have been asked for."""
    make, asked = tempfile.mkstemp, [0]

    def failing(*arguments: Any, **named: Any) -> Any:
        asked[0] += 1
        if asked[0] in calls:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return make(*arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "mkstemp", failing)
        yield asked


def what_was_learned(path: Path) -> Any:
    history = [json.loads(line) for line in (path / "history.jsonl").read_text().splitlines()]
    return (path / "weights.safetensors").read_bytes(), [(entry["step"], entry["training_nats"]) for entry in history]


def test_a_disk_that_is_full_once_at_any_write_costs_nothing(start: Callable[..., Any], tmp_path: Path) -> None:
    with full_disk() as asked:
        start().run(api.SilentObserver())
    whole = what_was_learned(tmp_path / "model")
    for number in range(1, asked[0] + 1 - AT_THE_END):  # where nothing comes after that could try again
        with full_disk(number), pytest.warns(CharnnWarning, match="tries again"):
            start(overwrite=True).run(api.SilentObserver())
        assert what_was_learned(tmp_path / "model") == whole
        charnn.load(tmp_path / "model").sample(length=3)


def test_a_disk_that_is_full_from_any_write_on_leaves_the_last_save_and_says_how_to_go_on(
    start: Callable[..., Any], tmp_path: Path
) -> None:
    with full_disk() as asked:
        start().run(api.SilentObserver())
    total = asked[0]
    whole = what_was_learned(tmp_path / "model")
    for number in range(1, total + 1 - AT_THE_END, 3):
        shutil.rmtree(tmp_path / "model")
        session = start()
        with (
            full_disk(*range(number, 10 * total)),
            pytest.warns(CharnnWarning, match="could not be saved"),
            pytest.raises(TrainingError, match="No space left on device") as caught,
        ):
            session.run(api.SilentObserver())
        assert str(caught.value).startswith("the end of the run could not be saved: ")
        if not (tmp_path / "model").exists():
            assert "nothing of this run is saved" in str(caught.value)
            assert [path.name for path in tmp_path.iterdir()] == ["text.txt"]
            (tmp_path / "model").mkdir()
            continue
        assert "charnn train --resume" in str(caught.value.hint)
        charnn.load(tmp_path / "model").sample(length=3)
        api.go_on(str(tmp_path / "model"), [], {}, processes=ALONE).run(api.SilentObserver())
        assert what_was_learned(tmp_path / "model") == whole


def test_what_comes_after_the_last_step_is_done_by_resuming(start: Callable[..., Any], tmp_path: Path) -> None:
    def n_grams() -> tuple[bytes, object]:
        return (tmp_path / "model" / "ngrams.safetensors").read_bytes(), charnn.load(tmp_path / "model").config.ngrams

    with full_disk() as asked:
        start().run(api.SilentObserver())
    whole, found = what_was_learned(tmp_path / "model"), n_grams()
    assert found[1] is not None
    first = asked[0] + 1 - AT_THE_END
    for number in range(first, first + 4):
        with full_disk(number), pytest.raises(TrainingError, match="the end of the run could not be saved"):
            start(overwrite=True).run(api.SilentObserver())
        api.go_on(str(tmp_path / "model"), [], {}, processes=ALONE).run(api.SilentObserver())
        assert (what_was_learned(tmp_path / "model"), n_grams()) == (whole, found)
        with pytest.raises(UsageError, match="the budget of this run is spent"):
            api.go_on(str(tmp_path / "model"), [], {}, processes=ALONE)


def test_a_directory_that_is_removed_is_made_again(start: Callable[..., Any], tmp_path: Path) -> None:
    class Remove(api.SilentObserver):
        def validation(self, report: Any, scores: Any, *, best: bool) -> None:
            if report.step == 6:
                shutil.rmtree(tmp_path / "model")

    start().run(api.SilentObserver())
    weights, _ = what_was_learned(tmp_path / "model")
    start(overwrite=True).run(Remove())
    assert what_was_learned(tmp_path / "model")[0] == weights
    charnn.load(tmp_path / "model").sample(length=3)


def test_an_old_model_outlives_a_run_that_can_save_nothing(start: Callable[..., Any], tmp_path: Path) -> None:
    start().run(api.SilentObserver())
    before = what_was_learned(tmp_path / "model")
    session = start(overwrite=True)
    with (
        full_disk(*range(1000)),
        pytest.warns(CharnnWarning, match="the old one"),
        pytest.raises(TrainingError, match="the old one"),
    ):
        session.run(api.SilentObserver())
    assert what_was_learned(tmp_path / "model") == before


@pytest.fixture(autouse=True)
def few_validations(monkeypatch: pytest.MonkeyPatch) -> None:
    """There are few validations, and no cache of graphs, whose writes would be counted."""
    monkeypatch.setenv("CHARNN_CACHE", "")
    monkeypatch.setattr("charnn.training.validation.VALIDATIONS", 3)
    monkeypatch.setattr("charnn.tasks.language_model.learn.quantization.STEPS", 10)
    monkeypatch.setattr("charnn.tasks.language_model.learn.quantization.ROUNDS", 1)
