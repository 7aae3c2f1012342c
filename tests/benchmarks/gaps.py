"""How well charnn's tagger does where only some words of the treebank have tags: scattered ones, or whole sentences.

A word without a tag is left out of the loss. With the same number of tags, scattered ones stand in more different
sentences, and the words beside them are read all the same.
"""

from __future__ import annotations

import json
import random
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import mean

from charnn.tasks.tagger.formats.sentence import TaggedSentence
from tests.benchmarks.startup import CHARNN
from tests.benchmarks.tagging_quality import beginning, treebanks

WORDS, SEEDS, EPOCHS = 20_000, 2, 8
SHARES = (1.0, 0.5, 0.25)
DECODERS = ("independent", "crf")


def run(directory: Path, *, seeds: int | None = None, epochs: float | None = None) -> None:
    large, *_ = treebanks(directory)
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        treebank = beginning(large, WORDS, scratch)
        training, test = treebank.sentences()
        tested = scratch / "tested.tsv"
        tested.write_text("".join(map(columns, test)), "utf-8")
        print(f"upos of {treebank.name}, {epochs or EPOCHS:g} epochs: % of the words of the test split")
        print(f"{'tagged':>7} {'which':10} {'decoder':12} {'accuracy':>8}")
        for share in SHARES:
            for which in ("sentences", "words") if share < 1 else ("all",):
                path = scratch / "train.tsv"
                path.write_text("".join(masked(training, share, which)), "utf-8")
                for decoder in DECODERS:
                    found = [
                        score(path, tested, decoder, seed, epochs or EPOCHS, scratch) for seed in range(seeds or SEEDS)
                    ]
                    print(f"{share:7.0%} {which:10} {decoder:12} {100 * mean(found):8.2f}", flush=True)


def columns(sentence: TaggedSentence) -> str:
    return "".join(f"{word}\t{tag}\n" for word, tag in zip(sentence.words, sentence.tags[0], strict=True)) + "\n"


def masked(sentences: list[TaggedSentence], share: float, which: str) -> Iterator[str]:
    """The sentences as columns, `_` for the tags of all but this share: of single words, or of the sentences after the
    first ones."""
    choose = random.Random(0)
    left = share * sum(map(len, sentences))
    for sentence in sentences:
        tags = sentence.tags[0]
        if which == "words":
            tags = [tag if choose.random() < share else "_" for tag in tags]
        elif left <= 0:
            tags = ["_"] * len(tags)
        left -= len(tags)
        yield columns(TaggedSentence(sentence.words, (tags,)))


def score(train: Path, tested: Path, decoder: str, seed: int, epochs: float, scratch: Path) -> float:
    model = scratch / "model"
    options = ["--task", "tagger", "--columns", "tag", "--decoder", decoder, "--seed", str(seed)]
    options += ["--epochs", str(epochs), "--out", str(model), "--overwrite"]
    subprocess.run([CHARNN, "train", train, *options], check=True, capture_output=True)
    scored = [CHARNN, "eval", tested, "--model", model, "--columns", "tag", "--json"]
    accuracy = json.loads(subprocess.run(scored, check=True, capture_output=True).stdout)["tag"]["accuracy"]
    assert isinstance(accuracy, float)
    return accuracy
