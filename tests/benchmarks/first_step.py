"""How long `charnn train` takes from the command to its first step of training."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from time import perf_counter

from tests.benchmarks.startup import CHARNN

LAST_LINE = "model "
"""What the last line of a run's description begins with: the first step comes next."""


def seconds_until_training(corpus: Path, time: str) -> float:
    """Until the process has said what it will do: PyTorch is loaded by then, the text read, the network made and its
    size chosen. The process is then killed."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [CHARNN, "train", str(corpus), "--time", time, "--out", str(Path(scratch) / "model")]
        started = perf_counter()
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            said = []
            for line in process.stderr:
                said.append(line)
                if line.startswith(LAST_LINE):
                    taken = perf_counter() - started
                    process.kill()
                    return taken
    raise RuntimeError(f"{' '.join(command)} did not come to its first step:\n{''.join(said)}")
