"""What language models of characters do for a tagger that reads with them (`train --reader`): UPOS.

The language models learn the treebank's whole training text without its tags, which is what a language without a large
treebank may well have, and for comparison a text of another kind and time.
"""

from __future__ import annotations

import json
import resource
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.machine import means
from tests.benchmarks.startup import CHARNN
from tests.benchmarks.tagging_quality import SMALL, Treebank, beginning, treebanks

SEEDS, EPOCHS = 2, (12, 20, 6)
"""The epochs are those of a tagger on the cuts `SMALL`, and on the whole treebank."""
READER = ("--layers", "1", "--hidden", "256", "--epochs", "6", "--seed", "1")
COPIES = 2
"""How often the test split is tagged in one go, to time it."""


class Reached(NamedTuple):
    accuracy: float
    unknown: float
    train_seconds: float
    """CPU seconds of `charnn train`, the language models not counted."""
    speed: float
    """Words that `charnn tag` tags in a second of one processor, its start included."""


def run(corpus: Path, directory: Path, *, seeds: int | None, epochs: float | None, models: Path | None) -> None:
    """`corpus` is the text of another kind. `epochs` are those of each tagger. `models` is a directory in which the
    language models `ahead`, `back` and `other` lie, which are used instead of training them."""
    large, *_ = treebanks(directory)
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        text = scratch / "text.txt"
        text.write_text("".join(texts(large.train)), "utf-8")
        if models is None:
            _learn(text, scratch / "ahead")
            _learn(text, scratch / "back", "--backwards")
            _learn(corpus, scratch / "other")
        ahead, back, other = ((models or scratch) / name for name in ("ahead", "back", "other"))
        variants: dict[str, Sequence[Path]] = {
            "no reader": (),
            "its own training text, forwards": (ahead,),
            "its own training text, in both directions": (ahead, back),
            f"{corpus.name}, forwards": (other,),
        }
        cuts = [*(beginning(large, words, scratch) for words in SMALL), large]
        for cut, usual in zip(cuts, EPOCHS, strict=True):
            given = epochs or usual
            print(f"\n{cut.name}, {given:g} epochs: % of the words of the test split, and CPU seconds")
            print(
                f"{'what reads':<44} {'accuracy':<23} {'unknown words':<23} {'training':<10} words/s of tag", flush=True
            )
            for variant, readers in variants.items():
                options = [argument for reader in readers for argument in ("--reader", str(reader))]
                runs = [tagger(cut, options, seed, given, scratch) for seed in range(1, (seeds or SEEDS) + 1)]
                row(variant, runs)


def texts(treebank: Path) -> Iterator[str]:
    """The raw text of each sentence, a line each."""
    for line in treebank.read_text("utf-8").splitlines():
        if line.startswith("# text = "):
            yield line.removeprefix("# text = ").strip() + "\n"


def _learn(text: Path, out: Path, *options: str) -> None:
    spent = _cpu_seconds([CHARNN, "train", text, *READER, *options, "--out", out])
    cost = json.loads((out / "config.json").read_text())["scores"]["bits_per_character"]
    print(f"{text.name} {' '.join(options)}: {cost:.3f} bits/char, {spent:,.0f} CPU seconds", flush=True)


def tagger(cut: Treebank, options: Sequence[str], seed: int, epochs: float, scratch: Path) -> Reached:
    """What a tagger reaches that learns a treebank with these options of `charnn train`. It is left in `scratch`."""
    model = scratch / "model"
    usual = ["--epochs", f"{epochs:g}", "--seed", str(seed), "--out", str(model), "--overwrite"]
    spent = _cpu_seconds([CHARNN, "train", cut.train, *usual, *options])
    return tagging(cut, model, spent, scratch)


def tagging(cut: Treebank, model: Path, train_seconds: float, scratch: Path) -> Reached:
    """What a tagger reaches that has been trained in so many seconds."""
    copies = scratch / "copies.conllu"
    scored = subprocess.run([CHARNN, "eval", cut.test, "-m", model, "--json"], check=True, capture_output=True)
    figures = json.loads(scored.stdout)
    upos = figures["upos"]
    copies.write_text(cut.test.read_text("utf-8") * COPIES, "utf-8")
    _, test = cut.sentences()
    tagged = _cpu_seconds([CHARNN, "tag", copies, "-m", model])
    speed = COPIES * sum(map(len, test)) / tagged
    return Reached(100 * upos["accuracy"], 100 * upos["unknown_accuracy"], train_seconds, speed)


def _cpu_seconds(command: Sequence[str | Path]) -> float:
    """Runs a command, and gives the seconds that it had of a processor, so that other work beside it counts little."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def row(name: str, runs: Sequence[Reached]) -> None:
    accuracy, unknown, spent, speed = zip(*runs, strict=True)
    print(
        f"{name:<44} {means(accuracy, '.2f'):<23} {means(unknown, '.2f'):<23} {means(spent):<10} {means(speed)}",
        flush=True,
    )
