"""What a language model's verdict says that twice the time would bring, beside what it brought.

Each text is learned for 1, 2, 4, 8 and 16 epochs; a run and the one of twice as many are a pair.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from charnn import api
from charnn.training.distributed.processes import ALONE
from charnn.training.verdict import expected_gain

EPOCHS = (1, 2, 4, 8, 16)


@dataclass(frozen=True)
class Ran:
    text: str
    epochs: float
    nats: float
    """Nats per character of the held-out tenth, at the best validation."""
    history: Sequence[tuple[int, float]]


def run(texts: Path, *, log: Path | None) -> None:
    """`texts` is a file or a folder of them, of some 10 to 20 kB each, which takes about 20 s a text. Runs that are in
    the log are not made again."""
    files = sorted(texts.iterdir()) if texts.is_dir() else [texts]
    report([_ran(file, epochs, log) for file in files for epochs in EPOCHS])


def report(runs: Sequence[Ran]) -> None:
    """Prints each pair, and in how many of them what came was in the range that was said."""
    done = {(ran.text, ran.epochs): ran for ran in runs}
    inside, ratios = 0, []
    for ran in runs:
        longer, said = done.get((ran.text, 2 * ran.epochs)), expected_gain(ran.history, epochs=ran.epochs)
        if longer is None or said is None:
            continue
        came = ran.nats - longer.nats
        is_inside = said[0] - ROUNDING <= came <= said[1] + ROUNDING
        inside += is_inside
        ratios.append(came / max(_late_gain(ran), 1e-9))
        print(
            f"{ran.text:<24} {ran.epochs:>4g} epochs  {ran.nats:.3f} nats  said {said[0]:.3f} to {said[1]:.3f}  "
            f"came {came:+.3f}{'' if is_inside else '  outside'}"
        )
    if ratios:
        spread = np.quantile(ratios, [0.05, 0.5, 0.95])
        print(f"inside in {inside} of {len(ratios)}")
        print(f"what came, as a part of what 0.4 to 0.8 of the time brought: {spread.round(2).tolist()} (5, 50, 95%)")


ROUNDING = 0.0005
"""Losses are printed to a thousandth."""


def _late_gain(ran: Ran) -> float:
    targets, losses = (np.array(values) for values in zip(*ran.history, strict=True))
    middle, late = np.interp([0.4 * targets[-1], 0.8 * targets[-1]], targets, losses)
    return float(middle - late)


def _ran(file: Path, epochs: float, log: Path | None) -> Ran:
    for line in log.read_text().splitlines() if log is not None and log.exists() else ():
        found = json.loads(line)
        if (found["text"], found["epochs"]) == (file.name, epochs):
            return Ran(**found)
    with tempfile.TemporaryDirectory() as scratch:
        session: Any = api.start(
            [str(file)], "language-model", {"epochs": float(epochs)}, out=Path(scratch) / "model", overwrite=False,
            processes=ALONE,
        )  # fmt: skip
        session.run(api.SilentObserver())
        ran = Ran(file.name, epochs, session.config.scores.loss, session.loop.progress.validations)
    if log is not None:
        with log.open("a") as kept:
            print(json.dumps(vars(ran)), file=kept)
    return ran
