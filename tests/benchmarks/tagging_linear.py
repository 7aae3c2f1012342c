"""What the linear model of words in context brings beside a tagger's network: UPOS.

Each tagger is trained once. What it reaches without its linear model is what a copy of it reaches that has none.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.reading import Reached, row, tagger, tagging
from tests.benchmarks.tagging_quality import SMALL, Treebank, beginning, treebanks

SEEDS, EPOCHS = 1, (4, 12, 12, 24)
"""The epochs are those of a tagger on the large treebank, on the other one, and on the cuts `SMALL`."""


def run(directory: Path, *, seeds: int | None, epochs: float | None) -> None:
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        for treebank, usual in zip(_treebanks(directory, scratch), EPOCHS, strict=False):
            given = epochs or usual
            print(f"\n{treebank.name}, {given:g} epochs: % of the words of the test split, and CPU seconds")
            print(f"{'':<44} {'accuracy':<23} {'unknown words':<23} {'training':<10} words/s of tag", flush=True)
            both, alone = list[Reached](), list[Reached]()
            for seed in range(1, (seeds or SEEDS) + 1):
                both.append(tagger(treebank, [], seed, given, scratch))
                _without(scratch / "model", scratch / "alone")
                alone.append(tagging(treebank, scratch / "alone", both[-1].train_seconds, scratch))
            row("the network alone", alone)
            row("a linear model beside it", both)


def _treebanks(directory: Path, scratch: Path) -> Iterator[Treebank]:
    large, *others = treebanks(directory)
    yield from (large, *others, *(beginning(large, words, scratch) for words in SMALL if others))


def _without(model: Path, copy: Path) -> None:
    """Copies a tagger, but for its linear model."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(model, copy)
    config = json.loads((copy / "config.json").read_text("utf-8"))
    config.pop("linear", None)
    (copy / "config.json").write_text(json.dumps(config), "utf-8")
