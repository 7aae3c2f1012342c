"""Kills runs, fills disks and spoils files for as long as one likes, and says how many and what came of them.

`make stress` does it for an hour, `make stress TIME=60` for a minute. Each of the kinds has an equal part of the time.
It ends with 1 where anything came that must not: a directory that cannot be read, a run that does not go on, a
traceback, a hang.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.hostile.fuzzing import spoilt_data, spoilt_model
from tests.paths import GOLDEN, ROOT

TEXT = "The cat sat on the mat. The dog sat on the log, and a frog sat on the dog.\n" * 400
SHAPE = ("--hidden", "48", "--layers", "1", "--batch", "8", "--window", "32", "--patience", "0", "--valid", "none")
HANG = 120
"""No command takes so many seconds."""


def charnn(folder: Path, *arguments: str, **more: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "CHARNN_CACHE": str(folder / "cache")}
    return subprocess.Popen(
        [sys.executable, "-m", "charnn", *arguments],
        cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more,  # type: ignore
    )  # fmt: skip


def ended(child: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit code of a command and what it said; a code of 124 where it hangs."""
    try:
        out, err = child.communicate(timeout=HANG)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return 124, "it hangs"
    return child.returncode, out + err


def what_is_left(folder: Path, seen: Counter[str], name: str) -> str | None:
    """What is wrong with what a run left at `name`; None where it is read and goes on, or there is nothing."""
    if not (folder / name).exists():
        seen["nothing saved yet"] += 1
        return None
    steps = json.loads((folder / name / "config.json").read_text())["record"]["steps"]
    code, said = ended(charnn(folder, "sample", "-m", name, "--length", "5"))
    if code or "Traceback" in said:
        return f"sample: {said}"
    code, said = ended(charnn(folder, "train", "--resume", name, "--steps", str(max(steps, 60) + 60)))
    if "is spent" in said:
        seen["had ended"] += 1
        return None
    if code or "Traceback" in said:
        return f"--resume: {said}"
    history = [json.loads(line)["step"] for line in (folder / name / "history.jsonl").read_text().splitlines()]
    if history != sorted(set(history)):
        return f"the history has repeats: {history}"
    left = [str(p) for p in folder.rglob("*") if p.name.startswith(".") and "cache" not in p.parts]
    if left:
        return f"left behind: {left}"
    seen["read, and gone on with"] += 1
    return None


def kill_one(folder: Path, seen: Counter[str]) -> str | None:
    """Kills a run at a random moment, over an old model or not."""
    overwrites = random.random() < 0.5
    if overwrites:
        shutil.copytree(GOLDEN / "format-1", folder / "m")
    number = random.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM])
    child = charnn(folder, "train", "text.txt", *SHAPE, "--steps", "600", "--out", "m", *["--overwrite"] * overwrites)
    if random.random() < 0.8:  # most runs have begun
        until = time.monotonic() + HANG
        while not (folder / ".m.new").exists() and child.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
    time.sleep(random.uniform(0, 5))
    child.send_signal(number)
    code, said = ended(child)
    if code == 124 or "Traceback" in said:
        return said
    if overwrites and not (folder / "m" / "config.json").is_file():
        return "the old model is gone, and there is no new one"
    if overwrites and json.loads((folder / "m" / "config.json").read_text())["corpus"]["sources"][0]["path"].startswith(
        "/corpus"
    ):
        code, said = ended(charnn(folder, "sample", "-m", "m", "--length", "5"))
        seen["the old model as it was"] += not code
        return None if not code else said
    return what_is_left(folder, seen, "m")


def fill_one(folder: Path, seen: Counter[str]) -> str | None:
    """Limits the size of files to what a random one of a run's writes goes over."""
    limit = int(10 ** random.uniform(2, 6))
    child = charnn(
        folder, "train", "text.txt", *SHAPE, "--steps", "120", "--out", "m",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )  # fmt: skip
    code, said = ended(child)
    if code not in (0, 1) or "Traceback" in said or "--debug" in said:
        return f"under a limit of {limit}: {said}"
    seen["ended well" if code == 0 else "said what is safe"] += 1
    return what_is_left(folder, seen, "m")


KINDS: dict[str, Callable[[Path, Counter[str]], str | None]] = {
    "kills": kill_one,
    "limits of a file's size": fill_one,
    "spoilt models": spoilt_model,
    "spoilt data": spoilt_data,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.stress", description=__doc__)
    parser.add_argument("--time", type=float, default=3600, help="The seconds that all take together.")
    parser.add_argument("--seed", type=int, default=None, help="Repeat what was done with this seed.")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.randrange(1 << 30)
    print(f"seed {seed}")
    random.seed(seed)
    os.environ["CHARNN_CACHE"] = ""
    wrong = 0
    for kind, once in KINDS.items():
        seen, tried, until = Counter[str](), 0, time.monotonic() + arguments.time / len(KINDS)
        while time.monotonic() < until:
            with tempfile.TemporaryDirectory(prefix="charnn-stress-") as name:
                (Path(name) / "text.txt").write_text(TEXT)
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
