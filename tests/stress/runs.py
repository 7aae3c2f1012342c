"""Runs of every task that are killed or have no room to save, go on, and must end as if nothing had been."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from tests.cli.warm import TRAINING, Child, Warm
from tests.paths import GOLDEN, ROOT
from tests.tasks.builders import BUILDERS, GOLDEN_TEXT, LABELLED, TREEBANK

STEPS = 150
HANG = 300
"""No command takes so many seconds."""
OLD = "/corpus/golden"
"""What the old model that is replaced was trained on."""
KILLS = (0, 1, 3, 10, 30, 100)
"""How often a run that goes on is killed once more, at the most."""
SOON = (0.1, 0.3, 1.0)
"""And within what part of the time that the whole run takes."""


class Run(NamedTuple):
    task: str
    data: str
    options: tuple[str, ...]

    def command(self, *more: str) -> list[str]:
        return ["train", "data.txt", "--task", self.task, *self.options, "--steps", str(STEPS), "--out", "m", *more]

    @property
    def name(self) -> str:
        return f"{self.task} {' '.join(self.options)}"


def _flags(options: Mapping[str, Any]) -> tuple[str, ...]:
    flags = ((f"--{name.replace('_', '-')}", value) for name, value in options.items())
    return tuple(part for flag, value in flags for part in ((flag,) if value is True else (flag, str(value))))


def _runs() -> list[Run]:
    found = [
        Run(task, builder.data, _flags({**builder.options, **variant}))
        for task, builder in BUILDERS.items()
        for variant in builder.variants
    ]
    reader = str(GOLDEN / "format-1")
    text, tags = BUILDERS["language-model"], BUILDERS["tagger"]
    found.append(Run("language-model", LABELLED, (*_flags(text.options), "--conditioned")))
    found.append(Run("language-model", GOLDEN_TEXT * 20, (*_flags(text.options), "--teacher", reader)))
    found.append(Run("tagger", TREEBANK, (*_flags(tags.options), "--reader", reader)))
    return found


RUNS = _runs()


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "CHARNN_CACHE": ""}


@cache
def warm() -> Warm:
    return Warm(TRAINING, environment())


def charnn(folder: Path, *arguments: str, before: str = "") -> Child:
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return Child(warm(), list(arguments), folder, environment(), before=before, **streams)


def ended(child: Child) -> tuple[int, str]:
    """The exit code of a command and what it said; a code of 124 where it hangs."""
    try:
        out, err = child.communicate(timeout=HANG)
    except (subprocess.TimeoutExpired, KeyError):
        child.kill()
        return 124, "it hangs"
    assert child.returncode is not None
    return child.returncode, ((out or b"") + (err or b"")).decode("utf-8", "replace")


BESIDE = ("ngrams.safetensors", "linear.safetensors")
"""What is found out after the last step."""


def result(model: Path) -> tuple[bytes, list[dict[str, Any]]]:
    """The weights of a model, with what is beside its network, and its history, but for how long it took."""
    lines = [json.loads(line) for line in (model / "history.jsonl").read_text().splitlines()]
    took = {"seconds"} | {key for line in lines for key in line if key.endswith("_per_second")}
    history = [{key: value for key, value in line.items() if key not in took} for line in lines]
    beside = [path.read_bytes() for name in BESIDE if (path := model / name).is_file()]
    return b"".join([(model / "weights.safetensors").read_bytes(), *beside]), history


_expected: dict[Run, tuple[tuple[bytes, list[dict[str, Any]]], float]] = {}


def expected(run: Run, folder: Path) -> tuple[tuple[bytes, list[dict[str, Any]]], float]:
    """What the run comes to where nothing happens to it, and how many seconds it takes."""
    if run not in _expected:
        began = time.monotonic()
        code, said = ended(charnn(folder, *run.command()))
        if code:
            raise RuntimeError(f"{run.name}: {said}")
        _expected[run] = result(folder / "m"), time.monotonic() - began
        shutil.rmtree(folder / "m")
    return _expected[run]


def kill_one(folder: Path, seen: Counter[str]) -> str | None:
    """Kills a run at random moments, over an old model or not, and goes on with it."""
    run = random.choice(RUNS)
    (folder / "data.txt").write_text(run.data)
    _, seconds = expected(run, folder)
    overwrites = random.random() < 0.4
    if overwrites:
        shutil.copytree(GOLDEN / "format-1", folder / "m")
    _, problem = _killed(charnn(folder, *run.command(*["--overwrite"] * overwrites)), seconds, seen)
    if problem is None and overwrites:
        if not (folder / "m" / "config.json").is_file():
            problem = "the old model is gone, and there is no new one"
        elif OLD in (folder / "m" / "config.json").read_text():
            code, said = ended(charnn(folder, "sample", "-m", "m", "--length", "5"))
            seen["the old model as it was"] += not code
            return None if not code else f"{run.name}: the old model: {said}"
    if problem is None:
        problem = _gone_on_with(run, folder, seen, kills=random.choice(KILLS))
    return None if problem is None else f"{run.name}: {problem}"


def fill_one(folder: Path, seen: Counter[str]) -> str | None:
    """Limits the size of files to what a random one of a run's writes goes over, and goes on without the limit."""
    run = random.choice(RUNS)
    (folder / "data.txt").write_text(run.data)
    expected(run, folder)
    limit = int(10 ** random.uniform(3.5, 5.5))
    before = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))"
    code, said = ended(charnn(folder, *run.command(), before=before))
    if code not in (0, 1) or "Traceback" in said or "--debug" in said:
        return f"{run.name}: under a limit of {limit}: {said}"
    seen["ended well" if code == 0 else "said what is safe"] += 1
    problem = _gone_on_with(run, folder, seen)
    return None if problem is None else f"{run.name}: after a limit of {limit}: {problem}"


