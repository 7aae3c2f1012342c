"""`charnn train --from` with a tagger, and what training says of tags that it never sees."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

SMALL = ("--hidden", "8", "--columns", "tag", "--batch", "4")


def treebank(path: Path, *, seed: int, sentences: int, swapped: bool = False) -> None:
    """A word's tag follows from its last letter; with `swapped` other tags come as well, and so the numbers change."""
    chance = random.Random(seed)
    lines = []
    for _ in range(sentences):
        for _ in range(4):
            word = "".join(chance.choice("bdgk") + chance.choice("ai") for _ in range(3)) + chance.choice("nst")
            lines.append(f"{word}\t{ {'n': 'NOUN', 's': 'VERB', 't': 'ADJ'}[word[-1]] }")
        lines += ["x\tAAA"] if swapped else []
        lines.append("")
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import charnn

    folder = tmp_path_factory.mktemp("from")
    treebank(folder / "large.tsv", seed=1, sentences=200)
    treebank(folder / "small.tsv", seed=2, sentences=24, swapped=True)
    charnn.train(folder / "large.tsv", hidden=8, columns="tag", batch=4, epochs=4, out=folder / "large")
    return folder


def accuracy(charnn: Any, folder: Path, *options: str | Path) -> float:
    result = charnn(
        "train", folder / "small.tsv", "--steps", "3", "--no-linear", "--columns", "tag", "--json", *options
    )
    assert result.code == 0, result.err
    (value,) = result.json["accuracies"]
    return float(value)


def test_a_tagger_learns_in_fewer_steps_from_one_that_knows_its_tags(charnn: Any, folder: Path) -> None:
    fresh = accuracy(charnn, folder, "--hidden", "8", "--out", "fresh")
    started = accuracy(charnn, folder, "--from", folder / "large", "--out", "started")
    assert started > fresh + 0.2


def test_what_both_know_is_said(charnn: Any, folder: Path) -> None:
    result = charnn("train", folder / "small.tsv", "--steps", "1", "--columns", "tag", "--from", folder / "large")
    (line,) = [line for line in result.err.splitlines() if line.startswith("from ")]
    assert "3 of 4 tag" in line


@pytest.mark.parametrize(
    ("option", "value"),
    [("--cell", "gru"), ("--hidden", "32"), ("--layers", "2"), ("--embedding", "5"), ("--words-from", "lstm")],
)
def test_another_shape_is_refused(
    charnn: Any, folder: Path, tmp_path: Path, said_once: Any, option: str, value: str
) -> None:
    start = ("train", folder / "small.tsv", "--columns", "tag", "--steps", "1", "--from", folder / "large")
    result = charnn(*start, option, value)
    assert result.code == 2
    assert value in said_once(result)
    assert list(tmp_path.iterdir()) == []


def test_a_model_of_another_task_is_refused(charnn: Any, folder: Path, trained: Any, said_once: Any) -> None:
    result = charnn("train", folder / "small.tsv", "--columns", "tag", "--steps", "1", "--from", trained.path)
    assert result.code in (1, 2)
    assert "tagger" in said_once(result)


def test_tags_that_training_never_sees_are_counted_and_named(charnn: Any, tmp_path: Path) -> None:
    (tmp_path / "train.tsv").write_text("a\tX\nb\tY\n\n" * 5)
    (tmp_path / "valid.tsv").write_text("a\tX\nb\tZ\nc\tZ\nd\tW\n\n")
    result = charnn("train", "train.tsv", "--valid", "valid.tsv", *SMALL, "--steps", "1")
    (line,) = [line for line in result.err.splitlines() if line.startswith("unseen")]
    assert line == "unseen    tags of the validation data that training never sees: 2 tag of 3 words (Z, W)"
    assert "unseen" not in charnn("train", "train.tsv", *SMALL, "--steps", "1").err
