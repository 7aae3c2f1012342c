"""The linear models are solved before the first step, within the run's time, and an interruption ends that at once."""

from __future__ import annotations

import json
from itertools import count
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
    return api.start([str(data)], "classifier", options, out=folder / "model", overwrite=True, processes=ALONE)


def table(folder: Path) -> Any:
    return ClassifierDirectory(folder / "model").weights()[TABLE]


def test_an_interruption_ends_the_solving_and_leaves_a_model_that_learns_the_rest_when_it_goes_on(
    tmp_path: Path,
) -> None:
    session, asked = session_of(tmp_path, steps=4), count()
    assert session.run(api.SilentObserver(), lambda: next(asked) > 4) == "interrupt"
    assert session.loop.progress.step == 0
    assert next(asked) < 10
    cut_short = table(tmp_path)
    assert api.go_on(str(tmp_path / "model"), [], {}, processes=ALONE).run(api.SilentObserver()) == "budget"
    assert np.abs(table(tmp_path)).sum() > 1.2 * np.abs(cut_short).sum()
    assert [one.label for one in charnn.load(tmp_path / "model").classify(["a cat on a mat", "a dog"])] == [
        "cat",
        "dog",
    ]


def history(folder: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (folder / "model" / "history.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if "second" not in key} for line in lines]


def test_no_step_is_measured_with_linear_models_that_were_cut_short(tmp_path: Path) -> None:
    session_of(tmp_path, steps=30).run(api.SilentObserver())
    never_stopped = history(tmp_path)
    assert [line["step"] for line in never_stopped] == [10, 20, 30]
    session = session_of(tmp_path, steps=30)
    assert session.run(api.SilentObserver(), lambda: session.loop.progress.step >= 8) == "interrupt"
    for _ in range(3):
        again = api.go_on(str(tmp_path / "model"), [], {}, processes=ALONE)
        assert again.run(api.SilentObserver(), lambda: True) == "interrupt"
    assert 8 <= again.loop.progress.step < 10
    assert api.go_on(str(tmp_path / "model"), [], {}, processes=ALONE).run(api.SilentObserver()) == "budget"
    assert history(tmp_path) == never_stopped


def test_linear_models_are_cut_short_where_they_would_take_most_of_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("charnn.tasks.classifier.learn.objective.SOLVING_SHARE", 0.0)
    session_of(tmp_path, time="0.2s").run(api.SilentObserver())
    assert not table(tmp_path).any()
