"""The cells beside each other, at equal time and then at equal characters.

For a time, each has the size that charnn chooses for it; for a number of characters, all have the same.
"""

from __future__ import annotations

from pathlib import Path

from charnn.cells import CELLS
from charnn.config.training import Budget
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from tests.benchmarks.ablation import SECONDS, SEEDS
from tests.benchmarks.trial import Plan
from tests.benchmarks.trials import carry_out_all, plan_all, table

EPOCHS = 1.0


def run(
    corpus: Path,
    *,
    seconds: float | None = None,
    epochs: float | None = None,
    seeds: int | None = None,
    jobs: int | None = None,
    log: Path | None = None,
) -> None:
    for budget in (Budget(seconds=seconds or SECONDS), Budget(epochs=epochs or EPOCHS)):
        trials = plan_all([Plan(str(corpus), budget, cell, name=cell) for cell in CELLS], log)
        table(carry_out_all(trials, seeds=seeds or SEEDS, jobs=jobs, log=log), against=LanguageModelNetworkConfig.cell)
