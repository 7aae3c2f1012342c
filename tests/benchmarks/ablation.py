"""What each part of the default recipe buys: the default beside itself with one thing changed, at equal time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from charnn.config.training import Budget
from tests.benchmarks.trial import Plan
from tests.benchmarks.trials import carry_out_all, plan_all, table
from tests.benchmarks.variants import VARIANTS, differing

SECONDS, SEEDS = 60.0, 3


def run(
    corpus: Path,
    *,
    seconds: float | None = None,
    seeds: int | None = None,
    jobs: int | None = None,
    log: Path | None = None,
    variants: Sequence[str] | None = None,
) -> None:
    """`variants` chooses some by name; the default is always there."""
    if unknown := set(variants or ()) - {variant.name for variant in VARIANTS}:
        raise SystemExit(f"no variant {min(unknown)!r}; there are: {', '.join(v.name for v in VARIANTS)}")
    (default,) = plan_all([Plan(str(corpus), Budget(seconds=seconds or SECONDS))], log)
    trials, same = differing(default)
    if same:
        print(f"    and so: {', '.join(same)}")
    chosen = [trial for trial in trials if variants is None or trial.name in variants]
    table(carry_out_all([default, *chosen], seeds=seeds or SEEDS, jobs=jobs, log=log), against=default.name)
