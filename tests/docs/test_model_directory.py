"""docs/model-directory.md: its examples run, and it names every file that a model has."""

from __future__ import annotations

import re
import shutil
from dataclasses import fields
from pathlib import Path

import pytest

from charnn.cli.main import run
from charnn.config import ModelConfig
from charnn.tasks.classifier.config import ClassifierConfig
from charnn.tasks.forecaster.config import ForecasterConfig
from charnn.tasks.language_model.config import LanguageModelConfig
from charnn.tasks.tagger.config import TaggerConfig
from charnn.tasks.transducer.config import TransducerConfig
from tests.paths import GOLDEN, ROOT

TEXT = (ROOT / "docs" / "model-directory.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
SAID = ("lstm 591 parameters\n", "'e'\n")


@pytest.mark.parametrize(("example", "said"), list(zip(EXAMPLES, SAID, strict=True)))
def test_example_runs(
    example: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(GOLDEN / "format-1", tmp_path / "checkpoints" / "demo")
    monkeypatch.chdir(tmp_path)
    assert run(["models", "export", "demo", "--onnx", "-o", "graphs"]) == 0  # as the text says
    capsys.readouterr()
    exec(example, {})
    assert capsys.readouterr().out == said


def test_every_file_of_a_model_is_named() -> None:
    files = {str(file.relative_to(model)) for model in GOLDEN.iterdir() for file in model.rglob("*") if file.is_file()}
    assert len(files) >= 9
    assert "| `segmenter/` |" in TEXT  # it has the files of a tagger
    files = {name.removeprefix("segmenter/") for name in files}
    assert [name for name in files if f"| `{name}` |" not in TEXT and not name.endswith(".onnx")] == []


@pytest.mark.parametrize(
    "config", [LanguageModelConfig, TaggerConfig, ClassifierConfig, TransducerConfig, ForecasterConfig]
)
def test_every_key_of_config_json_is_named(config: type[ModelConfig]) -> None:
    tables = TEXT.partition("## `config.json`")[2].partition("\n## ")[0]
    named = re.findall(r"`(\w+)`", "\n".join(row.split(" | ")[0] for row in tables.splitlines() if row.startswith("|")))
    assert [field.name for field in fields(config) if field.name not in named] == []
