"""A treebank of text without spaces, and the tagger of it, with its segmenter, that several tests use."""

from __future__ import annotations

import os
import random
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from charnn.cli.main import run
from tests.once import made_once

WORDS = ["我", "喜欢", "苹果", "他", "吃", "北京", "大学", "不"]
QUICK = ("--steps", "160", "--hidden", "6", "--embedding", "6", "--batch", "4", "--precision", "fp32")


def treebank_text(sentences: int, *, seed: int = 0, space: str = "") -> str:
    """CoNLL-U of words that stand together, or with a `space` between them; sentences end in a stop or in 了."""
    random.seed(seed)
    blocks = []
    for number in range(sentences):
        words = [*random.choices(WORDS, k=6), "。了"[number % 2]]
        misc = "_" if space else "SpaceAfter=No"
        rows = [f"{n}\t{word}\t_\tX{len(word)}\t_\t_\t_\t_\t_\t{misc}\n" for n, word in enumerate(words, 1)]
        blocks.append(f"# text = {space.join(words)}\n" + "".join(rows) + "\n")
    return "".join(blocks)


def segmented_model(factory: pytest.TempPathFactory) -> Path:
    """A folder with the treebank, its `model`, and what `charnn train` said on `stderr`. Nobody may change it."""

    def make(folder: Path) -> None:
        (folder / "t.conllu").write_text(treebank_text(120))
        with (
            (folder / "stderr").open("w") as said,
            open(os.devnull, "w") as null,
            redirect_stderr(said),
            redirect_stdout(null),
        ):
            assert run(["train", str(folder / "t.conllu"), *QUICK, "--out", str(folder / "model")]) == 0

    return made_once(factory, "segmented", make)
