"""What a name means: which model, and where a new one goes."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any, cast

import pytest

from charnn.checkpoint.locate import find_model, is_named, new_model_paths
from charnn.errors import ModelError, ModelFormatError, ModelNotFoundError
from tests.paths import GOLDEN

TASK = "language-model"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CHARNN_MODEL", raising=False)
    return tmp_path


def put_model(path: str, *, age: int = 0) -> Path:
    """A model, written `age` seconds before a fixed moment."""
    shutil.copytree(GOLDEN / "format-1", path, ignore=shutil.ignore_patterns("training"))
    os.utime(Path(path) / "config.json", (2**30 - age, 2**30 - age))
    return Path(path)


def test_name_is_looked_for_under_checkpoints(here: Path) -> None:
    put_model("checkpoints/older", age=9)
    put_model("checkpoints/newer")
    assert find_model("older", TASK).path == Path("checkpoints/older")


def test_path_is_taken_as_it_is_and_before_a_name(here: Path) -> None:
    put_model("checkpoints/poems")
    put_model("elsewhere/deep")
    assert find_model("elsewhere/deep", TASK).path == Path("elsewhere/deep")
    assert find_model(str(here / "elsewhere" / "deep"), TASK).path == here / "elsewhere" / "deep"
    put_model("poems")
    assert find_model("poems", TASK).path == Path("poems")


def test_directory_of_the_same_name_that_is_no_model_does_not_hide_one() -> None:
    put_model("checkpoints/poems")
    Path("poems").mkdir()
    assert find_model("poems", TASK).path == Path("checkpoints/poems")


def test_variable_stands_in_for_a_name_and_a_name_comes_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    put_model("checkpoints/named", age=9)
    put_model("checkpoints/newest")
    monkeypatch.setenv("CHARNN_MODEL", "named")
    assert find_model(None, TASK).path.name == "named"
    assert find_model("newest", TASK).path.name == "newest"
    monkeypatch.setenv("CHARNN_MODEL", "")
    assert find_model(None, TASK).path.name == "newest"


def test_name_that_is_wrong_is_never_replaced_by_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    put_model("checkpoints/newest")
    monkeypatch.setenv("CHARNN_MODEL", "gone")
    for name in (None, "lost", "a" * 300, "checkpoints"):
        with pytest.raises(ModelNotFoundError) as caught:
            find_model(name, TASK)
        assert str(caught.value).startswith(name or "gone")


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff", b"[" * 100_000, b'{"format_version": 2}'])
def test_newest_sound_model_is_found_past_damaged_ones(data: bytes) -> None:
    put_model("checkpoints/oldest", age=20)
    put_model("checkpoints/sound", age=10)
    (put_model("checkpoints/damaged") / "config.json").write_bytes(data)
    Path("checkpoints/no-model").mkdir()
    assert find_model(None, TASK).path == Path("checkpoints/sound")


def test_damaged_model_that_was_named_is_an_error() -> None:
    (put_model("checkpoints/damaged") / "config.json").write_bytes(b"{")
    with pytest.raises(ModelFormatError, match="damaged"):
        find_model("damaged", TASK)


def test_model_of_another_task_is_passed_over_and_refused_where_it_was_named() -> None:
    put_model("checkpoints/poems")
    other = "tagger"
    with pytest.raises(ModelNotFoundError, match="no tagger under checkpoints/"):
        find_model(None, other)
    with pytest.raises(ModelError, match="this is a language model, and a tagger is needed"):
        find_model("poems", other)


def put_tagger(path: str, *, age: int = 0) -> Path:
    """Writes as much of a tagger as it takes for it to be found."""
    model = put_model(path)
    config = json.loads((model / "config.json").read_text())
    config["task"] = "tagger"
    del config["tokenizer"]
    config["network"] = {"words": 1, "characters": 1, "tags": [1]}
    config["corpus"] = {"sources": [], "format": "conllu", "columns": ["upos"]}
    config["scores"] = config["quantization"] = None
    (model / "config.json").write_text(json.dumps(config))
    os.utime(model / "config.json", (2**30 - age, 2**30 - age))
    return model


def test_newest_model_of_any_task_is_found_where_none_is_asked_for() -> None:
    put_model("checkpoints/oldest", age=20)
    put_tagger("checkpoints/tagger", age=10)
    assert find_model(None, None).path == Path("checkpoints/tagger")
    put_model("checkpoints/poems")
    assert find_model(None, None).path == Path("checkpoints/poems")
    assert find_model(None, "tagger").path == Path("checkpoints/tagger")
    assert [find_model(name, None).path.name for name in ("oldest", "tagger")] == ["oldest", "tagger"]


def test_damaged_model_is_no_model_of_any_task() -> None:
    (put_model("checkpoints/damaged") / "config.json").write_bytes(b"{")
    with pytest.raises(ModelNotFoundError, match="no model under checkpoints/"):
        find_model(None, None)
    with pytest.raises(ModelFormatError, match="damaged"):
        find_model("damaged", None)


def test_model_is_named_by_an_argument_or_by_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_named(None)
    assert is_named("poems")
    monkeypatch.setenv("CHARNN_MODEL", "poems")
    assert is_named(None)
    monkeypatch.setenv("CHARNN_MODEL", "")
    assert not is_named(None)


def test_no_model_at_all_says_how_to_get_one() -> None:
    with pytest.raises(ModelNotFoundError, match="no language-model under checkpoints/") as caught:
        find_model(None, TASK)
    assert "charnn train" in cast(Any, caught.value.hint)


def test_new_model_takes_the_first_free_number() -> None:
    taken = []
    for _ in range(3):
        taken.append(next(new_model_paths("poems")))
        taken[-1].mkdir(parents=True)
    assert taken == [Path("checkpoints/poems"), Path("checkpoints/poems-2"), Path("checkpoints/poems-3")]
    taken[1].rmdir()
    assert next(new_model_paths("poems")) == Path("checkpoints/poems-2")
    assert next(new_model_paths("prose")) == Path("checkpoints/prose")
