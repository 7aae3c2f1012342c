"""The commands of tests/golden/README.md, in fewer steps, make model directories like those that are there."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from charnn.cli.main import run
from tests.paths import GOLDEN
from tests.quick import quick_runs  # noqa: F401 - a fixture of all tests here

BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

ADDED = {"README.md", "runs.json", "ended.json", "ngrams.safetensors"}
"""The files that came later, which a model does without."""


RECORD = """
charnn() { printf '%s\\0' "$@" $'\\n' >> "$RECORDED"; }
"""
"""In a block of shell, `charnn` notes its arguments. What it does comes last there, and is done in this process."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which all the commands have run, in order."""
    folder = tmp_path_factory.mktemp("golden")
    work, recorded = folder / "work", folder / "recorded"
    work.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(work)
        for language, written in BLOCK.findall((GOLDEN / "README.md").read_text("utf-8")):
            code = re.sub(r"(--steps |steps=)\d+", r"\g<1>10", written)
            if language == "python":
                exec(compile(code, "README.md", "exec"), {})
                continue
            recorded.write_bytes(b"")
            shell = subprocess.run(
                ["bash", "-e", "-c", RECORD + code],
                env={**os.environ, "RECORDED": str(recorded)},
                capture_output=True,
                encoding="utf-8",
                check=False,
            )
            assert (shell.returncode, shell.stderr) == (0, "")
            for arguments in recorded.read_text("utf-8").split("\0\n\0")[:-1]:
                assert run(arguments.split("\0")) == 0
    return work


def sources(corpus: dict[str, Any]) -> list[str]:
    return [file.get("source", file)["path"] for file in corpus.get("files") or corpus["sources"]]


@pytest.mark.parametrize(
    ("name", "golden"),
    [
        ("new-text", "format-1"),
        ("new-recent", "text-recent-1"),
        ("new-words", "text-words-1"),
        ("new-kinds", "labelled-ngrams-1"),
        ("new-tags", "tagger-1"),
        ("new-labels", "classifier-1"),
        ("new-pairs", "transducer-1"),
        ("new-sounds", "transducer-ngrams-1"),
        ("new-exchanged", "transducer-hard-1"),
        ("new-forms", "transducer-edits-1"),
        ("new-lines", "transducer-lines-1"),
    ],
)
def test_commands_make_a_directory_of_the_same_files_network_and_corpus(made: Path, name: str, golden: str) -> None:
    def files(path: Path) -> set[str]:
        return {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()}

    now, then = files(made / name), files(GOLDEN / golden)
    assert now - (ADDED - then) == {file for file in then if not file.endswith(".onnx")}
    new, old = (json.loads((path / "config.json").read_text("utf-8")) for path in (made / name, GOLDEN / golden))
    for part in ("format_version", "task"):
        assert new[part] == old[part]
    features = old["network"].pop("features", 0)  # the direct path of a classifier has come to know more of a text
    if old["task"] == "tagger":  # words that are met once have come to have a vector, and are left out more often
        assert old["network"].pop("words") <= new["network"]["words"]
        assert old["network"].pop("word_dropout") <= new["network"]["word_dropout"]
    assert old["network"].items() <= new["network"].items()  # fields may have been added since, with defaults
    assert new["network"].get("features", 0) >= features
    assert sources(new["corpus"]) == sources(old["corpus"])
    sizes = [sum(f.stat().st_size for f in path.rglob("*") if f.is_file()) for path in (made / name, GOLDEN / golden)]
    assert sizes[0] < 1.5 * sizes[1]
