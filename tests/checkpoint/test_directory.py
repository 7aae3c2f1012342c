"""A model directory: made only where nothing is lost, and every file of it comes back as it was written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from charnn.errors import ModelError, ModelNotFoundError, UsageError
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.language_model.use.runtime import RuntimeLanguageModel
from tests.paths import GOLDEN

ARRAYS = npst.arrays(
    st.sampled_from(["<f4", "<i8", "|u1"]), npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
)


@pytest.fixture
def model(tmp_path: Path) -> LanguageModelDirectory:
    """A sound model that may be spoilt."""
    shutil.copytree(GOLDEN / "format-1", tmp_path / "model")
    return LanguageModelDirectory.open(tmp_path / "model")


def tree(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}


# create, open


def test_create_refuses_what_exists_and_leaves_it(model: LanguageModelDirectory, tmp_path: Path) -> None:
    before = tree(tmp_path)
    for path in (model.path, model.path / "config.json", tmp_path):
        with pytest.raises(UsageError, match="exists"):
            LanguageModelDirectory.create(path)
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    "names",
    [("notes.txt",), ("model.onnx",), ("config.json", "package.json", "index.js"), ("config.json",)],
    ids=["a text", "a graph alone", "another program", "another program's config alone"],
)
def test_overwrite_never_replaces_a_directory_that_is_no_model(names: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    for name in names:
        (tmp_path / "precious" / name).write_text('{"name": "not a model"}')
    before = tree(tmp_path)
    with pytest.raises(UsageError, match="not a model directory"):
        LanguageModelDirectory.create(tmp_path / "precious", overwrite=True)
    assert tree(tmp_path) == before


def test_overwrite_never_replaces_a_file(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("precious")
    with pytest.raises(UsageError):
        LanguageModelDirectory.create(tmp_path / "notes.txt", overwrite=True)
    assert (tmp_path / "notes.txt").read_text() == "precious"


def test_overwrite_leaves_a_link_and_what_it_leads_to_alone(model: LanguageModelDirectory, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(model.path, target_is_directory=True)
    before = tree(model.path)
    with pytest.raises(UsageError):
        LanguageModelDirectory.create(tmp_path / "link", overwrite=True)
    assert tree(model.path) == before


def test_create_where_no_directory_can_be_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "model", tmp_path / ("a" * 300)):
        with pytest.raises(ModelError, match=r"\A[^\n]+\Z"):
            LanguageModelDirectory.create(path)


def test_open_refuses_what_has_no_config(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file", tmp_path / "nowhere", tmp_path / ("a" * 300)):
        with pytest.raises(ModelNotFoundError) as caught:
            LanguageModelDirectory.open(path)
        assert str(caught.value).startswith(str(path))
        assert caught.value.hint


# files in, files out


@given(st.dictionaries(st.text(min_size=1).filter(lambda name: name != "__metadata__"), ARRAYS, max_size=4))
def test_arrays_and_values_come_back_as_they_were(tmp_path_factory: pytest.TempPathFactory, arrays: Any) -> None:
    model = LanguageModelDirectory(tmp_path_factory.mktemp("model"))
    values = {"step": 3, "best": None, "random": [1, 2**70], "text": "ï\udcff"}
    model.write_training_state(arrays, values)
    back, values_back = model.training_state()
    assert values_back == values
    assert back.keys() == arrays.keys()
    for name, array in arrays.items():
        assert back[name].dtype == array.dtype
        np.testing.assert_array_equal(back[name], array)
    weights = {name: array for name, array in arrays.items() if array.dtype == np.float32}
    model.write_weights(weights)
    assert model.weights().keys() == weights.keys()
    for name, array in weights.items():
        np.testing.assert_array_equal(model.weights()[name], array)


def test_arrays_that_lie_otherwise_in_memory_come_back_with_their_values(tmp_path: Path) -> None:
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    LanguageModelDirectory(tmp_path).write_weights({"turned": array.T, "every other": array[:, ::2]})
    back = LanguageModelDirectory(tmp_path).weights()
    np.testing.assert_array_equal(back["turned"], array.T)
    np.testing.assert_array_equal(back["every other"], array[:, ::2])


def test_copy_without_training_is_a_whole_model_elsewhere(model: LanguageModelDirectory, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere" / "copy"
    shutil.copytree(model.path, copy, ignore=shutil.ignore_patterns("training"))
    expected = {name: array.tobytes() for name, array in model.weights().items()}
    shutil.rmtree(model.path)
    copied = LanguageModelDirectory.open(copy)
    ids = copied.tokenizer().encode("naïve")
    for quantized in (False, True):
        runtime = RuntimeLanguageModel(copied.graph(quantized=quantized))
        logits_BTV, _ = runtime.sequence(ids[None], runtime.initial_state(1))
        assert logits_BTV.shape == (1, 5, copied.config().network.vocabulary_size)
    assert {name: array.tobytes() for name, array in copied.weights().items()} == expected
    assert copied.history()[-1]["step"] == 200
    with pytest.raises(ModelNotFoundError, match="nothing to resume"):
        copied.training_state()


def test_size_counts_training_apart(tmp_path: Path) -> None:
    model = LanguageModelDirectory(tmp_path / "model")
    model.path.mkdir()
    assert model.size_on_disk() == (0, 0)
    model.write("runs.json", b"12345678")
    model.write_training_state({}, {})
    assert model.size_on_disk() == (8, (model.path / "training" / "state.safetensors").stat().st_size)


# history


def test_history_comes_back_in_order_and_is_empty_before_the_first(tmp_path: Path) -> None:
    model = LanguageModelDirectory(tmp_path)
    assert model.history() == []
    for step in (1, 2, 3):
        model.append_history({"step": step, "note": "\u2028ï\n"})
    assert model.history() == [{"step": step, "note": "\u2028ï\n"} for step in (1, 2, 3)]


@given(st.integers(0, 60))
def test_history_cut_short_anywhere_keeps_every_whole_line(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    model = LanguageModelDirectory(tmp_path_factory.mktemp("model"))
    lines = [json.dumps({"step": step, "note": "x" * 5}) for step in (1, 2)]
    data = "".join(line + "\n" for line in lines).encode()
    (model.path / "history.jsonl").write_bytes(data[:cut])
    whole = sum(cut >= end for end in (len(lines[0]), len(lines[0]) + 1 + len(lines[1])))
    assert [entry["step"] for entry in model.history()] == [1, 2][:whole]


def test_history_is_cut_after_the_step_and_goes_on_from_there(tmp_path: Path) -> None:
    model = LanguageModelDirectory(tmp_path)
    for step in (10, 20, 30):
        model.append_history({"step": step})
    with (tmp_path / "history.jsonl").open("a") as file:
        file.write('{"step": 4')
    model.cut_history(20)
    model.append_history({"step": 25})
    assert model.history() == [{"step": 10}, {"step": 20}, {"step": 25}]


def test_cutting_a_history_that_never_was_does_no_harm(tmp_path: Path) -> None:
    LanguageModelDirectory(tmp_path).cut_history(5)
    assert LanguageModelDirectory(tmp_path).history() == []


@pytest.mark.parametrize("line", ["3", "null", "[]", '{"loss": 1}', "[" * 100_000])
def test_foreign_line_in_the_history_never_stops_a_resumed_run(line: str, tmp_path: Path) -> None:
    model = LanguageModelDirectory(tmp_path)
    model.append_history({"step": 1})
    with (tmp_path / "history.jsonl").open("a") as file:
        file.write(line + "\n")
    model.cut_history(5)
    assert model.history()[0] == {"step": 1}
