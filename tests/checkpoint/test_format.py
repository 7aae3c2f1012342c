"""config.json: understood whole, or refused in one line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from charnn.checkpoint.files import FORMAT_VERSION, dump_config
from charnn.config.model import SourceFile, TokenizerConfig, TrainingRecord
from charnn.config.training import Budget, TrainingConfig
from charnn.errors import ModelError, ModelFormatError
from charnn.tasks.language_model.config import CorpusConfig, LanguageModelConfig, LanguageModelNetworkConfig
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.version import __version__


def config_of(path: str = "/corpus/a.txt") -> LanguageModelConfig:
    return LanguageModelConfig(
        "language-model",
        TokenizerConfig(),
        LanguageModelNetworkConfig(5),
        TrainingConfig(Budget(steps=3)),
        CorpusConfig((SourceFile(path, "0" * 64, 10),)),
        TrainingRecord("0", "0", "cpu", "fp32"),
    )


def document(**changes: Any) -> str:
    return json.dumps({**json.loads(dump_config(config_of())), **changes})


@pytest.fixture
def loads(tmp_path: Path) -> Callable[[str], LanguageModelConfig]:
    """The configuration that a model has whose config.json is this text."""

    def read(text: str) -> LanguageModelConfig:
        (tmp_path / "config.json").write_text(text, encoding="utf-8")
        return LanguageModelDirectory(tmp_path).config()

    return read


def test_config_survives_its_text_and_the_text_its_config(loads) -> None:
    text = dump_config(config_of())
    assert loads(text) == config_of()
    assert dump_config(loads(text)) == text
    assert json.loads(text)["format_version"] == FORMAT_VERSION


@pytest.mark.parametrize("version", [FORMAT_VERSION + 1, 0, -1, None, "1", [1], {}])
def test_other_format_version_is_refused_with_what_to_do(version: object, loads, tmp_path: Path) -> None:
    with pytest.raises(ModelFormatError) as caught:
        loads(document(format_version=version))
    expected = f"{tmp_path}/config.json has format version {version!r}; this charnn reads version {FORMAT_VERSION}"
    assert str(caught.value) == expected
    assert caught.value.hint


@pytest.mark.parametrize("change", [{"format_version": 2}, {"brand_new": 1}, {"task": "language-model", "seeds": []}])
def test_what_another_version_wrote_is_refused_with_which_one(change: dict[str, object], loads) -> None:
    written = json.loads(document(**change))
    for version, said in (("9.4.0", True), (__version__, False), ("\x1b[2J", False), (7, False), ("1" * 99, False)):
        written["record"]["charnn_version"] = version
        with pytest.raises(ModelFormatError) as caught:
            loads(json.dumps(written))
        hint = f"charnn {version} wrote it, and this is charnn {__version__}: use that one, or train the model again"
        assert (caught.value.hint == hint) == said


def test_newer_version_is_refused_for_its_version_though_nothing_else_of_it_is_known(loads) -> None:
    with pytest.raises(ModelFormatError, match="format version 99"):
        loads('{"format_version": 99, "model": {"kind": "unheard of"}}')


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        document()[:-1],
        document() + "x",
        "[]",
        "null",
        "3",
        "NaN",
        '"config"',
        "\ufeff" + document(),
        "[" * 100_000,
        document(task="tagger"),
        document(task=None),
        document(network=[]),
        document(later_idea=1),
        document(training={"budget": {"steps": 1, "seconds": 1}}),
        document(training={"budget": {"seconds": 10**400}}),
        document().replace('"steps": 3', '"steps": ' + "9" * 5000),
    ],
)
def test_damaged_or_hostile_text_is_refused_in_one_line_that_names_the_file(text: str, loads, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=rf"\A{re.escape(str(tmp_path))}[^\n]*\Z"):
        loads(text)


def test_damaged_config_file_is_refused_by_the_path_of_its_model(tmp_path: Path) -> None:
    model = LanguageModelDirectory(tmp_path)
    for data in (b"", b'{"format_version": 2}', b"\xff\xfe{}", document().encode("utf-16")):
        (tmp_path / "config.json").write_bytes(data)
        with pytest.raises(ModelFormatError) as caught:
            model.config()
        message = str(caught.value)
        assert message.startswith(str(tmp_path))
        assert message.count("config.json") == 1
        assert "\n" not in message


@pytest.mark.parametrize("name", ["/corpus/ÿ\u2028🧊.txt", "/corpus/caf\udce9.txt"], ids=["unicode", "not UTF-8"])
def test_file_name_of_a_corpus_survives_whatever_its_bytes(name: str, tmp_path: Path) -> None:
    model = LanguageModelDirectory(tmp_path)
    model.write_config(config_of(name))
    assert model.config() == config_of(name)
