"""What a minute of training reaches, by the commands that a user types: scores, memory, and the time before any of it.

Training has the whole machine, one run after the other.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from charnn.tasks.language_model.directory import LanguageModelDirectory
from tests.benchmarks.first_step import seconds_until_training
from tests.benchmarks.machine import means, spread
from tests.benchmarks.startup import CHARNN

TIME, REACH_TIME = "60s", "12s"
REACH = 1.886
"""Nats per character of nanoGPT's CPU recipe on Tiny Shakespeare after its 62 s."""
STARTS = 5
EVALUATIONS = (
    ["--context", "carried"],
    ["--context", "256"],
    ["--context", "carried", "--precision", "int8"],
)


def run(
    corpus: Path,
    *,
    time: str | None = None,
    seeds: int | None = None,
    reach: float | None = None,
    reach_time: str | None = None,
) -> None:
    time, seeds = time or TIME, seeds or 1
    starts = [seconds_until_training(corpus, time) for _ in range(STARTS)]
    print(f"from the command to its first step: {spread(starts, '.2f', ' s')}")
    time_to_reach(corpus, reach or REACH, reach_time or REACH_TIME, seeds=seeds)
    scores(corpus, time, seeds=seeds)


def time_to_reach(corpus: Path, reach: float, time: str, *, seeds: int) -> None:
    """How long training had run at its first validation at `reach` or below, earlier validations included."""
    taken, missed = [], []
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "model"
            subprocess.run(train_command(corpus, path, time, seed), check=True, stdout=subprocess.DEVNULL)
            history = LanguageModelDirectory.open(path).history()
        first = next((entry for entry in history if entry["nats_per_character"] <= reach), None)
        if first is not None:
            taken.append(float(first["seconds"]))
        else:
            missed.append(min(entry["nats_per_character"] for entry in history))
    if taken:
        print(f"charnn train --time {time}: {reach} nats after {means(taken, '.1f', ' s')} of training")
    if missed:
        print(f"charnn train --time {time}: {reach} nats not reached, but {means(missed, '.4f')}")


def scores(corpus: Path, time: str, *, seeds: int) -> None:
    nats, memory = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    characters = 0
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "model"
            megabytes, _ = peak_memory(train_command(corpus, path, time, seed))
            memory[f"charnn train --time {time}"].append(megabytes)
            for options in EVALUATIONS:
                name = f"charnn eval {' '.join(options)}"
                megabytes, output = peak_memory([CHARNN, "eval", "--model", str(path), "--json", *options])
                score = json.loads(output)
                nats[name].append(score["nats_per_character"])
                memory[name].append(megabytes)
                characters = score["characters"]
            megabytes, _ = peak_memory([CHARNN, "sample", "--model", str(path), "--length", "10000", "--seed", "1"])
            memory["charnn sample --length 10000"].append(megabytes)
    print(f"\ncharnn train --time {time}, seeds 0 to {seeds - 1}: nats per character of {characters:,} held out")
    for name, values in nats.items():
        print(f"{name:<50} {means(values, '.4f')}")
    print("\npeak memory, MB")
    for name, values in memory.items():
        print(f"{name:<50} {means(values)}")


def train_command(corpus: Path, model: Path, time: str, seed: int) -> list[str]:
    return [CHARNN, "train", str(corpus), "--time", time, "--seed", str(seed), "--out", str(model)]


# A process begins with the peak of the one that starts it, and that is a small one here: this process has torch loaded.
MEASURE = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
open(sys.argv[1], "w").write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code)
"""


def peak_memory(command: list[str]) -> tuple[float, bytes]:
    """The largest resident size of the command, in MB, and its stdout."""
    with tempfile.NamedTemporaryFile() as file:
        measured = [sys.executable, "-c", MEASURE, file.name, *command]
        output = subprocess.run(measured, check=True, stdout=subprocess.PIPE).stdout
        return int(file.read()) / 1024, output
