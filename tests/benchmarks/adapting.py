"""What a held-out text costs a model as it is, and one that goes on learning from what it has read (`eval --adapt`)."""

from __future__ import annotations

import tempfile
import time as clock
from pathlib import Path
from typing import Any, NamedTuple

import charnn
from charnn.tasks.choosing import task_named
from charnn.tasks.language_model.learn.adaptation import SEGMENT
from charnn.tasks.language_model.options import LanguageModelEvaluationOptions
from tests.benchmarks.machine import means

TIME, SEEDS = "60s", 3


class Reached(NamedTuple):
    nats: float
    """Nats per character of the held-out text, its state carried."""
    counting: float
    """The same where only the n-grams beside the network go on counting; as it is, for a model without any."""
    unmatched: float
    """The same for the model that learns, where it does not expect matches."""
    adapted: float
    """The same for the model that learns."""
    speed: float
    """Characters a second of reading it both ways, on one thread."""


def run(corpus: Path, *, time: str | None, seeds: int | None, models: Path | None) -> None:
    """`models` is a directory of models that are measured instead of training any."""
    if models is not None:
        for path in sorted(models.iterdir()):
            if (path / "config.json").is_file():
                _print(path.name, [_reached(charnn.load(path))])
        return
    with tempfile.TemporaryDirectory() as scratch:
        runs = [
            _reached(charnn.train(corpus, time=time or TIME, seed=seed, out=Path(scratch) / f"{seed}"))
            for seed in range(1, (seeds or SEEDS) + 1)
        ]
    _print(f"{corpus.name}, {time or TIME} of training, {len(runs)} seeds", runs)


def _reached(model: Any) -> Reached:
    counts = charnn.load(model.path)
    counts.learner = counts.runtime("fp32", threads=1)
    counts.learner.segment = SEGMENT  # its weights stay as they are
    unmatched = charnn.load(model.path)
    for each in (counts, unmatched):
        each.counts.learning = each.counts.beside
    counting = _evaluated(counts, adapt=False)["adapted"]["nats_per_character"]
    without = _evaluated(unmatched, adapt=True)["adapted"]["nats_per_character"]
    started = clock.perf_counter()
    figures = _evaluated(model, adapt=True)
    speed = figures["characters"] / (clock.perf_counter() - started)
    return Reached(figures["nats_per_character"], counting, without, figures["adapted"]["nats_per_character"], speed)


def _evaluated(model: Any, *, adapt: bool) -> dict[str, Any]:
    options = LanguageModelEvaluationOptions(adapt=adapt)
    evaluation = task_named("language-model").evaluate(model, [], options, encoding="utf-8", threads=1)
    list(evaluation.run())
    return evaluation.to_json()


def _print(what: str, runs: list[Reached]) -> None:
    nats, counting, unmatched, adapted, speed = (
        means([getattr(run, name) for run in runs], form) for name, form in FORMS
    )
    print(
        f"{what}: {nats} nats per character, {counting} as its n-grams go on counting, {unmatched} as it learns "
        f"without matches, {adapted} as it learns, {speed} characters/s",
        flush=True,
    )


FORMS = (("nats", ".4f"), ("counting", ".4f"), ("unmatched", ".4f"), ("adapted", ".4f"), ("speed", ",.0f"))
