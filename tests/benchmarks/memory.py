"""How much memory and time long texts take: to train on, to evaluate with, and to look for copies in."""

from __future__ import annotations

import os
import random
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.novelty import measured

SIZES = {"1 MB": 1_000_000, "100 MB": 100_000_000, "2 GB": 2_000_000_000}
ROWS = {"1 MB": 1_000_000, "10 MB": 10_000_000, "50 MB": 50_000_000}
SYLLABLE = ("bcdfghjklmnprstvwz", "aeiou")
PASSAGE = 50
"""A text is made of passages of about so many lines of the corpus, from anywhere in it, with a number before each."""
COPIED = 2_000
SHAPE = ("--steps", "2", "--hidden", "64", "--batch", "16", "--out", "model", "--overwrite", "--quiet")


def run(corpus: Path) -> None:
    lines = corpus.read_text("utf-8").splitlines(keepends=True)
    print("the peak of memory, the time, and how much of it a processor worked")
    print(f"{'':<8} {'train, first':>24} {'train, again':>24} {'eval':>24} {'novelty':>24}")
    for name, size in SIZES.items():
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            text, query = folder / "text.txt", folder / "query.txt"
            write(text, lines, size)
            with text.open() as file:
                file.seek(size // 2)
                copied = file.read(COPIED)
            query.write_text("".join(lines)[:10_000][::-1] + copied, "utf-8")
            os.environ["CHARNN_CACHE"] = str(folder / "cache")
            found = [
                measured([sys.executable, "-m", "charnn", *arguments], folder)
                for arguments in (
                    ("train", str(text), *SHAPE),
                    ("train", str(text), *SHAPE),
                    ("eval", "-m", "model", "--json"),
                    ("novelty", "--corpus", str(text), "--json", str(query)),
                )
            ]
        cells = (f"{one.megabytes:,.0f} MB {one.seconds:.1f} s, {one.computing:.1f} s" for one in found)
        print(f"{name:<8} " + " ".join(f"{cell:>24}" for cell in cells), flush=True)

    labelled_data(lines)


def labelled_data(lines: list[str]) -> None:
    """The peak of two steps of the tasks that learn from rows, and of libraries and a step alone (1 MB)."""
    print("the peak of memory, the time, and how much of it a processor worked, of two steps of training on rows")
    for name, size in ROWS.items():
        for task, row in (("classifier", _labelled_row), ("tagger", _tagged_row), ("transducer", _pair)):
            with tempfile.TemporaryDirectory() as place:
                folder, random_ = Path(place), random.Random(0)
                os.environ["CHARNN_CACHE"] = str(folder / "cache")
                with (folder / "rows.txt").open("w", encoding="utf-8") as file:
                    written = 0
                    while written < size:
                        written += file.write(row(lines, random_))
                command = (sys.executable, "-m", "charnn", "train", "rows.txt", "--task", task, *SHAPE[:2], *SHAPE[6:])
                one = measured(list(command), folder)
            print(
                f"{task:<12} {name:<6} {one.megabytes:>6,.0f} MB {one.seconds:.1f} s, {one.computing:.1f} s", flush=True
            )


def _labelled_row(lines: list[str], chosen: random.Random) -> str:
    words = " ".join(lines[chosen.randrange(len(lines))].split() + lines[chosen.randrange(len(lines))].split())
    return f"{chosen.choice(('comedy', 'tragedy', 'history', 'poem'))}\t{words} {chosen.randrange(10**7)}\n"


def _tagged_row(lines: list[str], chosen: random.Random) -> str:
    words = lines[chosen.randrange(len(lines))].replace("_", " ").split() or ["x"]
    return " ".join(f"{word}_T{len(word)}" for word in words) + "\n"


def _pair(lines: list[str], chosen: random.Random) -> str:
    sounds = ["".join(chosen.choice(part) for part in SYLLABLE) for _ in range(chosen.randrange(3, 6))]
    return f"{''.join(sounds)}\t{' '.join(' '.join(sound) for sound in sounds)}\n"


def write(path: Path, lines: list[str], size: int) -> None:
    """A text of so many characters."""
    chosen = random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        number = written = 0
        while written < size:
            start = chosen.randrange(len(lines) - PASSAGE)
            passage = f"\n[{number}] " + "".join(lines[start : start + chosen.randrange(PASSAGE // 2, PASSAGE)])
            written, number = written + len(passage), number + 1
            file.write(passage)
