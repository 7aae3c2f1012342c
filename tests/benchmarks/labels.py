"""One language model of texts with labels, against one of the same texts without: what a character costs, and how often
the label of a text is found from its probability under each.

Both learn for as long, on `names-18-languages/train.tsv` of the data folder, and read `test.tsv`, each text by itself.
"""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import NamedTuple

import charnn
from charnn.corpora.labelled import labelled_rows
from charnn.corpora.labelled_layout import LabelledText
from charnn.corpora.tables import Table
from tests.benchmarks.machine import means

TIME, SEEDS = "60s", 3
DATA = "names-18-languages"
PER_LABEL = 20
"""So many texts are written with each label, and their labels are looked for."""


class Reached(NamedTuple):
    with_label: float
    """Bits per character of the held-out texts, line ends included."""
    label_unknown: float
    without_labels: float
    """The bits per character of the model of texts without labels."""
    found: float
    """The percentage of held-out texts whose label is found."""
    written: float
    """The percentage of texts that were written with a label whose label another model, of another seed, finds."""


def run(data: Path, *, time: str | None, seeds: int | None) -> None:
    folder, time = data / DATA, time or TIME
    if not folder.is_dir():
        print(f"{folder}: not there, so nothing is measured")
        return
    with tempfile.TemporaryDirectory() as scratch:
        reached = [_reached(folder, Path(scratch), time, seed) for seed in range(1, (seeds or SEEDS) + 1)]
    print(f"{folder.name}, {time} of training each, {len(reached)} seeds")
    for name, form, what in (
        ("with_label", ".3f", "bits per character, the label given"),
        ("label_unknown", ".3f", "bits per character, the label unknown"),
        ("without_labels", ".3f", "bits per character of a model without labels"),
        ("found", ".1f", "% of the labels of held-out texts found"),
        ("written", ".1f", "% of the labels of written texts found"),
    ):
        print(f"{means([getattr(one, name) for one in reached], form)} {what}")


def _reached(folder: Path, scratch: Path, time: str, seed: int) -> Reached:
    train, test = folder / "train.tsv", folder / "test.tsv"
    lines = scratch / "lines.txt"
    lines.write_text("".join(f"{each.text}\n" for each in _texts(train)), encoding="utf-8")
    how = {"time": time, "seed": seed}
    model = charnn.train(train, conditioned=True, out=scratch / f"labelled-{seed}", **how)
    judge = charnn.train(train, conditioned=True, out=scratch / f"judge-{seed}", time=time, seed=seed + 100)
    plain = charnn.train(lines, documents="line", out=scratch / f"plain-{seed}", **how)
    held_out = _texts(test)
    characters = sum(len(each.text) + 1 for each in held_out)
    with_label = untold = 0.0
    right = 0
    for each, score in zip(held_out, model.score([f"{each.text}\n" for each in held_out], ends=True), strict=True):
        with_label += score.label_nats_K[model.labels.index(each.labels[0])]
        untold += score.nats
        right += model.likeliest_label(score) == each.labels[0]
    without = sum(score.nats for score in plain.score([f"{each.text}\n" for each in held_out], ends=True))
    written = [
        (label, "".join(model.sample(label=label, seed=number)))
        for label in model.labels
        for number in range(PER_LABEL)
    ]
    told = [judge.likeliest_label(score) for score in judge.score([text for _, text in written], ends=True)]
    agreed = sum(label == found for (label, _), found in zip(written, told, strict=True))
    bits = characters * math.log(2)
    return Reached(
        with_label / bits,
        untold / bits,
        without / bits,
        100 * right / len(held_out),
        100 * agreed / len(written),
    )


def _texts(path: Path) -> list[LabelledText]:
    return list(labelled_rows(Table(path.read_text(encoding="utf-8"), str(path))))
