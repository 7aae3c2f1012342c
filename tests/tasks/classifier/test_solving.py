"""The linear models are solved before the first step, within the run's time, and an interruption ends that at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charnn
from charnn import api
from charnn.tasks.classifier.directory import TABLE, ClassifierDirectory
from charnn.training.distributed.processes import ALONE

LABELLED = "".join(f"cat\tthe cat sat on mat {n}\ndog\tthe dog ran down road {n}\n" for n in range(20))


def session_of(folder: Path, **budget: Any) -> Any:
    data = folder / "data.tsv"
    data.write_text(LABELLED)
    options = {"hidden": 8, "label_column": 1, **budget}
    return api.start([str(data)], "classifier", options, out=folder / "model", overwrite=False, processes=ALONE)


def table(folder: Path) -> Any:
    return ClassifierDirectory(folder / "model").weights()[TABLE]


def test_an_interruption_ends_the_solving_and_leaves_a_model_that_learns_the_rest_when_it_goes_on(
    tmp_path: Path,
) -> None:
    session = session_of(tmp_path, steps=4)
    asked = 0

    def interrupted() -> bool:
        nonlocal asked
        asked += 1
        return asked > 5

    assert session.run(api.SilentObserver(), interrupted) == "interrupt"
    assert session.loop.progress.step == 1
    assert asked < 10
    cut_short = table(tmp_path)
    assert api.go_on(str(tmp_path / "model"), [], {}, processes=ALONE).run(api.SilentObserver()) == "budget"
    assert np.abs(table(tmp_path)).sum() > 1.2 * np.abs(cut_short).sum()
    assert [one.label for one in charnn.load(tmp_path / "model").classify(["a cat on a mat", "a dog"])] == [
        "cat",
        "dog",
    ]


def test_linear_models_are_cut_short_where_they_would_take_most_of_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("charnn.tasks.classifier.learn.objective.SOLVING_SHARE", 0.0)
    session_of(tmp_path, time="0.2s").run(api.SilentObserver())
    assert not table(tmp_path).any()
