"""Kills runs, fills disks and spoils files for as long as one likes, and says how many and what came of them.

`make stress` does it for an hour, `make stress TIME=60` for a minute. Each of the kinds has an equal part of the time.
It ends with 1 where anything came that must not: a directory that cannot be read, a run that does not go on, or
comes to other weights than one that was never stopped, a traceback, a hang.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.hostile.fuzzing import spoilt_data, spoilt_model
from tests.stress.runs import fill_one, kill_one

KINDS: dict[str, Callable[[Path, Counter[str]], str | None]] = {
    "kills": kill_one,
    "limits of a file's size": fill_one,
    "spoilt models": spoilt_model,
    "spoilt data": spoilt_data,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.stress", description=__doc__)
    parser.add_argument("--time", type=float, default=3600, help="The seconds that all take together.")
    parser.add_argument("--kind", choices=KINDS, help="Do nothing but this.")
    parser.add_argument("--seed", type=int, default=None, help="Repeat what was done with this seed.")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.randrange(1 << 30)
    print(f"seed {seed}")
    random.seed(seed)
    os.environ["CHARNN_CACHE"] = ""
    wrong = 0
    kinds = [arguments.kind] if arguments.kind else list(KINDS)
    for kind in kinds:
        once, seen, tried = KINDS[kind], Counter[str](), 0
        until = time.monotonic() + arguments.time / len(kinds)
        while time.monotonic() < until:
            with tempfile.TemporaryDirectory(prefix="charnn-stress-") as name:
                problem = once(Path(name), seen)
            tried += 1
            if problem is not None:
                wrong += 1
                print(f"{kind}, number {tried}: {problem}", flush=True)
        came = ", ".join(f"{count} {what}" for what, count in seen.most_common())
        print(f"{kind}: {tried} tried; {came}", flush=True)
    print("nothing is wrong" if not wrong else f"{wrong} are wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
