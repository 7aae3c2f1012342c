"""How much memory commands take in a pipe, after a million characters and after a billion; and whether any are lost.

The models are tiny, and learn for a few steps from `data/`: what is remembered is the same with larger ones. The first
characters are of fresh lines, none of which comes again; after them the same lines come again and again, which is
faster. Linux alone says how much memory a process has taken at most while it runs.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.paths import ROOT

MARKS = tuple(10**power for power in range(6, 10))
"""The characters after which memory is told; the last is where a pipe ends."""
BLOCK, AGAIN = 1_000, 20
"""The lines that are written at once, and how many of them are different after the fresh ones."""
CHECKED = 1 << 20
"""The processor's time is looked at after so many characters."""
TINY = ("--hidden", "16", "--layers", "1", "--seed", "1", "--quiet")
SAMPLES = ("-n", "100000000", "--length", "1000")


class Pipe(NamedTuple):
    """A command in a pipe."""

    command: str
    learned: str
    """The file in data/ that its model learns from."""
    steps: int
    words: int = 16
    """The words in a line of what it reads; 0 for a command that only writes."""
    fresh: int = 10_000_000
    """The characters of fresh lines that come first."""
    ending: str = ""
    """What a line ends with."""
    learning: tuple[str, ...] = ()
    using: tuple[str, ...] = ()

    def learn(self, model: Path) -> None:
        options = ("--steps", str(self.steps), *TINY, *self.learning, "--out", str(model))
        subprocess.run(
            [sys.executable, "-m", "charnn", "train", str(ROOT / "data" / self.learned), *options], check=True
        )

    def lines(self) -> Iterator[str]:
        """Blocks of lines without end."""
        chosen = random.Random(0)
        words = ["".join(chosen.choices("aeioubdgklmnrst", k=6)) for _ in range(5_000)]
        written = number = 0
        while True:
            fresh = [
                f"{' '.join(chosen.choices(words, k=self.words))} {number + n}{self.ending}\n" for n in range(BLOCK)
            ]
            block = "".join(fresh if written < self.fresh else fresh[:AGAIN] * (BLOCK // AGAIN))
            yield block
            number, written = number + BLOCK, written + len(block)
            while written >= self.fresh:
                yield block


PIPES = (
    Pipe("classify", "speakers-train.tsv", 20, learning=("--task", "classifier")),
    Pipe("tag", "fables-train.conllu", 20),
    Pipe(
        "transduce",
        "verbs-train.tsv",
        300,
        8,
        1_000_000,
        "\tV;PST",
        learning=("--task", "transducer"),
        using=("--beam", "1"),
    ),
    Pipe("sample", "fables.txt", 20, 0, using=SAMPLES),
    Pipe("score", "fables.txt", 20),
)


def run(processor: float | None = None) -> None:
    """Prints the memory of each. A pipe ends before its last mark where the command has worked so many seconds."""
    for pipe in PIPES:
        with tempfile.TemporaryDirectory() as place:
            os.environ["CHARNN_CACHE"] = str(Path(place, "cache"))
            model = Path(place, "model")
            pipe.learn(model)
            command = [sys.executable, "-m", "charnn", pipe.command, "-m", str(model), "--quiet", *pipe.using]
            record = Record(MARKS, processor)
            blocks = (block.encode() for block in pipe.lines())
            found = read(command, record) if pipe.words == 0 else written(command, blocks, BLOCK, record)
            print(f"{pipe.command:<10} {found}", flush=True)


def written(command: list[str], blocks: Iterator[bytes], lines_of_block: int, record: Record) -> str:
    """What memory a command takes that reads a pipe, and how many lines came and went."""
    counter = subprocess.Popen(["wc", "-l"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    reader = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=counter.stdin)
    assert reader.stdin is not None
    assert counter.stdin is not None
    assert counter.stdout is not None
    counter.stdin.close()
    lines = 0
    record.begin(reader.pid)
    for block in blocks:
        reader.stdin.write(block)
        lines += lines_of_block
        if record.is_over(len(block)):
            break
    reader.stdin.close()
    came = int(counter.stdout.read())
    counter.wait()
    if reader.wait() != 0:
        raise RuntimeError(f"{command[3]} ended with {reader.returncode}")
    return f"{record}; {lines:,} lines were read and {came:,} written"


def read(command: list[str], record: Record) -> str:
    """What memory a command takes that writes to a pipe until nobody reads it any more."""
    writer = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert writer.stdout is not None
    record.begin(writer.pid)
    while block := writer.stdout.read1(1 << 16):  # type: ignore[attr-defined]
        if record.is_over(len(block)):
            break
    writer.stdout.close()
    writer.wait()
    return str(record)


class Record:
    """The memory that a process has taken at most at each mark, and that it takes then."""

    def __init__(self, marks: tuple[int, ...], processor: float | None) -> None:
        self._marks, self._processor = marks, processor
        self._passed = self._checked = 0
        self._said: list[str] = []

    def begin(self, process: int) -> None:
        self._folder = Path("/proc", str(process))

    def is_over(self, more: int) -> bool:
        """Whether the last mark or the end of the time is reached, after so many characters more."""
        before, self._passed = self._passed, self._passed + more
        if any(before < mark <= self._passed for mark in self._marks):
            self._say()
        if self._passed >= self._marks[-1]:
            return True
        if self._passed - self._checked < CHECKED:
            return False
        self._checked = self._passed
        if is_over := self._processor is not None and self._seconds() >= self._processor:
            self._say()
        return is_over

    def _say(self) -> None:
        most, now = self._memory("VmHWM") / 1e6, self._memory("VmRSS") / 1e6
        self._said.append(f"{self._passed / 1e6:,.0f} MB: {most:,.0f} MB, now {now:,.0f}, {self._seconds():,.0f} s")
        print(self._said[-1], file=sys.stderr, flush=True)

    def _memory(self, name: str) -> int:
        status = dict(line.split(":", 1) for line in (self._folder / "status").read_text().splitlines())
        return int(status[name].split()[0]) * 1024

    def _seconds(self) -> float:
        """How long a processor has worked for it."""
        after_name = (self._folder / "stat").read_text().rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")

    def __str__(self) -> str:
        return "; ".join(self._said)
