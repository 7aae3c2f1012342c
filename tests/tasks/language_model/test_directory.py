"""The files that a language model alone has: what is not the tokenizer of this network is refused in one line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from charnn.corpora.runs import RunLengths
from charnn.errors import ModelFormatError
from charnn.tasks.language_model.directory import LanguageModelDirectory
from tests.paths import GOLDEN


@pytest.fixture
def model(tmp_path: Path) -> LanguageModelDirectory:
    """A sound model that may be spoilt."""
    shutil.copytree(GOLDEN / "format-1", tmp_path / "model")
    return LanguageModelDirectory.open(tmp_path / "model")


def assert_refused(model: LanguageModelDirectory) -> None:
    with pytest.raises(ModelFormatError) as caught:
        model.tokenizer()
    message = str(caught.value)
    assert message.startswith(str(model.path / "tokenizer.json"))
    assert "\n" not in message


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"kind": "bytes"},
        {"kind": "characters", "characters": []},
        {"kind": "characters", "characters": "abc"},
        {"kind": "characters", "characters": ["b", "a"]},
        {"kind": "characters", "characters": ["ab"]},
        {"kind": "characters", "characters": [3]},
        {"kind": "characters", "characters": ["a"], "later idea": 1},
    ],
)
def test_foreign_tokenizer_is_refused(model: LanguageModelDirectory, value: Any) -> None:
    (model.path / "tokenizer.json").write_text(json.dumps(value))
    assert_refused(model)


def test_tokenizer_of_another_vocabulary_size_than_the_network_is_refused(model: LanguageModelDirectory) -> None:
    (model.path / "tokenizer.json").write_text(json.dumps({"kind": "characters", "characters": ["a", "b"]}))
    assert_refused(model)


# The lengths of runs.


def test_a_model_of_an_early_version_has_no_record_of_runs(model: LanguageModelDirectory) -> None:
    assert model.runs() is None


def test_runs_of_any_character_are_read_as_they_were_written(model: LanguageModelDirectory) -> None:
    longest = {" ": 66, "\n": 2, "─": 80, chr(0xDCFF): 9, chr(0xD83D): 3, "\0": 4096}
    runs = {character: RunLengths(2, length) for character, length in longest.items()}
    model.write_runs(runs)
    assert model.runs() == runs


@pytest.mark.parametrize(
    "value",
    [
        *("", "[]", "{}", '{"runs": []}', '{"runs": {"a": 3}}', '{"runs": {"a": [2, 3]}}', "[" * 100_000),
        *('{"runs": {"ab": {"usual": 2, "longest": 2}}}', '{"runs": {"a": {"usual": 2}}}'),
        *('{"runs": {"a": {"usual": 1, "longest": 2}}}', '{"runs": {"a": {"usual": 3, "longest": 2}}}'),
        *('{"runs": {"a": {"usual": 2, "longest": 2.5}}}', '{"runs": {"a": {"usual": 2, "longest": 2, "later": 2}}}'),
    ],
    ids=lambda value: value[:40],
)
def test_a_damaged_record_of_runs_is_refused_in_one_line(model: LanguageModelDirectory, value: str) -> None:
    (model.path / "runs.json").write_text(value)
    with pytest.raises(ModelFormatError, match=r"runs\.json: damaged: no runs of characters$"):
        model.runs()
