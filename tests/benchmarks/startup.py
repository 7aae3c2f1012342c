"""How long a command takes before it does anything, beside what `import torch` alone takes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from tests.benchmarks.machine import alternate, ratio, seconds, spread
from tests.benchmarks.models import untrained_model

CHARNN = str(Path(sys.executable).with_name("charnn"))


def run(corpus: Path) -> None:
    with tempfile.TemporaryDirectory() as directory:
        model = untrained_model(Path(directory) / "model", corpus, hidden_size=512)
        commands = {
            'python -c "import torch"': [sys.executable, "-c", "import torch"],
            "charnn --help": [CHARNN, "--help"],
            "charnn sample -n 1 --length 1": [CHARNN, "sample", "-n", "1", "--length", "1", "--model", str(model)],
        }
        quiet = partial(subprocess.run, check=True, stdout=subprocess.DEVNULL)
        taken = alternate({name: partial(seconds, partial(quiet, line)) for name, line in commands.items()}, rounds=7)
    for name, values in taken.items():
        print(f"{name:<32} {spread(values, '.3f', ' s')}")
    torch, _, sample = taken.values()
    print(f"{'sample beside import torch':<32} {ratio(sample, torch)}")
