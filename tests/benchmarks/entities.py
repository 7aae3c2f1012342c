"""How well charnn's tagger finds named entities with each decoder, where it keeps to their scheme and where it is free.

The entities are the runs of proper nouns (PROPN) of a treebank, as BIO tags in a file of columns. The tagger is free
where its treebank breaks BIO, which one more sentence does: an I- without its B-.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import mean
from typing import Any, get_args

import charnn
from charnn.tasks.tagger.config import DecoderKind
from charnn.tasks.tagger.formats.sentence import TaggedSentence
from tests.benchmarks.startup import CHARNN
from tests.benchmarks.tagging_quality import beginning, treebanks

WORDS, SEEDS, EPOCHS = 20_000, 2, 8
BREACH = "Rome\tI-NAME\n\n"


def run(directory: Path, *, seeds: int | None = None, epochs: float | None = None) -> None:
    large, *_ = treebanks(directory)
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        treebank = beginning(large, WORDS, scratch)
        training, test = treebank.sentences()
        kept, free, tested = (scratch / f"{part}.tsv" for part in ("kept", "free", "tested"))
        kept.write_text("".join(map(columns, training)), "utf-8")
        free.write_text(BREACH + kept.read_text("utf-8"), "utf-8")
        tested.write_text("".join(map(columns, test)), "utf-8")
        print(f"entities of {treebank.name}, each for {epochs or EPOCHS:g} epochs")
        print(f"{'decoder':12} {'scheme':6} {'F1':>6} {'words':>6}  I- without B-, of all I- (a seed)")
        for decoder in get_args(DecoderKind):
            for label, path in (("free", free), ("kept", kept)):
                found = [
                    score(path, tested, test, decoder, seed, epochs or EPOCHS, scratch)
                    for seed in range(seeds or SEEDS)
                ]
                f1, accuracy = mean(f for f, *_ in found), mean(a for _, a, *_ in found)
                broken = ", ".join(f"{b} of {inside:,}" for *_, b, inside in found)
                print(f"{decoder:12} {label:6} {100 * f1:6.2f} {100 * accuracy:6.2f}  {broken}", flush=True)


def columns(sentence: TaggedSentence) -> str:
    tags = entity_tags(sentence.tags[0])
    return "".join(f"{word}\t{tag}\n" for word, tag in zip(sentence.words, tags, strict=True)) + "\n"


def entity_tags(upos: Iterable[str]) -> Iterator[str]:
    is_inside = False
    for tag in upos:
        yield ("I-NAME" if is_inside else "B-NAME") if tag == "PROPN" else "O"
        is_inside = tag == "PROPN"


def score(
    train: Path, tested: Path, test: list[TaggedSentence], decoder: str, seed: int, epochs: float, scratch: Path
) -> tuple[float, float, int, int]:
    """F1 of entities, accuracy of words, and of the I- that were written those without a B- or I- before, and all."""
    model = scratch / "model"
    options = ["--columns", "tag", "--decoder", decoder, "--seed", str(seed), "--epochs", str(epochs)]
    subprocess.run([CHARNN, "train", train, *options, "--out", model, "--overwrite"], check=True, capture_output=True)
    scored = [CHARNN, "eval", tested, "--model", model, "--columns", "tag", "--json"]
    figures = json.loads(subprocess.run(scored, check=True, capture_output=True).stdout)["tag"]
    tagger: Any = charnn.load(model)
    tagged = [annotations["tag"].tags for annotations in tagger.tag([sentence.words for sentence in test])]
    pairs = [(before, tag) for tags in tagged for before, tag in zip(["O", *tags], tags, strict=False)]
    inside = [before for before, tag in pairs if tag == "I-NAME"]
    return figures["entities"]["f1"], figures["accuracy"], inside.count("O"), len(inside)
