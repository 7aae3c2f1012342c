"""`charnn eval` on data that the model knows already says so, for the models of every task."""

from __future__ import annotations

import gzip
import warnings
from pathlib import Path
from typing import Any

import pytest

import charnn as library
from charnn.tasks.table import TASKS
from tests.tasks.builders import BUILDERS

LEARNED = "the model learned from it"
ONE_FILE = ("forecaster",)
"""The tasks whose models learn, and are scored on, a single file."""


@pytest.fixture(scope="module", params=TASKS)
def folder(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that was trained on `a` and `b`, and chosen by `v`; `other` is as large a file that it does not know."""
    builder = BUILDERS[request.param]
    folder = tmp_path_factory.mktemp(f"known-{request.param}")
    for name, data in (("a", builder.data), ("b", builder.data * 2), ("v", builder.other_data)):
        (folder / name).write_text(data)
    (folder / "other").write_text(builder.data * 3)
    if request.param in ONE_FILE:  # other rows under the same header, a year later and from the second on
        header, *rows = builder.data.splitlines(keepends=True)
        (folder / "v").write_text("".join([header, *rows[:-1]]).replace("2024-", "2025-"))
        (folder / "other").write_text("".join([header, *rows[1:]]))
    options: Any = {**builder.options, "steps": 2}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the file to validate with has characters that are new
        learned = [folder / name for name in ("a", "b")[: 1 if request.param in ONE_FILE else 2]]
        library.train(*learned, task=request.param, valid=[folder / "v"], out=folder / "model", **options)
    return folder


@pytest.mark.parametrize(
    ("files", "learned", "chosen"),
    [
        (["a"], ["a"], []),
        (["other", "b"], ["b"], []),
        (["v"], [], ["v"]),
        (["v", "a", "b"], ["a", "b"], ["v"]),
        (["other"], [], []),
    ],
)
def test_files_that_a_model_knows_are_named(
    charnn: Any, folder: Path, files: list[str], learned: list[str], chosen: list[str]
) -> None:
    if len(files) > 1 and charnn("info", folder / "model", "--json").json["task"] in ONE_FILE:
        pytest.skip("its models are scored on one file")
    result = charnn("eval", *(folder / name for name in files), "--model", folder / "model", "--json")
    assert result.code == 0, result.err
    assert result.json["learned_from"] == [str(folder / name) for name in learned]
    assert result.json["chosen_by"] == [str(folder / name) for name in chosen]
    assert ("the model learned from" in result.err) == bool(learned)
    assert ("weights were chosen by" in result.err) == bool(chosen)


def test_a_file_is_known_by_its_bytes_under_any_name_packed_and_from_a_pipe(
    charnn: Any, folder: Path, tmp_path: Path
) -> None:
    data = (folder / "a").read_bytes()
    (tmp_path / "renamed").write_bytes(data)
    (tmp_path / "packed.gz").write_bytes(gzip.compress(data))
    for file, stdin, name in (
        ("renamed", b"", "renamed"),
        (tmp_path / "packed.gz", b"", f"{tmp_path}/packed.gz"),
        ("-", data, "standard input"),
    ):
        result = charnn("eval", file, "--model", folder / "model", stdin=stdin)
        assert result.code == 0
        assert f"warning: {name}: {LEARNED}" in result.err
        assert result.err.count("\n") == 1


def test_what_was_held_out_is_scored_without_a_warning(charnn: Any, folder: Path) -> None:
    result = charnn("eval", "--model", folder / "model", "--json")
    assert result.code == 0
    assert "learned from" not in result.err
    assert "chosen by" not in result.err
    assert (result.json["learned_from"], result.json["chosen_by"]) == ([], [])
