"""Training characters a second of one process with all threads, beside as many processes as cores of a thread each."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median

from charnn.config.training import Budget
from charnn.tasks.language_model.directory import LanguageModelDirectory
from tests.benchmarks.machine import alternate, cores, ratio, spread
from tests.benchmarks.trial import Plan, Trial, planned

SECONDS = 60.0
"""The network and the batch are those that the default picks for this long."""
STEPS, ROUNDS = 400, 3
VALIDATION_CHARACTERS = 2_000
"""Little, or most of a short run would be validations."""


def run(corpus: Path) -> None:
    trial = planned(Plan(str(corpus), Budget(seconds=SECONDS)))
    count = max(2, len(cores()))
    network, training = trial.network, trial.training
    batch = f"{training.batch_size} windows of {training.window_length} steps a batch"
    print(f"{network}; {batch} over all processes, {STEPS} steps")
    alone = [sys.executable, "-m", "charnn"]
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(count)]
    taken = alternate(
        {
            "one process, all threads": partial(speed, alone, trial, {}),
            f"{count} processes, a thread each": partial(
                speed, [*launcher, "-m", "charnn"], trial, {"OMP_NUM_THREADS": "1"}
            ),
        },
        ROUNDS,
    )
    for name, values in taken.items():
        print(f"{name:<32} {spread(values, ',.0f', ' char/s')}")
    one, several = taken.values()
    print(f"{'':<32} {ratio(several, one)}")


def speed(charnn: list[str], trial: Trial, environment: dict[str, str]) -> float:
    """Characters a second of all processes together: the median of the run's history, which is between validations."""
    network, training = trial.network, trial.training
    options = {
        "cell": network.cell,
        "layers": network.layers,
        "hidden": network.hidden_size,
        "embedding": network.embedding_size,
        "dropout": network.dropout,
        "batch": training.batch_size,
        "window": training.window_length,
        "steps": STEPS,
        "patience": 0,
    }
    with tempfile.TemporaryDirectory() as scratch:
        model, valid = Path(scratch) / "model", Path(scratch) / "valid.txt"
        valid.write_text(Path(trial.corpus).read_text("utf-8")[-VALIDATION_CHARACTERS:], "utf-8")
        command = [*charnn, "train", trial.corpus, "--valid", str(valid), "--out", str(model)]
        command += [f"--{name}={value}" for name, value in options.items()]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})
        assert done.returncode == 0, done.stderr
        return float(median(entry["characters_per_second"] for entry in LanguageModelDirectory.open(model).history()))
