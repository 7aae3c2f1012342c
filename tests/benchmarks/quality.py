"""What a minute of training reaches, by the commands that a user types; and the memory that they take."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.startup import CHARNN

TIME = "60s"


def run(corpus: Path) -> None:
    with tempfile.TemporaryDirectory() as path:
        model = ["--model", str(Path(path) / "model")]
        megabytes, _ = peak_memory([CHARNN, "train", str(corpus), "--time", TIME, "--out", model[1]])
        print(f"charnn train --time {TIME}: peak memory {megabytes:,.0f} MB")
        for options in (
            ["--context", "carried"],
            ["--context", "256"],
            ["--context", "carried", "--precision", "int8"],
        ):
            megabytes, output = peak_memory([CHARNN, "eval", *model, "--json", *options])
            score = json.loads(output)
            print(
                f"charnn eval {' '.join(options):<36} {score['nats_per_character']:.4f} nats, "
                f"{score['bits_per_character']:.4f} bits per character of {score['characters']:,}; "
                f"peak memory {megabytes:,.0f} MB"
            )
        megabytes, _ = peak_memory([CHARNN, "sample", *model, "--length", "10000", "--seed", "1"])
        print(f"charnn sample --length 10000: peak memory {megabytes:,.0f} MB")


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
