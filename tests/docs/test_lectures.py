"""docs/lectures.md: all its commands run, and the code that it quotes is where it says."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
from itertools import islice
from pathlib import Path

import pytest

from charnn.cli.main import run
from tests.paths import ROOT
from tests.quick import quick_runs  # noqa: F401 - a fixture of all tests here

TEXT = (ROOT / "docs" / "lectures.md").read_text(encoding="utf-8")
COMMANDS = [
    line for block in re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL) for line in block.splitlines()
]
QUOTES = re.findall(r"^`(charnn/[\w/]+\.py)`, `([\w.]+)`:\n\n```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
SMALLEST = {"--steps": "2", "--hidden": "4", "--batch": "2", "--units": "60", "-n": "2"}
"""What an option is set to here, wherever the page gives it another value."""
LINES = {".txt": 60, ".conllu": 250, ".tsv": 60, ".csv": 400}
"""How much of each file of data/ is read here."""


def test_every_command_runs_and_every_picture_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In their order, as later ones use the models of earlier ones, with small budgets, little of the data and pictures
    of few dots."""
    (tmp_path / "data").mkdir()
    for file in (ROOT / "data").iterdir():
        if count := LINES.get(file.suffix):
            with file.open(encoding="utf-8") as lines:
                beginning = "".join(islice(lines, count))
            (tmp_path / "data" / file.name).write_text(
                beginning.rpartition("\n\n")[0] + "\n\n" if file.suffix == ".conllu" else beginning
            )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("charnn.plots.canvas.DOTS_PER_INCH", 40)
    pictures = []
    for line in COMMANDS:
        name, *arguments = shlex.split(line)
        if name != "charnn":
            subprocess.run(line, shell=True, check=True)
            continue
        smaller = [SMALLEST.get(before, given) for before, given in zip(["", *arguments], arguments, strict=False)]
        capsys.readouterr()
        assert run(smaller) == 0, f"{line}\n{capsys.readouterr().err}"
        pictures += [Path(argument) for argument in arguments if argument.endswith(".png")]
    assert len(pictures) > 5
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)


@pytest.mark.parametrize(("path", "name", "quoted"), QUOTES, ids=[name for _, name, _ in QUOTES])
def test_the_quoted_code_is_in_the_function_that_is_named(path: str, name: str, quoted: str) -> None:
    source = (ROOT / path).read_text(encoding="utf-8")
    scope: ast.AST = ast.parse(source)
    for part in name.split("."):
        (scope,) = (
            node
            for node in ast.iter_child_nodes(scope)
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == part
        )
    assert quoted in f"{ast.get_source_segment(source, scope)}\n"


def test_each_idea_has_a_command_the_code_and_an_exercise() -> None:
    for section in re.split(r"^### ", TEXT, flags=re.MULTILINE)[1:]:
        title = section.partition("\n")[0]
        for part in ("```sh\n", "```python\n", "\n*Exercise.* "):
            assert part in section, title
