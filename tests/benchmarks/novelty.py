"""How long it takes to find what a million characters have copied from a hundred million, and in how much memory."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from tests.benchmarks.machine import spread

CORPUS = 100_000_000
"""Characters."""
GENERATED = 1_000_000
COPIED = 5_000
"""The length of the run that is planted in the generated text, and has to be found."""
ORDER = 6
"""Characters that the next one is chosen by: words and phrases come again by chance, sentences do not."""
LANES = 4096
ROUNDS = 3
SUFFIX_ARRAY = """
import sys
import numpy as np
from pydivsufsort import divsufsort, kasai
text = np.concatenate([np.fromfile(path, np.uint8) for path in sys.argv[1:]])
kasai(text, divsufsort(text))
"""


def run(corpus: Path) -> None:
    text = corpus.read_text("utf-8").encode("ascii", "replace")
    with tempfile.TemporaryDirectory() as directory:
        learned, generated = Path(directory) / "corpus.txt", Path(directory) / "generated.txt"
        long, short = shuffled(text, CORPUS, seed=0), shuffled(text, GENERATED - COPIED, seed=1)
        middle = len(long) // 2
        learned.write_bytes(long)
        generated.write_bytes(short[: len(short) // 2] + long[middle : middle + COPIED] + short[len(short) // 2 :])
        novelty = [sys.executable, "-m", "charnn", "novelty", "--json", "--corpus", str(learned), str(generated)]
        found = [measured(novelty) for _ in range(ROUNDS)]
        sorting = measured([sys.executable, "-c", SUFFIX_ARRAY, str(generated), str(learned)])
    result = json.loads(found[0].out)
    if result["longest"]["length"] < COPIED:
        raise RuntimeError("the run that was planted has not been found")
    print(f"a corpus of {CORPUS:,} characters, a text of {GENERATED:,}; {result['share']:.0%} of it copied")
    for name, runs in (("charnn novelty", found), ("a suffix array of both, nothing more", [sorting])):
        wall, computing = (spread([getattr(run, of) for run in runs], ".1f", " s") for of in ("seconds", "computing"))
        print(f"{name:<38} {wall}, {computing} of it computing, {max(run.megabytes for run in runs):,.0f} MB")


def shuffled(text: bytes, length: int, *, seed: int) -> bytes:
    """`length` characters, each one that follows the ORDER before it somewhere in `text`, at random."""
    characters = np.frombuffer(text, np.uint8)
    context = np.zeros(len(characters), np.uint64)
    for before in range(1, ORDER + 1):
        context = context * np.uint64(256) + np.roll(characters, before)
    places = np.argsort(context, kind="stable")
    _, group, counts = np.unique(context, return_inverse=True, return_counts=True)
    first = (np.cumsum(counts) - counts)[group]
    random = np.random.default_rng(seed)
    lanes = np.empty((-(-length // LANES), LANES), np.uint8)
    at = random.integers(len(characters), size=LANES)
    for row in lanes:
        at = places[first[at] + random.integers(counts[group[at]])]
        row[:] = characters[at]
        at = (at + 1) % len(characters)
    return lanes.T.tobytes()[:length]


class Measured(NamedTuple):
    seconds: float
    computing: float
    """How many of these seconds a processor worked, since the machine may be shared."""
    megabytes: float
    """The most memory that was taken at one time."""
    out: str


BETWEEN = """
import os, sys
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss, flush=True)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""A process counts the memory of the one that it was started from as its own, so this small one starts it."""


def measured(command: list[str], folder: Path | None = None, stdin: IO[bytes] | None = None) -> Measured:
    started = time.perf_counter()
    between = [sys.executable, "-S", "-c", BETWEEN, *command]
    out = subprocess.run(between, cwd=folder, stdin=stdin, stdout=subprocess.PIPE, text=True, check=True).stdout
    seconds = time.perf_counter() - started
    *lines, used = out.splitlines(keepends=True)
    computing, most = map(float, used.split())
    unit = 1 if sys.platform == "darwin" else 1024
    return Measured(seconds, computing, most * unit / 1e6, "".join(lines))
