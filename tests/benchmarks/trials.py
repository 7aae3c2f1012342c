"""Runs of training side by side, each in a process of its own with one thread, on a core of its own."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from statistics import fmean
from typing import Any

from tests.benchmarks.machine import cores, means
from tests.benchmarks.trial import Plan, Reached, Trial, with_seed

Json = dict[str, Any]

ORDER_SEED = 0


def plan_all(plans: Sequence[Plan], log: Path | None = None) -> list[Trial]:
    """Each as it is planned where a core is all there is. With `log`, as it was planned for the runs in it."""
    answers = _answer_all([plan.to_json() for plan in plans], jobs=1, log=log)
    trials = [Trial.from_json(answers[_key(plan.to_json())]) for plan in plans]
    for trial in trials:
        print(f"{trial.name}: {trial.network}; {trial.training.budget} on one core")
        settings = trial.training.to_json().items()
        print(f"    {', '.join(f'{name} {value}' for name, value in settings if name not in ('budget', 'seed'))}")
    return trials


def carry_out_all(
    trials: Sequence[Trial], *, seeds: int, jobs: int | None = None, log: Path | None = None
) -> dict[str, list[Reached]]:
    """Each trial with the seeds 0 to `seeds` - 1, by its name; a line for each run as it finishes.

    One seed after the other, and the trials of a seed in random order: drift of the machine, a slower core and a
    neighbour that needs much memory fall on all alike. With `log`, runs that the file has already are not run again.
    """
    shuffle = random.Random(ORDER_SEED).shuffle
    runs: list[Json] = []
    for seed in range(seeds):
        round_of_all = [with_seed(trial, seed).to_json() for trial in trials]
        shuffle(round_of_all)
        runs += round_of_all
    answers = _answer_all(runs, jobs=jobs or len(cores()), log=log, tell=_tell)
    return {
        trial.name: [Reached.from_json(answers[_key(with_seed(trial, seed).to_json())]) for seed in range(seeds)]
        for trial in trials
    }


def table(results: Mapping[str, Sequence[Reached]], *, against: str) -> None:
    """A row for each trial, with the means over its seeds; `against` is the one that differences are to."""
    base = fmean(one.nats_per_character for one in results[against])
    print("\nnats per character of the held-out text, the state carried: means, and lowest to highest")
    print(f"{'':<28} {'nats':<26} {'to ' + against:>10} {'char/s':>9} {'epochs':>7} {'parameters':>11}")
    for name, reached in results.items():
        nats = [one.nats_per_character for one in reached]
        difference = "" if name == against else f"{fmean(nats) - base:+.4f}"
        speed = fmean(one.characters_per_second for one in reached)
        epochs = fmean(one.epochs for one in reached)
        print(
            f"{name:<28} {means(nats, '.4f'):<26} {difference:>10} {speed:>9,.0f} {epochs:>7.2f} "
            f"{reached[0].parameters:>11,}"
        )


def _tell(place: str, run: Json, reached: Json) -> None:
    print(
        f"{place:>9}  {run['name']:<28} seed {run['training']['seed']}  {reached['nats_per_character']:.4f} nats  "
        f"{reached['characters_per_second']:>9,.0f} char/s  {reached['epochs']:6.2f} epochs",
        flush=True,
    )


def _answer_all(
    asked: Sequence[Json], *, jobs: int, log: Path | None, tell: Callable[[str, Json, Json], None] | None = None
) -> dict[str, Json]:
    """What `trial` answers, by the key of what it was asked; from the log where that has it, which gets the rest."""
    answers = _logged(log)
    waiting = [one for one in asked if _key(one) not in answers]
    free: SimpleQueue[int] = SimpleQueue()
    for job in range(jobs):
        free.put(cores()[job % len(cores())])
    with ThreadPoolExecutor(jobs, initializer=_take_core, initargs=(free,)) as pool:
        futures = {pool.submit(_in_a_process, one): one for one in waiting}
        try:
            for count, future in enumerate(as_completed(futures), len(asked) - len(waiting) + 1):
                one, answer = futures[future], future.result()
                answers[_key(one)] = answer
                if tell is not None:
                    tell(f"{count}/{len(asked)}", one, answer)
                if log is not None:
                    with log.open("a") as file:
                        print(json.dumps({"asked": one, "answer": answer}), file=file)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return answers


def _take_core(free: SimpleQueue[int]) -> None:
    """Takes a core for this thread, and so for the processes that it starts."""
    core = free.get()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})


def _in_a_process(asked: Json) -> Json:
    output = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.trial"],
        input=json.dumps(asked).encode(),
        stdout=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=True,
    ).stdout
    answer: Json = json.loads(output)
    return answer


def _key(asked: Json) -> str:
    return json.dumps(asked, sort_keys=True)


def _logged(log: Path | None) -> dict[str, Json]:
    answers: dict[str, Json] = {}
    for line in log.read_text().splitlines() if log is not None and log.exists() else ():
        with suppress(ValueError):  # a line that was cut short
            entry = json.loads(line)
            answers[_key(entry["asked"])] = entry["answer"]
    return answers