def _killed(child: Child, seconds: float, seen: Counter[str]) -> tuple[int, str | None]:
    """Ends a run at a random moment of so many seconds, where it does not end before. Its exit code, and what is wrong
    with how it ended or None."""
    until = time.monotonic() + random.uniform(0, 1.1 * seconds)
    while child.poll() is None and time.monotonic() < until:
        time.sleep(0.005)
    if child.poll() is None:
        number = random.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM])
        child.send_signal(number)
        seen[f"of {number.name}"] += 1
    code, said = ended(child)
    return code, said if code == 124 or "Traceback" in said or "--debug" in said else None


def _gone_on_with(run: Run, folder: Path, seen: Counter[str], kills: int = 0) -> str | None:
    """What is wrong with what a run has left, also after so many kills more, and with what it comes to; None where all
    is well."""
    if not (folder / "m").exists():
        seen["nothing saved yet"] += 1
        return None
    (result_expected, seconds), use = expected(run, folder), BUILDERS[run.task].uses[0]
    soon = random.choice(SOON)
    for kill in range(kills + 1):
        column = json.loads((folder / "m" / "config.json").read_text()).get("columns", ["tag"])
        arguments = [part.format(column=column[0]) for part in use.arguments]
        code, said = ended(charnn(folder, *arguments, "-m", "m"))
        if code or "Traceback" in said:
            return f"{arguments[0]}: {said}"
        if kill < kills:
            resumed, problem = _killed(charnn(folder, "train", "--resume", "m"), soon * seconds, seen)
            if problem is not None:
                return problem
            if resumed in (0, 1):
                break  # Nothing is left to be killed.
    code, said = ended(charnn(folder, "train", "--resume", "m"))
    if (code and "is spent" not in said) or "Traceback" in said:
        return f"--resume: {said}"
    found = result(folder / "m")
    if found[0] != result_expected[0]:
        return "other weights than those of a run that was never stopped"
    if found[1] != result_expected[1]:
        return f"another history than that of a run that was never stopped: {found[1]}"
    left = [str(path) for path in folder.rglob(".*")]
    if left:
        return f"left behind: {left}"
    seen["had ended" if code else "went on, and ended as if nothing had been"] += 1
    return None
