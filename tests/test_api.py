"""The Python API: what the command line gives, to the bit, and nothing done behind the caller's back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import charnn
from charnn.cli.main import run
from charnn.errors import CorpusError, ModelNotFoundError, UsageError
from charnn.tasks.language_model.use.model import LanguageModel
from charnn.tasks.tagger.use.model import Tagger

GOLDEN = Path(__file__).parent / "golden"
TEXT_MODEL, TAGGER = GOLDEN / "format-1", GOLDEN / "tagger-1"
PROMPT = "a "
LINES = ["a b", "", "b b a", "ab"]
TINY: dict[str, Any] = {"steps": 8, "hidden": 16, "layers": 1, "batch": 4, "window": 16, "seed": 5, "precision": "fp32"}


@pytest.fixture
def stdout_of(capfdbinary: pytest.CaptureFixture[bytes]) -> Callable[..., str]:
    """What a command line that succeeds writes to stdout."""

    def command(*arguments: str | Path) -> str:
        capfdbinary.readouterr()
        assert run([os.fspath(argument) for argument in arguments]) == 0
        return capfdbinary.readouterr().out.decode()

    return command


def model() -> LanguageModel:
    loaded = charnn.load(TEXT_MODEL)
    assert isinstance(loaded, LanguageModel)
    return loaded


@pytest.mark.parametrize(
    ("options", "sampling"),
    [
        ((), {}),
        (("--temp", "0.5", "--top-k", "5"), {"temperature": 0.5, "top_k": 5}),
        (("--beam", "3"), {"beams": 3}),
    ],
)
def test_it_samples_what_the_command_does(
    options: tuple[str, ...], sampling: dict[str, float], stdout_of: Callable[..., str]
) -> None:
    written = stdout_of("sample", PROMPT, "-m", TEXT_MODEL, "--seed", "3", "--length", "40", "--no-echo", *options)
    text = "".join(model().sample(PROMPT, seed=3, length=40, **sampling))
    assert written == (text if text.endswith("\n") else f"{text}\n")


def test_a_sample_comes_in_pieces_as_it_is_made() -> None:
    pieces = list(model().sample(PROMPT, seed=3, length=40))
    assert len(pieces) > 10


def test_it_scores_lines_as_the_command_does(tmp_path: Path, stdout_of: Callable[..., str]) -> None:
    (tmp_path / "lines.txt").write_text("".join(f"{line}\n" for line in LINES))
    written = stdout_of("score", tmp_path / "lines.txt", "-m", TEXT_MODEL, "--json").splitlines()
    scored = list(model().score(LINES))
    assert [line.text for line in scored] == LINES
    assert [round(line.nats, 6) for line in scored] == [json.loads(line)["nats"] for line in written]


def test_lines_before_one_that_cannot_be_read_are_scored() -> None:
    def lines() -> Iterator[str]:
        yield "an a"
        raise CorpusError("the rest cannot be read")

    scores = model().score(lines())
    assert next(scores).text == "an a"
    with pytest.raises(CorpusError):
        next(scores)


def test_it_tags_as_the_command_does(tmp_path: Path, stdout_of: Callable[..., str]) -> None:
    sentences = [["the", "cat", "sat", "."], ["dogs", "ran"]]
    (tmp_path / "words.txt").write_text("".join(" ".join(words) + "\n" for words in sentences))
    tagger = charnn.load(TAGGER)
    assert isinstance(tagger, Tagger)
    column = tagger.columns[0]
    written = stdout_of(
        "tag", tmp_path / "words.txt", "-m", TAGGER, "--format", "tokens", "--to", "slashed", "--columns", column
    )
    tagged = tagger.tag(sentences, columns=[column])
    assert written.splitlines() == [
        " ".join(f"{word}_{tag}" for word, tag in zip(words, each[column].tags, strict=True))
        for words, each in zip(sentences, tagged, strict=True)
    ]


def test_it_learns_what_the_command_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stdout_of: Callable[..., str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("corpus.txt").write_text("the cat sat on the mat. a dog ran off with the hat.\n" * 20)
    options = [part for name, value in TINY.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    stdout_of("train", "corpus.txt", *options, "--out", "command")
    learned = charnn.train("corpus.txt", **TINY, out="python")
    for name in ("weights.safetensors", "model.onnx", "tokenizer.json"):
        assert Path("python", name).read_bytes() == Path("command", name).read_bytes()
    assert learned.path == Path("python")


def test_the_type_of_a_model_can_load_it() -> None:
    assert Tagger.load(TAGGER).columns == charnn.load(TAGGER).columns


def test_what_is_wrong_is_an_error_of_charnns(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="nowhere"):
        charnn.load(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="--stopping is for texts"):
        charnn.train("treebank.txt", task="tagger", stopping="length")


def test_it_leaves_the_process_as_it_is() -> None:
    """No PyTorch, no command line, no environment variable and no signal handler comes with using a model."""
    program = f"""
import os, signal, sys
before, handler = dict(os.environ), signal.getsignal(signal.SIGPIPE)
import charnn
model = charnn.load({str(TEXT_MODEL)!r})
"".join(model.sample("a ", seed=1, length=5)), list(model.score(["a b"]))
charnn.load({str(TAGGER)!r}).tag([["the", "cat"]])
assert before == dict(os.environ) and handler == signal.getsignal(signal.SIGPIPE)
print([name for name in sys.modules if name.split(".")[0] in ("torch", "onnx", "typer") or name[:10] == "charnn.cli"])
"""
    environment = {**os.environ, "PYTHONPATH": str(GOLDEN.parents[1])}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout == "[]\n"


def test_training_leaves_torchs_threads_as_they_are(tmp_path: Path) -> None:
    program = f"""
import torch
torch.set_num_threads(1)
import charnn
charnn.train({str(tmp_path / "corpus.txt")!r}, out={str(tmp_path / "model")!r}, steps=2, hidden=8, layers=1)
print(torch.get_num_threads())
"""
    (tmp_path / "corpus.txt").write_text("the cat sat on the mat.\n" * 40)
    environment = {**os.environ, "PYTHONPATH": str(GOLDEN.parents[1])}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout == "1\n"
