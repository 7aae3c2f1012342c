"""The files that a language model alone has: what is not the tokenizer of this network is refused in one line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

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
