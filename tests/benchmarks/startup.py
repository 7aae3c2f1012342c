"""How long a command takes before it does anything, beside what `import torch` alone takes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from tests.benchmarks.machine import alternate, ratio, seconds, spread
from tests.benchmarks.models import untrained_model
from tests.paths import GOLDEN

CHARNN = str(Path(sys.executable).with_name("charnn"))
USES = {"score": "format-1", "tag": "tagger-1", "classify": "classifier-1"}
"""Commands that read a line, each with a tiny model of its kind."""


def run(corpus: Path) -> None:
    with tempfile.TemporaryDirectory() as directory:
        model = untrained_model(Path(directory) / "model", corpus, hidden_size=512)
        line = Path(directory) / "line.txt"
        line.write_text("the cat sat\n", "utf-8")
        commands = {
            'python -c "import torch"': [sys.executable, "-c", "import torch"],
            "charnn --help": [CHARNN, "--help"],
            "charnn sample -n 1 --length 1": [CHARNN, "sample", "-n", "1", "--length", "1", "--model", str(model)],
        }
        for use, golden in USES.items():
            commands[f"charnn {use} of a line"] = [CHARNN, use, str(line), "-q", "--model", str(GOLDEN / golden)]
        quiet = partial(subprocess.run, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        taken = alternate({name: partial(seconds, partial(quiet, line)) for name, line in commands.items()}, rounds=7)
    for name, values in taken.items():
        print(f"{name:<32} {spread(values, '.3f', ' s')}")
    torch, _, sample, *_ = taken.values()
    print(f"{'sample beside import torch':<32} {ratio(sample, torch)}")
