"""`make bench`: the figures of the README, on this machine. Takes about five minutes.

python -m tests.benchmarks CORPUS [startup|tokenizers|training|sampling|quality ...]
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.benchmarks import machine, quality, sampling, startup, tokenizers, training

PARTS = {
    "startup": startup.run,
    "tokenizers": tokenizers.run,
    "training": training.run,
    "sampling": sampling.run,
    "quality": quality.run,
}

if __name__ == "__main__":  # not in the processes that a part starts
    corpus, *wanted = sys.argv[1:]
    print(machine.description())
    for name in wanted or PARTS:
        print(f"\n# {name}", flush=True)
        PARTS[name](Path(corpus))
