"""How much memory commands take while text comes that never ends, all of it new or with words that come again.

What a command remembers depends on how many words, lines and texts have come and not on the size of its network, so the
models are the smallest: 8 units, which learned for a few steps to write a letter for a line, or words of 15 letters,
each of them one piece.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from tests.benchmarks.pipes import Record, read, written
from tests.paths import ROOT

LETTERS = b"aeioubdgklmnrstp"
LETTERS_OF_WORD = 15
LINES = 1_000
"""The lines that are written at once."""
STEEPNESS = 1.3
"""The n-th most frequent word comes 1 / n**1.3 as often as the most frequent one; others go on being new."""
SMALLEST = ("--hidden", "8", "--layers", "1", "--seed", "1", "--quiet")

Words = Literal["new", "recurring"]


def spelled(numbers_N: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint8]:
    """A word for each number below 2**60, as rows of 15 letters and a space (N, 16): another number, another word."""
    scrambled = numbers_N * np.uint64(0x9E3779B97F4A7C15)
    rows = np.full((len(numbers_N), LETTERS_OF_WORD + 1), ord(" "), np.uint8)
    for place in range(LETTERS_OF_WORD):
        rows[:, place] = np.frombuffer(LETTERS, np.uint8)[scrambled >> np.uint64(4 * place) & np.uint64(15)]
    return rows


def blocks(words: Words, words_of_line: int) -> Iterator[bytes]:
    """Lines without end, so many at once."""
    chosen, count, number = np.random.default_rng(0), LINES * words_of_line, 0
    while True:
        if words == "new":
            numbers_N = np.arange(number, number + count, dtype=np.uint64)
        else:
            numbers_N = chosen.zipf(STEEPNESS, count).astype(np.uint64)
        rows = spelled(numbers_N).reshape(LINES, -1)
        rows[:, -1] = ord("\n")
        yield rows.tobytes()
        number += count


def first_letters(path: Path) -> None:
    """Lines of words, and the first letter of each as its target."""
    lines = b"".join(spelled(np.arange(3_000, dtype=np.uint64))).decode().split()
    path.write_text("".join(f"{' '.join(lines[n : n + n % 3 + 1])}\t{line[0]}\n" for n, line in enumerate(lines)))


def few_words(path: Path) -> None:
    """Lines of a few words, so that each of them becomes a piece of its own."""
    chosen, known = random.Random(0), spelled(np.arange(20, dtype=np.uint64)).tobytes().decode().split()
    path.write_text("".join(" ".join(chosen.choices(known, k=8)) + "\n" for _ in range(1_500)))


class Endless(NamedTuple):
    """A command that never comes to an end by itself."""

    command: str
    words: Words | None
    """The words of what it reads; None for a command that only writes."""
    learns: str | Callable[[Path], None]
    """The file in data/ that its model learns from, or what writes one."""
    steps: int
    words_of_line: int = 12
    learning: tuple[str, ...] = ()
    using: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.command}-{self.words}" if self.words else self.command

    def learn(self, place: Path) -> Path:
        """The model, which has learned in this directory."""
        if isinstance(self.learns, str):
            data = ROOT / "data" / self.learns
        else:
            data = place / "data.tsv" if "transducer" in self.learning else place / "data.txt"
            self.learns(data)
        model = place / "model"
        options = ("--steps", str(self.steps), *SMALLEST, *self.learning, "--out", str(model))
        subprocess.run([sys.executable, "-m", "charnn", "train", str(data), *options], check=True)
        return model


PIECES = ("--tokenizer", "bpe", "--vocab-size", "600", "--ngrams", "0")
EVERY = (
    Endless("tag", "recurring", "fables-train.conllu", 20),
    Endless("transduce", "recurring", first_letters, 150, learning=("--task", "transducer"), using=("--beam", "1")),
    Endless("sample", None, few_words, 200, learning=PIECES, using=("-n", "100000000", "--length", "10000")),
    Endless("tag", "new", "fables-train.conllu", 20),
    Endless("transduce", "new", first_letters, 150, learning=("--task", "transducer"), using=("--beam", "1")),
    Endless("score", "new", "fables.txt", 20),
    Endless("classify", "new", "speakers-train.tsv", 20, learning=("--task", "classifier")),
)


def run(characters: float, processor: float | None = None, wanted: list[str] | None = None) -> None:
    """Prints the memory of each that is wanted, after so many characters or seconds of a processor."""
    for one in EVERY:
        if wanted and one.name not in wanted:
            continue
        with tempfile.TemporaryDirectory() as place:
            os.environ["CHARNN_CACHE"] = str(Path(place, "cache"))
            model = one.learn(Path(place))
            command = [sys.executable, "-m", "charnn", one.command, "-m", str(model), "--quiet", *one.using]
            record = Record(marks(characters), processor)
            if one.words is None:
                said = read(command, record)
            else:
                said = written(command, blocks(one.words, one.words_of_line), LINES, record)
            print(f"{one.name:<20} {said}", flush=True)


def marks(characters: float) -> tuple[int, ...]:
    """1 and 10 million, then each 100 million, up to so many characters."""
    last = int(characters)
    return tuple(sorted({mark for mark in (10**6, 10**7, *range(10**8, last, 10**8)) if mark < last} | {last}))
