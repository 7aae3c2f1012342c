"""How well whole sentences are turned into others: capitals and punctuation put back where they were taken away.

The sentences are those of the corpus, of 20 to 400 characters; a tenth is held out to validate with, a tenth is scored.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from random import Random
from statistics import mean

from tests.benchmarks import transducing

SHORTEST, LONGEST, MOST = 20, 400, 10_000
VARIANTS: dict[str, list[str]] = {"default": [], "attention additive": ["--attention", "additive"]}


def run(
    corpus: Path, *, seeds: int | None = None, time: str | None = None, epochs: float | None = None,
    processor: float | None = None,
) -> None:  # fmt: skip
    texts = sentences(corpus.read_text("utf-8"))
    Random(0).shuffle(texts)
    rows = [f"{without_marks(sentence)}\t{sentence}\n" for sentence in texts[:MOST]]
    tenth = len(rows) // 10
    print(f"{len(rows):,} sentences of {mean(map(len, texts[:MOST])):.0f} characters in the mean")
    transducing.heading()
    with tempfile.TemporaryDirectory() as scratch:
        parts = {"test": rows[:tenth], "dev": rows[tenth : 2 * tenth], "train": rows[2 * tenth :]}
        for name, part in parts.items():
            (Path(scratch) / f"{name}.tsv").write_text("".join(part), "utf-8")
        for variant, options in VARIANTS.items():
            asked = transducing.budget(time if time or processor else "3m", epochs)
            found = transducing.results(Path(scratch), [*asked, *options], seeds or 1, processor=processor)
            transducing.row(variant, found)


def sentences(text: str) -> list[str]:
    """The sentences, on a line each, none twice."""
    paragraphs = (re.sub(r"\s+", " ", paragraph).strip() for paragraph in text.split("\n\n"))
    every = (sentence for paragraph in paragraphs for sentence in re.split(r"(?<=[.!?]) ", paragraph))
    return [sentence for sentence in dict.fromkeys(every) if SHORTEST <= len(sentence) <= LONGEST]


def without_marks(sentence: str) -> str:
    """Small letters, digits and spaces alone."""
    return "".join(c for c in sentence.lower() if c.isalnum() or c == " ")
